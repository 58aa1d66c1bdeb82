"""Queries that combine posts with users or saves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeVar

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.http import MemberRequest
from accounts.models import User, Viewer, WhoMayTag, visible_users_q
from common.pagination import MAX_BIGINT, Page, cursor_of, page_of
from common.statements import LIMIT, Statement
from posts.models import Audience, Collection, Post, Save
from posts.states import MAX_ROWS
from social.models import CloseFriend, Follow

Item = TypeVar("Item")

Load = Callable[[Iterable[int], Viewer], Mapping[int, Item]]
"""Loads the posts with these ids that the viewer may see, by id."""


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


def page_of_saves(
    request: MemberRequest, load: Load[Item], size: int, *, collection: Collection | None = None
) -> Page[Item]:
    """Return a page of the user's saved posts, or of one of their collections, the last saved first.

    Runs one query before `load`.
    """
    values = {"person": request.user.pk, "before": cursor_of(request) or MAX_BIGINT, "count": size + 1}
    rows = _SAVES.rows(**values) if collection is None else _SAVES_IN.rows(**values, collection=collection.pk)
    page = page_of(request, [_Saved(*row) for row in rows], size)
    return Page(in_order([save.post_id for save in page], load, request.user), page.next_url)


class _Saved(NamedTuple):
    id: int
    post_id: int


def _saves(person: int, before: int, **conditions: Any) -> QuerySet[Any, Any]:
    saves = visible_saves(User(pk=person), Save.objects.filter(pk__lt=before, **conditions))
    return saves.order_by("-pk").values_list("pk", "post_id")[:MAX_ROWS]


_SAVES: Final = Statement[Any]("saves", _saves, person="bigint", before="bigint", count=LIMIT)
_SAVES_IN: Final = Statement[Any](
    "saves_in_collection",
    lambda person, before, collection: _saves(person, before, collection_id=collection),
    person="bigint",
    before="bigint",
    collection="bigint",
    count=LIMIT,
)


def newest_in_collections(owner: User) -> dict[int, int]:
    """Return the id of the last saved visible post of each collection of `owner`, by the id of the collection."""
    return dict(_NEWEST_IN_COLLECTIONS.rows(owner=owner.pk))


def _newest_in_collections(owner: int) -> QuerySet[Any, Any]:
    saves = visible_saves(User(pk=owner), Save.objects.filter(collection__isnull=False))
    newest = saves.order_by("collection_id", "-id").distinct("collection_id")
    return newest.values_list("collection_id", "post_id")


_NEWEST_IN_COLLECTIONS: Final = Statement[Any]("newest_in_collections", _newest_in_collections, owner="bigint")


def in_order(ids: Sequence[int], load: Load[Item], viewer: Viewer) -> list[Item]:
    """Return the posts with these ids, in the order of `ids`, skipping ids that `load` does not return."""
    found = load(ids, viewer)
    return [found[pk] for pk in ids if pk in found]
