"""Link previews of posts on other sites (Open Graph, oEmbed). Only posts that everyone may see have one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.utils.html import escape
from django.utils.safestring import SafeString

from common.fast_reverse import fast_reverse
from common.parts import static_parts
from common.text import isolate, shorten
from posts.models import Post

MAX_DESCRIPTION_CHARS = 200


@dataclass(frozen=True)
class Preview:
    """Values of the preview's tags. All URLs are absolute."""

    url: str
    title: str
    description: str
    image: dict[str, Any]
    """The picture of the first slide; {} if it is not rendered."""
    video: dict[str, Any]
    """The video, if the first slide is one; else {}."""
    oembed_url: str


def preview_of(request: HttpRequest, post: Post) -> Preview | None:
    """Return the preview of `post`, or None if anonymous visitors may not see the post. One query.

    `post` must come from `for_cards()`.
    """
    if not Post.objects.visible_to(AnonymousUser()).filter(pk=post.pk).exists():
        return None
    return describe(request, post)


def describe(request: HttpRequest, post: Post) -> Preview:
    """Return the preview of `post`, which anonymous visitors may see. No query."""
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
        title=f"{isolate(post.author.display_name)} (@{post.author.username})",
        description=shorten(post.caption, MAX_DESCRIPTION_CHARS),
        image=image,
        video=video,
        oembed_url=request.build_absolute_uri(f"{fast_reverse('posts:oembed')}?{urlencode({'url': url})}"),
    )


def preview_tags(preview: Preview, site_name: str) -> SafeString:
    """Return the tags of a preview for the head of a page."""
    values = {
        "site_name": site_name,
        "url": preview.url,
        "title": preview.title,
        "description": preview.description,
        "oembed_url": preview.oembed_url,
        **{f"image_{key}": value for key, value in preview.image.items()},
        **{f"video_{key}": value for key, value in preview.video.items()},
    }
    parts = static_parts("posts/_preview.html", has_image=bool(preview.image), has_video=bool(preview.video))
    return parts.fill({key: escape(value) for key, value in values.items()})
