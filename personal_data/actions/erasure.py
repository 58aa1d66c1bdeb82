"""Erase an account whose deletion is due, with all its data.

Each step is a transaction that deletes some rows and counts them in a `DeletionRecord`, so a killed run can be resumed.
The user's row is deleted last, because it represents the remaining work.
"""

from __future__ import annotations

import logging
import time

from django.db import transaction
from django.utils import timezone

from accounts.models import FOLLOWERS, FOLLOWING, POSTS, User
from common.counters import CountDelta
from common.files import delete_pending, schedule_delete
from personal_data import registry
from personal_data.models import DeletionRecord

log = logging.getLogger(__name__)


def erase_account(user_id: int, *, seconds: float) -> bool:
    """Erase data of a user whose `deletes_at` has passed, for about `seconds`; return True if nothing is left.

    The caller ensures that only one process works on the user. Raises the errors of the storage and of Valkey; nothing
    is recorded as erased before it is.
    """
    until = time.monotonic() + seconds
    record = _get_record(user_id)
    if record is None:
        return True
    for eraser in registry.erasers():
        while _step(eraser, user_id, record):
            if time.monotonic() > until:
                return False
    _finish(user_id, record)
    return True


@transaction.atomic
def _get_record(user_id: int) -> DeletionRecord | None:
    """Return the record of the deletion, or None if it is not due or the user is gone. It cannot be cancelled now."""
    due = User.objects.select_for_update(no_key=True).filter(pk=user_id, deletes_at__lte=timezone.now())
    if not due.exists():
        return None
    return DeletionRecord.objects.get_or_create(person_id=user_id)[0]


@transaction.atomic
def _step(eraser: registry.Eraser, user_id: int, record: DeletionRecord) -> bool:
    removed = eraser(user_id)
    if removed:
        record.add(removed)
    return bool(removed)


def _finish(user_id: int, record: DeletionRecord) -> None:
    """Delete the user's row, pictures, counter deltas and the admin log entries that quote it."""
    with transaction.atomic():
        user = User.objects.select_for_update().get(pk=user_id)
        public = user.avatar_keys
        originals = [user.avatar_original] if user.avatar_original else []
        schedule_delete("default", public)
        schedule_delete("originals", originals)
        removed = registry.delete_admin_log(User, [user_id])
        removed.files = len(public) + len(originals)
        removed.add_deleted(
            CountDelta.objects.filter(
                counter__in=[FOLLOWERS.name, FOLLOWING.name, POSTS.name], object_id=user_id
            ).delete()[1]
        )
        removed.add_deleted(user.delete()[1])
        record.add(removed)
        record.person_id, record.finished_at = None, timezone.now()
        record.save(update_fields=["person_id", "finished_at"])
    delete_pending("default", public)
    delete_pending("originals", originals)
    log.info("an account was deleted: %s", record)
