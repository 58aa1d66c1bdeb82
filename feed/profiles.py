"""Queries for a profile, shared by the page and the API."""

from __future__ import annotations

from django.http import HttpRequest

from accounts.models import User, UserQuerySet, Viewer, people_named_in
from common.pagination import Page, page_by_id
from posts.models import Audience, PersonTag, Post
from posts.models.post import PostQuerySet
from social.conditions import with_close_state
from social.queries import with_relations


def profiles_for(viewer: Viewer) -> UserQuerySet:
    """Return people that `viewer` may see, with everything the head of a profile shows but the number of posts."""
    people = with_relations(User.objects.visible_to(viewer).with_counts(), viewer)
    named = people_named_in("bio", viewer)
    return with_close_state(people, viewer).annotate(named=named)  # type: ignore[no-redef]  # declared for readers


def count_visible_posts(person: User, viewer: Viewer) -> int:
    """Return the number of posts of `person` that `viewer` may see. One query, or none.

    `person` comes from `profiles_for`, whose `posts_count` counts the posts that the whole audience of the account
    sees. Outside of a private account that is none; the owner and close friends see additional posts.
    """
    if not person.is_content_visible:
        return 0
    if person.pk == viewer.pk or person.viewer_is_close:
        return person.posts_count + posts_of(person, viewer).filter(audience=Audience.CLOSE_FRIENDS).count()
    return person.posts_count


def posts_of(person: User, viewer: Viewer) -> PostQuerySet:
    return Post.objects.visible_to(viewer).filter(author=person)


def tagged_page(request: HttpRequest, person: User, load: PostQuerySet, size: int) -> Page[Post]:
    """Return a page of posts with photos of `person`, newest first, read by the queryset `load`.

    Walks the tags by their index, so the first page of a person tagged in a million photos costs no more than any
    other. Two queries, and the queries of `load`.
    """
    tags = PersonTag.objects.shown().filter(person=person, post__in=Post.objects.visible_to(request.user))
    # A post is one tile, even if the person is tagged in several of its photos.
    page = page_by_id(request, tags.only("post_id").distinct("post_id"), size, field="post_id")
    posts = load.in_bulk([tag.post_id for tag in page])
    return Page([posts[tag.post_id] for tag in page if tag.post_id in posts], page.next_url)
