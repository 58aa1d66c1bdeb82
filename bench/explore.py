"""Measure Explore and suggestions: milliseconds for the queries and rows of a page, at two sizes of the site.

`python -m bench.explore [--people 5000 50000] [--posts 20000 200000] [--follows 50000 500000]`. Starts a PostgreSQL of
its own, fills it with SQL and measures a reader's request without template and network: median and 95th percentile
over readers. The baseline in the same run is a page of the newest posts without any check of the viewer.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable
from typing import Any

from bench.scratch import scratch_site
from bench.visibility import fill

READERS = 60
PAGE = 24
SHOWN = 2_000


def figures(readers: list[Any], run: Callable[[Any], Any]) -> tuple[float, float]:
    """Return (median, 95th percentile) in ms over `readers`, each measured once, after three warm-up requests."""
    for reader in readers[:3]:
        run(reader)
    took = []
    for reader in readers:
        start = time.perf_counter()
        run(reader)
        took.append((time.perf_counter() - start) * 1000)
    return statistics.median(took), statistics.quantiles(took, n=20)[-1]


def cases() -> dict[str, Callable[[Any], Any]]:
    from accounts.models import User
    from feed import explore, suggestions
    from posts.models import Post

    best = [post.pk for post in explore.best_posts(User(pk=0), count=SHOWN)]
    lists: dict[int, Any] = {}

    def newest(reader: Any) -> Any:
        return list(Post.objects.published().for_cards(reader).order_by("-id")[:PAGE])

    def explored(shown: list[int]) -> Callable[[Any], Any]:
        def run(reader: Any) -> Any:
            explore.seen_by = lambda _: dict.fromkeys(shown, 0)
            return explore.explore_page(reader, cursor=explore.ExploreCursor(explore.now_ms()), count=PAGE)

        return run

    def further(reader: Any) -> Any:
        explore.seen_by = lambda _: {}
        first = explore.explore_page(reader, cursor=explore.ExploreCursor(explore.now_ms()), count=PAGE)
        return explore.explore_page(reader, cursor=first.next, count=PAGE)

    def found(reader: Any) -> Any:
        lists[reader.pk] = suggestions.find_candidates(reader)
        return lists[reader.pk]

    def kept(reader: Any) -> Any:
        candidates = [suggestions.Candidate(*one) for one in lists[reader.pk]]
        suggestions.candidates_for = lambda _, start, count: candidates[start : start + count]
        return suggestions.suggestions_for(reader)

    return {
        "baseline: the newest 24, nobody asked": newest,
        "explore, 24 tiles": explored([]),
        f"explore, of whom {SHOWN:,} were shown": explored(best),
        "explore, its first two pages": further,
        "suggestions, the list made anew": found,
        "suggestions, five of a list that is kept": kept,
    }


def measure(people: int, posts: int, follows: int) -> None:
    from accounts.models import User

    rng = random.Random(1)
    readers = list(User.objects.active().filter(pk__in=rng.sample(range(101, people), READERS * 2)))[:READERS]
    heading = f"{people:,} people, {posts:,} posts, {follows:,} follows: ms"
    print(f"\n{heading:<56}{'p50':>8}{'p95':>8}{'of the baseline':>18}")
    base = 0.0
    for name, run in cases().items():
        median, slow = figures(readers, run)
        base = base or median
        print(f"{name:<56}{median:>8.2f}{slow:>8.2f}{median / base:>17.2f}×", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, nargs="+", default=[5_000, 50_000])
    parser.add_argument("--posts", type=int, nargs="+", default=[20_000, 200_000])
    parser.add_argument("--follows", type=int, nargs="+", default=[50_000, 500_000])
    options = parser.parse_args()

    with scratch_site():
        from django.db import connection

        for sizes in zip(options.people, options.posts, options.follows, strict=True):
            with connection.cursor() as cursor:
                cursor.execute("TRUNCATE accounts_user, posts_post, posts_hashtag CASCADE")
            fill(*sizes)
            with connection.cursor() as cursor:
                # The filled database has rows of follows, but no counters of them.
                cursor.execute("UPDATE accounts_user SET folded_followers = id % 1000")
                cursor.execute("VACUUM ANALYZE accounts_user")
            measure(*sizes)


if __name__ == "__main__":
    main()
