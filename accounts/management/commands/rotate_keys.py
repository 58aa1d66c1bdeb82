from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.db.models import QuerySet

from accounts.mobile import Mobile, PendingMobile
from common.sealing import DecryptionError, reseal

AT_ONCE = 500


class Command(BaseCommand):
    """Goes through the rows by id, each batch a transaction: stop it at any time; again is no harm."""

    help = (
        "Encrypt what is encrypted anew, with the first of FIELD_KEYS. Put a new key there first and restart the site, "
        "run this, and take the old key out."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        unreadable = self.rotate("mobile numbers", Mobile.objects.all())
        unreadable += self.rotate("numbers that wait for their code", PendingMobile.objects.all())
        if unreadable:
            raise CommandError(f"{unreadable} rows are opened by none of FIELD_KEYS and stay as they are.")

    def rotate(self, name: str, table: QuerySet[Any]) -> int:
        """How many rows could not be opened."""
        total = table.count()
        last = done = unreadable = 0
        while True:
            with transaction.atomic():
                # Locked: a number that is changed meanwhile must not come back.
                rows = list(table.select_for_update().filter(pk__gt=last).order_by("pk")[:AT_ONCE])
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
