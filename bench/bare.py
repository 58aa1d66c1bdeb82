"""Serve the home page without a framework: the baseline of `bench.home`.

This WSGI program sends the same Valkey commands and SQL as the site (captured by `bench.home`) and joins its response
from strings. It has no templates and no middleware.
"""

from __future__ import annotations

import base64
import json
import os
import zlib
from collections.abc import Callable, Iterable
from typing import Any

import psycopg2
import redis

PLAN = json.loads(os.environ["BENCH_PLAN"])
SQL: list[str] = PLAN["sql"]
"""The queries in the site's order, with %(session)s, %(reader)s, and %(ids)s for the ids of the posts on the page."""

valkey = redis.Redis.from_url(PLAN["redis_url"])
database = psycopg2.connect(PLAN["database_url"])
database.autocommit = True

HEAD = "<!doctype html><title>Home</title><body>"
CARD = (
    '<article data-post="%s"><header>%s</header><img src="/media/%s" srcset="%s"><p>%s</p><p>%s likes</p>'
    + "<form method=post><button>Like</button></form>" * 20
    + "</article>"
)


def reader_of(session_data: str) -> int:
    """Return the user's id from the data of a session. The signature is not verified."""
    payload = session_data.split(":", 1)[0]
    compressed = payload.startswith(".")
    payload = payload.removeprefix(".")
    data = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    return int(json.loads(zlib.decompress(data) if compressed else data)["_auth_user_id"])


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    cookie = environ["HTTP_COOKIE"].split("=", 1)[1]
    cursor = database.cursor()
    cursor.execute(SQL[0], {"session": cookie})
    reader = reader_of(cursor.fetchall()[0][1])
    cursor.execute(SQL[1], {"reader": reader})
    cursor.fetchall()
    key = f"timeline:{reader}:{PLAN['follows_version']}"
    pipe = valkey.pipeline(transaction=False)
    pipe.zscore(key, b"\xff" * 8)
    pipe.zcard(key)
    pipe.zrange(key, b"(" + b"\xff" * 7 + b"\xfe", b"-", desc=True, bylex=True, offset=0, num=13)
    pipe.expire(key, 2_592_000)
    members = pipe.execute()[2]
    ids = tuple(int.from_bytes(member, "big") for member in members[:12])
    cursor.execute(SQL[2], {"reader": reader, "ids": ids})
    posts = cursor.fetchall()
    cursor.execute(SQL[3], {"reader": reader, "ids": ids})
    media = {row[1]: row for row in cursor.fetchall()}
    for sql in SQL[4:]:
        cursor.execute(sql, {"reader": reader, "ids": ids})
        cursor.fetchall()
    parts = [HEAD]
    for post in posts:
        slide = media[post[0]]
        parts.append(CARD % (post[0], post[-6], slide[6], slide, post[2], post[-1]))
    body = "".join(parts).encode()
    start_response("200 OK", [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(body)))])
    return [body]
