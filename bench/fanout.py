"""Measure fan-out next to a bare script and to the sorted sets that timelines used before.

`python -m bench.fanout [--followers 10000] [--large 1000000] [--rounds 9] [--small] [--write]`. Starts its own
PostgreSQL and Valkey. All three read the followers from PostgreSQL and write one post into their full timelines, in
turn; the bare script checks nothing, in batches of 1,000. Then an author with `--large` followers shares a post.
"""

from __future__ import annotations

import argparse
import io
import statistics
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import psutil

from bench import report
from bench.report import Table
from bench.scratch import scratch_site

COMMAND = "python -m bench.fanout"
ENTRIES = 500
BARE_BATCH = 1_000

BARE = """
for _, key in ipairs(KEYS) do
    redis.call('LPUSH', key, ARGV[1])
    redis.call('LTRIM', key, 0, ARGV[2] - 1)
end
"""

# The push into sorted sets, of decision 3.
SORTED_SETS = """
local pushed = 0
for _, key in ipairs(KEYS) do
    if redis.call('EXISTS', key) == 1 then
        redis.call('ZADD', key, 0, ARGV[1])
        redis.call('ZREMRANGEBYRANK', key, 0, -(tonumber(ARGV[2]) + 3))
        pushed = pushed + 1
    end
end
return pushed
"""

PEOPLE = """
SET session_replication_role = replica;
INSERT INTO accounts_user (username, email, name, bio, link, password, is_superuser, is_staff, is_private, avatar,
    avatar_original, avatar_state, avatar_error, avatar_attempts, suspended_reason, session_epoch, last_seen_at,
    follows_version, folded_followers, folded_following, folded_posts, who_may_tag)
SELECT %(prefix)s || n, %(prefix)s || n || '@example.org', '', '', '', '!', false, false, false, '{}', '', '', '', 0,
    '', '', now(), 0, 0, 1, 0, 'everyone'
FROM generate_series(1, %(number)s) AS n;
INSERT INTO social_follow (id, follower_id, followee_id, was_asked)
SELECT snowflake_id(), id, %(author)s, false FROM accounts_user WHERE username LIKE %(prefix)s || '%%';
UPDATE accounts_user SET folded_followers = %(number)s WHERE id = %(author)s;
SET session_replication_role = origin;
"""


@dataclass(frozen=True)
class Author:
    id: int
    follower_ids: list[int]


def make_author(name: str, followers: int) -> Author:
    """Create an author and their followers, all active, with SQL."""
    from django.db import connection

    from accounts.models import User

    author = User.objects.create(username=name, email=f"{name}@example.org", password="!")
    with connection.cursor() as cursor:
        cursor.execute(PEOPLE, {"prefix": f"{name}.fan", "number": followers, "author": author.pk})
        cursor.execute("VACUUM ANALYZE accounts_user, social_follow")
        cursor.execute("SELECT follower_id FROM social_follow WHERE followee_id = %s", [author.pk])
        return Author(author.pk, [row[0] for row in cursor.fetchall()])


def new_post(author_id: int) -> Any:
    from django.utils import timezone

    from posts.models import Post

    return Post.objects.create(author_id=author_id, published_at=timezone.now())


# --- Three kinds of fan-out -------------------------------------------------------------------------------------------


def ours(post: Any) -> None:
    from feed.tasks import fan_out_post

    fan_out_post(post.pk)


def bare(post: Any) -> None:
    from django.db import connection

    from common import valkey

    client = valkey.client()
    script = client.script_load(BARE)
    with connection.cursor() as cursor:
        cursor.execute("SELECT follower_id FROM social_follow WHERE followee_id = %s", [post.author_id])
        while rows := cursor.fetchmany(BARE_BATCH):
            keys = [f"bare:{row[0]}" for row in rows]
            client.evalsha(script, len(keys), *keys, struct.pack(">q", post.pk), ENTRIES)


def sorted_sets(post: Any) -> None:
    """Fan out as the site did before: ids of followers by the ORM, and one script for each 1,000."""
    from django.utils import timezone

    from common import valkey
    from social.models import Follow

    seen_since = timezone.now() - timedelta(days=30)
    active = Follow.objects.filter(followee_id=post.author_id, follower__last_seen_at__gt=seen_since).order_by("-id")
    before = None
    while True:
        follows = active if before is None else active.filter(id__lt=before)
        batch = list(follows.values_list("id", "follower_id", "follower__follows_version")[:BARE_BATCH])
        if not batch:
            return
        keys = [f"sorted:{reader_id}" for _, reader_id, _ in batch]
        valkey.client().eval(SORTED_SETS, len(keys), *keys, struct.pack(">q", post.pk), ENTRIES)
        before = batch[-1][0]


def fill_timelines(author: Author) -> None:
    """Give all followers full timelines of all three kinds."""
    from common import valkey
    from feed import timeline_store as store

    first = 1 << 52
    ids = [first + number for number in range(ENTRIES, 0, -1)]
    members = [struct.pack(">q", one) for one in ids]
    client = valkey.client()
    for at in range(0, len(author.follower_ids), 100):
        pipe = client.pipeline(transaction=False)
        for reader_id in author.follower_ids[at : at + 100]:
            pipe.rpush(f"bare:{reader_id}", *members)
            pipe.zadd(f"sorted:{reader_id}", dict.fromkeys([*members, b"\xff" * 8, b"\xff" * 7 + b"\xfe"], 0))
        pipe.execute()
    for reader_id in author.follower_ids:
        store.start_build(reader_id, 0)
        store.finish_build(reader_id, 0, ids, keep_seconds=3_600)


KINDS: dict[str, Callable[[Any], None]] = {"Everyframe": ours, "bare script": bare, "sorted sets": sorted_sets}
KEYS = {"Everyframe": "timeline:{%d}", "bare script": "bare:%d", "sorted sets": "sorted:%d"}


def bytes_each(kind: str, author: Author) -> float:
    """Return the bytes of Valkey for each entry of a full timeline."""
    from common import valkey

    sample = author.follower_ids[:: max(1, len(author.follower_ids) // 200)]
    used = [int(valkey.client().memory_usage(KEYS[kind] % reader_id) or 0) for reader_id in sample]
    return statistics.mean(used) / ENTRIES


def call_ms(work: Callable[[], object]) -> str:
    """Return how long a script of `work` occupied Valkey: the median, and the slowest.

    These are times of a clock, so on a busy machine the slowest is one that had to wait for a processor.
    """
    from common import valkey

    client = valkey.client()
    client.config_set("slowlog-log-slower-than", 0)
    client.config_set("slowlog-max-len", 100_000)
    client.slowlog_reset()
    work()
    entries = client.slowlog_get(100_000)
    times = [entry["duration"] / 1000 for entry in entries if entry["command"].startswith(b"EVAL")]
    client.config_set("slowlog-log-slower-than", 10_000)
    return f"{statistics.median(times):.2f}, {max(times):.2f}" if times else "no call"


def measure_seconds(author: Author, rounds: int) -> dict[str, list[float]]:
    """Return how long each kind took in each round. The kinds take turns, so that other work affects all alike."""
    seconds: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for number in range(rounds + 1):
        for kind, fan_out in KINDS.items():
            post = new_post(author.id)
            began = time.perf_counter()
            fan_out(post)
            if number:  # The first round warms up.
                seconds[kind].append(time.perf_counter() - began)
    return seconds


def valkey_microseconds(kind: str, author: Author, times: int) -> float:
    """Return the CPU time of Valkey for each timeline. It hardly depends on other work of the machine."""
    from common import valkey

    server = psutil.Process(int(valkey.client().info("server")["process_id"]))
    posts = [new_post(author.id) for _ in range(times)]
    before = server.cpu_times()
    for post in posts:
        KINDS[kind](post)
    after = server.cpu_times()
    used = after.user + after.system - before.user - before.system
    return used * 1e6 / times / len(author.follower_ids)


def fan_out_table(author: Author, rounds: int) -> tuple[Table, float]:
    """Return the table, and our timelines per second."""
    fill_timelines(author)
    seconds = measure_seconds(author, rounds)
    table = Table(
        "Fan-out",
        ["method", "timelines/s", "of the bare script", "Valkey µs each", "bytes an entry", "call, ms"],
        f"One post to {len(author.follower_ids):,} followers with timelines of {ENTRIES} posts, followers read from"
        f" PostgreSQL. The bare script adds without any check, in batches of {BARE_BATCH:,}. Ratios are medians of"
        f" {rounds} rounds in which the methods took turns. A call blocks Valkey: its median, and the longest.",
    )
    for kind in KINDS:
        calls = call_ms(lambda kind=kind: KINDS[kind](new_post(author.id)))  # type: ignore[misc]
        rate = len(author.follower_ids) / statistics.median(seconds[kind])
        cells = [f"{rate:,.0f}", f"{times_faster(seconds, kind, 'bare script'):.2f}"]
        cells += [f"{valkey_microseconds(kind, author, rounds):.1f}"]
        table.rows.append([kind, *cells, f"{bytes_each(kind, author):.1f}", calls])
    table.notes.append(
        "Goals: 0.75 of the bare script, and twice the rate of sorted sets:"
        f" {times_faster(seconds, 'Everyframe', 'sorted sets'):.1f}."
    )
    table.notes.append(
        f"A call for a post that arrives late, in the middle of all timelines, takes {late_post_ms(author)} ms."
        " Goal: 5 ms at most, on a quiet machine."
    )
    return table, len(author.follower_ids) / statistics.median(seconds["Everyframe"])


def times_faster(seconds: dict[str, list[float]], kind: str, other: str) -> float:
    """Return the median, over the rounds, of how many times faster `kind` was than `other`."""
    return statistics.median(theirs / ours for ours, theirs in zip(seconds[kind], seconds[other], strict=True))


def late_post_ms(author: Author) -> str:
    from feed import timeline_store as store

    readers = [(reader_id, 0) for reader_id in author.follower_ids]
    middle = store.all_ids(author.follower_ids[0])[ENTRIES // 2]
    return call_ms(lambda: store.push(middle - 1, readers))


# --- An author with very many followers -------------------------------------------------------------------------------


def photo() -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.new("RGB", (1080, 1080), "teal").save(file, "JPEG")
    return file.getvalue()


def large_author_table(followers: int, rate: float) -> Table:
    """Share a post as the author, and look at the home page as one of the followers."""
    from django.core.files.uploadedfile import SimpleUploadedFile
    from django.test import Client
    from django.utils import timezone

    from accounts.models import User
    from feed import pulled_authors
    from feed.models import PulledAuthor
    from posts.models import Media, Post

    author = make_author("large", followers)
    PulledAuthor.objects.create(author_id=author.id, since=timezone.now() - timedelta(days=1))
    sharer, reader = Client(headers={"host": "localhost"}), Client(headers={"host": "localhost"})
    sharer.force_login(User.objects.get(pk=author.id))
    reader.force_login(User.objects.get(pk=author.follower_ids[len(author.follower_ids) // 2]))
    data, answers, fan_outs, views = photo(), [], [], []
    for number in range(6):
        reader.get("/")
        file = SimpleUploadedFile("teal.jpg", data, content_type="image/jpeg")
        answers.append(timed_ms(lambda file=file: sharer.post("/create/", {"files": [file], "alt": [""]})))  # type: ignore[misc]
        # Rendering is measured by bench.media.
        post = Post.objects.filter(author_id=author.id).latest("pk")
        rendition = {"width": 320, "height": 320, "webp": "aa/bb/c.webp", "jpeg": "aa/bb/c.jpg"}
        Media.objects.filter(post=post).update(state="ready", renditions=[rendition])
        publish(post.pk)
        fan_outs.append(timed_ms(lambda post=post: ours(post)))  # type: ignore[misc]
        views.append(timed_ms(lambda: reader.get("/")))
        page = reader.get("/").text
        assert f'data-post="{post.shortcode}"' in page, f"post {number} is not on the next home page"
    table = Table(
        f"A post by an author with {followers:,} followers",
        ["step", "ms"],
        "Sharing is the whole request with a photo; the post is on the next home page of a follower.",
    )
    for name, times in (("sharing", answers), ("fan-out task", fan_outs), ("home page of a follower", views)):
        table.rows.append([name, f"{statistics.median(times[1:]):.1f}"])
    pulls = [timed_ms(lambda: pulled_authors.newest_ids_of([author.id], before=None, count=14)) for _ in range(30)]
    ten = [*author.follower_ids[:9], author.id]
    pulls_of_ten = [timed_ms(lambda: pulled_authors.newest_ids_of(ten, before=None, count=14)) for _ in range(30)]
    table.notes.append(
        f"Pushing costs {1e6 / rate:.1f} µs for each follower and post: {100_000 / rate:.1f} s for 100,000 followers"
        f" and {1_000_000 / rate:.0f} s for a million. Pulling costs a reader {statistics.median(pulls):.2f} ms for"
        f" one such author at each view, and {statistics.median(pulls_of_ten):.2f} ms for ten. FAN_OUT_MAX_FOLLOWERS is"
        " about the number that one worker reaches in a second."
    )
    return table


def publish(post_id: int) -> None:
    from posts.actions.publishing import publish_if_ready

    publish_if_ready(post_id)


def timed_ms(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


@contextmanager
def own_site() -> Iterator[None]:
    """Run the block in a scratch site of its own, which nothing else may have set up in this process."""
    with scratch_site(durable=True, with_valkey=True, RATE_LIMITS="off"):
        from django.core.management import call_command

        call_command("collectstatic", verbosity=0, interactive=False)
        yield


def measure(*, followers: int, large: int, rounds: int) -> list[Table]:
    """Measure everything in the current site."""
    table, rate = fan_out_table(make_author("author", followers), rounds)
    return [table, large_author_table(large, rate)]


def run(*, followers: int = 10_000, large: int = 1_000_000, rounds: int = 9) -> list[Table]:
    """Measure everything in a site of its own."""
    with own_site():
        return measure(followers=followers, large=large, rounds=rounds)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--followers", type=int, default=10_000)
    parser.add_argument("--large", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--small", action="store_true", help="a few hundred followers, to see that it works")
    parser.add_argument("--write", action="store_true", help="replace the tables in docs/benchmarks.md")
    options = parser.parse_args(arguments)
    if options.small:
        options.followers, options.large, options.rounds = 300, 600, 2
    sizes = {"followers": options.followers, "large": options.large, "rounds": options.rounds}
    with own_site():
        sections = report.measured(COMMAND, lambda: measure(**sizes))
    for section in sections:
        section.table.print()
    if options.write:
        report.write(sections)


if __name__ == "__main__":
    main()
