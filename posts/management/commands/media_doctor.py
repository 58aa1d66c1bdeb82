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
        "Compare the stored files with the database: list orphaned and missing files, and the space that they take. "
        "With --fix, delete orphaned files and render missing ones again from their originals."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--fix", action="store_true", help="repair what can be repaired")
        parser.add_argument(
            "--grace-hours",
            type=float,
            default=GRACE_HOURS,
            help=f"ignore younger files, whose upload may still be running (default: {GRACE_HOURS})",
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
                self.stdout.write(f"  aborted {given_up} unfinished multipart uploads")
            owners = {owner for owner, _ in found.missing}
            repaired = {owner for owner in owners if alias == "default" and self.repair(owner)}
            self.stdout.write(f"  deleted {len(found.orphans)}, rendered {len(repaired)} of {len(owners)} again")
            left += len(owners - repaired)
        if left:
            raise CommandError(f"{left} not repaired." if options["fix"] else f"{left} to repair: run it with --fix.")

    def incoming(self, made_before: datetime, *, fix: bool) -> int:
        """Report, and with `fix` delete, parts of uploads without a session; return the number of uploads left."""
        found = examine_incoming(made_before=made_before)
        self.tell("Incoming", found)
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
            self.stdout.write(f"  {found.too_young} without a row are too young to judge")
        if found.foreign:
            self.stdout.write(f"  {found.foreign} with names that the site does not generate: ignored")

    def repair(self, owner: str) -> bool:
        """Render the files of a medium again. Avatars and captions cannot be rendered, so they are only reported."""
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
