"""Queries that combine posts with users or saves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.http import MemberRequest
from accounts.models import User, WhoMayTag, visible_users_q
from common.pagination import Page, page_by_id
from common.statements import LIMIT, Statement
from posts.models import Audience, Post, Save
from posts.models.post import PostQuerySet
from posts.states import MAX_ROWS
from social.models import CloseFriend, Follow


def can_see_q(post: Post) -> Q:
    """Q matching users who may see `post` once it is published.

    The counterpart of `Post.objects.visible_to` for many users and one post; a test compares the two.
    """
    known = visible_users_q(post.author)
    public = Exists(User.objects.filter(pk=post.author_id, is_private=False))
    follows = Exists(Follow.objects.filter(follower_id=OuterRef("pk"), followee_id=post.author_id))
    is_author = Q(pk=post.author_id)
    inside = is_author | Q(public) | Q(follows)
    if post.audience != Audience.CLOSE_FRIENDS:
        return known & inside
    close = Exists(CloseFriend.objects.filter(owner_id=post.author_id, friend_id=OuterRef("pk")))
    return known & inside & (is_author | Q(close))


def allows_tags_by(person_id: int) -> Q:
    """Q matching users who let this person tag them, and want to be notified of their mentions."""
    follows = Exists(Follow.objects.filter(follower_id=OuterRef("pk"), followee_id=person_id))
    return Q(who_may_tag=WhoMayTag.EVERYONE) | Q(follows, who_may_tag=WhoMayTag.FOLLOWING)


def has_unfinished_posts(person: str) -> Exists:
    """Return the condition of `user.flags.has_unfinished_posts`, for the person in the outer field `person`."""
    return Exists(Post.objects.unfinished_of(OuterRef(person)))


def posts_needing_attention(author: User, *, count: int) -> list[Post]:
    """Return the newest posts of `author` that are processing, failed or removed, for cards.

    One query if there are none, otherwise three.
    """
    ids = [pk for (pk,) in _NEEDING_ATTENTION.rows(author=author.pk, count=count)]
    return list(Post.objects.needing_attention_of(author).filter(pk__in=ids).for_cards(author)) if ids else []


_NEEDING_ATTENTION: Final = Statement[Any](
    "posts_needing_attention",
    lambda author: Post.objects.needing_attention_of(User(pk=author)).values_list("pk")[:MAX_ROWS],
    author="bigint",
    count=LIMIT,
)


def visible_saves(person: User, saves: QuerySet[Save]) -> QuerySet[Save]:
    """Filter `saves` to rows of `person` whose posts they may see."""
    return saves.filter(person=person, post__in=Post.objects.visible_to(person).order_by().values("pk"))


def page_of_saves(request: MemberRequest, saves: QuerySet[Save], posts: PostQuerySet, size: int) -> Page[Post]:
    """Return one page of the posts of `saves`, in the order in which they were saved, newest first.

    `posts` must be visible to the user, and loads the columns to show. One query, plus the queries of `posts`.
    """
    page = page_by_id(request, visible_saves(request.user, saves), size)
    return Page(posts_in_order([save.post_id for save in page], posts), page.next_url)


def posts_in_order(ids: Sequence[int], posts: PostQuerySet) -> list[Post]:
    """Return the posts with these ids, in the order of `ids`, skipping ids that `posts` lacks."""
    found = {post.pk: post for post in posts.filter(pk__in=ids)}
    return [found[pk] for pk in ids if pk in found]
