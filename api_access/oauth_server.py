"""OAuth 2 (RFC 6749) with PKCE (RFC 7636), on oauthlib. Grant types: authorization code and refresh token.

oauthlib calls the methods of `Validator` in its own order and builds the responses. Methods pass results to later ones
as attributes of oauthlib's request object.
"""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from typing import Any, Final
from urllib.parse import unquote_plus

from django.utils import timezone
from oauthlib.oauth2 import InvalidRequestError, RequestValidator, WebApplicationServer
from oauthlib.oauth2.rfc6749.errors import UnsupportedCodeChallengeMethodError

from api_access.actions.grants import ACCESS_SECONDS, create_grant, find_grant, issue_tokens
from api_access.credentials import ACCESS_PREFIX, CODE_PREFIX, READ, REFRESH_PREFIX, WRITE
from api_access.models import OAuthApp, OAuthGrant

SCOPES: Final = frozenset({READ, WRITE})
CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")
Request = Any
"""oauthlib.common.Request; it has an attribute for each parameter that was sent, and those set below."""


class Validator(RequestValidator):
    """Answers oauthlib from the tables of this app."""

    # --- Client authentication ---

    def validate_client_id(self, client_id: str, request: Request, *args: Any, **kwargs: Any) -> bool:
        request.client = _find_app(client_id)
        return request.client is not None

    def client_authentication_required(self, request: Request, *args: Any, **kwargs: Any) -> bool:
        """Require authentication from confidential apps, and whenever a secret was sent."""
        client_id, secret = _credentials(request)
        app = _find_app(client_id)
        return bool(secret) or (app is not None and app.is_confidential)

    def authenticate_client(self, request: Request, *args: Any, **kwargs: Any) -> bool:
        client_id, secret = _credentials(request)
        app = _find_app(client_id)
        request.client = app
        return app is not None and app.has_secret(secret) and request.client_id in {None, client_id}

    def authenticate_client_id(self, client_id: str, request: Request, *args: Any, **kwargs: Any) -> bool:
        request.client = _find_app(client_id)
        return request.client is not None and not request.client.is_confidential

    # --- Redirect URI, grant type and scopes ---

    def validate_redirect_uri(
        self, client_id: str, redirect_uri: str, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        return bool(request.client.allows_redirect(redirect_uri))

    def get_default_redirect_uri(self, client_id: str, request: Request, *args: Any, **kwargs: Any) -> str | None:
        [first, *others] = request.client.redirect_uris
        return None if others else str(first)

    def validate_response_type(
        self, client_id: str, response_type: str, client: Any, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        return response_type == "code"

    def validate_grant_type(
        self, client_id: str, grant_type: str, client: Any, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        return grant_type in {"authorization_code", "refresh_token"}

    def get_default_scopes(self, client_id: str, request: Request, *args: Any, **kwargs: Any) -> list[str]:
        return [READ]

    def validate_scopes(
        self, client_id: str, scopes: list[str], client: Any, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        """Accept the scopes "read" and "read write". Write-only tokens do not exist."""
        return READ in scopes and set(scopes) <= SCOPES

    # --- Codes ---

    def is_pkce_required(self, client_id: str, request: Request) -> bool:
        """Require PKCE with S256. With "plain", anyone who has seen the URL could redeem the code."""
        if request.code_challenge is not None:
            if request.code_challenge_method != "S256":
                raise UnsupportedCodeChallengeMethodError(request=request)
            if not CHALLENGE.fullmatch(request.code_challenge):
                raise InvalidRequestError(description="A code_challenge of S256 has 43 characters.", request=request)
        return True

    def get_code_challenge(self, code: str, request: Request) -> str:
        return str(request.grant.code_challenge)

    def get_code_challenge_method(self, code: str, request: Request) -> str:
        return "S256"

    def save_authorization_code(
        self, client_id: str, code: dict[str, str], request: Request, *args: Any, **kwargs: Any
    ) -> None:
        # oauthlib's codes have no prefix.
        code["code"] = CODE_PREFIX + secrets.token_urlsafe(32)
        create_grant(
            request.user,
            request.client,
            code=code["code"],
            may_write=WRITE in request.scopes,
            redirect_uri=request.redirect_uri,
            code_challenge=request.code_challenge,
        )

    def validate_code(
        self, client_id: str, code: str, client: OAuthApp, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        """Accept a code once, within CODE_SECONDS, from the app it was issued to. A second use revokes the grant."""
        grant = find_grant("code_digest", code, client)
        if grant is None:
            return False
        if grant.access_digest is not None:
            grant.delete()
            return False
        if grant.code_expires_at <= timezone.now() or not grant.is_valid():
            return False
        _set_grant(request, grant)
        return True

    def confirm_redirect_uri(
        self, client_id: str, code: str, redirect_uri: str, client: Any, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        return bool(redirect_uri == request.grant.redirect_uri)

    def invalidate_authorization_code(
        self, client_id: str, code: str, request: Request, *args: Any, **kwargs: Any
    ) -> None:
        """Do nothing: `validate_code` rejects codes that have been exchanged."""

    # --- Tokens ---

    def save_bearer_token(self, token: dict[str, Any], request: Request, *args: Any, **kwargs: Any) -> None:
        issue_tokens(
            request.grant,
            access=token["access_token"],
            refresh=token["refresh_token"],
            may_write=WRITE in request.scopes,
        )

    def validate_refresh_token(
        self, refresh_token: str, client: OAuthApp, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        """Accept a refresh token once. A second use, by the app or a thief, revokes the grant."""
        grant = find_grant("refresh_digest", refresh_token, client)
        if grant is None:
            if reused := find_grant("used_refresh_digest", refresh_token, client):
                reused.delete()
            return False
        if not grant.is_valid():
            return False
        _set_grant(request, grant)
        return True

    def get_original_scopes(self, refresh_token: str, request: Request, *args: Any, **kwargs: Any) -> list[str]:
        scopes: list[str] = request.grant.scopes
        return scopes

    def rotate_refresh_token(self, request: Request) -> bool:
        return True

    def revoke_token(self, token: str, token_type_hint: str, request: Request, *args: Any, **kwargs: Any) -> None:
        """Revoke the grant of an access or refresh token, so both tokens end."""
        for field in ("access_digest", "refresh_digest"):
            if grant := find_grant(field, token, request.client):
                grant.delete()


def _set_grant(request: Request, grant: OAuthGrant) -> None:
    """Make the grant available to the methods that oauthlib calls next."""
    request.grant, request.user, request.scopes = grant, grant.person, grant.scopes


def _find_app(client_id: str | None) -> OAuthApp | None:
    if not client_id or "\0" in client_id:
        return None
    app = OAuthApp.objects.select_related("owner").filter(client_id=client_id).first()
    return app if app is not None and app.is_active else None


def _credentials(request: Request) -> tuple[str, str]:
    """Return (client_id, secret) from the header (RFC 6749, 2.3.1) or, without one, from the body."""
    kind, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "basic":
        return request.client_id or "", request.client_secret or ""
    try:
        name, _, secret = base64.b64decode(encoded, validate=True).decode("ascii").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return unquote_plus(name), unquote_plus(secret)


server: Final = WebApplicationServer(
    Validator(),
    token_expires_in=ACCESS_SECONDS,
    token_generator=lambda _: ACCESS_PREFIX + secrets.token_urlsafe(32),
    refresh_token_generator=lambda _: REFRESH_PREFIX + secrets.token_urlsafe(32),
)
