"""Pages are for people who signed in unless a view says otherwise; and we remember roughly when each was last here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import HttpResponseClientRedirect

from accounts.models import User
from accounts.usernames import find_by_old_username

LAST_USED_RESOLUTION = timedelta(hours=1)


class SignInRequiredMiddleware(LoginRequiredMiddleware):
    """Django's, for a site where fragments and forms are asked for too.

    After signing in one comes back to the page one was on: a fragment is no page, and the address of a form does not
    answer GET. An htmx request gets `HX-Redirect`: a plain 302 would swap the sign-in page into a button.
    """

    def process_view(
        self, request: HttpRequest, view_func: Callable[..., Any], view_args: Any, view_kwargs: Any
    ) -> HttpResponseBase | None:
        """Django's asks who it is before it asks whether that matters: a query for every photo and health check."""
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
    """Path and query of `url` if it is on this site, else the home page."""
    if not url or not url_has_allowed_host_and_scheme(url, allowed_hosts={request.get_host()}):
        return resolve_url(settings.LOGIN_REDIRECT_URL)
    parts = urlsplit(url)
    return f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"


class LastSeenMiddleware:
    """Keeps `User.last_seen_at` right to the hour: timelines are kept only for people who come by.

    Costs one UPDATE by primary key an hour and person, after the page was made, and nothing for anonymous visitors.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not (request.session.accessed or hasattr(request, "access")):
            # A photo or a health check: asking who it is would cost a query, and make it private to caches.
            return response
        user = request.user
        now = timezone.now()
        if user.is_authenticated and user.last_seen_at < now - LAST_USED_RESOLUTION:
            # The condition is asked again in the database, so that of many requests at once only one writes.
            User.objects.filter(pk=user.pk, last_seen_at__lt=now - LAST_USED_RESOLUTION).update(last_seen_at=now)
        return response


class OldUsernameMiddleware:
    """Leads on from `/<old>/…` to the same page under the name that somebody has now, for as long as the old is held.

    Here and not in each view that looks somebody up by name: whoever is not found is asked for once more. Who may not
    know of the person gets the 404 of a name that nobody had. Costs one query, for pages that were not found.
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
