"""Bursts: many posts by one author within an hour. The home page folds all but the newest ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from posts.models import Post

SHOWN_IN_A_BURST: Final = 3
BURST: Final = timedelta(hours=1)


@dataclass(frozen=True)
class PostGroup:
    """Consecutive posts of a page, newest first: either shown, or folded behind "Show N more from …"."""

    posts: list[Post]
    is_folded: bool
    """True if these posts are part of a burst; then all are by the same author."""


def group_bursts(posts: Sequence[Post]) -> list[PostGroup]:
    """Return `posts`, the newest first, in groups that are shown or folded, in the same order and without omissions.

    A post is folded if the SHOWN_IN_A_BURST posts right before it are by its author, and were created less than an hour
    after it. So the order stays strictly by time, one author fills no page with a burst, and a reader who follows only
    one person sees all that this person posts at an ordinary pace. Pages are grouped one by one. No query.
    """
    groups: list[PostGroup] = []
    for at, post in enumerate(posts):
        is_folded = _is_folded(posts, at)
        last = groups[-1] if groups else None
        if last and last.is_folded == is_folded and (not is_folded or last.posts[0].author_id == post.author_id):
            last.posts.append(post)
        else:
            groups.append(PostGroup([post], is_folded))
    return groups


def _is_folded(posts: Sequence[Post], at: int) -> bool:
    before = posts[max(at - SHOWN_IN_A_BURST, 0) : at]
    if len(before) < SHOWN_IN_A_BURST:
        return False
    post = posts[at]
    return before[0].created_at - post.created_at < BURST and all(one.author_id == post.author_id for one in before)
