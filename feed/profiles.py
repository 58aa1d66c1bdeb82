"""Queries for a profile, shared by the page and the API."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from django.conf import settings
from django.db.models import Count, QuerySet, Value
from django.http import HttpRequest
from django.utils.html import escape
from django.utils.safestring import SafeString

from accounts.context import site_description
from accounts.models import DISPLAY_FIELDS, User, UserQuerySet, Viewer, people_named_in
from accounts.statements import ViewerStatement
from common.pagination import MAX_BIGINT, Page, cursor_of, page_of
from common.parts import static_parts
from common.statements import LIMIT, Statement
from common.text import shorten
from posts.models import Audience, PersonTag, Post
from posts.models.post import PostQuerySet
from posts.preview import MAX_DESCRIPTION_CHARS
from posts.queries import Item, Load, in_order
from posts.states import MAX_ROWS, PostState, newest_states, page_of_states, visible_states
from social.conditions import with_close_state
from social.queries import with_relations


def profiles_for(viewer: Viewer) -> UserQuerySet:
    """Return people that `viewer` may see, with everything the head of a profile shows but the number of posts."""
    people = with_relations(User.objects.visible_to(viewer).with_counts(), viewer)
    named = people_named_in("bio", viewer)
    return with_close_state(people, viewer).annotate(named=named)  # type: ignore[no-redef]  # declared for readers


def find_profile(username: str, viewer: Viewer) -> User | None:
    """Return the person with this username, if `viewer` may see them, with what the head of a profile shows.

    Other columns than HEAD_FIELDS are deferred. One query.
    """
    return _HEAD.first(viewer, username=username)


HEAD_FIELDS: Final = (*DISPLAY_FIELDS, "bio", "link")
_HEAD: Final = ViewerStatement[User](
    "profile_head",
    lambda viewer, username: profiles_for(viewer).filter(username=username).only(*HEAD_FIELDS),
    username="text",
)


def preview_tags(request: HttpRequest, person: User) -> SafeString:
    """Return the link preview of a public profile for the head of its page. No query."""
    values = {
        "site_name": settings.SITE_NAME,
        "url": request.build_absolute_uri(person.get_absolute_url()),
        "title": f"{person.display_name} (@{person.username})",
        "description": shorten(person.bio, MAX_DESCRIPTION_CHARS) or site_description(),
        "username": person.username,
        "image_url": request.build_absolute_uri(person.avatar_url) if person.avatar_url else "",
        "image_alt": person.display_name,
    }
    parts = static_parts("feed/_preview.html", has_image=bool(person.avatar_url))
    return parts.fill({key: escape(value) for key, value in values.items()})


def count_visible_posts(person: User, viewer: Viewer) -> int:
    """Return the number of posts of `person` that `viewer` may see. One query, or none.

    `person` comes from `profiles_for`, whose `posts_count` counts the posts that the whole audience of the account
    sees. Outside of a private account that is none; the owner and close friends see additional posts.
    """
    if not person.is_content_visible:
        return 0
    if person.pk == viewer.pk or person.viewer_is_close:
        found = _CLOSE_POSTS.first(viewer=viewer.pk, author=person.pk)
        return person.posts_count + (int(found[0]) if found else 0)
    return person.posts_count


def _close_posts(viewer: int, author: int) -> QuerySet[Any, Any]:
    """Count the posts of `author` for close friends that `viewer` may see, in one row."""
    posts = posts_of(User(pk=author), User(pk=viewer)).filter(audience=Audience.CLOSE_FRIENDS)
    return posts.order_by().annotate(of=Value(1)).values("of").annotate(count=Count("pk")).values_list("count")


_CLOSE_POSTS: Final = Statement[Any]("close_posts_of_person", _close_posts, viewer="bigint", author="bigint")


def posts_of(person: User, viewer: Viewer) -> PostQuerySet:
    return Post.objects.visible_to(viewer).filter(author=person)


def page_of_profile(request: HttpRequest, person: User, size: int) -> Page[PostState]:
    """Return a page of the posts of `person`, newest first. One query."""
    return page_of_states(request, _POSTS, size, author=person.pk)


_POSTS: Final = newest_states(
    "posts_of_person", lambda viewer, author: posts_of(User(pk=author), viewer), author="bigint"
)


def page_of_tagged(request: HttpRequest, person: User, size: int) -> Page[PostState]:
    """Return a page of posts with photos of `person`, newest first. Two queries."""
    return tagged_page(request, person, visible_states, size)


def tagged_page(request: HttpRequest, person: User, load: Load[Item], size: int) -> Page[Item]:
    """Return the same page as `page_of_tagged`, read by `load`. Runs one query before `load`."""
    page = _page_of_tagged_ids(request, person, size)
    return Page(in_order([pk for (pk,) in page], load, request.user), page.next_url)


class _Tagged(NamedTuple):
    post_id: int


def _page_of_tagged_ids(request: HttpRequest, person: User, size: int) -> Page[_Tagged]:
    """Walk the tags of `person` by their index: the first page of a million photos costs no more than any other."""
    before = cursor_of(request) or MAX_BIGINT
    rows = _TAGGED.rows(request.user, person=person.pk, before=before, count=size + 1)
    return page_of(request, [_Tagged(*row) for row in rows], size, field="post_id")


def _tagged(viewer: Viewer, person: int, before: int) -> QuerySet[Any, Any]:
    visible = Post.objects.visible_to(viewer)
    tags = PersonTag.objects.shown().filter(person_id=person, post__in=visible, post_id__lt=before)
    # A post is one tile, even if the person is tagged in several of its photos.
    return tags.order_by("-post_id").distinct("post_id").values_list("post_id")[:MAX_ROWS]


_TAGGED: Final = ViewerStatement[Any]("tagged_posts", _tagged, person="bigint", before="bigint", count=LIMIT)
