"""Asking for an archive of what is one's own, and letting it go."""

from __future__ import annotations

from django.db import transaction

from accounts.events import ExportRequested
from accounts.models import User
from accounts.records import Export
from common.events import emit
from common.files import delete_pending, schedule_delete


@transaction.atomic
def request_export(user: User) -> Export:
    """Have a worker build the archive of `user`; an earlier one goes. One that is being built is enough."""
    User.objects.lock(user.pk)
    was = Export.objects.filter(person=user).first()
    if was is not None and was.is_under_way:
        return was
    if was is not None:
        delete_export(was)
    export = Export.objects.create(person=user)
    emit(ExportRequested(export_id=export.pk))
    return export


@transaction.atomic
def delete_export(export: Export) -> bool:
    """Delete an export and its file; return whether it was there."""
    row = Export.objects.select_for_update().filter(pk=export.pk).first()
    if row is None:
        return False
    row.delete()
    if row.key:
        schedule_delete("originals", [row.key])
        transaction.on_commit(lambda: delete_pending("originals", [row.key]), robust=True)
    return True
