"""OAuth 2 (RFC 6749) with PKCE (RFC 7636), as oauthlib asks for it: codes and refresh tokens, and no other grant.

oauthlib calls the methods of `Validator` in its order and makes the answers; a request of its own kind, `Request`,
carries what one method found to the next.
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

from accounts.oauth import (
    ACCESS_PREFIX,
    ACCESS_SECONDS,
    CODE_PREFIX,
    REFRESH_PREFIX,
    OAuthApp,
    OAuthGrant,
    create_grant,
    find_grant,
    issue_tokens,
)
from accounts.tokens import READ, WRITE

SCOPES: Final = frozenset({READ, WRITE})
CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")
Request = Any
"""oauthlib.common.Request, whose attributes are whatever was sent or set."""


class Validator(RequestValidator):
    """Answers oauthlib's questions from our tables. Every method names the promise that it keeps."""

    # --- Which app ---

    def validate_client_id(self, client_id: str, request: Request, *args: Any, **kwargs: Any) -> bool:
        request.client = _app(client_id)
        return request.client is not None

    def client_authentication_required(self, request: Request, *args: Any, **kwargs: Any) -> bool:
        """Apps with a secret, and whoever sends one."""
        client_id, secret = _credentials(request)
        app = _app(client_id)
        return bool(secret) or (app is not None and app.is_confidential)

    def authenticate_client(self, request: Request, *args: Any, **kwargs: Any) -> bool:
        client_id, secret = _credentials(request)
        app = _app(client_id)
        request.client = app
        return app is not None and app.has_secret(secret) and request.client_id in {None, client_id}

    def authenticate_client_id(self, client_id: str, request: Request, *args: Any, **kwargs: Any) -> bool:
        request.client = _app(client_id)
        return request.client is not None and not request.client.is_confidential

    # --- Where to, and what for ---

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
        """Who may write may read too: there is no token that writes blindly."""
        return READ in scopes and set(scopes) <= SCOPES

    # --- Codes ---

    def is_pkce_required(self, client_id: str, request: Request) -> bool:
        """By S256: "plain" proves nothing to whoever has read the address."""
        if request.code_challenge is not None:
            if request.code_challenge_method != "S256":
                raise UnsupportedCodeChallengeMethodError(request=request)
            if not CHALLENGE.fullmatch(request.code_challenge):
                raise InvalidRequestError(description="A code_challenge of S256 has 43 characters.", request=request)
        return True

    def get_code_challenge(self, code: str, request: Request) -> str:
        return str(request.grant.challenge)

    def get_code_challenge_method(self, code: str, request: Request) -> str:
        return "S256"

    def save_authorization_code(
        self, client_id: str, code: dict[str, str], request: Request, *args: Any, **kwargs: Any
    ) -> None:
        # oauthlib's own are 30 characters; ours say what they are.
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
        """Once, within a minute, of the app that got it. A second time ends what the first gave."""
        grant = find_grant("code_digest", code, client)
        if grant is None:
            return False
        if grant.access_digest is not None:
            grant.delete()
            return False
        if grant.code_expires_at <= timezone.now() or not grant.is_valid():
            return False
        _carry(request, grant)
        return True

    def confirm_redirect_uri(
        self, client_id: str, code: str, redirect_uri: str, client: Any, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        return bool(redirect_uri == request.grant.redirect_uri)

    def invalidate_authorization_code(
        self, client_id: str, code: str, request: Request, *args: Any, **kwargs: Any
    ) -> None:
        """`validate_code` takes none that was given tokens for."""

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
        """Once. One that was used before ends all of its line: either the app or a thief has the newer one."""
        grant = find_grant("refresh_digest", refresh_token, client)
        if grant is None:
            if stolen := find_grant("used_refresh_digest", refresh_token, client):
                stolen.delete()
            return False
        if not grant.is_valid():
            return False
        _carry(request, grant)
        return True

    def get_original_scopes(self, refresh_token: str, request: Request, *args: Any, **kwargs: Any) -> list[str]:
        scopes: list[str] = request.grant.scopes
        return scopes

    def rotate_refresh_token(self, request: Request) -> bool:
        return True

    def revoke_token(self, token: str, token_type_hint: str, request: Request, *args: Any, **kwargs: Any) -> None:
        """Either of the two ends both."""
        for field in ("access_digest", "refresh_digest"):
            if grant := find_grant(field, token, request.client):
                grant.delete()


def _carry(request: Request, grant: OAuthGrant) -> None:
    request.grant, request.user, request.scopes = grant, grant.person, grant.scopes


def _app(client_id: str | None) -> OAuthApp | None:
    if not client_id or "\0" in client_id:
        return None
    app = OAuthApp.objects.select_related("owner").filter(client_id=client_id).first()
    return app if app is not None and app.is_active else None


def _credentials(request: Request) -> tuple[str, str]:
    """(client_id, secret) of the header (RFC 6749, 2.3.1) or, without one, of the body."""
    kind, _, coded = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "basic":
        return request.client_id or "", request.client_secret or ""
    try:
        name, _, secret = base64.b64decode(coded, validate=True).decode("ascii").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return unquote_plus(name), unquote_plus(secret)


server: Final = WebApplicationServer(
    Validator(),
    token_expires_in=ACCESS_SECONDS,
    token_generator=lambda _: ACCESS_PREFIX + secrets.token_urlsafe(32),
    refresh_token_generator=lambda _: REFRESH_PREFIX + secrets.token_urlsafe(32),
)
