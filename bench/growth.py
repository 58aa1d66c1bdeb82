"""Measure how home, profile, post page and publishing grow: p50 and p99 in a small and in a large site.

`python -m bench.growth [--people 10000 1000000] [--follows 200000 20000000] [--posts 50000 5000000] [--keep FOLDER]
[--only PAGE …] [--write]`.
Fills a database for each size by `manage.py seed_scale` in one PostgreSQL, and measures requests through the whole
Django stack without a network, in rounds that alternate between the sizes, so that other work affects both. The large
size takes about half an hour and 25 GB below the temporary folder. `--keep` keeps the databases for another run.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import report, rows
from bench.home_data import sign_in
from bench.load import percentile
from bench.report import Table
from bench.scratch import EMPTY, copy_database, scratch_site

GOAL = 1.25
READERS = 60


@dataclass(frozen=True)
class Scale:
    people: int
    follows: int
    posts: int

    @property
    def database(self) -> str:
        return f"scale_{self.people}_{self.follows}_{self.posts}"


FITTING = (Scale(2_000, 40_000, 10_000), Scale(40_000, 800_000, 200_000))
"""Sizes for `make bench`, which has ten minutes."""


def fill(scale: Scale) -> None:
    """Create and fill the database of `scale`, or migrate it if it was kept."""
    from django.core.management import call_command

    is_new = copy_database(EMPTY, scale.database)
    use(scale.database)
    if is_new:
        call_command("seed_scale", people=scale.people, follows=scale.follows, posts=scale.posts, photos=2)
    else:
        call_command("migrate", verbosity=0)


def use(database: str) -> None:
    """Let this process use another database of the same server, without anything cached, as ids may be equal."""
    from django.db import connection

    from common import valkey
    from common.fragment_cache import forget_local

    connection.close()
    connection.settings_dict["NAME"] = database
    valkey.client().flushdb()
    forget_local()


class Requests:
    """Send the measured requests to one database, as some of its people."""

    def __init__(self, scale: Scale, readers: int) -> None:
        from accounts.models import User
        from bench.pages import client_of
        from posts.models import Post

        use(scale.database)
        rng = random.Random(5)
        people = list(
            User.objects.filter(is_private=False, folded_following__gte=5).values_list("pk", flat=True)[:20_000]
        )
        self.readers = list(User.objects.filter(pk__in=rng.sample(people, min(readers, len(people)))))
        User.objects.filter(pk__in=[reader.pk for reader in self.readers]).update(last_seen_at=_now())
        self.clients = {reader.pk: client_of(sign_in(reader)) for reader in self.readers}
        ids = list(Post.objects.order_by("-pk").values_list("pk", flat=True)[:2_000])
        posts = Post.objects.filter(pk__in=rng.sample(ids, min(readers, len(ids)))).select_related("author")
        self.posts = [post for post in posts if not post.author.is_private]
        self.scale = scale

    def run(self, name: str) -> tuple[list[float], float]:
        """Return the seconds of one request by each reader, after a cold one, and the blocks that a request read."""
        use(self.scale.database)
        action: Callable[[int], None] = getattr(self, f"_{name}")
        took = []
        action(0)  # A new connection reads the catalogue.
        blocks = blocks_read()
        for number in range(len(self.readers)):
            action(number)
            began = time.perf_counter()
            action(number)
            took.append(time.perf_counter() - began)
        return took, (blocks_read() - blocks) / (2 * len(self.readers))

    def _get(self, number: int, path: str) -> None:
        response = self.clients[self.readers[number].pk].get(path)
        assert response.status_code == 200, (path, response.status_code)

    def _home(self, number: int) -> None:
        self._get(number, "/")

    def _profile(self, number: int) -> None:
        self._get(number, self.posts[number % len(self.posts)].author.get_absolute_url())

    def _post(self, number: int) -> None:
        self._get(number, self.posts[number % len(self.posts)].get_absolute_url())

    def _publish(self, number: int) -> None:
        """Publish a post as `publish_if_ready` does after the last photo, in a new transaction."""
        from posts.actions.publishing import publish_if_ready
        from posts.models import Media, Post

        author = self.readers[number]
        post = Post.objects.create(author=author, caption="Of today #bench")
        files = [{"width": 320, "height": 240, "webp": "aa/bb/c.webp", "jpeg": "aa/bb/c.jpg"}]
        Media.objects.create(
            post=post,
            owner_id=author.pk,
            width=320,
            height=240,
            state="ready",
            renditions=files,
            original="aa/bb/o.jpg",
        )
        publish_if_ready(post.pk)


def blocks_read() -> int:
    """Return the number of blocks that PostgreSQL has read for the current database, from memory or not."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("SELECT blks_hit + blks_read FROM pg_stat_database WHERE datname = current_database()")
        return int(cursor.fetchone()[0])


def _now() -> Any:
    from django.utils import timezone

    return timezone.now()


NAMES = {"home": "home page", "profile": "profile", "post": "post page", "publish": "publish a post"}


def measure(
    scales: Sequence[Scale],
    *,
    rounds: int = 5,
    readers: int = READERS,
    suffix: str = "",
    has_bytes: bool = False,
    names: Sequence[str] = (),
) -> list[Table]:
    """Measure in the current server, which must have the database EMPTY; `suffix` is appended to titles.

    `names` are keys of NAMES; all if there are none.

    With `has_bytes`, a second table has the bytes of a row in the largest database.
    """
    from django.db import connection

    used_before = connection.settings_dict["NAME"]
    for scale in scales:
        fill(scale)
    sites = [Requests(scale, readers) for scale in scales]
    small, large = scales[0], scales[-1]
    sizes = [f"{scale.people:,} people: p50, p99 ms" for scale in (small, large)]
    table = Table(
        f"Growth{suffix}",
        ["", *sizes, "p50 grows", "p99 grows", "blocks, smaller", "blocks, larger"],
        f"{small.follows:,} and {large.follows:,} follows, {small.posts:,} and {large.posts:,} posts (`seed_scale`)."
        f" Through Django without a network, {rounds} rounds of {len(sites[-1].readers)} readers that alternate between"
        " the sizes. Blocks are the units of 8 KB that PostgreSQL reads for a request, in memory or not: the mean of"
        " warm and cold requests. They do not depend on other work.",
        notes=[f"Goal: at most {GOAL}, at 10,000 and 1,000,000 people."],
    )
    for name, label in NAMES.items():
        if names and name not in names:
            continue
        took: list[list[float]] = [[] for _ in sites]
        blocks: list[list[float]] = [[] for _ in sites]
        for _ in range(rounds):
            for times, counts, requests in zip(took, blocks, sites, strict=True):
                seconds, count = requests.run(name)
                times += seconds
                counts.append(count)
        figures = [[percentile(sorted(times), share) * 1000 for share in (50, 99)] for times in took]
        growth = [f"{large_one / small_one:.2f}" for small_one, large_one in zip(figures[0], figures[-1], strict=True)]
        cells = [f"{p50:.1f}, {p99:.1f}" for p50, p99 in (figures[0], figures[-1])]
        table.rows.append([label, *cells, *growth, *(f"{statistics.mean(counts):,.0f}" for counts in blocks)])
        print(" | ".join(table.rows[-1]), flush=True)
    use(large.database)
    bytes_tables = rows.measure(f"Bytes in PostgreSQL{suffix}") if has_bytes else []
    use(used_before)
    return [table, *bytes_tables]


COMMAND = "make bench-growth"
SUFFIX = " to a million people"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, nargs=2, default=[10_000, 1_000_000])
    parser.add_argument("--follows", type=int, nargs=2, default=[200_000, 20_000_000])
    parser.add_argument("--posts", type=int, nargs=2, default=[50_000, 5_000_000])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--keep", type=Path, help="folder of the databases, used again by the next run")
    parser.add_argument("--only", nargs="+", choices=NAMES, default=[], help="measure only these, and write nothing")
    parser.add_argument("--write", action="store_true", help="add the tables to docs/benchmarks.md")
    options = parser.parse_args()
    scales = [Scale(*sizes) for sizes in zip(options.people, options.follows, options.posts, strict=True)]
    with scratch_site(keep=options.keep, with_valkey=True, RATE_LIMITS="off"):
        from django.core.management import call_command

        call_command("collectstatic", verbosity=0, interactive=False)
        for scale in scales:
            began = time.monotonic()
            fill(scale)
            print(f"{scale.people:,} people: filled or found in {time.monotonic() - began:.0f} s", flush=True)
        sections = report.measured(
            COMMAND,
            lambda: measure(
                scales, rounds=options.rounds, suffix=SUFFIX, has_bytes=not options.only, names=options.only
            ),
        )
    for section in sections:
        section.table.print()
        print(f"\n{section.circumstances.sentence(has_machine=True)}")
    if options.write and not options.only:
        report.write(sections, is_complete=True)


if __name__ == "__main__":
    main()
