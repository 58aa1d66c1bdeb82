"""Measure the signed-in home page (12 posts, 1,000 rotating sessions) next to a program without a framework.

`make bench`, or `python -m bench.home [--seconds 10] [--rounds 3]`. Starts its own PostgreSQL and Valkey, fills
them, and runs both programs under granian with two workers of one thread, one after the other, in rounds. The load
generator shares the machine's cores with all of it, so CPU milliseconds a request are the steadier figure.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import signal
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

import psutil

from bench.scratch import scratch_site

PROJECT = Path(__file__).resolve().parent.parent
READERS, AUTHORS, POSTS_EACH, FOLLOWED = 1_000, 100, 50, 30
CONNECTIONS = 8
WORKERS = 2
CONNECTION = ("dbname", "user", "password", "host", "port")


def fill() -> list[tuple[int, str]]:
    """Create people, posts, follows and sessions; return (id, session cookie) of every reader."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore
    from django.utils import timezone

    from accounts.models import User
    from posts.models import Like, Media, Post
    from social.models import Follow

    rng = random.Random(1)

    def people(prefix: str, number: int) -> list[User]:
        User.objects.bulk_create(
            User(username=f"{prefix}{n}", email=f"{prefix}{n}@example.org", name=f"{prefix.title()} {n}", password="!")
            for n in range(number)
        )
        return list(User.objects.filter(username__startswith=prefix).order_by("pk"))

    authors, readers = people("author", AUTHORS), people("reader", READERS)
    now = timezone.now()
    Post.objects.bulk_create(
        Post(
            author=author, caption=f"Number {n} of a long series #bench @{author}", published_at=now, fanned_out_at=now
        )
        for n in range(POSTS_EACH)
        for author in authors
    )
    posts = list(Post.objects.all())
    widths = [(320, 240), (640, 480), (1080, 810), (1440, 1080)]
    Media.objects.bulk_create(
        Media(
            post=post, owner_id=post.author_id, position=position, alt="A photograph", original="aa/bb/c.jpg",
            width=1440, height=1080, state="ready", placeholder="data:image/webp;base64," + "A" * 160,
            renditions=[
                {"width": w, "height": h, "webp": f"aa/bb/{post.pk:028d}.webp", "jpeg": f"aa/bb/{post.pk:028d}.jpg"}
                for w, h in widths
            ],
        )
        for post in posts
        for position in range(1 + post.pk % 4 // 3)
    )  # fmt: skip
    for reader in readers:  # One transaction each: every follow takes a lock until its end.
        Follow.objects.bulk_create(Follow(follower=reader, followee=author) for author in rng.sample(authors, FOLLOWED))
    Like.objects.bulk_create(Like(post=post, liker=reader) for reader in readers for post in rng.sample(posts, 20))
    cookies = []
    for reader in readers:
        session = SessionStore()
        session[SESSION_KEY] = str(reader.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = reader.get_session_auth_hash()
        session.save()
        cookies.append((reader.pk, str(session.session_key)))
    return cookies


def warm_timelines() -> None:
    from accounts.models import User
    from feed import timelines

    for reader in User.objects.filter(username__startswith="reader"):
        timelines.read(reader, before=None, count=1)


def make_plan(reader: tuple[int, str]) -> str:
    """Return the JSON configuration of the bare program, with the SQL of a real request of `reader`."""
    from django.conf import settings
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from common.ids import decode_shortcode

    client = Client(headers={"host": "localhost"})
    client.cookies[settings.SESSION_COOKIE_NAME] = reader[1]
    client.get("/")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        page = client.get("/")
    assert page.status_code == 200
    ids = [decode_shortcode(code) for code in re.findall(r'<article[^>]* data-post="([^"]+)"', page.text)]
    assert len(ids) == 12
    sql = []
    for query in queries.captured_queries:
        text = query["sql"].replace("%", "%%").replace(str(reader[0]), "%(reader)s")
        text = text.replace(f"'{reader[1]}'", "%(session)s")
        start = text.find(f"IN ({ids[0]}")
        if start < 0:
            start = next((text.find(f"IN ({pk}") for pk in ids if f"IN ({pk}" in text), -1)
        if start >= 0:
            text = text[:start] + "IN %(ids)s" + text[text.index(")", start) + 1 :]
        sql.append(text)
    print(f"home page: {len(page.content) / 1024:.0f} KB, {len(sql)} queries")
    options = connection.get_connection_params()
    return json.dumps(
        {
            "sql": sql,
            "redis_url": settings.REDIS_URL,
            "database_url": " ".join(f"{name}={options[name]}" for name in CONNECTION if options.get(name)),
            "follows_version": 0,
        }
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def load(port: int, cookies: list[str], seconds: float) -> tuple[int, list[float], int]:
    """Return (number of responses, their times in seconds, number of responses other than 200)."""
    deadline = time.monotonic() + seconds
    times: list[float] = []
    failed = 0

    async def connection(number: int) -> None:
        nonlocal failed
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        at = number * len(cookies) // CONNECTIONS
        while time.monotonic() < deadline:
            at = (at + 1) % len(cookies)
            start = time.perf_counter()
            writer.write(f"GET / HTTP/1.1\r\nHost: localhost\r\nCookie: {cookies[at]}\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            lower = head.lower()
            length = int(lower.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
            await reader.readexactly(length)
            times.append(time.perf_counter() - start)
            failed += not head.startswith(b"HTTP/1.1 200")
        writer.close()

    await asyncio.gather(*(connection(number) for number in range(CONNECTIONS)))
    return len(times), times, failed


class Server:
    """Run one of the two programs under granian."""

    def __init__(self, application: str, environment: dict[str, str]) -> None:
        self.port = free_port()
        command = [
            *(sys.executable, "-m", "granian", "--interface", "wsgi", "--no-log"),
            *("--workers", str(WORKERS), "--blocking-threads", "1"),
            *("--host", "127.0.0.1", "--port", str(self.port), application),
        ]
        self.process = subprocess.Popen(command, cwd=PROJECT, env=environment)
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    break
            time.sleep(0.1)

    def cpu_seconds(self) -> float:
        top = psutil.Process(self.process.pid)
        return sum(sum(each.cpu_times()[:2]) for each in [top, *top.children(recursive=True)])

    def stop(self) -> None:
        top = psutil.Process(self.process.pid)
        processes = [*top.children(recursive=True), top]
        self.process.send_signal(signal.SIGTERM)
        _, alive = psutil.wait_procs(processes, timeout=5)
        for each in alive:
            each.kill()


def measure(name: str, server: Server, cookies: list[str], seconds: float) -> dict[str, float]:
    cpu = server.cpu_seconds()
    count, times, failed = asyncio.run(load(server.port, cookies, seconds))
    used = server.cpu_seconds() - cpu
    assert not failed, f"{failed} of {count} answers of {name} were not 200"
    times.sort()
    return {
        "rps": count / seconds,
        "cpu_ms": used / count * 1000,
        "p50": times[len(times) // 2] * 1000,
        "p99": times[len(times) * 99 // 100] * 1000,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()

    with scratch_site(durable=True, with_valkey=True, RATE_LIMITS="off"):
        from django.conf import settings
        from django.core.management import call_command
        from django.db import connection

        call_command("collectstatic", verbosity=0, interactive=False)
        readers = fill()
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
        warm_timelines()
        plan = make_plan(readers[0])
        site_cookies = [f"{settings.SESSION_COOKIE_NAME}={key}" for _, key in readers]
        programs = {"the site": "instagram.wsgi:application", "bare program": "bench.bare:application"}
        rounds: dict[str, list[dict[str, float]]] = {name: [] for name in programs}
        servers = {name: Server(program, os.environ | {"BENCH_PLAN": plan}) for name, program in programs.items()}
        try:
            for name, server in servers.items():
                measure(name, server, site_cookies, 3)  # warm
            for _ in range(options.rounds):
                for name, server in servers.items():
                    rounds[name].append(measure(name, server, site_cookies, options.seconds))
        finally:
            for server in servers.values():
                server.stop()
        print(f"\n{'signed-in home page':24}{'requests/s':>12}{'CPU ms':>10}{'p50 ms':>10}{'p99 ms':>10}")
        medians = {
            name: {key: statistics.median(one[key] for one in found) for key in found[0]}
            for name, found in rounds.items()
        }
        for name, figures in medians.items():
            print(
                f"{name:24}{figures['rps']:12.0f}{figures['cpu_ms']:10.2f}{figures['p50']:10.1f}{figures['p99']:10.1f}"
            )
        site, bare = medians["the site"], medians["bare program"]
        print(f"\nthe site serves {site['rps'] / bare['rps']:.2f} of the bare program's requests "
              f"for {site['cpu_ms'] / bare['cpu_ms']:.1f} times its CPU")  # fmt: skip


if __name__ == "__main__":
    main()
