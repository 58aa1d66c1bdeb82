"""Going away, for a while or for good, and coming back."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accounts.letters import send_letter
from accounts.models import User
from common import personal
from common.limits import DELETION_GRACE_DAYS


@transaction.atomic
def deactivate(user: User) -> bool:
    """Hide `user` and all they shared from everybody, and end their sessions; return whether that is new."""
    row = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if row.deactivated_at is not None:
        return False
    row.deactivated_at = timezone.now()
    row.end_sessions()
    row.save(update_fields=["deactivated_at", "session_epoch"])
    return True


@transaction.atomic
def come_back(user: User) -> bool:
    """Undo `deactivate`, not a deletion; return whether there was anything to undo."""
    row = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if row.deactivated_at is None or row.deletes_at is not None:
        return False
    row.deactivated_at = user.deactivated_at = None
    row.save(update_fields=["deactivated_at"])
    personal.is_back(row.pk)
    return True


@transaction.atomic
def ask_deletion(user: User) -> datetime:
    """Hide `user` as `deactivate` does, and delete the account in DELETION_GRACE_DAYS; return when.

    Asked twice, the first date stands. They get a mail, which tells somebody whose password was stolen how to stop it.
    """
    row: User = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if row.deletes_at is not None:
        return row.deletes_at
    now = timezone.now()
    row.deactivated_at = row.deactivated_at or now
    row.deletes_at = deletes_at = now + timedelta(days=DELETION_GRACE_DAYS)
    row.end_sessions()
    row.save(update_fields=["deactivated_at", "deletes_at", "session_epoch"])
    transaction.on_commit(lambda: send_letter("deletion_asked", row, deletes_at=deletes_at), robust=True)
    return deletes_at


@transaction.atomic
def keep_account(user: User) -> bool:
    """Undo `ask_deletion`, and bring everything back; return False once the date has passed: it is being deleted."""
    row = User.objects.select_for_update(no_key=True).filter(pk=user.pk).first()
    if row is None or (row.deletes_at is not None and row.deletes_at <= timezone.now()):
        return False
    row.deletes_at = row.deactivated_at = None
    row.save(update_fields=["deletes_at", "deactivated_at"])
    personal.is_back(row.pk)
    return True
