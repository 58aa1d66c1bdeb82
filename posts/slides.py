"""The slides of posts with the people in them, read with their posts: one query instead of three.

For answers to programs, which are told of everybody in every photo. Pages ask `for_cards`, and for people when somebody
wants to know.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef
from django.db.models.functions import JSONObject

from accounts.models import DISPLAY_FIELDS, User, Viewer
from posts.models import Media, PersonTag, Post
from posts.models.post import PostQuerySet

MEDIA_FIELDS: Final = (
    *("id", "owner_id", "kind", "alt", "width", "height", "duration_ms", "captions", "state", "error", "progress"),
    *("renditions", "video", "placeholder"),
)
PERSON_FIELDS: Final = tuple(name for name in DISPLAY_FIELDS if name != "suspended_at")
"""A time would come out of JSON as text; whom one sees is not suspended."""


@dataclass(frozen=True)
class TaggedPerson:
    person: User
    x: float
    y: float


def with_slides(posts: PostQuerySet, viewer: Viewer) -> PostQuerySet:
    """Adds what `slides_of` reads: the media in order, each with the people whom `viewer`, who may see the post, sees
    tagged in it, in the order in which they were.
    """
    person = JSONObject(**{name: F(f"person__{name}") for name in PERSON_FIELDS})
    tags = PersonTag.objects.visible_to(viewer).filter(media_id=OuterRef("pk")).order_by("pk")
    people = ArraySubquery(tags.values_list(JSONObject(x="x", y="y", person=person)))
    media = Media.objects.filter(post_id=OuterRef("pk")).order_by("position")
    fields: dict[str, Any] = {name: F(name) for name in MEDIA_FIELDS}
    slides = ArraySubquery(media.values_list(JSONObject(**fields, people=people)))
    return posts.annotate(slides_read=slides)


def slides_of(post: Post) -> list[tuple[Media, list[TaggedPerson]]]:
    """The slides of a post that comes from `with_slides`, and who is tagged in each. No query."""
    found = []
    for row in post.slides_read:  # type: ignore[attr-defined]  # annotated
        people = [TaggedPerson(User(**tag["person"]), tag["x"], tag["y"]) for tag in row["people"]]
        fields = {name: row[name] for name in MEDIA_FIELDS}
        found.append((Media(post_id=post.pk, **fields), people))
    # What the post says of its slides, such as its state, asks no more.
    post.slides = [medium for medium, _ in found]
    return found
