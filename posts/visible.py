"""The rule of who may see a post, as a condition for hand-written SQL.

A list must count visible rows only: a LIMIT over candidates of which some are hidden would let the number, the order
and the cursor of what is shown tell of hidden ones. So such queries ask `visible_to` row by row, before any LIMIT, by
the SQL that Django makes of it.
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

    A scalar subquery and no EXISTS, which PostgreSQL may turn into a join with all posts.
    """
    post = _TO_MEMBER(viewer=viewer.pk) if viewer.is_authenticated else _TO_ANYBODY()
    return Fragment(f"({post.sql}) IS NOT NULL", post.values)


def _found(viewer: Viewer) -> QuerySet[Any, Any]:
    posts = Post.objects.visible_to(viewer).filter(pk=RawSQL("found.post_id", ()))
    return posts.order_by().values("pk")[:1]


_TO_MEMBER: Final = PreparedFragment(lambda viewer: _found(User(pk=viewer)), "viewer")
_TO_ANYBODY: Final = PreparedFragment(lambda: _found(AnonymousUser()))
