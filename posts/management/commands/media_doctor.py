from __future__ import annotations

from argparse import ArgumentParser
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from media.errors import MediaError
from media.incoming import discard
from media.storage import abort_unfinished_uploads, delete_originals, delete_renditions
from posts.housekeeping import Findings, examine, examine_incoming, private_keys, public_keys
from posts.tasks import rerender

GRACE_HOURS = 24
SHOWN = 20


class Command(BaseCommand):
    help = (
        "Hold the stored files against the database: files that nobody needs, rows whose files are missing, and the "
        "space that they take. With --fix, delete the former and make the latter anew from their originals."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--fix", action="store_true", help="mend what can be mended")
        parser.add_argument(
            "--grace-hours",
            type=float,
            default=GRACE_HOURS,
            help=f"younger files are left alone: an upload may be on its way to its row (default: {GRACE_HOURS})",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        made_before = timezone.now() - timedelta(hours=options["grace_hours"])
        left = self.incoming(made_before, fix=options["fix"])
        for label, alias, keys, delete in (
            ("Renditions", "default", public_keys, delete_renditions),
            ("Originals", "originals", private_keys, delete_originals),
        ):
            found = examine(alias, keys(), made_before=made_before)
            self.tell(label, found)
            if not options["fix"]:
                left += len(found.orphans) + len(found.missing)
                continue
            delete(found.orphans)
            if given_up := abort_unfinished_uploads(alias, begun_before=made_before):
                self.stdout.write(f"  gave up {given_up} that were never written to their end")
            owners = {owner for owner, _ in found.missing}
            mended = {owner for owner in owners if alias == "default" and self.mend(owner)}
            self.stdout.write(f"  deleted {len(found.orphans)}, made anew {len(mended)} of {len(owners)}")
            left += len(owners - mended)
        if left:
            raise CommandError(f"{left} not mended." if options["fix"] else f"{left} to mend: run it with --fix.")

    def incoming(self, made_before: datetime, *, fix: bool) -> int:
        """Parts of uploads that nobody goes on with; return how many uploads are left to mend."""
        found = examine_incoming(made_before=made_before)
        self.tell("On their way in", found)
        if not fix:
            return len(found.orphans)
        for prefix in found.orphans:
            discard(prefix)
        self.stdout.write(f"  deleted {len(found.orphans)}")
        return 0

    def tell(self, label: str, found: Findings) -> None:
        self.stdout.write(f"{label}: {found.files:,} files, {_space(found.bytes)}")
        self.list_some(f"without a row: {_space(sum(found.orphans.values()))}", sorted(found.orphans))
        self.list_some("missing", [f"{key} of {owner}" for owner, key in found.missing])
        if found.too_young:
            self.stdout.write(f"  {found.too_young} without a row are too young to say")
        if found.foreign:
            self.stdout.write(f"  {found.foreign} are not ours, by their names: left alone")

    def mend(self, owner: str) -> bool:
        """Make the files of a medium anew. Pictures of people and captions are theirs to choose again: only named."""
        kind, _, number = owner.partition(" ")
        try:
            return kind == "medium" and rerender(int(number))
        except MediaError as error:
            self.stderr.write(f"  {owner}: {error}")
            return False

    def list_some(self, what: str, lines: list[str]) -> None:
        if not lines:
            return
        self.stdout.write(f"  {len(lines)} {what}")
        for line in lines[:SHOWN]:
            self.stdout.write(f"    {line}")
        if len(lines) > SHOWN:
            self.stdout.write(f"    and {len(lines) - SHOWN} more")


def _space(size: float) -> str:
    for unit in ("bytes", "KB", "MB", "GB"):
        if size < 1024:
            return f"{size:,.0f} {unit}"
        size /= 1024
    return f"{size:,.1f} TB"
