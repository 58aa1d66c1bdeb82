"""Serve a home page with the least work that a correct one needs: the limit beside which `bench.home` measures ours.

This WSGI program has no framework, no templates and no middleware. A page costs one statement for the session and the
person, one read of a timeline, one prepared statement for the visibility and the viewer's state of twelve posts, one
MGET of twelve finished cards, and one join. It uses the ordinary clients redis-py and psycopg2.

Its SQL is written by hand and imports nothing of ours, so the limit stays where it is when the site gets faster or
slower. `bench.limit_check` fills its session table and timelines, and fails if its answer differs from the site's
querysets. The shared tables are read through the columns that the checks need, and through no index that only this
program would need.

Not included, although the site's page has it: suggestions, the number of unread notifications, followed tags, the
viewer's own comments that wait for approval, CSRF tokens, and the check of a changed password.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterable
from typing import Any

import psycopg2
import redis

PAGE = 12

SESSION = """
SELECT person.id, person.username, person.hide_like_counts
FROM bench_session AS session JOIN accounts_user AS person ON person.id = session.person_id
WHERE session.key = $1 AND session.expires_at > now() AND person.suspended_at IS NULL AND person.deactivated_at IS NULL
"""

POSTS = """
SELECT post.id, post.version,
    post.folded_likes + coalesce((SELECT sum(delta) FROM common_countdelta
        WHERE counter = 'post.likes' AND object_id = post.id), 0) AS likes,
    post.folded_comments + coalesce((SELECT sum(delta) FROM common_countdelta
        WHERE counter = 'post.comments' AND object_id = post.id), 0) AS comments,
    EXISTS (SELECT FROM posts_like WHERE liker_id = $1 AND post_id = post.id) AS liked,
    EXISTS (SELECT FROM posts_save WHERE person_id = $1 AND post_id = post.id) AS saved,
    post.author_id = $1 AS own,
    post.hide_likes AS hides_likes
FROM posts_post AS post JOIN accounts_user AS author ON author.id = post.author_id
WHERE post.id = ANY($2)
    AND post.published_at IS NOT NULL AND post.archived_at IS NULL
    AND post.removed_at IS NULL AND post.deleted_at IS NULL
    AND author.suspended_at IS NULL AND author.deactivated_at IS NULL
    AND NOT EXISTS (SELECT FROM social_block WHERE blocker_id = author.id AND blocked_id = $1)
    AND NOT EXISTS (SELECT FROM social_block WHERE blocker_id = $1 AND blocked_id = author.id)
    AND NOT EXISTS (SELECT FROM social_mute WHERE muter_id = $1 AND muted_id = author.id)
    AND (post.author_id = $1 OR (
        (NOT author.is_private
            OR EXISTS (SELECT FROM social_follow WHERE follower_id = $1 AND followee_id = author.id))
        AND (post.audience = 'everyone'
            OR EXISTS (SELECT FROM social_closefriend WHERE owner_id = author.id AND friend_id = $1))))
ORDER BY post.id DESC
"""

PREPARE = f"PREPARE bench_session(text) AS {SESSION}; PREPARE bench_posts(bigint, bigint[]) AS {POSTS}"

TIMELINE = "bench:timeline:%d"
"""A list of ids, newest first, each in 8 bytes."""

CARD = "bench:card:%d:%d"
"""The HTML of a post in one version."""

STATE = b'<p data-likes="%d" data-comments="%d" data-liked="%d" data-saved="%d" data-own="%d">'


class Program:
    """A WSGI application. Each thread has its own connections, as the site has."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self._plan = plan
        self._local = threading.local()
        self._frames = {path: b" " * size for path, size in plan["frames"].items()}

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        body = self.page(environ["HTTP_COOKIE"].split("=", 1)[1].partition(";")[0], environ["PATH_INFO"])
        headers = [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(body)))]
        start_response("200 OK" if body else "403 Forbidden", headers)
        return [body]

    def page(self, session: str, path: str) -> bytes:
        """Return a page for the session; b"" without a valid one. The path "/next" is the second page."""
        cursor, valkey = self._connections()
        cursor.execute("EXECUTE bench_session(%s)", (session,))
        if (person := cursor.fetchone()) is None:
            return b""
        reader, username, hides_likes = person
        start = PAGE if path == "/next" else 0
        ids = [int.from_bytes(member) for member in valkey.lrange(TIMELINE % reader, start, start + PAGE - 1)]
        posts = rows_for(cursor, reader, ids)
        cards = valkey.mget([CARD % (post[0], post[1]) for post in posts])
        parts = [b"<!doctype html><title>Home of %s</title>" % username.encode(), self._frames[path]]
        for (_, _, likes, comments, liked, saved, own, hidden), card in zip(posts, cards, strict=True):
            shown = likes if own or not (hidden or hides_likes) else 0
            parts.append(STATE % (shown, comments, liked, saved, own))
            parts.append(card)
        return b"".join(parts)

    def _connections(self) -> tuple[Any, Any]:
        try:
            return self._local.cursor, self._local.valkey
        except AttributeError:
            database = psycopg2.connect(self._plan["database_url"])
            database.autocommit = True
            self._local.cursor = database.cursor()
            self._local.cursor.execute(PREPARE)
            self._local.valkey = redis.Redis.from_url(self._plan["redis_url"])
            return self._local.cursor, self._local.valkey


def rows_for(cursor: Any, reader: int, ids: list[int]) -> list[Any]:
    """Return the rows of POSTS for the posts visible to `reader`, newest first."""
    cursor.execute("EXECUTE bench_posts(%s, %s)", (reader, ids))
    return cursor.fetchall()  # type: ignore[no-any-return]


if "BENCH_PLAN" in os.environ:
    application = Program(json.loads(os.environ["BENCH_PLAN"]))
