"""Finding tags and posts by a part of their text, through trigram indexes; people: `accounts.find`."""

from __future__ import annotations

from django.db.models import Count

from accounts.find import MIN_INFIX_CHARS
from accounts.models import Viewer
from common.linkify import normalize_tag
from common.text import clean_line
from posts.models import Hashtag, Post, PostHashtag
from posts.models.post import PostQuerySet

MAX_QUERY_CHARS = 100


def clean_query(text: str) -> str:
    """What was typed, on one line and cut to a length that a name or a phrase has."""
    return clean_line(text)[:MAX_QUERY_CHARS]


def find_tags(query: str, viewer: Viewer, *, count: int) -> list[Hashtag]:
    """Up to `count` tags that begin with `query`, with the post_count that `viewer` may see; the most used first.

    Only a few tags, the shortest, are counted: it runs at every letter.
    """
    name = normalize_tag(query.lstrip("#＃"))
    if not name:
        return []
    tags = list(Hashtag.objects.filter(name__startswith=name).order_by("name")[: count * 2])
    seen = Post.objects.visible_to(viewer)
    counts = dict(
        PostHashtag.objects.filter(hashtag__in=tags, post__in=seen)
        .values_list("hashtag_id")
        .annotate(number=Count("post_id"))
    )
    for tag in tags:
        tag.post_count = counts.get(tag.pk, 0)
    used = sorted((tag for tag in tags if tag.post_count), key=lambda tag: (-tag.post_count, tag.name))
    return used[:count]


def find_posts(query: str, viewer: Viewer) -> PostQuerySet:
    """Posts whose caption or place has `query` in it, or that carry it as a tag.

    A union of ids, each branch through its own index; one OR over them would read every post.
    """
    posts = Post.objects.visible_to(viewer)
    ids = PostHashtag.objects.filter(hashtag__name=normalize_tag(query.lstrip("#＃"))).values("post_id")
    if len(query) >= MIN_INFIX_CHARS or not query.isascii():
        captions = Post.objects.filter(caption__icontains=query).values("pk")
        places = Post.objects.filter(location__icontains=query).values("pk")
        ids = ids.union(captions, places)
    return posts.filter(pk__in=ids)
