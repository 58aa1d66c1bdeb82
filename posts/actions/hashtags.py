"""Store the hashtags of captions."""

from __future__ import annotations

from common.limits import MAX_HASHTAGS
from common.linkify import extract_tags
from posts.models import Hashtag, Post, PostHashtag


def add_hashtags(post: Post) -> None:
    names = extract_tags(post.caption)[:MAX_HASHTAGS]
    if not names:
        return
    # Sorted, so that two posts with the same new tags lock them in the same order.
    Hashtag.objects.bulk_create((Hashtag(name=name) for name in sorted(names)), ignore_conflicts=True)
    PostHashtag.objects.bulk_create(
        PostHashtag(post=post, hashtag=hashtag) for hashtag in Hashtag.objects.filter(name__in=names)
    )
