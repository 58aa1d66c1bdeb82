from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import models
from django.utils import timezone

KEPT_HOURS: Final = 24


class SubmittedFormQuerySet(models.QuerySet["SubmittedForm"]):
    def expired(self) -> SubmittedFormQuerySet:
        return self.filter(created_at__lte=timezone.now() - timedelta(hours=KEPT_HOURS))


class SubmittedForm(models.Model):
    """A processed form submission, saved in the transaction of its effects and kept for KEPT_HOURS."""

    person_id = models.BigIntegerField()
    digest = models.CharField(max_length=64)
    """SHA-256 of the form's key, address and content."""
    result = models.BigIntegerField(null=True)
    """The id of the row that the submission created."""
    created_at = models.DateTimeField(default=timezone.now)

    objects = SubmittedFormQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person_id", "digest"], name="submit_form_once")]
        # accounts.sweep deletes by age.
        indexes = [models.Index(fields=["created_at"], name="submitted_forms_by_age")]

    def __str__(self) -> str:
        return f"form of {self.person_id}"
