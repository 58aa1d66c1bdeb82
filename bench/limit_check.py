"""Fill the tables and keys of `bench.limit`, and compare its answers with the site's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import contextmanager
from typing import Any

from bench import limit

TABLE = "bench_session (key text PRIMARY KEY, person_id bigint, expires_at timestamptz)"


class LimitLiesError(Exception):
    """Raised if the limit answers differently from the site, so that it may do less than a correct page needs."""


def fill(sessions: Sequence[tuple[int, str]], *, page_bytes: int, next_page_bytes: int) -> dict[str, Any]:
    """Store sessions, timelines and cards for the limit; return the plan of `limit.Program`.

    `sessions` are pairs of (person's id, session key). A card gets a twelfth of the site's next page, and the rest of
    the first page is its frame, so both pages have as many bytes as the site's.
    """
    from django.conf import settings
    from django.db import connection

    from accounts.models import User
    from common import valkey
    from feed.timelines import newest_ids
    from posts.models import Post

    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS bench_session; CREATE TABLE {TABLE}")
        rows = [(key, person) for person, key in sessions]
        cursor.executemany("INSERT INTO bench_session VALUES (%s, %s, now() + interval '1 day')", rows)
        cursor.execute("ANALYZE bench_session")
    client = valkey.client()
    for reader in User.objects.filter(pk__in=[person for person, _ in sessions]):
        key = limit.TIMELINE % reader.pk
        client.delete(key)
        if ids := newest_ids(reader, before=None, count=500):
            client.rpush(key, *(post_id.to_bytes(8) for post_id in ids))
    card_bytes = next_page_bytes // limit.PAGE - len(limit.STATE) - 4
    pipe = client.pipeline(transaction=False)
    for post_id, version in Post.objects.values_list("pk", "version"):
        # Text that differs between posts, so that nothing between here and the browser can make it smaller.
        text = (f"<article data-post={post_id}>Number {post_id}, version {version}. " * (card_bytes // 30)).encode()
        pipe.set(limit.CARD % (post_id, version), text[:card_bytes])
    pipe.execute()
    frames = {"/": page_bytes - next_page_bytes, "/next": 0}
    return {"database_url": dsn(), "redis_url": settings.REDIS_URL, "frames": frames}


def dsn() -> str:
    """Return the connection string of the site's database for psycopg2."""
    from django.db import connection

    options = connection.get_connection_params()
    names = ("dbname", "user", "password", "host", "port")
    return " ".join(f"{name}={options[name]}" for name in names if options.get(name))


@contextmanager
def prepared() -> Any:
    """Yield a cursor of the site's own connection in which the statements of the limit are prepared."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE IF NOT EXISTS {TABLE}")
        cursor.execute(limit.PREPARE)
        try:
            yield cursor
        finally:
            cursor.execute("DEALLOCATE bench_session; DEALLOCATE bench_posts")


def check(readers: Iterable[Any], post_ids: Sequence[int]) -> int:
    """Compare the limit's rows of `post_ids` with the site's for each reader; return the number of rows compared.

    Compares which posts are visible, their order, counts and flags. Raises LimitLiesError for the first difference.
    """
    compared = 0
    with prepared() as cursor:
        for reader in readers:
            rows = limit.rows_for(cursor, reader.pk, list(post_ids))
            found = [_shown(row, reader.hide_like_counts) for row in rows]
            expected = _expected(reader, post_ids)
            if found != expected:
                differing = [pair for pair in zip(found, expected, strict=False) if pair[0] != pair[1]]
                raise LimitLiesError(
                    f"for {reader}: {len(found)} rows instead of {len(expected)}; first difference: {differing[:1]}"
                )
            compared += len(found)
    return compared


def _shown(row: Any, hides_likes: bool) -> tuple[Any, ...]:
    post_id, _, likes, comments, liked, saved, own, hidden = row
    is_hidden = (hidden or hides_likes) and not own
    return (post_id, 0 if is_hidden else int(likes), int(comments), liked, saved, own, is_hidden)


def _expected(reader: Any, post_ids: Sequence[int]) -> list[tuple[Any, ...]]:
    from posts.models import Post

    posts = Post.objects.visible_to(reader).unmuted_by(reader).with_viewer_state(reader).filter(pk__in=post_ids)
    fields = ("pk", "like_count", "comment_count", "liked_by_viewer", "saved_by_viewer", "is_own", "likes_hidden")
    return [tuple(getattr(post, field) for field in fields) for post in posts.order_by("-id")]
