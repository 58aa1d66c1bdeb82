"""Mobile numbers, encrypted in the database and visible to their owner only."""

from __future__ import annotations

from typing import Final

import phonenumbers
from django.conf import settings
from django.db import models

from common.limits import MAX_CODE_ATTEMPTS
from common.sealing import keyed_hash, unseal

_PURPOSE: Final = "mobile"


def normalize_number(typed: str) -> str | None:
    """Return a typed number in E.164, such as "+41791234567", or None if it is invalid."""
    try:
        number = phonenumbers.parse(typed.strip().replace("00", "+", 1) if typed.strip().startswith("00") else typed)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def hash_number(number: str) -> str:
    """Return the keyed hash by which a number is looked up."""
    return keyed_hash(_PURPOSE, number)


class Mobile(models.Model):
    """A confirmed mobile number, unique among users."""

    person = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="mobile")
    sealed = models.TextField(editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    confirmed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"the number of {self.person_id}"

    @property
    def number(self) -> str:
        return unseal(self.sealed)


class PendingMobile(models.Model):
    """A mobile number that waits for its owner to enter the code sent to it."""

    person = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="pending_mobile")
    sealed = models.TextField(editable=False)
    digest = models.CharField(max_length=64, editable=False)
    code_hash = models.CharField(max_length=64, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(attempts__lte=MAX_CODE_ATTEMPTS), name="code_attempts_are_limited"
            ),
        ]
        # accounts.sweep: codes whose time is over.
        indexes = [models.Index(fields=["expires_at"], name="pending_mobiles_by_expiry")]

    def __str__(self) -> str:
        return f"the pending number of {self.person_id}"

    @property
    def number(self) -> str:
        return unseal(self.sealed)
