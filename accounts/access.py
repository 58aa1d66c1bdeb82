"""Who a program speaks for: the `Authorization` header of a request, read in one place."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from accounts.models import User
from accounts.oauth import ACCESS_PREFIX, OAuthGrant
from accounts.tokens import LAST_USED_RESOLUTION, PREFIX, READ, WRITE, PersonalToken, hash_secret

MAX_HEADER_CHARS = 500


@dataclass(frozen=True)
class Access:
    """Somebody, let in by a token."""

    user: User = field(repr=False)
    scopes: frozenset[str]
    """Some of "read" and "write"; there is no other."""
    key: str
    """Who counts for rate limits: a token, or an app for one person."""


@sensitive_variables()
def authenticate(request: HttpRequest) -> Access | None:
    """Whom the token in `Authorization: Bearer …` lets in; None without one, and for one that does not work (any more).

    Never raises. Costs one query, and once a minute one UPDATE that says when it was used last.
    """
    kind, _, secret = request.headers.get("Authorization", "")[:MAX_HEADER_CHARS].partition(" ")
    if kind.lower() != "bearer" or not secret.isascii():
        return None
    secret = secret.strip()
    if secret.startswith(ACCESS_PREFIX):
        return _by_grant(secret)
    return _by_personal_token(secret) if secret.startswith(PREFIX) else None


@sensitive_variables()
def _by_personal_token(secret: str) -> Access | None:
    token = PersonalToken.objects.select_related("person").filter(digest=hash_secret(secret)).first()
    if token is None or not token.is_valid_for(token.person):
        return None
    _update_last_used(token)
    return Access(token.person, token.scopes, f"token:{token.pk}")


@sensitive_variables()
def _by_grant(secret: str) -> Access | None:
    """An app, for a person. Its requests count together, whatever number of its tokens they have."""
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
