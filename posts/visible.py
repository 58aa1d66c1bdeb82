"""`Post.objects.visible_to` as a condition for hand-written SQL.

A LIMIT must apply to visible rows only. If hidden candidates counted, the number of results, their order and the cursor
would reveal them. Hand-written queries therefore check each row, before any LIMIT, with the SQL that Django compiles
for `visible_to`.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import Any, Final

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from psycopg2.extensions import AsIs

from accounts.models import User, Viewer
from common.compiled_queries import Fragment, PreparedFragment
from common.replicas import read_connection, reading_from_primary
from posts.models import Post


def visible_post(viewer: Viewer) -> Fragment:
    """Return the condition that `viewer` may see the post `found.post_id`.

    It is a scalar subquery, because PostgreSQL may turn an EXISTS into a join with all posts.
    """
    post = _TO_MEMBER(viewer=viewer.pk) if viewer.is_authenticated else _TO_ANYBODY()
    return Fragment(f"({post.sql}) IS NOT NULL", post.values)


def published_posts() -> Fragment:
    """Return a SELECT of (id, author_id) of published posts, for use in place of a table."""
    return _PUBLISHED_POSTS()


def visible_pairs(pairs: Collection[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """Return the author's id for each of these pairs (id of a post, id of a member) whose member may see the post.

    One query, which evaluates `visible_to` for each pair.
    """
    with reading_from_primary(), read_connection().cursor() as cursor:
        cursor.execute(
            "SELECT asked.post_id, asked.viewer_id, found.author_id"  # noqa: S608  (compiled by Django)
            " FROM unnest(%s::bigint[], %s::bigint[]) AS asked (post_id, viewer_id)"
            f" CROSS JOIN LATERAL ({_visible_to_asked()}) AS found",
            [[post for post, _ in pairs], [viewer for _, viewer in pairs]],
        )
        return {(post, viewer): author for post, viewer, author in cursor.fetchall()}


@cache
def _visible_to_asked() -> str:
    """Return the SQL of the post `asked.post_id` as `asked.viewer_id` may see it."""

    def build(viewer: int) -> QuerySet[Any, Any]:
        posts = Post.objects.visible_to(User(pk=viewer)).filter(pk=RawSQL("asked.post_id", ()))
        return posts.order_by().values("author_id")

    asked = AsIs("asked.viewer_id")
    fragment = PreparedFragment(build, "viewer")(viewer=_ASKED_VIEWER)
    values = [asked if value == _ASKED_VIEWER else value for value in fragment.values]
    with read_connection().cursor() as cursor:
        return str(cursor.cursor.mogrify(fragment.sql, values).decode()).replace("%", "%%")


_ASKED_VIEWER: Final = -7_200_000_000_000_000_001
"""Stands for the viewer of each pair. No id is negative."""

_PUBLISHED_POSTS: Final = PreparedFragment(lambda: Post.objects.published().order_by().values("id", "author_id"))


def _found(viewer: Viewer) -> QuerySet[Any, Any]:
    posts = Post.objects.visible_to(viewer).filter(pk=RawSQL("found.post_id", ()))
    return posts.order_by().values("pk")[:1]


_TO_MEMBER: Final = PreparedFragment(lambda viewer: _found(User(pk=viewer)), "viewer")
_TO_ANYBODY: Final = PreparedFragment(lambda: _found(AnonymousUser()))
