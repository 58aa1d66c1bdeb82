from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from accounts.models import User
from api_access.credentials import READ, WRITE, session_hash_matches
from common.ids import SnowflakeModel
from common.limits import MAX_TOKEN_NAME_CHARS


class PersonalTokenQuerySet(models.QuerySet["PersonalToken"]):
    def owned_by(self, person: User) -> PersonalTokenQuerySet:
        return self.filter(person_id=person.pk)

    def unexpired(self) -> PersonalTokenQuerySet:
        """Tokens that have not expired. `is_valid_for` also checks the user."""
        return self.filter(expires_at__gt=timezone.now())

    def expired(self) -> PersonalTokenQuerySet:
        return self.filter(expires_at__lte=timezone.now())

    def valid_for(self, person: User) -> list[PersonalToken]:
        """Return the valid tokens of `person`, newest first."""
        tokens = self.owned_by(person).unexpired().order_by("-id")
        return [token for token in tokens if token.is_valid_for(person)]


class PersonalToken(SnowflakeModel):
    """A personal access token: lets a user's own programs act as the user, without the password.

    Only the token's hash is stored. The row lives on the user's shard.
    """

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=MAX_TOKEN_NAME_CHARS)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    may_write = models.BooleanField(default=False)
    session_hash = models.CharField(max_length=64, editable=False)
    """The user's session hash at creation: whatever ends all sessions also ends the token."""
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, editable=False)
    """Accurate to LAST_USED_RESOLUTION. The client's address is not stored."""

    objects = PersonalTokenQuerySet.as_manager()

    class Meta:
        verbose_name = "personal access token"
        constraints = [
            # Reloading the page that shows a new token does not create a second one.
            models.UniqueConstraint(fields=["person", "name"], name="token_names_are_unique"),
        ]
        # api_access.sweep deletes expired tokens.
        indexes = [models.Index(fields=["expires_at"], name="tokens_by_expiry")]

    def __str__(self) -> str:
        return self.name

    @property
    def scopes(self) -> frozenset[str]:
        return frozenset({READ, WRITE} if self.may_write else {READ})

    def is_valid_for(self, person: User) -> bool:
        """Return True unless the token has expired, or a new password, suspension or deactivation has ended it."""
        return self.expires_at > timezone.now() and session_hash_matches(self.session_hash, person)
