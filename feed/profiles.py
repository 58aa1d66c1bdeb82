"""A person's profile as somebody sees it: for its page, and for programs."""

from __future__ import annotations

from django.http import HttpRequest

from accounts.models import User, UserQuerySet, Viewer, people_named_in
from common.pagination import Page, page_by_id
from posts.models import Audience, PersonTag, Post
from posts.models.post import PostQuerySet
from social.conditions import with_close_state
from social.queries import with_relations


def profiles_for(viewer: Viewer) -> UserQuerySet:
    """People with all that the head of a profile shows; `count_visible_posts` of the one that was found."""
    people = with_relations(User.objects.visible_to(viewer).with_counts(), viewer)
    named = people_named_in("bio", viewer)
    return with_close_state(people, viewer).annotate(named=named)  # type: ignore[no-redef]  # declared for readers


def count_visible_posts(person: User, viewer: Viewer) -> None:
    """Set `posts_count` to the number of posts that `viewer` may see.

    It comes as the number that everybody inside the account sees: none of these outside a private account, and those
    for close friends on top for who they are. `person` comes from `profiles_for`. One query, or none.
    """
    if not person.is_content_visible:
        person.posts_count = 0
    elif person.pk == viewer.pk or person.viewer_is_close:
        person.posts_count += posts_of(person, viewer).filter(audience=Audience.CLOSE_FRIENDS).count()


def posts_of(person: User, viewer: Viewer) -> PostQuerySet:
    return Post.objects.visible_to(viewer).filter(author=person)


def tagged_page(request: HttpRequest, person: User, load: PostQuerySet, size: int) -> Page[Post]:
    """One page of the posts in whose photos `person` is tagged, newest first, as `load` has them.

    The tags are walked by their index, so that the first page of somebody who is in a million photos costs what that of
    anybody does. Two queries, and those of `load`.
    """
    tags = PersonTag.objects.shown().filter(person=person, post__in=Post.objects.visible_to(request.user))
    # Twenty photos of one post are one tile.
    page = page_by_id(request, tags.only("post_id").distinct("post_id"), size, field="post_id")
    posts = load.in_bulk([tag.post_id for tag in page])
    return Page([posts[tag.post_id] for tag in page if tag.post_id in posts], page.next_url)
