"""Slides of posts with the people tagged in them, loaded in the query of the posts instead of two further ones.

For the API, whose posts always include the tagged people. Pages use `for_cards`, and load people only on request.
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
"""Columns of a tagged person, without suspended_at: JSON returns times as text, and visible people have none."""


@dataclass(frozen=True)
class TaggedPerson:
    person: User
    x: float
    y: float


def with_slides(posts: PostQuerySet, viewer: Viewer) -> PostQuerySet:
    """Annotate slides_json, which `slides_of` reads: the media in order, each with the tags that `viewer` sees.

    Tags are in the order of their creation. `viewer` must be allowed to see the posts.
    """
    person = JSONObject(**{name: F(f"person__{name}") for name in PERSON_FIELDS})
    tags = PersonTag.objects.visible_to(viewer).filter(media_id=OuterRef("pk")).order_by("pk")
    people = ArraySubquery(tags.values_list(JSONObject(x="x", y="y", person=person)))
    media = Media.objects.filter(post_id=OuterRef("pk")).order_by("position")
    fields: dict[str, Any] = {name: F(name) for name in MEDIA_FIELDS}
    slides = ArraySubquery(media.values_list(JSONObject(**fields, people=people)))
    return posts.annotate(slides_json=slides)  # type: ignore[no-redef]  # Post declares it for its readers


def slides_of(post: Post) -> list[tuple[Media, list[TaggedPerson]]]:
    """Return the slides of a post from `with_slides`, each with the people tagged in it. No query."""
    found = []
    for row in post.slides_json:
        people = [TaggedPerson(User(**tag["person"]), tag["x"], tag["y"]) for tag in row["people"]]
        fields = {name: row[name] for name in MEDIA_FIELDS}
        found.append((Media(post_id=post.pk, **fields), people))
    # Properties of the post that depend on its slides, such as its state, now need no query.
    post.slides = [medium for medium, _ in found]
    return found
