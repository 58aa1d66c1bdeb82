"""Store the hashtags of captions."""

from __future__ import annotations

from common.limits import MAX_HASHTAGS
from common.linkify import extract_tags
from posts.models import Hashtag, Post, PostHashtag


def add_hashtags(post: Post) -> None:
    """Link the post to the first MAX_HASHTAGS hashtags of its caption, creating new ones. Three queries."""
    names = extract_tags(post.caption)[:MAX_HASHTAGS]
    if not names:
        return
    # Sorted, so that two posts with the same new hashtags lock them in the same order and cannot deadlock.
    Hashtag.objects.bulk_create((Hashtag(name=name) for name in sorted(names)), ignore_conflicts=True)
    PostHashtag.objects.bulk_create(
        PostHashtag(post=post, hashtag=hashtag) for hashtag in Hashtag.objects.filter(name__in=names)
    )
