"""Finding people, tags and posts by a part of their text, through trigram indexes."""

from __future__ import annotations

from django.db.models import Case, Count, IntegerField, Q, QuerySet, Value, When

from accounts.models import User, UserQuerySet, Viewer
from common.linkify import normalize_tag
from common.text import clean_line
from posts.models import Hashtag, Post, PostHashtag
from posts.models.post import PostQuerySet

MAX_QUERY_CHARS = 100


def clean_query(text: str) -> str:
    """What was typed, on one line and cut to a length that a name or a phrase has."""
    return clean_line(text)[:MAX_QUERY_CHARS]


def find_people(query: str, viewer: Viewer) -> UserQuerySet:
    """People whose username or name has `query` in it: exact first, then by beginning, then the most followed."""
    name = query.removeprefix("@")
    rank = Case(
        When(username=name.lower(), then=Value(0)),
        When(Q(username__startswith=name.lower()) | Q(name__istartswith=name), then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )
    found = Q(username__contains=name.lower()) | Q(name__icontains=name)
    people: UserQuerySet = User.objects.visible_to(viewer)
    return people.filter(found).annotate(rank=rank).order_by("rank", "-folded_followers", "-id")


def find_tags(query: str, viewer: Viewer) -> QuerySet[Hashtag]:
    """Tags that begin with `query`, with the post_count that `viewer` may see; the most used first, none empty."""
    name = normalize_tag(query.lstrip("#＃"))
    if not name:
        return Hashtag.objects.none()
    seen = Q(tagged__post__in=Post.objects.visible_to(viewer))
    counted = Hashtag.objects.filter(name__startswith=name).annotate(post_count=Count("tagged", filter=seen))
    return counted.filter(post_count__gt=0).order_by("-post_count", "name")


def find_posts(query: str, viewer: Viewer) -> PostQuerySet:
    """Posts whose caption or place has `query` in it, or that carry it as a tag."""
    tagged = PostHashtag.objects.filter(hashtag__name=normalize_tag(query.lstrip("#＃")))
    found = Q(caption__icontains=query) | Q(location__icontains=query) | Q(pk__in=tagged.values("post_id"))
    return Post.objects.visible_to(viewer).filter(found)
