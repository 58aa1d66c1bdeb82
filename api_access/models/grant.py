from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from api_access.credentials import READ, WRITE, session_hash_matches
from api_access.models.app import OAuthApp
from common.ids import SnowflakeModel
from common.limits import MAX_REDIRECT_CHARS


class OAuthGrantQuerySet(models.QuerySet["OAuthGrant"]):
    def expired(self) -> OAuthGrantQuerySet:
        return self.filter(expires_at__lte=timezone.now())


class OAuthGrant(SnowflakeModel):
    """One authorization of `app` by `person`: the code, then the tokens issued for it. Lives on the person's shard.

    Only hashes of the code and tokens are stored.
    """

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    app = models.ForeignKey(OAuthApp, models.CASCADE, related_name="grants")
    may_write = models.BooleanField()
    session_hash = models.CharField(max_length=64, editable=False)
    """The user's session hash at authorization: whatever ends all sessions also ends the grant."""

    code_digest = models.CharField(max_length=64, unique=True, editable=False)
    """Kept after the code was exchanged: a second use revokes the grant, because the code was stolen."""
    code_expires_at = models.DateTimeField(editable=False)
    redirect_uri = models.CharField(max_length=MAX_REDIRECT_CHARS, editable=False)
    code_challenge = models.CharField(max_length=128, editable=False)

    access_digest = models.CharField(max_length=64, unique=True, null=True, editable=False)  # noqa: DJ001  (unique)
    access_may_write = models.BooleanField(default=False, editable=False)
    access_expires_at = models.DateTimeField(null=True, editable=False)
    refresh_digest = models.CharField(max_length=64, unique=True, null=True, editable=False)  # noqa: DJ001
    used_refresh_digest = models.CharField(max_length=64, null=True, db_index=True, editable=False)  # noqa: DJ001
    """The previous refresh token: using it again revokes the grant."""
    expires_at = models.DateTimeField()
    """Expiry of the refresh token, or of the code until it is exchanged."""
    last_used_at = models.DateTimeField(null=True, editable=False)
    """Accurate to LAST_USED_RESOLUTION. The client's address is not stored."""

    objects = OAuthGrantQuerySet.as_manager()

    class Meta:
        verbose_name = "authorized app"
        # api_access.sweep deletes expired grants.
        indexes = [models.Index(fields=["expires_at"], name="grants_by_expiry")]

    def __str__(self) -> str:
        return f"{self.app_id} for {self.person_id}"

    @property
    def scopes(self) -> list[str]:
        return [READ, WRITE] if self.may_write else [READ]

    def is_valid(self) -> bool:
        """Return True if unexpired, the user's session hash is unchanged, and the app's owner is active.

        Needs `person` and `app.owner` selected.
        """
        is_unexpired = self.expires_at > timezone.now()
        return is_unexpired and session_hash_matches(self.session_hash, self.person) and self.app.is_active
