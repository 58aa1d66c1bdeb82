from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection, models, transaction

from accounts.models import User
from posts.models import Hashtag, Post
from search.models import Place, PostDocument

AT_ONCE = 500


def update_sql(table: str) -> str:
    """Return SQL that updates rows without changing them, locked in the order that all transactions use."""
    return (
        f"WITH locked AS (SELECT id FROM {table} WHERE id = ANY (%s) ORDER BY id FOR NO KEY UPDATE)"  # noqa: S608  (names of our own tables)
        f" UPDATE {table} SET name = name FROM locked WHERE {table}.id = locked.id"
    )


class Command(BaseCommand):
    """Updates the tables in order of ids, in small transactions. The site can run meanwhile."""

    help = (
        "Rebuild the search index: the words of people, tags and places, and the documents of posts. Needed after a "
        "change of search_words() or of the stems. Stop it at any time; --after continues with the posts."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--after", type=int, metavar="ID", help="rebuild only posts with a larger id")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["after"] is None:
            # Updating a row computes its generated columns.
            self.go_through("people", User, update_sql("accounts_user"))
            self.go_through("tags", Hashtag, update_sql("posts_hashtag"))
        self.go_through(
            "posts",
            Post,
            "SELECT search_index_post(id) FROM unnest(%s) AS wanted (id)",
            after=options["after"] or 0,
        )
        # A restored dump or an older version may have left documents without posts, and places without documents.
        lost = PostDocument.objects.filter(models.Q(post__published_at=None) | models.Q(post__deleted_at__isnull=False))
        lost.delete()
        unused = Place.objects.exclude(pk__in=PostDocument.objects.exclude(place=None).values("place_id"))
        self.stdout.write(f"Deleted {unused.delete()[0]} places without posts.")

    def go_through(self, name: str, model: type[models.Model], sql: str, *, after: int | None = None) -> None:
        rows = model._default_manager.order_by("pk")  # noqa: SLF001  (Django's own, documented)
        if after is not None:
            rows = rows.filter(pk__gt=after)
        total, done, began, last = rows.count(), 0, time.monotonic(), after
        while True:
            further = rows if last is None else rows.filter(pk__gt=last)
            ids = list(further.values_list("pk", flat=True)[:AT_ONCE])
            if not ids:
                break
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(sql, [ids])
            last, done = ids[-1], done + len(ids)
            self.show(name, done, max(total, done), last, began)
        self.stdout.write(f"{name}: {done} in {time.monotonic() - began:.0f} s")

    def show(self, name: str, done: int, total: int, last: int, began: float) -> None:
        """Show the progress: a bar on a terminal; otherwise a line for every hundred steps, with the id for --after."""
        left = (time.monotonic() - began) / done * (total - done)
        if self.stdout.isatty():
            bar = "█" * (30 * done // total)
            end = "" if done < total else "\n"
            self.stdout.write(f"\r{name} {bar:░<30} {done}/{total}, {left:.0f} s left ", ending=end)
            self.stdout.flush()
        elif done % (AT_ONCE * 100) == 0:
            self.stdout.write(f"{name}: {done} of {total}, {left:.0f} s left (last id: {last})")
