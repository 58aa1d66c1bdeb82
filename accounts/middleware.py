"""Find the signed-in user, require sign-in for pages, record when users were last seen, and redirect old usernames."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import auth
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.middleware import AuthenticationMiddleware, LoginRequiredMiddleware
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.functional import SimpleLazyObject
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import HttpResponseClientRedirect

from accounts.backends import OneHashBackend
from accounts.models import User
from accounts.sessions import SessionStore
from accounts.usernames import find_by_old_username

LAST_USED_RESOLUTION = timedelta(hours=1)


class SessionPersonMiddleware(AuthenticationMiddleware):
    """Django's AuthenticationMiddleware; `request.user` is the person that was loaded with the session.

    It costs no query of its own. The person is checked as Django would: same id, active, the session's hash. Whatever
    does not match, such as a session of another backend or of an earlier secret key, is left to Django, which decides
    with a query.
    """

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)

        def find_user() -> User | AnonymousUser:
            user = _checked_person(cast("SessionStore", request.session)) or auth.get_user(request)
            if vars(request)["user"] is lazy:
                # The proxy takes a microsecond for each attribute, and a page reads a hundred.
                request.user = user
            return user

        lazy = SimpleLazyObject(find_user)
        request.user = lazy  # type: ignore[assignment]


def _checked_person(session: SessionStore) -> User | None:
    """Return the person of a valid session, else None."""
    person = session.person
    if person is None or not person.is_active:
        return None
    is_valid = (
        session.get(SESSION_KEY) == str(person.pk)
        and session.get(BACKEND_SESSION_KEY) == _BACKEND
        and constant_time_compare(session.get(HASH_SESSION_KEY, ""), person.get_session_auth_hash())
    )
    return person if is_valid else None


_BACKEND: Final = f"{OneHashBackend.__module__}.{OneHashBackend.__qualname__}"
"""The backend whose `get_user` does the same as `_checked_person`."""


class SignInRequiredMiddleware(LoginRequiredMiddleware):
    """Django's LoginRequiredMiddleware, with support for htmx fragments and forms.

    After signing in, the user returns to the page where the request started, not to the fragment or form address. htmx
    requests get `HX-Redirect`, because htmx would swap the target of a 302 into the page.
    """

    def process_view(
        self, request: HttpRequest, view_func: Callable[..., Any], view_args: Any, view_kwargs: Any
    ) -> HttpResponseBase | None:
        """Skip public views before Django's check, which would query the user for every photo and health check."""
        if not getattr(view_func, "login_required", True):
            return None
        return super().process_view(request, view_func, view_args, view_kwargs)

    def handle_no_permission(  # type: ignore[override]  # the stubs promise a plain redirect
        self, request: HttpRequest, view_func: Callable[..., Any]
    ) -> HttpResponseBase:
        sign_in = resolve_url(self.get_login_url(view_func))
        is_htmx = bool(getattr(request, "htmx", False))
        if request.method in {"GET", "HEAD"} and not is_htmx:
            return redirect_to_login(request.get_full_path(), sign_in, self.get_redirect_field_name(view_func))
        page = request.headers.get("HX-Current-URL") if is_htmx else request.headers.get("Referer")
        response = redirect_to_login(_own_path(request, page), sign_in, self.get_redirect_field_name(view_func))
        return HttpResponseClientRedirect(response.url) if is_htmx else response


def _own_path(request: HttpRequest, url: str | None) -> str:
    """Return path and query of `url` if it is on this site, else the home page."""
    if not url or not url_has_allowed_host_and_scheme(url, allowed_hosts={request.get_host()}):
        return resolve_url(settings.LOGIN_REDIRECT_URL)
    parts = urlsplit(url)
    return f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"


class LastSeenMiddleware:
    """Update `User.last_seen_at`, accurate to the hour: timelines are maintained for active users only.

    Also GET requests write it, because reading makes a user active. It can be repeated safely, and costs one UPDATE by
    primary key per user and hour, after the response is made; nothing for anonymous visitors.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not (request.session.accessed or hasattr(request, "access")):
            # Reading the user would cost a query, and make photos and health checks uncacheable.
            return response
        user = request.user
        now = timezone.now()
        if user.is_authenticated and user.last_seen_at < now - LAST_USED_RESOLUTION:
            # The condition is repeated in the UPDATE, so of concurrent requests only one writes.
            User.objects.filter(pk=user.pk, last_seen_at__lt=now - LAST_USED_RESOLUTION).update(last_seen_at=now)
        return response


class OldUsernameMiddleware:
    """Redirect `/<old username>/…` to the same page under the current username, while the old one is held.

    It works on 404 responses of views with a `username` argument, so those views need no code for it. A viewer who may
    not see the user gets the same 404 as for an unused name. Costs one query per such response.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        match = request.resolver_match
        if response.status_code != 404 or request.method not in {"GET", "HEAD"} or match is None:
            return response
        if "username" not in match.kwargs:
            return response
        person = find_by_old_username(match.kwargs["username"], request.user)
        if person is None:
            return response
        path = reverse(match.view_name, kwargs=match.kwargs | {"username": person.username})
        query = request.META.get("QUERY_STRING", "")
        return HttpResponseRedirect(f"{path}?{query}" if query else path)
