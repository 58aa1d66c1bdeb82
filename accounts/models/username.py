from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone

from common.limits import MAX_USERNAME_CHARS, OLD_USERNAME_DAYS


class OldUsernameQuerySet(models.QuerySet["OldUsername"]):
    def held(self) -> OldUsernameQuerySet:
        """Usernames that are reserved for their former owner and redirect to the current one."""
        return self.filter(given_up_at__gt=held_since())

    def expired(self) -> OldUsernameQuerySet:
        return self.filter(given_up_at__lte=held_since())


class OldUsername(models.Model):
    """A username that `person` gave up. While it is held, a database trigger rejects it for anyone else.

    The rows also count a user's recent changes, so a username that was taken back keeps its row.
    """

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="old_usernames")
    username = models.CharField(max_length=MAX_USERNAME_CHARS, unique=True)
    given_up_at = models.DateTimeField(default=timezone.now)

    objects = OldUsernameQuerySet.as_manager()

    class Meta:
        # accounts.sweep deletes expired rows.
        indexes = [models.Index(fields=["given_up_at"], name="old_usernames_by_age")]

    def __str__(self) -> str:
        return self.username

    @property
    def free_at(self) -> datetime:
        """When anyone may take the username."""
        return self.given_up_at + timedelta(days=OLD_USERNAME_DAYS)


def held_since() -> datetime:
    """Return the moment before which a username must have been given up to be free now."""
    return timezone.now() - timedelta(days=OLD_USERNAME_DAYS)
