"""The OAuth 2 endpoints: the consent page, tokens, revocation and server metadata."""

from __future__ import annotations

import json
import logging
from typing import Any
from urllib.parse import urlsplit

from csp.decorators import csp_update
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from oauthlib.oauth2 import AccessDeniedError, FatalClientError, OAuth2Error

from accounts.emails import send_email
from accounts.http import MemberRequest
from api_access.credentials import READ, WRITE
from api_access.models import OAuthApp
from api_access.oauth_server import server
from api_access.redirect_uris import origin_of

# At DEBUG level oauthlib logs requests with their codes and secrets.
logging.getLogger("oauthlib").setLevel(logging.WARNING)

FORM = "application/x-www-form-urlencoded"


class _RedirectToApp(HttpResponseRedirect):
    """A redirect to a registered redirect URI, whose scheme was checked at registration."""

    def __init__(self, url: str) -> None:
        self.allowed_schemes = [urlsplit(url).scheme]
        super().__init__(url)


@require_http_methods(["GET", "HEAD", "POST"])
def authorize(request: MemberRequest) -> HttpResponseBase:
    """Ask the user to authorize an app. The request's parameters are in the URL, to which the form is posted.

    The app and its redirect URI are validated before anything, even a refusal, is sent there.
    """
    url = request.build_absolute_uri()
    try:
        scopes, asked = server.validate_authorization_request(url)
        app, back = asked["request"].client, asked["redirect_uri"]
        if request.method != "POST":
            return _consent(request, app, WRITE in scopes, back)
        if request.POST.get("allow") != "yes":
            return _RedirectToApp(AccessDeniedError(state=asked["state"]).in_uri(back))
        with transaction.atomic():
            headers, _, _ = server.create_authorization_response(url, scopes=scopes, credentials={"user": request.user})
            transaction.on_commit(lambda: send_email("app_authorized", request.user, app=app), robust=True)
    except FatalClientError as error:
        return _invalid_request(request, error.description or "")
    except OAuth2Error as error:
        return _RedirectToApp(error.in_uri(error.redirect_uri)) if error.redirect_uri else _invalid_request(request, "")
    except ValueError:
        return _invalid_request(request, "")
    return _RedirectToApp(headers["Location"])


def _consent(request: MemberRequest, app: OAuthApp, may_write: bool, back: str) -> HttpResponseBase:
    parts = urlsplit(back)
    context = {"app": app, "may_write": may_write, "place": parts.hostname or f"{parts.scheme}:"}

    # Browsers also apply form-action to the redirect after the form is posted.
    @csp_update({"form-action": [origin_of(back)]})
    def page(request: HttpRequest) -> HttpResponseBase:
        return render(request, "api_access/authorize.html", context)

    response = page(request)
    patch_cache_control(response, private=True, no_store=True)
    return response


def _invalid_request(request: MemberRequest, why: str) -> HttpResponse:
    """Show an error page for a wrong or forged authorization request; do not redirect to the app."""
    return render(request, "api_access/invalid_request.html", {"why": why}, status=400)


@sensitive_post_parameters()
@csrf_exempt
@login_not_required
@require_POST
def token(request: HttpRequest) -> HttpResponse:
    """Issue tokens for a code or a refresh token. Apps authenticate with PKCE, and their secret if any."""
    return _respond(request, server.create_token_response)


@sensitive_post_parameters()
@csrf_exempt
@login_not_required
@require_POST
def revoke(request: HttpRequest) -> HttpResponse:
    """Revoke a token of the calling app (RFC 7009)."""
    return _respond(request, server.create_revocation_response)


@login_not_required
@require_safe
def metadata(request: HttpRequest) -> HttpResponse:
    """Return the authorization server metadata (RFC 8414)."""
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
def _respond(request: HttpRequest, endpoint: Any) -> HttpResponse:
    """Pass a form to an endpoint of oauthlib, in one transaction, and return its response."""
    headers = {"Authorization": request.headers.get("Authorization", "")}
    try:
        if request.content_type != FORM:
            raise ValueError(FORM)
        with transaction.atomic():
            url, text = request.build_absolute_uri(), request.body.decode("ascii")
            headers_out, body, status = endpoint(url, body=text, headers=headers)
    except ValueError:
        # Not a form, or not ASCII.
        headers_out, status = {}, 400
        body = json.dumps({"error": "invalid_request", "error_description": f"Send this as {FORM}."})
    response = HttpResponse(body, status=status, content_type="application/json")
    if "WWW-Authenticate" in headers_out:
        response.headers["WWW-Authenticate"] = headers_out["WWW-Authenticate"]
    response.headers["Cache-Control"] = "no-store"
    return response
