"""Measure likes of one post beside likes that are spread over 1,000 posts, and check the counters afterwards.

`python -m bench.hot [--seconds 3] [--rounds 4]`. Eight processes call `posts.actions.likes.like_post`, each with its
own connection and as different people, while the deltas are folded as `common.fold_counters` does. The two kinds
alternate. Afterwards each counter must equal the number of its rows, before and after the last fold.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import time
from typing import Any

from bench.home_data import Site, Size, filled_site
from bench.report import Table

PROCESSES = 8
SPREAD_OVER = 1_000
FOLD_SECONDS = 2.0


class CounterError(Exception):
    """Raised if a counter differs from COUNT(*)."""


def like_for(seconds: float, likers: list[int], posts: list[int], first: int, start: Any, done: Any) -> None:
    """Like the posts in rotation, each time as the next person; put (number of likes, seconds) into `done`."""
    from accounts.models import User
    from posts.actions.likes import like_post
    from posts.models import Post

    people, rows = [User(pk=pk) for pk in likers], [Post(pk=pk) for pk in posts]
    Post.objects.exists()
    start.wait()
    began = time.perf_counter()
    count = 0
    while count < len(people) and time.perf_counter() - began < seconds:
        assert like_post(rows[(first + count) % len(rows)], liker=people[count]), "each like is new"
        count += 1
    done.put((count, time.perf_counter() - began))


def likes_per_second(seconds: float, people: list[int], posts: list[int], first: int) -> float:
    """Return the likes a second of PROCESSES processes, while the deltas are being folded."""
    from django.db import connections

    from posts.models import LIKES

    connections.close_all()
    context = multiprocessing.get_context("fork")
    start, done = context.Barrier(PROCESSES + 1), context.Queue()
    processes = [
        context.Process(target=like_for, args=(seconds, people[n::PROCESSES], posts, first + n, start, done))
        for n in range(PROCESSES)
    ]
    for process in processes:
        process.start()
    start.wait(60)
    deadline = time.perf_counter() + seconds
    while (left := deadline - time.perf_counter()) > 0:
        time.sleep(min(FOLD_SECONDS, left))
        LIKES.fold()
    rates = [count / took for count, took in (done.get(timeout=60) for _ in processes)]
    for process in processes:
        process.join()
    return sum(rates)


def check_counters(posts: list[int]) -> int:
    """Compare the counters of the posts with their rows; return the number of likes. Raises CounterError."""
    from django.contrib.auth.models import AnonymousUser
    from django.db.models import Count

    from posts.models import Like, Post

    rows = dict(Like.objects.filter(post__in=posts).order_by().values_list("post_id").annotate(Count("pk")))
    shown = Post.objects.filter(pk__in=posts).with_viewer_state(AnonymousUser()).values_list("pk", "like_count")
    for post, count in shown:
        if count != rows.get(post, 0):
            raise CounterError(f"post {post} shows {count} likes and has {rows.get(post, 0)}")
    return sum(rows.values())


def measure(site: Site, *, seconds: float = 3, rounds: int = 4, likers: int = 16_000) -> list[Table]:
    from accounts.models import User
    from posts.models import LIKES, Post

    User.objects.bulk_create(
        User(username=f"liker{n}", email=f"liker{n}@example.org", password="!") for n in range(likers)
    )
    people = list(User.objects.filter(username__startswith="liker").order_by("pk").values_list("pk", flat=True))
    posts = list(Post.objects.order_by("pk").values_list("pk", flat=True)[: rounds + SPREAD_OVER])
    hot, spread = posts[:rounds], posts[rounds:]
    found: dict[str, list[float]] = {"one post": [], f"{len(spread):,} posts": []}
    for number in range(rounds):
        for name, targets in zip(found, ([hot[number]], spread), strict=True):
            found[name].append(likes_per_second(seconds, people, targets, PROCESSES * number))
    total = check_counters(posts)
    while LIKES.fold():
        continue
    check_counters(posts)
    one, other = found.values()
    ratio = statistics.median(first / second for first, second in zip(one, other, strict=True))
    table = Table(
        "Likes of one post",
        ["likes of", "likes/s", "of the likes of many posts"],
        f"{PROCESSES} processes, each like by another person, {rounds} rounds of up to {seconds:.0f} s that alternate"
        " between the two kinds.",
        [[name, f"{statistics.median(each):,.0f}", ""] for name, each in found.items()],
        [f"Goal: 0.80. Afterwards all counters equalled the {total:,} rows, before and after the last fold."],
    )
    table.rows = [[*row[:2], f"{value:.2f}"] for row, value in zip(table.rows, (ratio, 1.0), strict=True)]
    return [table]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3, help="of each round, at most (3)")
    parser.add_argument("--rounds", type=int, default=4)
    options = parser.parse_args()
    with filled_site(Size(readers=50)) as site:
        for table in measure(site, seconds=options.seconds, rounds=options.rounds):
            table.print()


if __name__ == "__main__":
    main()
