"""Personal access tokens: let a user's own programs sign in as that user, without the password."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts.emails import send_email
from common.ids import SnowflakeModel
from common.limits import MAX_TOKEN_NAME_CHARS, MAX_TOKENS

if TYPE_CHECKING:
    from accounts.models import User

PREFIX: Final = "efp_"
"""By which people, and programs that look for secrets in public code, know a token of this site."""
READ: Final = "read"
WRITE: Final = "write"
LAST_USED_RESOLUTION: Final = timedelta(minutes=1)


class TokenRefusedError(ValueError):
    """Why somebody cannot have a token, in words for them; `field` is of the form, "" for all of it."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class PersonalTokenQuerySet(models.QuerySet["PersonalToken"]):
    def unexpired(self) -> PersonalTokenQuerySet:
        """Tokens that have not expired. `is_valid_for` also checks the user."""
        return self.filter(expires_at__gt=timezone.now())


class PersonalToken(SnowflakeModel):
    """A token that `person` made, of which only its hash is kept. Lives on the person's shard.

    SHA-256 and no slow hash: 256 random bits cannot be guessed from their hash however fast it is, and a hash without
    salt is found by index. Passwords are slow because people choose them.
    """

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=MAX_TOKEN_NAME_CHARS)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    may_write = models.BooleanField(default=False)
    stamp = models.CharField(max_length=64, editable=False)
    """The person's session hash when it was made: whatever ends all their sessions ends the token at once."""
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, editable=False)
    """To the minute, and not from where."""

    objects = PersonalTokenQuerySet.as_manager()

    class Meta:
        verbose_name = "personal access token"
        constraints = [
            # The page that shows a token once, sent again by a reload, makes no second one.
            models.UniqueConstraint(fields=["person", "name"], name="token_names_are_unique"),
        ]
        # accounts.sweep: tokens whose time is over.
        indexes = [models.Index(fields=["expires_at"], name="tokens_by_expiry")]

    def __str__(self) -> str:
        return self.name

    @property
    def scopes(self) -> frozenset[str]:
        return frozenset({READ, WRITE} if self.may_write else {READ})

    def is_valid_for(self, person: User) -> bool:
        """Return True unless the token has expired, or a new password, suspension or deactivation has ended it."""
        return self.expires_at > timezone.now() and session_hash_matches(self.stamp, person)


def session_hash_matches(session_hash: str, person: User) -> bool:
    """Return True if `session_hash` still matches an active user's current session hash."""
    if not person.is_active or person.deactivated_at is not None:
        return False
    hashes = [person.get_session_auth_hash(), *person.get_session_auth_fallback_hash()]
    return any(constant_time_compare(session_hash, one) for one in hashes)


def hash_secret(secret: str) -> str:
    """Return the SHA-256 of a token or secret, as it is stored."""
    return hashlib.sha256(secret.encode()).hexdigest()


def valid_tokens(person: User) -> list[PersonalToken]:
    """Return the valid tokens of `person`, newest first."""
    tokens = PersonalToken.objects.unexpired().filter(person_id=person.pk).order_by("-id")
    return [token for token in tokens if token.is_valid_for(person)]


def create_token(person: User, *, name: str, may_write: bool, days: int) -> tuple[PersonalToken, str]:
    """Create a token for `person`; return it with its secret, which is not stored. Sends an e-mail.

    Raises TokenRefusedError for a name they have used, and beyond MAX_TOKENS. The person's row is locked, so two
    requests at once make no more.
    """
    from accounts.models import User  # That module has this one's model in its app, and comes first.

    secret = PREFIX + secrets.token_urlsafe(32)
    try:
        with transaction.atomic():
            row = User.objects.select_for_update(no_key=True).get(pk=person.pk)
            working = {token.pk for token in valid_tokens(row)}
            PersonalToken.objects.filter(person=row).exclude(pk__in=working).delete()
            if len(working) >= MAX_TOKENS:
                raise TokenRefusedError(f"You have {MAX_TOKENS} tokens, which is as many as there can be. Revoke one.")
            token = PersonalToken.objects.create(
                person=row,
                name=name,
                digest=hash_secret(secret),
                may_write=may_write,
                stamp=row.get_session_auth_hash(),
                expires_at=timezone.now() + timedelta(days=days),
            )
            transaction.on_commit(lambda: send_email("token_made", row, token=token), robust=True)
    except IntegrityError as error:
        raise TokenRefusedError("You have a token of this name. Choose another name.", "name") from error
    return token, secret


def revoke_token(token: PersonalToken) -> bool:
    """End a token at once; return whether it was there."""
    return bool(PersonalToken.objects.filter(pk=token.pk).delete()[0])
