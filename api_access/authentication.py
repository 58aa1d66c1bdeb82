"""Authenticate API requests by the token in the `Authorization` header."""

from __future__ import annotations

from typing import Final

from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from accounts.api.authentication import Access
from api_access.credentials import ACCESS_PREFIX, LAST_USED_RESOLUTION, READ, TOKEN_PREFIX, WRITE, hash_secret
from api_access.models import OAuthGrant, PersonalToken

MAX_HEADER_CHARS: Final = 500


@sensitive_variables()
def authenticate(request: HttpRequest) -> Access | None:
    """Return the access that `Authorization: Bearer …` grants; None without the header or for an invalid token.

    Never raises. Costs one query, and at most once a minute per token an UPDATE of `last_used_at`.
    """
    kind, _, secret = request.headers.get("Authorization", "")[:MAX_HEADER_CHARS].partition(" ")
    if kind.lower() != "bearer" or not secret.isascii():
        return None
    secret = secret.strip()
    if secret.startswith(ACCESS_PREFIX):
        return _by_grant(secret)
    return _by_personal_token(secret) if secret.startswith(TOKEN_PREFIX) else None


@sensitive_variables()
def _by_personal_token(secret: str) -> Access | None:
    token = PersonalToken.objects.select_related("person").filter(digest=hash_secret(secret)).first()
    if token is None or not token.is_valid_for(token.person):
        return None
    _update_last_used(token)
    return Access(token.person, token.scopes, f"token:{token.pk}")


@sensitive_variables()
def _by_grant(secret: str) -> Access | None:
    """Return the access of an app. All its tokens for one user share a rate limit."""
    grants = OAuthGrant.objects.select_related("person", "app__owner")
    grant = grants.filter(access_digest=hash_secret(secret), access_expires_at__gt=timezone.now()).first()
    if grant is None or not grant.is_valid():
        return None
    _update_last_used(grant)
    scopes = frozenset({READ, WRITE} if grant.access_may_write else {READ})
    return Access(grant.person, scopes, f"app:{grant.app_id}:{grant.person_id}")


def _update_last_used(token: PersonalToken | OAuthGrant) -> None:
    """Set `last_used_at`. The condition is repeated in the UPDATE, so of concurrent requests only one writes."""
    now = timezone.now()
    if token.last_used_at is None or token.last_used_at < now - LAST_USED_RESOLUTION:
        long_ago = Q(last_used_at__isnull=True) | Q(last_used_at__lt=now - LAST_USED_RESOLUTION)
        type(token).objects.filter(long_ago, pk=token.pk).update(last_used_at=now)
