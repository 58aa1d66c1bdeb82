"""Restrict people, and end restrictions."""

from __future__ import annotations

from django.db import transaction

from accounts.models import User
from common.refusals import Refusal
from social.models import Restrict


@transaction.atomic
def restrict(restricter: User, *, restricted: User) -> bool:
    """Hold future comments of `restricted` for approval; return True if the restriction is new."""
    if restricter.pk == restricted.pk:
        raise Refusal("You can’t restrict yourself.")
    return Restrict.objects.get_or_create(restricter=restricter, restricted=restricted)[1]


@transaction.atomic
def unrestrict(restricter: User, *, restricted: User) -> bool:
    """Delete the restriction; return True if there was one. Held comments keep waiting for approval."""
    return Restrict.objects.filter(restricter=restricter, restricted=restricted).delete()[0] > 0
