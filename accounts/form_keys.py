"""Process each submission of a form once, by the random key in the rendered form.

Without JavaScript a form is easily submitted twice: by a double click, a reload or a retry. The first of identical
submissions takes effect; the others get its result. A form submitted again with different content is a new submission.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Final

from django.db import transaction
from django.http import HttpRequest

from accounts.models import SubmittedForm

FIELD: Final = "form_key"
MAX_KEY_CHARS: Final = 64


class Submission:
    """A POST of a form by a signed-in user."""

    def __init__(self, request: HttpRequest) -> None:
        self.person_id: int = request.user.pk  # type: ignore[assignment]  # callers require a signed-in person
        key = request.POST.get(FIELD, "")
        self.digest = _digest(request) if 0 < len(key) <= MAX_KEY_CHARS else ""

    def previous_result(self) -> int | None:
        """Return the id of the row that an identical submission created in the last KEPT_HOURS, or None."""
        if not self.digest:
            return None
        return (
            SubmittedForm.objects.filter(person_id=self.person_id, digest=self.digest)
            .values_list("result", flat=True)
            .first()
        )

    @transaction.atomic
    def run_once(self, act: Callable[[], int]) -> int:
        """Run `act`, which returns the id of the row it created, and return that id.

        If an identical submission has been processed, return its id without running `act`. Waits for one in progress:
        the unique constraint blocks the second INSERT until the first transaction ends. Without a key, `act` always
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


def _digest(request: HttpRequest) -> str:
    """Hash the address, the fields but for the CSRF token, and the names and sizes of the files."""
    fields = {name: values for name, values in request.POST.lists() if name != "csrfmiddlewaretoken"}
    files = [(field, [(one.name, one.size) for one in sent]) for field, sent in request.FILES.lists()]
    content = json.dumps([request.path, sorted(fields.items()), sorted(files)])
    return hashlib.sha256(content.encode()).hexdigest()
