from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.db.models import QuerySet

from accounts.models import Mobile, PendingMobile
from common.sealing import DecryptionError, reseal

BATCH_SIZE = 500


class Command(BaseCommand):
    """Re-encrypt the rows in batches by id, one transaction each. Can be interrupted and repeated."""

    help = (
        "Re-encrypt all encrypted fields with the first key in FIELD_KEYS. Add a new key there first and restart the "
        "site, run this command, then remove the old key."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        unreadable = self.rotate("mobile numbers", Mobile.objects.all())
        unreadable += self.rotate("pending mobile numbers", PendingMobile.objects.all())
        if unreadable:
            raise CommandError(f"{unreadable} rows cannot be decrypted with any key in FIELD_KEYS and are unchanged.")

    def rotate(self, name: str, table: QuerySet[Any]) -> int:
        """Re-encrypt the rows of `table`; return how many could not be decrypted."""
        total = table.count()
        last = done = unreadable = 0
        while True:
            with transaction.atomic():
                # Locked, so that a concurrent change of a number is not overwritten.
                rows = list(table.select_for_update().filter(pk__gt=last).order_by("pk")[:BATCH_SIZE])
                for row in rows:
                    try:
                        row.sealed = reseal(row.sealed)
                    except DecryptionError:
                        unreadable += 1
                table.bulk_update(rows, ["sealed"])
            if not rows:
                self.stdout.write(f"{name}: {done} of {total}")
                return unreadable
            last, done = rows[-1].pk, done + len(rows)
            if self.stdout.isatty():
                self.stdout.write(f"\r{name}: {done} of {total}", ending="")
