"""Deleting an account whose time has come, so that nothing of it is left.

Each step is a transaction of some rows, counted in a `DeletionRecord` that goes with it: killed anywhere, it goes on
where it was. The person's row goes last, for it is the work to do.
"""

from __future__ import annotations

import logging
import time

from django.contrib.sessions.backends.db import SessionStore
from django.db import transaction
from django.utils import timezone

from accounts.actions import avatar_keys
from accounts.models import FOLLOWERS, FOLLOWING, POSTS, User
from accounts.records import DeletionRecord
from common import personal_data
from common.counters import CountDelta
from common.files import delete_pending, schedule_delete

log = logging.getLogger(__name__)


def erase_account(user_id: int, *, seconds: float) -> bool:
    """Delete as much of somebody whose `deletes_at` has passed as `seconds` allow; return whether nothing is left.

    Only one process at a time: the caller sees to it. Raises what the storage and Valkey raise when they are away;
    nothing is crossed out before it is gone.
    """
    until = time.monotonic() + seconds
    record = _record_of(user_id)
    if record is None:
        return True
    for eraser in personal_data.erasers():
        while _step(eraser, user_id, record):
            if time.monotonic() > until:
                return False
    _finish(user_id, record)
    return True


@transaction.atomic
def _record_of(user_id: int) -> DeletionRecord | None:
    """Where it is counted; None if the account stays, or has gone. From here on nobody can keep it any more."""
    due = User.objects.select_for_update(no_key=True).filter(pk=user_id, deletes_at__lte=timezone.now())
    if not due.exists():
        return None
    return DeletionRecord.objects.get_or_create(person_id=user_id)[0]


@transaction.atomic
def _step(eraser: personal_data.Eraser, user_id: int, record: DeletionRecord) -> bool:
    removed = eraser(user_id)
    if removed:
        record.add(removed)
    return bool(removed)


def _finish(user_id: int, record: DeletionRecord) -> None:
    """The row itself, its picture, and what quotes or counts it."""
    # Sessions do not say whose they are. Theirs ended when they asked, and none of them lasts longer than the grace.
    SessionStore.clear_expired()
    with transaction.atomic():
        user = User.objects.select_for_update().get(pk=user_id)
        public = avatar_keys(user)
        originals = [user.avatar_original] if user.avatar_original else []
        schedule_delete("default", public)
        schedule_delete("originals", originals)
        removed = personal_data.delete_admin_log(User, [user_id])
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
