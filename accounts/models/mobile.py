from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from common.limits import MAX_CODE_ATTEMPTS
from common.sealing import unseal


class Mobile(models.Model):
    """A confirmed mobile number, unique among users. Encrypted, and visible to its owner only."""

    person = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="mobile")
    sealed = models.TextField(editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    confirmed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"the number of {self.person_id}"

    @property
    def number(self) -> str:
        """The decrypted number in E.164."""
        return unseal(self.sealed)


class PendingMobileQuerySet(models.QuerySet["PendingMobile"]):
    def unexpired(self) -> PendingMobileQuerySet:
        return self.filter(expires_at__gt=timezone.now())

    def expired(self) -> PendingMobileQuerySet:
        return self.filter(expires_at__lte=timezone.now())


class PendingMobile(models.Model):
    """A mobile number that waits for its owner to enter the code sent to it."""

    person = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="pending_mobile")
    sealed = models.TextField(editable=False)
    digest = models.CharField(max_length=64, editable=False)
    code_hash = models.CharField(max_length=64, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    expires_at = models.DateTimeField()

    objects = PendingMobileQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(attempts__lte=MAX_CODE_ATTEMPTS), name="code_attempts_are_limited"
            ),
        ]
        # accounts.sweep deletes expired rows.
        indexes = [models.Index(fields=["expires_at"], name="pending_mobiles_by_expiry")]

    def __str__(self) -> str:
        return f"the pending number of {self.person_id}"

    @property
    def number(self) -> str:
        """The decrypted number in E.164."""
        return unseal(self.sealed)
