"""What other sites show of a post that is passed on: Open Graph, for what everybody may see and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from common.text import shorten
from posts.models import Post

MAX_DESCRIPTION_CHARS = 200


@dataclass(frozen=True)
class Preview:
    """Absolute addresses; `image` is {} without a rendered first slide."""

    url: str
    title: str
    description: str
    image: dict[str, Any]
    video: dict[str, Any]
    """Of a first slide that is one, else {}."""
    oembed_url: str


def preview_of(request: HttpRequest, post: Post) -> Preview | None:
    """The preview of `post` if somebody without a session may see it; whoever asks, nothing else has one. One query.

    `post` comes from `for_cards()`.
    """
    if not Post.objects.visible_to(AnonymousUser()).filter(pk=post.pk).exists():
        return None
    first = post.slides[0] if post.slides else None
    image: dict[str, Any] = {}
    if first is not None and first.renditions:
        largest = first.renditions[-1]
        image = {
            "url": request.build_absolute_uri(first.url_of(largest["jpeg"])),
            "width": largest["width"],
            "height": largest["height"],
            "alt": first.alt or (post.video_label if first.is_video else post.photo_label),
        }
    video: dict[str, Any] = {}
    if first is not None and "mp4" in first.video:
        address = request.build_absolute_uri(first.url_of(first.video["mp4"]))
        video = {"url": address, "width": first.width, "height": first.height}
    url = request.build_absolute_uri(post.get_absolute_url())
    return Preview(
        url=url,
        title=f"{post.author.display_name} (@{post.author.username})",
        description=shorten(post.caption, MAX_DESCRIPTION_CHARS),
        image=image,
        video=video,
        oembed_url=request.build_absolute_uri(f"/oembed?{urlencode({'url': url})}"),
    )
