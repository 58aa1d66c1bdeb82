"""Create and revoke the grants by which users authorize apps (OAuth 2 with PKCE).

`api_access.oauth_server` implements the protocol; these functions store its results.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from api_access.credentials import hash_secret
from api_access.models import OAuthApp, OAuthGrant
from common.limits import MAX_GRANTS_OF_APP

CODE_SECONDS: Final = 60
ACCESS_SECONDS: Final = 3600
REFRESH_DAYS: Final = 90
"""An app that has not refreshed its token for so long must ask the user again."""


@transaction.atomic
def create_grant(
    person: User, app: OAuthApp, *, code: str, may_write: bool, redirect_uri: str, code_challenge: str
) -> OAuthGrant:
    """Create the grant of an authorization code; keep MAX_GRANTS_OF_APP per user and app.

    Locks the user's row, so concurrent requests cannot exceed the limit.
    """
    row = User.objects.lock(person.pk)
    existing = OAuthGrant.objects.filter(person=row, app=app)
    for old in existing.order_by("-id")[MAX_GRANTS_OF_APP - 1 :]:
        old.delete()
    expires_at = timezone.now() + timedelta(seconds=CODE_SECONDS)
    return OAuthGrant.objects.create(
        person=row,
        app=app,
        may_write=may_write,
        session_hash=row.get_session_auth_hash(),
        code_digest=hash_secret(code),
        code_expires_at=expires_at,
        redirect_uri=redirect_uri,
        code_challenge=code_challenge,
        expires_at=expires_at,
    )


def issue_tokens(grant: OAuthGrant, *, access: str, refresh: str, may_write: bool) -> None:
    """Replace the tokens of `grant`. The caller holds the lock of its row."""
    now = timezone.now()
    grant.used_refresh_digest = grant.refresh_digest
    grant.access_digest, grant.refresh_digest = hash_secret(access), hash_secret(refresh)
    grant.access_may_write = may_write and grant.may_write
    grant.access_expires_at = now + timedelta(seconds=ACCESS_SECONDS)
    grant.expires_at = now + timedelta(days=REFRESH_DAYS)
    grant.save()


def find_grant(field: str, secret: str, app: OAuthApp | None) -> OAuthGrant | None:
    """Return the grant of `app` whose `field` is the hash of `secret`, or None; locks its row."""
    rows = OAuthGrant.objects.select_for_update(of=("self",)).select_related("person", "app__owner")
    return rows.filter(**{field: hash_secret(secret)}, app=app).first()


def revoke_app_access(person: User, app_id: int) -> bool:
    """Delete all grants of `person` to the app; return True if there were any."""
    return bool(OAuthGrant.objects.filter(person=person, app_id=app_id).delete()[0])
