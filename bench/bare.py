"""The baseline of `bench.home`: the home page's Valkey and SQL work and nothing else.

No framework, no templates, no middleware: a session from Valkey, the person, the timeline, the posts, their media and
the rest by the very SQL that the site sends (captured by `bench.home`), and the answer joined from strings.
"""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Callable, Iterable
from typing import Any

import psycopg2
import redis

PLAN = json.loads(os.environ["BENCH_PLAN"])
SQL: list[str] = PLAN["sql"]
"""In the order of the site: with %(reader)s, and %(ids)s for the ids of the posts on the page."""

valkey = redis.Redis.from_url(PLAN["redis_url"])
database = psycopg2.connect(PLAN["database_url"])
database.autocommit = True

HEAD = "<!doctype html><title>Home</title><body>"
CARD = (
    '<article data-post="%s"><header>%s</header><img src="/media/%s" srcset="%s"><p>%s</p><p>%s likes</p>'
    + "<form method=post><button>Like</button></form>" * 20
    + "</article>"
)


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    cookie = environ["HTTP_COOKIE"].split("=", 1)[1]
    session = pickle.loads(valkey.get(PLAN["session_key"] % cookie))
    reader = int(session["_auth_user_id"])
    cursor = database.cursor()
    cursor.execute(SQL[0], {"reader": reader})
    cursor.fetchall()
    key = f"timeline:{reader}:{PLAN['follows_version']}"
    pipe = valkey.pipeline(transaction=False)
    pipe.zscore(key, b"\xff" * 8)
    pipe.zcard(key)
    pipe.zrange(key, b"(" + b"\xff" * 7 + b"\xfe", b"-", desc=True, bylex=True, offset=0, num=13)
    pipe.expire(key, 2_592_000)
    members = pipe.execute()[2]
    ids = tuple(int.from_bytes(member, "big") for member in members[:12])
    cursor.execute(SQL[1], {"reader": reader, "ids": ids})
    posts = cursor.fetchall()
    cursor.execute(SQL[2], {"reader": reader, "ids": ids})
    media = {row[1]: row for row in cursor.fetchall()}
    for sql in SQL[3:]:
        cursor.execute(sql, {"reader": reader, "ids": ids})
        cursor.fetchall()
    parts = [HEAD]
    for post in posts:
        slide = media[post[0]]
        parts.append(CARD % (post[0], post[-6], slide[6], slide, post[2], post[-1]))
    body = "".join(parts).encode()
    start_response("200 OK", [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(body)))])
    return [body]
