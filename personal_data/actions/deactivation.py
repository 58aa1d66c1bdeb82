"""Deactivate and reactivate accounts; request and cancel their deletion."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accounts.emails import send_email
from accounts.models import User
from accounts.reactivation import notify_reactivated
from common.limits import DELETION_GRACE_DAYS


@transaction.atomic
def deactivate(user: User) -> bool:
    """Hide `user` and their content from everyone and end their sessions; return True if the account was active."""
    row = User.objects.lock(user.pk)
    if row.deactivated_at is not None:
        return False
    row.deactivated_at = timezone.now()
    row.end_sessions()
    row.save(update_fields=["deactivated_at", "session_epoch"])
    return True


@transaction.atomic
def reactivate(user: User) -> bool:
    """Undo `deactivate`, but not a requested deletion; return True if the account was deactivated."""
    row = User.objects.lock(user.pk)
    if row.deactivated_at is None or row.deletes_at is not None:
        return False
    row.deactivated_at = user.deactivated_at = None
    row.save(update_fields=["deactivated_at"])
    notify_reactivated(row.pk)
    return True


@transaction.atomic
def request_deletion(user: User) -> datetime:
    """Hide `user` as `deactivate` does, schedule the deletion in DELETION_GRACE_DAYS, and return its date.

    A second request keeps the first date. Sends an e-mail that says how to cancel, in case someone else asked for it.
    """
    row: User = User.objects.lock(user.pk)
    if row.deletes_at is not None:
        return row.deletes_at
    now = timezone.now()
    row.deactivated_at = row.deactivated_at or now
    row.deletes_at = deletes_at = now + timedelta(days=DELETION_GRACE_DAYS)
    row.end_sessions()
    row.save(update_fields=["deactivated_at", "deletes_at", "session_epoch"])
    transaction.on_commit(lambda: send_email("deletion_scheduled", row, deletes_at=deletes_at), robust=True)
    return deletes_at


@transaction.atomic
def cancel_deletion(user: User) -> bool:
    """Undo `request_deletion` and reactivate the account; return False if the date has passed."""
    row = User.objects.select_for_update(no_key=True).filter(pk=user.pk).first()
    if row is None or (row.deletes_at is not None and row.deletes_at <= timezone.now()):
        return False
    row.deletes_at = row.deactivated_at = None
    row.save(update_fields=["deletes_at", "deactivated_at"])
    notify_reactivated(row.pk)
    return True
