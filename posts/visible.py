"""`Post.objects.visible_to` as a condition for hand-written SQL.

A LIMIT must apply to visible rows only. If hidden candidates counted, the number of results, their order and the cursor
would reveal them. Hand-written queries therefore check each row, before any LIMIT, with the SQL that Django compiles
for `visible_to`.
"""

from __future__ import annotations

from typing import Any, Final

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from accounts.models import User, Viewer
from common.compiled_queries import Fragment, PreparedFragment
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


_PUBLISHED_POSTS: Final = PreparedFragment(lambda: Post.objects.published().order_by().values("id", "author_id"))


def _found(viewer: Viewer) -> QuerySet[Any, Any]:
    posts = Post.objects.visible_to(viewer).filter(pk=RawSQL("found.post_id", ()))
    return posts.order_by().values("pk")[:1]


_TO_MEMBER: Final = PreparedFragment(lambda viewer: _found(User(pk=viewer)), "viewer")
_TO_ANYBODY: Final = PreparedFragment(lambda: _found(AnonymousUser()))
