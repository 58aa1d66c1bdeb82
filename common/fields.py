from __future__ import annotations

from typing import Any

from django.db import models


def db_cascade_foreign_key(
    model: str, *, null: bool = False, db_index: bool = False, related_name: str = "+"
) -> models.ForeignKey[Any, Any]:
    """Return a foreign key with ON DELETE CASCADE in the database; its constraint is created in a migration.

    Django deletes nothing itself, so deleting a row costs no query per referring table.
    """
    return models.ForeignKey(
        model,
        models.DO_NOTHING,
        db_constraint=False,
        editable=False,
        null=null,
        db_index=db_index,
        related_name=related_name,
    )
