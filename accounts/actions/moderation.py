"""Suspend and restore users."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from accounts.emails import send_email
from accounts.models import User
from accounts.reactivation import notify_reactivated


@transaction.atomic
def suspend_person(user: User, *, reason: str) -> bool:
    """Hide the user and their content, end their sessions and e-mail the reason; return False if already suspended."""
    suspended = User.objects.select_for_update(no_key=True).filter(pk=user.pk, suspended_at__isnull=True).first()
    if suspended is None:
        return False
    user.suspended_at, user.suspended_reason = timezone.now(), reason
    user.end_sessions()
    user.save(update_fields=["suspended_at", "suspended_reason", "session_epoch"])
    transaction.on_commit(lambda: send_email("account_suspended", user, reason=reason), robust=True)
    return True


@transaction.atomic
def restore_person(user: User) -> bool:
    """Undo `suspend_person`; return False if the user was not suspended. Their sessions stay ended."""
    restored = User.objects.filter(pk=user.pk, suspended_at__isnull=False).update(
        suspended_at=None, suspended_reason=""
    )
    user.suspended_at, user.suspended_reason = None, ""
    if restored:
        notify_reactivated(user.pk)
        transaction.on_commit(lambda: send_email("account_restored", user), robust=True)
    return bool(restored)
