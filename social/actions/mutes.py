"""Mute and unmute people."""

from __future__ import annotations

from django.db import transaction

from accounts.models import User
from common.refusals import Refusal
from social.actions.follow_rows import change_home_sources
from social.models import Mute


@transaction.atomic
def mute(muter: User, *, muted: User) -> bool:
    """Hide posts of `muted` from the home page and the suggestions of `muter`; return True if the mute is new."""
    if muter.pk == muted.pk:
        raise Refusal("You can’t mute yourself.")
    _, created = Mute.objects.get_or_create(muter=muter, muted=muted)
    if created:
        change_home_sources([(muter.pk, muted.pk)])
    return created


@transaction.atomic
def unmute(muter: User, *, muted: User) -> bool:
    """Delete the mute; return True if there was one."""
    deleted, _ = Mute.objects.filter(muter=muter, muted=muted).delete()
    if deleted:
        change_home_sources([(muter.pk, muted.pk)])
    return bool(deleted)
