"""Measure the memory of a web worker, and the bytes of a person, post, follow and like in PostgreSQL.

`python -m bench.memory`. The worker is one of the site's own server (`instagram.web`) that has answered all kinds of
pages; RSS and USS are of the largest worker. Bytes are those of table and indexes after `seed_scale`, for each row.
"""

from __future__ import annotations

import argparse
from typing import Any

from bench import load
from bench.home_data import Session, Site, Size, filled_site
from bench.load import Request, Server
from bench.report import Table

PATHS = ("/", "/explore/", "/notifications/", "/search/?q=author", "/saved/", "/accounts/settings/", "/create/")
GOAL_MB = 130


def worker_table(site: Site, *, seconds: float) -> Table:
    server = Server()
    try:
        load.warm_up(server, _requests(site.readers), seconds=seconds)
        found = [worker.memory_full_info() for worker in server.workers]
    finally:
        server.stop()
    largest = max(found, key=lambda one: one.rss)
    row = ["a web worker", f"{largest.rss / 1e6:.0f}", f"{largest.uss / 1e6:.0f}", str(GOAL_MB)]
    intro = f"After {seconds:.0f} s of home, profile, post and other pages, the largest of {len(found)} workers."
    return Table("Memory", ["process", "RSS, MB", "of these not shared, MB", "goal, MB"], intro, [row])


def _requests(readers: list[Session]) -> list[Request]:
    from posts.models import Post

    posts = [post.get_absolute_url() for post in Post.objects.order_by("-pk")[:50]]
    paths = [*PATHS, *posts, *(f"/author{n}/" for n in range(12))]
    return [Request(paths[n % len(paths)], reader.cookie) for n, reader in enumerate(readers * len(paths))]


def bytes_table(title: str = "Bytes in PostgreSQL") -> Table:
    """Return the bytes of each row of the large tables of the database, which must have been vacuumed."""
    from django.db import connection

    from accounts.models import User
    from posts.models import Comment, Like, Media, Post
    from social.models import Follow

    table = Table(title, ["a row of", "rows", "table, bytes", "indexes, bytes", "in all"])
    models: dict[str, Any] = {
        "people": User, "posts": Post, "media": Media, "follows": Follow, "likes": Like, "comments": Comment
    }  # fmt: skip
    with connection.cursor() as cursor:
        for name, model in models.items():
            rows = model.objects.count()
            cursor.execute("SELECT pg_table_size(%s), pg_indexes_size(%s)", [model._meta.db_table] * 2)  # noqa: SLF001
            heap, indexes = cursor.fetchone()
            if rows:
                each = [heap / rows, indexes / rows, (heap + indexes) / rows]
                table.rows.append([name, f"{rows:,}", *(f"{value:,.0f}" for value in each)])
    return table


def measure(site: Site, *, seconds: float = 10) -> list[Table]:
    return [worker_table(site, seconds=seconds)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=15)
    options = parser.parse_args()
    with filled_site(Size(readers=200)) as site:
        for table in measure(site, seconds=options.seconds):
            table.print()


if __name__ == "__main__":
    main()
