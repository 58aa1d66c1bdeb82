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


def again(table: str) -> str:
    """New versions of rows, locked in the order in which all who lock several rows do."""
    return (
        f"WITH locked AS (SELECT id FROM {table} WHERE id = ANY (%s) ORDER BY id FOR NO KEY UPDATE)"  # noqa: S608
        f" UPDATE {table} SET name = name FROM locked WHERE {table}.id = locked.id"
    )


class Command(BaseCommand):
    """Goes through the tables by id in small transactions, beside a running site: triggers write the same."""

    help = (
        "Make what the search reads anew: the words of people, tags and places and the documents of posts. Needed "
        "after search_words() or the stems have changed. Stop it at any time; --after goes on with the posts."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--after", type=int, metavar="ID", help="only posts, those with a larger id")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["after"] is None:
            # A generated column is made anew with every new version of its row.
            self.go_through("people", User, again("accounts_user"))
            self.go_through("tags", Hashtag, again("posts_hashtag"))
        self.go_through(
            "posts",
            Post,
            "SELECT search_index_post(id) FROM unnest(%s) AS wanted (id)",
            after=options["after"] or 0,
        )
        # A row that a restored dump or an older version left without its other half.
        lost = PostDocument.objects.filter(models.Q(post__published_at=None) | models.Q(post__deleted_at__isnull=False))
        lost.delete()
        unused = Place.objects.exclude(pk__in=PostDocument.objects.exclude(place=None).values("place_id"))
        self.stdout.write(f"{unused.delete()[0]} places without posts are gone.")

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
        """A bar that moves on a terminal; elsewhere a line for every hundred steps, with the id to go on from."""
        left = (time.monotonic() - began) / done * (total - done)
        if self.stdout.isatty():
            bar = "█" * (30 * done // total)
            end = "" if done < total else "\n"
            self.stdout.write(f"\r{name} {bar:░<30} {done}/{total}, {left:.0f} s left ", ending=end)
            self.stdout.flush()
        elif done % (AT_ONCE * 100) == 0:
            self.stdout.write(f"{name}: {done} of {total}, {left:.0f} s left (the last has the id {last})")
