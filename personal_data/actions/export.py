"""Request and delete exports of a user's data."""

from __future__ import annotations

from django.db import transaction

from accounts.models import User
from common.events import emit
from common.files import delete_pending, schedule_delete
from personal_data.events import ExportRequested
from personal_data.models import Export


@transaction.atomic
def request_export(user: User) -> Export:
    """Have a worker build an export of `user`, and return it; replaces an earlier one.

    Returns the present export if it is still being built. Locks the user's row.
    """
    User.objects.lock(user.pk)
    present = Export.objects.owned_by(user).first()
    if present is not None and present.is_under_way:
        return present
    if present is not None:
        delete_export(present)
    export = Export.objects.create(person=user)
    emit(ExportRequested(export_id=export.pk))
    return export


@transaction.atomic
def delete_export(export: Export) -> bool:
    """Delete an export and its file; return True if it existed."""
    row = Export.objects.select_for_update().filter(pk=export.pk).first()
    if row is None:
        return False
    row.delete()
    if row.key:
        schedule_delete("originals", [row.key])
        transaction.on_commit(lambda: delete_pending("originals", [row.key]), robust=True)
    return True
