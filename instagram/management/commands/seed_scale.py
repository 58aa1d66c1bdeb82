"""`manage.py seed_scale`: fills a scratch database with a social graph of any size, by COPY.

All rows are loaded in one transaction, so an error, a full disk or Ctrl-C leaves the database as it was. Triggers are
off meanwhile, so PostgreSQL must allow that: the role has to be a superuser, as that of the embedded server is.
"""

from __future__ import annotations

import time
from argparse import ArgumentParser
from array import array
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection, transaction
from django.db.utils import DataError, IntegrityError

from accounts.models import User
from instagram.management.scale.copying import Indexes
from instagram.management.scale.filling import EMAIL_DOMAIN, TABLES, Filling, Sizes, delete_everything
from instagram.management.scale.graph import GraphError, edges_of_file
from instagram.management.scale.photos import render_photos
from media.errors import MediaError

ROWS_PER_SECOND: Final = 60_000
"""Measured on two cores with everything on them, with building the indexes."""
BYTES_PER_ROW: Final = 300
"""The mean over all tables, with indexes."""
LIKES_A_POST, COMMENTS_A_POST = 4.0, 0.5
SECONDS_BETWEEN_LINES: Final = 30
DISK_FULL, NO_PRIVILEGE = "53100", "42501"


class Command(BaseCommand):
    help = (
        "Fill a scratch database with people, follows, posts, likes and comments in any number, to measure at scale. "
        "Follows have power laws in both directions. Running it again replaces its content. Search documents are not "
        "made: run rebuild_search if you need them. Nobody of these people has a password: see changepassword."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--people", type=int, default=10_000, help="default: 10,000")
        parser.add_argument("--posts", type=int, help="default: 5 for each person")
        parser.add_argument("--follows", type=int, help="default: 20 for each person")
        parser.add_argument("--likes", type=int, help="default: 4 for each post")
        parser.add_argument("--comments", type=int, help="default: 1 for every second post")
        parser.add_argument(
            "--graph", type=Path, metavar="FILE", help="CSV of follower,followee (.gz allowed), instead of --follows"
        )
        parser.add_argument("--photos", type=int, default=6, help="real photos that the posts share (default: 6)")
        parser.add_argument(
            "--force", action="store_true", help="add to a database with other people, and also in production"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION and not options["force"]:
            raise CommandError("This is production. Use --force to fill this database.")
        sizes, flat_edges = self.sizes(options)
        others, own = self.people_there()
        if others and not options["force"]:
            raise CommandError(
                f"This database has {others:,} people who were not made by this command. Use a scratch database, or "
                "--force to add to this one."
            )
        if others and own:
            raise CommandError("This database has people of seed_scale beside others. They can't be replaced.")
        minutes = sizes.rows / ROWS_PER_SECOND / 60
        self.say(
            f"{sizes.people:,} people, {sizes.follows:,} follows, {sizes.posts:,} posts, {sizes.likes:,} likes, "
            f"{sizes.comments:,} comments: about {sizes.rows * BYTES_PER_ROW / 1e9:,.1f} GB and {minutes:,.0f} min."
        )
        began = time.monotonic()
        try:
            photos = render_photos(settings.BASE_DIR / "demo" / "photos", options["photos"])
            self.fill(sizes, photos, flat_edges, is_alone=not others)
        except (MediaError, OSError) as error:
            raise CommandError(f"The photos could not be stored: {error}") from error
        except DatabaseError as error:
            raise self.readable(error) from error
        with connection.cursor() as cursor:
            for model in TABLES:
                cursor.execute(f"VACUUM ANALYZE {model._meta.db_table}")  # noqa: SLF001  (Django's own, documented)
        self.say(f"Done in {time.monotonic() - began:,.0f} s.")

    # --- What to do ---------------------------------------------------------------------------------------------------

    def sizes(self, options: dict[str, Any]) -> tuple[Sizes, array[int] | None]:
        """Return the sizes, and the edges of a file; CommandError for sizes that can't be."""
        people, flat_edges = options["people"], None
        follows = options["follows"]
        if options["graph"] and follows is not None:
            raise CommandError("--graph and --follows exclude each other.")
        if options["graph"]:
            try:
                flat_edges, found = edges_of_file(options["graph"])
            except GraphError as error:
                raise CommandError(str(error)) from error
            people, follows = max(people, found), len(flat_edges) // 2
        follows = 20 * people if follows is None else follows
        posts = 5 * people if options["posts"] is None else options["posts"]
        likes = int(posts * LIKES_A_POST) if options["likes"] is None else options["likes"]
        comments = int(posts * COMMENTS_A_POST) if options["comments"] is None else options["comments"]
        if min(people, options["photos"]) < 1 or min(posts, follows, likes, comments) < 0:
            raise CommandError("Numbers must be positive.")
        if flat_edges is None and follows > people * min(people // 2, 7_500) // 2:
            raise CommandError(
                f"{people:,} people can't have {follows:,} different follows: at most a quarter of pairs."
            )
        if likes > posts * (people // 2) // 2:
            raise CommandError(f"{posts:,} posts can't have {likes:,} likes of {people:,} people.")
        if comments and not posts:
            raise CommandError("Comments need posts.")
        return Sizes(people, posts, follows, likes, comments), flat_edges

    def people_there(self) -> tuple[int, int]:
        """Return the number of other people and of people created by this command, each at most 1,000."""
        own = User.objects.filter(email__endswith=f"@{EMAIL_DOMAIN}")
        others = User.objects.exclude(email__endswith=f"@{EMAIL_DOMAIN}")
        return others[:1000].count(), own[:1000].count()

    # --- Doing it -----------------------------------------------------------------------------------------------------

    @transaction.atomic
    def fill(
        self, sizes: Sizes, photos: list[dict[str, Any]], flat_edges: array[int] | None, *, is_alone: bool
    ) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
        indexes = Indexes([model._meta.db_table for model in TABLES] if is_alone else [])  # noqa: SLF001
        if is_alone:
            delete_everything()
            indexes.drop()
        bar = Progress(self, sizes.rows)
        Filling(sizes, photos=photos, told=bar.add, flat_edges=flat_edges).run()
        bar.close()
        for number, name in enumerate(indexes.create(), start=1):
            self.show(f"Index {number} of {len(indexes)}: {name}", is_last=number == len(indexes))

    def readable(self, error: DatabaseError) -> CommandError:
        """Return an error that says what to do. Nothing has been changed, because the transaction was rolled back."""
        code = getattr(error.__cause__, "sqlstate", None) or getattr(error.__cause__, "pgcode", None)
        reason = str(error).strip().partition("\n")[0]
        if code == DISK_FULL:
            return CommandError(
                f"The disk of PostgreSQL is full, and nothing was changed: {reason}. Use smaller numbers."
            )
        if code == NO_PRIVILEGE:
            return CommandError(
                f"The role of DATABASE_URL must be a superuser, to load rows without triggers: {reason}."
            )
        if isinstance(error, IntegrityError | DataError):
            return CommandError(f"PostgreSQL refused a row, and nothing was changed: {reason}.")
        return CommandError(f"PostgreSQL failed, and nothing was changed: {reason}.")

    # --- Telling ------------------------------------------------------------------------------------------------------

    def show(self, line: str, *, is_last: bool = False) -> None:
        """Show the progress: on a terminal over the last line, otherwise only the last one."""
        if self.stdout.isatty():
            self.stdout.write(f"\r{line:<100}", ending="\n" if is_last else "")
            self.stdout.flush()
        elif is_last:
            self.say(line)

    def say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


class Progress:
    """A bar of all rows, with the time that is left; without a terminal, a line now and then."""

    def __init__(self, command: Command, total: int) -> None:
        self._command, self._total = command, total
        self._done, self._began, self._said = 0, time.monotonic(), time.monotonic()
        self._moves = command.stdout.isatty()

    def add(self, label: str, count: int) -> None:
        self._done += count
        if self._moves:
            self._command.show(self._line(label))
        elif time.monotonic() - self._said > SECONDS_BETWEEN_LINES:
            self._said = time.monotonic()
            self._command.say(self._line(label))

    def _line(self, label: str) -> str:
        # The number of tags is only known at the end.
        share = min(1.0, self._done / self._total)
        left = (time.monotonic() - self._began) * (1 - share) / max(share, 0.001)
        bar = "█" * int(30 * share)
        return f"{label:<16} {bar:░<30} {self._done:,} of about {self._total:,} rows, {left:,.0f} s left"

    def close(self) -> None:
        seconds = time.monotonic() - self._began
        self._command.show(f"{self._done:,} rows ({seconds:,.1f} s)", is_last=True)
