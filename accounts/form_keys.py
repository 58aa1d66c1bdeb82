"""Forms that act once: each rendered form carries a random key, and the same form sent again repeats nothing.

A form without JavaScript is easily sent twice: a double click, an impatient reload, a lost answer. Of identical
submissions the first acts; the others are answered with its result. A form sent again with other content acts anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from django.db import models, transaction
from django.http import HttpRequest
from django.utils import timezone

FIELD: Final = "form_key"
MAX_KEY_CHARS: Final = 64
KEPT_HOURS: Final = 24


class SubmittedForm(models.Model):
    """A submission that acted, written in the transaction of what it did. Kept for KEPT_HOURS."""

    person_id = models.BigIntegerField()
    digest = models.CharField(max_length=64)
    """SHA-256 of the form's key, address and content."""
    result = models.BigIntegerField(null=True)
    """The id of the row that the submission made."""
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person_id", "digest"], name="submit_form_once")]
        # accounts.sweep deletes by age.
        indexes = [models.Index(fields=["created_at"], name="submitted_forms_by_age")]

    def __str__(self) -> str:
        return f"form of {self.person_id}"


class Submission:
    """One POST of a form by a signed-in person."""

    def __init__(self, request: HttpRequest) -> None:
        self.person_id: int = request.user.pk  # type: ignore[assignment]  # callers require a signed-in person
        key = request.POST.get(FIELD, "")
        self.digest = _digest(request) if 0 < len(key) <= MAX_KEY_CHARS else ""

    def previous_result(self) -> int | None:
        """Return the id that an identical submission made in the last KEPT_HOURS, or None."""
        if not self.digest:
            return None
        return (
            SubmittedForm.objects.filter(person_id=self.person_id, digest=self.digest)
            .values_list("result", flat=True)
            .first()
        )

    @transaction.atomic
    def run_once(self, act: Callable[[], int]) -> int:
        """Run `act`, which returns the id of the row it made, and return that id.

        If an identical submission acted already, return its id and run nothing. Waits for one that is under way:
        the unique constraint blocks the second INSERT until the first transaction ends. Without a key `act` always
        runs.
        """
        if not self.digest:
            return act()
        _, is_new = SubmittedForm.objects.get_or_create(person_id=self.person_id, digest=self.digest)
        if not is_new and (earlier := self.previous_result()) is not None:
            return earlier
        result_id = act()
        SubmittedForm.objects.filter(person_id=self.person_id, digest=self.digest).update(result=result_id)
        return result_id


def delete_old_submissions() -> int:
    """Delete submissions older than KEPT_HOURS; return how many."""
    oldest = timezone.now() - timedelta(hours=KEPT_HOURS)
    return SubmittedForm.objects.filter(created_at__lte=oldest).delete()[0]


def _digest(request: HttpRequest) -> str:
    """Hash the address, the fields but for the CSRF token, and the names and sizes of the files."""
    fields = {name: values for name, values in request.POST.lists() if name != "csrfmiddlewaretoken"}
    files = [(field, [(one.name, one.size) for one in sent]) for field, sent in request.FILES.lists()]
    content = json.dumps([request.path, sorted(fields.items()), sorted(files)])
    return hashlib.sha256(content.encode()).hexdigest()
