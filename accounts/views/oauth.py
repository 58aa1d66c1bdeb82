"""Letting an app in, what it then asks for, and one's own list of those that are in."""

from __future__ import annotations

import json
import logging
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from oauthlib.oauth2 import AccessDeniedError, FatalClientError, OAuth2Error

from accounts.emails import send_email
from accounts.forms import AppForm
from accounts.http import MemberRequest
from accounts.oauth import (
    AppRefusedError,
    OAuthApp,
    authorized_apps,
    delete_app,
    edit_app,
    origin_of,
    register_app,
    revoke_app_access,
    rotate_secret,
)
from accounts.oauth_server import server
from accounts.tokens import READ, WRITE
from common.limits import MAX_APPS

# It writes requests, with codes and secrets, at DEBUG.
logging.getLogger("oauthlib").setLevel(logging.WARNING)

FORM = "application/x-www-form-urlencoded"


class _ToApp(HttpResponseRedirect):
    """A redirect to an address that the app registered; its scheme was judged then."""

    def __init__(self, url: str) -> None:
        self.allowed_schemes = [urlsplit(url).scheme]
        super().__init__(url)


# --- Asking a person --------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def authorize(request: MemberRequest) -> HttpResponse:
    """Ask a person whether an app may act for them. What the app asks for stands in the address, which the form keeps.

    Who the app is and where it is led back to are judged before anything is sent there, also a refusal.
    """
    url = request.build_absolute_uri()
    try:
        scopes, asked = server.validate_authorization_request(url)
        app, back = asked["request"].client, asked["redirect_uri"]
        if request.method != "POST":
            return _consent(request, app, WRITE in scopes, back)
        if request.POST.get("allow") != "yes":
            return _ToApp(AccessDeniedError(state=asked["state"]).in_uri(back))
        with transaction.atomic():
            headers, _, _ = server.create_authorization_response(url, scopes=scopes, credentials={"user": request.user})
            transaction.on_commit(lambda: send_email("app_let_in", request.user, app=app), robust=True)
    except FatalClientError as error:
        return _invalid_request(request, error.description or "")
    except OAuth2Error as error:
        return _ToApp(error.in_uri(error.redirect_uri)) if error.redirect_uri else _invalid_request(request, "")
    except ValueError:
        return _invalid_request(request, "")
    return _ToApp(headers["Location"])


def _consent(request: MemberRequest, app: OAuthApp, may_write: bool, back: str) -> HttpResponse:
    parts = urlsplit(back)
    context = {"app": app, "may_write": may_write, "place": parts.hostname or f"{parts.scheme}:"}
    response = render(request, "oauth/authorize.html", context)
    # A browser holds the redirect that answers the form against form-action too.
    response._csp_update = {"form-action": [origin_of(back)]}  # type: ignore[attr-defined]  # noqa: SLF001  (django-csp's own)
    patch_cache_control(response, private=True, no_store=True)
    return response


def _invalid_request(request: MemberRequest, why: str) -> HttpResponse:
    """Show an error page for a wrong or forged authorization request; do not redirect to the app."""
    return render(request, "oauth/invalid_request.html", {"why": why}, status=400)


# --- What apps ask for ------------------------------------------------------------------------------------------------


@sensitive_post_parameters()
@csrf_exempt
@login_not_required
@require_POST
def token(request: HttpRequest) -> HttpResponse:
    """Tokens for a code, or for a refresh token. An app proves who it is by PKCE, and its secret if it has one."""
    return _answer(request, server.create_token_response)


@sensitive_post_parameters()
@csrf_exempt
@login_not_required
@require_POST
def revoke(request: HttpRequest) -> HttpResponse:
    """End a token of one's own (RFC 7009)."""
    return _answer(request, server.create_revocation_response)


@login_not_required
@require_safe
def metadata(request: HttpRequest) -> HttpResponse:
    """Return what a client needs to know of this authorization server (RFC 8414)."""
    methods = ["none", "client_secret_basic", "client_secret_post"]
    return JsonResponse(
        {
            "issuer": settings.SITE_ORIGIN,
            "authorization_endpoint": f"{settings.SITE_ORIGIN}{reverse('oauth_authorize')}",
            "token_endpoint": f"{settings.SITE_ORIGIN}{reverse('oauth_token')}",
            "revocation_endpoint": f"{settings.SITE_ORIGIN}{reverse('oauth_revoke')}",
            "scopes_supported": [READ, WRITE],
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": methods,
            "revocation_endpoint_auth_methods_supported": methods,
            "service_documentation": f"{settings.SITE_ORIGIN}{reverse('api:openapi-view')}",
        },
        headers={"Cache-Control": "public, max-age=3600"},
    )


@sensitive_variables()
def _answer(request: HttpRequest, ask: Any) -> HttpResponse:
    headers = {"Authorization": request.headers.get("Authorization", "")}
    try:
        if request.content_type != FORM:
            raise ValueError(FORM)
        with transaction.atomic():
            told, body, status = ask(request.build_absolute_uri(), body=request.body.decode("ascii"), headers=headers)
    except ValueError:
        # It cannot be read: other characters than a form has, or no form.
        told, status = {}, 400
        body = json.dumps({"error": "invalid_request", "error_description": f"Send this as {FORM}."})
    response = HttpResponse(body, status=status, content_type="application/json")
    for name in ("WWW-Authenticate",):
        if name in told:
            response.headers[name] = told[name]
    response.headers["Cache-Control"] = "no-store"
    return response


# --- One's own list ---------------------------------------------------------------------------------------------------


@require_safe
def apps(request: MemberRequest) -> HttpResponse:
    """The apps that one has let in."""
    return render(request, "oauth/apps.html", {"apps": authorized_apps(request.user)})


@require_POST
def revoke_app(request: MemberRequest, app_id: int) -> HttpResponse:
    """Shut an app out, at once."""
    if not revoke_app_access(request.user, app_id):
        raise Http404
    messages.success(request, "The app is shut out. To come back it has to ask you again.")
    return redirect("accounts:apps")


# --- Of a developer ---------------------------------------------------------------------------------------------------


@sensitive_variables("secret")
@require_http_methods(["GET", "HEAD", "POST"])
def own_apps(request: MemberRequest) -> HttpResponse:
    """The apps one has registered, and a form for another; what it answers shows its secret, for the only time."""
    if request.method != "POST":
        return _own_page(request, AppForm())
    form = AppForm(request.POST)
    if form.is_valid():
        wishes = form.cleaned_data
        try:
            app, secret = register_app(
                request.user,
                name=wishes["name"],
                redirect_uris=wishes["redirect_uris"],
                is_confidential=wishes["kind"] == "confidential",
            )
        except AppRefusedError as error:
            form.add_error(error.field, str(error))
        else:
            return _without_caching(_own_page(request, AppForm(), made=app, secret=secret))
    return _own_page(request, form, status=422)


def _own_page(request: MemberRequest, form: AppForm, *, status: int = 200, **context: object) -> HttpResponse:
    own = OAuthApp.objects.filter(owner=request.user).order_by("-id")[:MAX_APPS]
    return render(request, "oauth/own_apps.html", context | {"form": form, "apps": own}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def own_app(request: MemberRequest, app_id: int) -> HttpResponse:
    """Change one of one's own; another's is not found."""
    app = _own(request, app_id)
    if request.method != "POST":
        return _app_page(request, app, AppForm(app=app))
    form = AppForm(request.POST, app=app)
    if form.is_valid():
        try:
            edit_app(app, name=form.cleaned_data["name"], redirect_uris=form.cleaned_data["redirect_uris"])
        except AppRefusedError as error:
            form.add_error(error.field, str(error))
        else:
            messages.success(request, "Saved.")
            return redirect("accounts:own_app", app_id)
    return _app_page(request, _own(request, app_id), form, status=422)


@sensitive_variables("secret")
@require_POST
def rotate_app_secret(request: MemberRequest, app_id: int) -> HttpResponse:
    """Replace the secret of one's own app and show the new one."""
    app = _own(request, app_id)
    if not app.is_confidential:
        raise Http404
    return _without_caching(_app_page(request, app, AppForm(app=app), made=app, secret=rotate_secret(app)))


@require_http_methods(["GET", "HEAD", "POST"])
def remove_app(request: MemberRequest, app_id: int) -> HttpResponse:
    """Ask, and then delete one of one's own: everybody who uses it is signed out of it."""
    app = _own(request, app_id)
    if request.method != "POST":
        return render(request, "oauth/delete_app.html", {"app": app})
    delete_app(app)
    messages.success(request, f"“{app.name}” is deleted. Nobody can use it any more.")
    return redirect("accounts:own_apps")


def _app_page(
    request: MemberRequest, app: OAuthApp, form: AppForm, *, status: int = 200, **context: object
) -> HttpResponse:
    return render(request, "oauth/own_app.html", context | {"form": form, "app": app}, status=status)


def _own(request: MemberRequest, app_id: int) -> OAuthApp:
    return get_object_or_404(OAuthApp.objects.select_related("owner"), pk=app_id, owner=request.user)


def _without_caching(response: HttpResponse) -> HttpResponse:
    """Forbid storing the response, also in the browser's history."""
    patch_cache_control(response, private=True, no_store=True)
    return response
