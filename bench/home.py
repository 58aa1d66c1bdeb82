"""Measure the signed-in home page (12 posts, 5 suggestions, 1,000 rotating sessions) beside the limit of a home page.

`python -m bench.home [--seconds 3] [--rounds 6] [--threads 1]`. Runs the site and `bench.limit` under granian with two
workers, in rounds that alternate between them, with 8 connections. The load generator shares the machine's cores
with everything. Figures are medians of the half of the rounds in which other processes used the least CPU; a ratio is
the median of the ratios of single rounds.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from bench import limit_check, load
from bench.home_data import COLD_FOLLOWEES, Session, Site, Size, filled_site
from bench.load import Request, Round, Server
from bench.report import Table

HTMX = "HX-Request: true\r\n"
GOALS = (
    "Goals: 0.45 of the limit's requests (0.40 at least), the next page 0.50; p99 at most 4 × p50; at most 4 SQL"
    " statements, 1.2 ms of application CPU and 50 KB; a cold reader below 25 ms."
)


@contextmanager
def counted_statements() -> Iterator[list[str]]:
    """Collect all statements that this process sends to PostgreSQL, including any that bypass Django's cursors."""
    import psycopg2.extensions
    from django.db import connection

    sent: list[str] = []

    class Counting(psycopg2.extensions.cursor):
        def execute(self, query: Any, vars: Any = None) -> None:  # noqa: A002  (the name of psycopg2)
            sent.append(query if isinstance(query, str) else str(query))
            super().execute(query, vars)

    connection.ensure_connection()
    kept = connection.connection.cursor_factory
    connection.connection.cursor_factory = Counting
    try:
        yield sent
    finally:
        connection.connection.cursor_factory = kept


def get(session: Session, path: str = "/", **headers: str) -> Any:
    """Send a request through Django in this process; the response must be 200."""
    from django.conf import settings
    from django.test import Client

    client = Client(headers={"host": "localhost", **headers})
    client.cookies[settings.SESSION_COOKIE_NAME] = session.key
    response = client.get(path)
    assert response.status_code == 200, (path, response.status_code)
    return response


def posts_on(response: Any) -> list[str]:
    return re.findall(r'<article[^>]* data-post="([^"]+)"', response.text)


class Home:
    """The two programs, and the requests to both."""

    def __init__(self, site: Site) -> None:
        from accounts.models import User
        from feed.timelines import newest_ids
        from posts.models import Post

        self.site = site
        sample = site.readers[0]
        get(sample)
        self.first = get(sample)
        assert len(posts_on(self.first)) == 12, "the page of a reader has 12 posts"
        readers = list(User.objects.filter(pk__in=[session.person_id for session in site.readers]).order_by("pk"))
        twelfth = {one.pk: newest_ids(one, before=None, count=12)[-1] for one in readers}
        self.next_paths = {pk: f"/?cursor={post_id}" for pk, post_id in twelfth.items()}
        self.next = get(sample, self.next_paths[sample.person_id], **{"HX-Request": "true"})
        with counted_statements() as sent:
            get(sample)
        self.statements = sent
        pairs = [(session.person_id, session.key) for session in site.readers]
        sizes = {"page_bytes": len(self.first.content), "next_page_bytes": len(self.next.content)}
        self.plan = limit_check.fill(pairs, **sizes)
        limit_check.check(readers[:20], list(Post.objects.order_by("-id").values_list("pk", flat=True)[:500]))

    def requests(self, *, of_site: bool, is_next: bool) -> list[Request]:
        def path(session: Session) -> str:
            if not is_next:
                return "/"
            return self.next_paths[session.person_id] if of_site else "/next"

        headers = HTMX if is_next and of_site else ""
        return [Request(path(session), session.cookie, headers) for session in self.site.readers]


def run_rounds(
    home: Home, programs: dict[str, Server], *, rounds: int, seconds: float, is_next: bool
) -> dict[str, list[Round]]:
    """Measure all programs in each round, one after the other."""
    found: dict[str, list[Round]] = {name: [] for name in programs}
    requests = {name: home.requests(of_site=name != LIMIT, is_next=is_next) for name in programs}
    pids = {"postgres": home.site.postgres_pid, "valkey": home.site.valkey_pid}
    for name, server in programs.items():
        load.warm_up(server, requests[name], seconds=seconds)
    for _ in range(rounds):
        for name, server in programs.items():
            found[name].append(load.measure(server, requests[name], seconds=seconds, **pids))
    return found


LIMIT = "the limit"
SITE = "the site"
DEPLOYED = "the site under its own server"


def quiet(found: dict[str, list[Round]]) -> list[int]:
    """Return the indexes of the rounds in which other processes used the least CPU: half of them, rounded up."""
    count = len(found[LIMIT])
    return sorted(range(count), key=lambda n: sum(rounds[n].other_cores for rounds in found.values()))[
        : (count + 1) // 2
    ]


def ratio(found: dict[str, list[Round]], name: str) -> float:
    """Return the requests of `name` for each one of the limit."""
    return statistics.median(
        found[name][n].requests_per_second / found[LIMIT][n].requests_per_second for n in quiet(found)
    )


def median(rounds: Sequence[Round], chosen: Sequence[int], value: Callable[[Round], float]) -> float:
    return statistics.median(value(rounds[n]) for n in chosen)


def cold_p50_ms(home: Home, server: Server) -> float:
    """Return the median of home pages of readers with COLD_FOLLOWEES followees and no timeline."""
    from common import valkey

    client, times = valkey.client(), []
    home_requests = [Request("/", session.cookie) for session in home.site.cold]
    for request in home_requests:
        load.send_once(server.port, request)
    for _ in range(6):
        for session, request in zip(home.site.cold, home_requests, strict=True):
            keys = list(client.scan_iter(f"timeline:{{{session.person_id}}}*", count=10_000))
            assert keys, f"{session.username} has no timeline to forget"
            client.delete(*keys)
            times += load.send_once(server.port, request)
    return statistics.median(times) * 1000


def measure(
    site: Site, *, seconds: float = 3, rounds: int = 6, threads: int = 1, has_deployed: bool = True
) -> list[Table]:
    """Measure the limit and the site, and with `has_deployed` also the site under its own server."""
    home = Home(site)
    programs = {
        LIMIT: Server("bench.limit:application", threads=threads, BENCH_PLAN=json.dumps(home.plan)),
        SITE: Server("instagram.wsgi:application", threads=threads),
    }
    if has_deployed:
        programs[DEPLOYED] = Server()
    try:
        found = run_rounds(home, programs, rounds=rounds, seconds=seconds, is_next=False)
        further = run_rounds(
            home,
            {LIMIT: programs[LIMIT], SITE: programs[SITE]},
            rounds=max(1, rounds // 2),
            seconds=seconds,
            is_next=True,
        )
        cold = cold_p50_ms(home, programs[SITE])
    finally:
        for server in programs.values():
            server.stop()
    table = Table(
        "Home page",
        [
            "program",
            "requests/s",
            "of the limit",
            "application ms",
            "PostgreSQL ms",
            "Valkey ms",
            "p50 ms",
            "p99 ms",
            "KB",
        ],
        f"Signed in, {len(posts_on(home.first))} posts, {len(site.readers):,} rotating sessions,"
        f" 8 connections, two workers with {threads} {'thread' if threads == 1 else 'threads'}"
        f" (the site's own server has {_web_threads()} threads a worker). The limit is `bench/limit.py`: no framework,"
        " the same server, as many bytes. CPU is in milliseconds a request.",
    )
    for suffix, results in (("", found), (", the next page by htmx", further)):
        chosen = quiet(results)
        for name, each in results.items():
            table.rows.append(
                [
                    name + suffix,
                    f"{median(each, chosen, lambda one: one.requests_per_second):,.0f}",
                    f"{ratio(results, name):.3f}",
                    f"{median(each, chosen, lambda one: one.application_ms):.2f}",
                    f"{median(each, chosen, lambda one: one.postgres_ms):.2f}",
                    f"{median(each, chosen, lambda one: one.valkey_ms):.2f}",
                    f"{median(each, chosen, lambda one: one.p50_ms):.1f}",
                    f"{median(each, chosen, lambda one: one.p99_ms):.1f}",
                    f"{median(each, chosen, lambda one: one.kilobytes):.1f}",
                ]
            )
    suggested = len(re.findall(r'action="[^"]*/dismiss/"', home.first.text))
    size = f"{len(home.first.content) / 1024:.1f} KB of HTML ({len(home.next.content) / 1024:.1f} the next page)"
    cold_readers = f"{len(site.cold)} readers with up to {COLD_FOLLOWEES} followees and no timeline"
    table.notes = [
        f"{size}, {len(home.statements)} SQL statements when warm, {suggested} suggestions in the panel.",
        f"A cold reader ({cold_readers}): p50 {cold:.1f} ms.",
        GOALS,
    ]
    return [table]


def _web_threads() -> int:
    from django.conf import settings

    return int(settings.WEB_THREADS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3, help="of each round (3)")
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--threads", type=int, default=1, help="of each worker under granian's WSGI (1)")
    parser.add_argument("--readers", type=int, default=Size.readers)
    options = parser.parse_args()
    with filled_site(Size(readers=options.readers)) as site:
        for table in measure(site, seconds=options.seconds, rounds=options.rounds, threads=options.threads):
            table.print()


if __name__ == "__main__":
    main()
