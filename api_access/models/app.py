from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Max, Q
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts.models import User
from api_access.credentials import hash_secret
from api_access.redirect_uris import without_loopback_port
from common.ids import SnowflakeModel
from common.limits import MAX_APP_NAME_CHARS, MAX_REDIRECT_CHARS


class OAuthAppQuerySet(models.QuerySet["OAuthApp"]):
    def owned_by(self, owner: User) -> OAuthAppQuerySet:
        return self.filter(owner=owner)

    def authorized_by(self, person: User) -> OAuthAppQuerySet:
        """Apps with valid grants of `person`, by name; adds may_write, newest_grant and last_used_at."""
        is_valid = Q(grants__person=person, grants__expires_at__gt=timezone.now(), grants__access_digest__isnull=False)
        hashes = [person.get_session_auth_hash(), *person.get_session_auth_fallback_hash()]
        is_valid &= Q(grants__session_hash__in=hashes)
        apps = self.filter(is_valid).annotate(
            may_write=Max(models.functions.Cast("grants__may_write", models.IntegerField()), filter=is_valid),
            newest_grant=Max("grants__id", filter=is_valid),
            last_used_at=Max("grants__last_used_at", filter=is_valid),
        )
        return apps.select_related("owner").order_by("name", "id")


class OAuthApp(SnowflakeModel):
    """A third-party program that a developer registered. Lives on the developer's shard.

    A confidential app runs on a server and authenticates with its secret. A public app (on a phone, in a browser)
    cannot keep a secret and relies on PKCE alone.
    """

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="apps")
    name = models.CharField(max_length=MAX_APP_NAME_CHARS)
    client_id = models.CharField(max_length=64, unique=True, editable=False)
    secret_digest = models.CharField(max_length=64, blank=True, editable=False)
    """Empty for public apps."""
    redirect_uris = ArrayField(models.CharField(max_length=MAX_REDIRECT_CHARS))

    objects = OAuthAppQuerySet.as_manager()

    # Annotations of authorized_by().
    may_write: int
    newest_grant: int
    last_used_at: datetime | None

    class Meta:
        verbose_name = "app"
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="app_names_are_unique")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_confidential(self) -> bool:
        return bool(self.secret_digest)

    @property
    def is_active(self) -> bool:
        """Return False while the developer is suspended or deactivated: the app can do nothing then."""
        return self.owner.is_active and self.owner.deactivated_at is None

    def has_secret(self, secret: str) -> bool:
        """Return True if `secret` is the app's secret; always False for a public app."""
        return self.is_confidential and constant_time_compare(hash_secret(secret), self.secret_digest)

    def allows_redirect(self, uri: str) -> bool:
        """Return True if `uri` is one of the app's redirect URIs; loopback addresses match at any port (RFC 8252)."""
        own = self.redirect_uris
        local = without_loopback_port(uri)
        return uri in own or (local is not None and local in map(without_loopback_port, own))
