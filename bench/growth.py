"""Measure how home, profile, post page and publishing grow: p50 and p99 in a small and in a large site.

`python -m bench.growth [--people 10000 1000000] [--follows 200000 20000000] [--posts 50000 5000000] [--keep FOLDER]`.
Fills a database for each size by `manage.py seed_scale` in one PostgreSQL, and measures requests through the whole
Django stack without a network, in rounds that alternate between the sizes, so that other work affects both. The large
size takes about half an hour and 25 GB below the temporary folder. `--keep` keeps the databases for another run.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import memory
from bench.home_data import sign_in
from bench.load import PROJECT, percentile
from bench.report import Table
from bench.scratch import EMPTY, copy_database, scratch_site
from common.local_servers import DATABASE

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
    """Create and fill the database of `scale`, unless it exists."""
    if not copy_database(EMPTY, scale.database):
        return
    url = os.environ["DATABASE_URL"].replace(f"/{DATABASE}?", f"/{scale.database}?")
    numbers = [f"--people={scale.people}", f"--follows={scale.follows}", f"--posts={scale.posts}"]
    command = [sys.executable, "manage.py", "seed_scale", *numbers]
    subprocess.run(command, cwd=PROJECT, env=os.environ | {"DATABASE_URL": url}, check=True)


def use(database: str) -> None:
    """Let this process use another database of the same server. Its Valkey keys are forgotten, as ids may be equal."""
    from django.db import connection

    from common import valkey

    connection.close()
    connection.settings_dict["NAME"] = database
    valkey.client().flushdb()


class Requests:
    """Send the measured requests to one database, as READERS of its people."""

    def __init__(self, scale: Scale) -> None:
        from accounts.models import User
        from bench.pages import client_of
        from posts.models import Post

        use(scale.database)
        rng = random.Random(5)
        people = list(
            User.objects.filter(is_private=False, folded_following__gte=5).values_list("pk", flat=True)[:20_000]
        )
        self.readers = list(User.objects.filter(pk__in=rng.sample(people, min(READERS, len(people)))))
        User.objects.filter(pk__in=[reader.pk for reader in self.readers]).update(last_seen_at=_now())
        self.clients = {reader.pk: client_of(sign_in(reader)) for reader in self.readers}
        ids = list(Post.objects.order_by("-pk").values_list("pk", flat=True)[:2_000])
        posts = Post.objects.filter(pk__in=rng.sample(ids, min(READERS, len(ids)))).select_related("author")
        self.posts = [post for post in posts if not post.author.is_private]
        self.scale = scale

    def run(self, name: str) -> list[float]:
        """Return the seconds of one request by each reader, after one that is not counted."""
        use(self.scale.database)
        action: Callable[[int], None] = getattr(self, f"_{name}")
        took = []
        for number in range(len(self.readers)):
            action(number)
            began = time.perf_counter()
            action(number)
            took.append(time.perf_counter() - began)
        return took

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


def _now() -> Any:
    from django.utils import timezone

    return timezone.now()


NAMES = {"home": "home page", "profile": "profile", "post": "post page", "publish": "publish a post"}


def measure(scales: Sequence[Scale], *, rounds: int = 5) -> list[Table]:
    """Measure in the scratch site of the caller, which must have an empty database."""
    for scale in scales:
        fill(scale)
    sites = [Requests(scale) for scale in scales]
    small, large = scales[0], scales[-1]
    table = Table(
        "Growth",
        [
            "",
            f"{small.people:,} people: p50, p99 ms",
            f"{large.people:,} people: p50, p99 ms",
            "p50 grows",
            "p99 grows",
        ],
        f"{small.follows:,} and {large.follows:,} follows, {small.posts:,} and {large.posts:,} posts (`seed_scale`)."
        f" Through Django without a network, {rounds} rounds of {READERS} readers that alternate between the sizes.",
        notes=[f"Goal: at most {GOAL}, at 10,000 and 1,000,000 people."],
    )
    for name, label in NAMES.items():
        took: list[list[float]] = [[] for _ in sites]
        for _ in range(rounds):
            for times, requests in zip(took, sites, strict=True):
                times += requests.run(name)
        figures = [[percentile(sorted(times), share) * 1000 for share in (50, 99)] for times in took]
        growth = [f"{large_one / small_one:.2f}" for small_one, large_one in zip(figures[0], figures[-1], strict=True)]
        cells = [f"{p50:.1f}, {p99:.1f}" for p50, p99 in (figures[0], figures[-1])]
        table.rows.append([label, *cells, *growth])
    use(large.database)
    sizes = memory.bytes_table()
    use(DATABASE)
    return [table, sizes]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, nargs=2, default=[10_000, 1_000_000])
    parser.add_argument("--follows", type=int, nargs=2, default=[200_000, 20_000_000])
    parser.add_argument("--posts", type=int, nargs=2, default=[50_000, 5_000_000])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--keep", type=Path, help="folder of the databases, used again by the next run")
    options = parser.parse_args()
    scales = [Scale(*sizes) for sizes in zip(options.people, options.follows, options.posts, strict=True)]
    with scratch_site(keep=options.keep, with_valkey=True, RATE_LIMITS="off"):
        from django.core.management import call_command

        call_command("collectstatic", verbosity=0, interactive=False)
        for table in measure(scales, rounds=options.rounds):
            table.print()


if __name__ == "__main__":
    main()
