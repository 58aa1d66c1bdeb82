"""Killed workers and servers, and a lost queue, on the complete site."""

from __future__ import annotations

import statistics
import struct
import threading
import time
from collections import Counter
from contextlib import suppress
from http.client import HTTPException

import psutil
import psycopg2
import pytest
import redis
from celery import Celery

from bench.fanout import PEOPLE
from common.ids import encode_shortcode
from common.local_servers import valkey_url
from instagram.config.celery import TRANSPORT_OPTIONS, broker_url
from tests.conftest import FILES
from tests.drills.conftest import deep_unless_large, size
from tests.running_site import RunningSite, SharedSite
from tests.visitors import Visitor

pytestmark = pytest.mark.timeout(900)

SMALL = FILES / "bad" / "name-test.jpg"
NEW_POSTS = """
INSERT INTO posts_post (id, author_id, caption, location, version, audience, published_at, removed_reason, folded_likes,
    folded_comments, unlinked, comments_off, hide_likes)
SELECT snowflake_id(now() - %s * interval '1 minute' + n * interval '1 millisecond'), %s, '', '', 1, 'everyone',
    now() - interval '1 minute', '', 0, 0, '{}', false, false
FROM generate_series(1, %s) AS n RETURNING id
"""
COPIES_OF_A_PHOTO = """
INSERT INTO posts_media
SELECT (jsonb_populate_record(medium, jsonb_build_object('id', made.id, 'post_id', made.id))).*
FROM posts_media AS medium, unnest(%s::bigint[]) AS made (id) WHERE medium.id = %s
"""
COMPLETE_AND_EMPTY = struct.pack(">q", 2)
"""The last member of a timeline of version 0 that has all posts."""


def id_of(site: RunningSite, visitor: Visitor) -> int:
    return int(site.sql("SELECT id FROM accounts_user WHERE username = %s", visitor.username)[0][0])


def new_posts(site: RunningSite, author: Visitor, number: int, *, minutes_ago: int = 0) -> list[int]:
    """Create published posts that wait for their fan-out, each with a copy of one photo; return their ids."""
    author_id = id_of(site, author)
    if not (photos := site.sql("SELECT id FROM posts_media WHERE owner_id = %s AND state = 'ready'", author_id)):
        answer = author.share_file(SMALL, "The photo to copy")
        assert author.wait_for(answer.json["url"])[0] == "published"
        photos = site.sql("SELECT id FROM posts_media WHERE owner_id = %s AND state = 'ready'", author_id)
    ids = [row[0] for row in site.sql(NEW_POSTS, minutes_ago, author_id, number)]
    site.sql(COPIES_OF_A_PHOTO, ids, photos[0][0])
    return ids


def seconds_until_fanned_out(site: RunningSite, *, since: float, limit: float = 240) -> float:
    """Wait until no post waits for its rendering or its fan-out; return the seconds since `since`."""
    while site.sql("SELECT 1 FROM posts_post WHERE fanned_out_at IS NULL LIMIT 1"):
        assert time.monotonic() < since + limit, "posts are still waiting"
        time.sleep(0.1)
    return time.monotonic() - since


def killed_during_fan_out(
    site: SharedSite, author: Visitor, fans: list[int], *, whole_worker: bool
) -> tuple[int, float]:
    """Kill the feed worker, or only its child, in the middle of a fan-out.

    Return how many timelines had the post at that time, and the seconds until the fan-out was complete.
    """
    (post_id,) = new_posts(site, author, 1)
    url, member = valkey_url(site.data_dir), struct.pack(">q", post_id)
    worker = psutil.Process(site.parts()["feed"])
    with redis.Redis.from_url(url) as client:
        app = Celery("drill", broker=broker_url(url), set_as_current=False)
        app.conf.broker_transport_options = TRANSPORT_OPTIONS
        app.send_task("feed.fan_out_post", kwargs={"post_id": post_id}, queue="feed")
        deadline = time.monotonic() + 60
        # Any of twenty timelines: which of them come first is not known.
        sample = fans[:: max(1, len(fans) // 20)]
        while not any(client.lindex(f"timeline:{{{fan}}}", 0) == member for fan in sample):
            assert time.monotonic() < deadline, "the fan-out did not begin"
        if whole_worker:
            site.kill_part("feed")
        else:
            for child in worker.children(recursive=True):
                with suppress(psutil.NoSuchProcess):
                    child.kill()
        began = time.monotonic()
        pipe = client.pipeline(transaction=False)
        for fan in fans:
            pipe.lindex(f"timeline:{{{fan}}}", 0)
        reached = sum(first == member for first in pipe.execute())
        seconds = seconds_until_fanned_out(site, since=began)
        for fan in fans:
            pipe.lrange(f"timeline:{{{fan}}}", 0, -2)
        copies = Counter(ids.count(member) for ids in pipe.execute())
        assert copies == {1: len(fans)}, copies
    return reached, seconds


@pytest.fixture(scope="module")
def fans(site: SharedSite, anna: Visitor) -> list[int]:
    """Give anna followers with empty timelines; return their ids."""
    author_id = id_of(site, anna)
    with site.connect() as connection, connection.cursor() as cursor:
        cursor.execute(PEOPLE, {"prefix": "fan", "number": size(small=2_000, large=10_000), "author": author_id})
        cursor.execute("SELECT follower_id FROM social_follow WHERE followee_id = %s", [author_id])
        return [row[0] for row in cursor.fetchall()]


@pytest.fixture
def timelines(site: SharedSite, fans: list[int]) -> None:
    with redis.Redis.from_url(valkey_url(site.data_dir)) as client:
        pipe = client.pipeline(transaction=False)
        for fan in fans:
            pipe.unlink(f"timeline:{{{fan}}}")
            pipe.rpush(f"timeline:{{{fan}}}", COMPLETE_AND_EMPTY)
        pipe.execute()


def fan_out_drill(site, anna, fans, figure, *, whole_worker: bool, goal: int, rounds: int) -> None:
    found = [killed_during_fan_out(site, anna, fans, whole_worker=whole_worker) for _ in range(rounds)]
    inside = sum(0 < reached < len(fans) for reached, _ in found)
    slowest = max(seconds for _, seconds in found)
    figure(
        f"{rounds} kills, {inside} of them between the first and the last of {len(fans):,} followers; each has the post"
        f" once, after at most {slowest:.1f} s (goal {goal})",
        is_kept=slowest <= goal,
    )


@pytest.mark.promise("D3")
@pytest.mark.usefixtures("timelines")
def test_the_child_of_a_worker_is_killed_during_fan_out(site, anna, fans, figure):
    """Kill the child of the real feed worker during a fan-out."""
    fan_out_drill(site, anna, fans, figure, whole_worker=False, goal=30, rounds=size(small=1, large=6))


@pytest.mark.promise("D4")
@pytest.mark.usefixtures("timelines")
def test_the_whole_worker_is_killed_during_fan_out(site, anna, fans, figure):
    """Kill the whole feed worker during a fan-out; the launcher starts it again."""
    fan_out_drill(site, anna, fans, figure, whole_worker=True, goal=60, rounds=size(small=1, large=3))


@pytest.mark.promise("D9")
def test_valkey_is_flushed_while_posts_wait_for_their_fan_out(site, anna, figure):
    """Flush Valkey while many posts wait for their fan-out and none of their messages is left."""
    number = size(small=20, large=1_000)
    ids = new_posts(site, anna, number, minutes_ago=600)
    site.flush_valkey()
    began = time.monotonic()

    seconds = seconds_until_fanned_out(site, since=began)

    figure(f"{number:,} posts, all fanned out after {seconds:.0f} s (goal 120)", is_kept=seconds <= 120)
    assert anna.get("/").status == 200
    with redis.Redis.from_url(valkey_url(site.data_dir)) as client:
        members = client.lrange(f"timeline:{{{id_of(site, anna)}}}", 0, -2)
    theirs = site.sql("SELECT id FROM posts_post WHERE author_id = %s AND published_at IS NOT NULL", id_of(site, anna))
    newest = sorted((row[0] for row in theirs), reverse=True)
    assert len(ids) == number
    assert [struct.unpack(">q", member)[0] for member in members] == newest[: len(members)]
    assert len(members) == min(500, len(newest))


@pytest.mark.promise("D7", "D10")
def test_posts_are_shared_while_the_broker_is_down(site, anna, figure):
    """Share photos while Valkey is down, and start it again."""
    number = size(small=3, large=100)
    site.stop_valkey()
    try:
        answers = [anna.share_file(SMALL, f"Without a broker {at}") for at in range(number)]
        pages = [anna.get(path) for path in ("/", "/explore/", f"/{anna.username}/") for _ in range(5)]
    finally:
        site.start_valkey()
    seconds = seconds_until_fanned_out(site, since=time.monotonic())

    accepted = sum(answer.status == 201 for answer in answers)
    slowest = sorted(answer.seconds for answer in answers)[int(0.99 * (number - 1))]
    figure(
        f"{accepted} of {number} accepted, p99 {slowest * 1000:.0f} ms (goal 1,000)",
        is_kept=accepted == number and slowest < 1,
    )
    figure(f"all rendered and fanned out {seconds:.0f} s after Valkey was back (goal 60)", is_kept=seconds <= 60)
    errors = sum(answer.status >= 500 for answer in [*answers, *pages])
    figure(f"{errors} server errors in {len(answers) + len(pages)} requests", is_kept=not errors)
    assert accepted == number
    assert not errors


@pytest.mark.promise("D1", "D2")
@deep_unless_large
def test_postgresql_is_killed_while_four_people_comment(durable_site, figure):
    """Kill PostgreSQL with signal 9 while four people write comments, again and again."""
    site, rounds = durable_site, size(small=1, large=20)
    author = Visitor(site.port).sign_up("author")
    (post_id,) = new_posts(site, author, 1)
    url, stop = f"/p/{encode_shortcode(post_id)}/comment/", threading.Event()
    confirmed: list[str] = []
    answered_at: list[float] = []

    def write(visitor: Visitor, name: str) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            text = f"{name} number {number}"
            with suppress(OSError, HTTPException):
                if visitor.post(url, {"text": text}).status == 302:
                    confirmed.append(text)
                    answered_at.append(time.monotonic())

    writers = [
        threading.Thread(target=write, args=(Visitor(site.port).sign_up("writer"), f"writer{number}"))
        for number in range(4)
    ]
    for writer in writers:
        writer.start()
    pauses = []
    try:
        for _ in range(rounds):
            time.sleep(1)
            count, killed_at = len(confirmed), time.monotonic()
            site.kill_part("postgres")
            while not any(at > killed_at + 0.5 for at in answered_at[count:]):
                assert time.monotonic() < killed_at + 60, "the site did not come back"
                time.sleep(0.05)
            pauses.append(next(at for at in answered_at[count:] if at > killed_at + 0.5) - killed_at)
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    deadline = time.monotonic() + 30
    while True:
        with suppress(psycopg2.OperationalError):
            stored = {row[0] for row in site.sql("SELECT text FROM posts_comment")}
            break
        assert time.monotonic() < deadline

    lost = set(confirmed) - stored
    figure(f"{rounds} kills, {len(confirmed):,} confirmed comments, {len(lost)} lost", is_kept=not lost)
    figure(
        f"written again after {statistics.median(pauses):.1f} s, at most {max(pauses):.1f} (goal 5)",
        is_kept=max(pauses) <= 5,
    )
    assert not lost
