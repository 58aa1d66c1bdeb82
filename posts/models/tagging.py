"""Mentions of people in text, and tags of people in photos."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models import DISPLAY_FIELDS, visible_users_q
from common.ids import SnowflakeModel
from social.conditions import not_between_blocked

if TYPE_CHECKING:
    from accounts.models import User, Viewer


class Mention(SnowflakeModel):
    """A mention of `person` with an @ in the caption of `post`, or in a comment on it. Lives on the person's shard.

    Exists only for people who may see the text. A trigger rejects it next to a block.
    """

    post = models.ForeignKey("posts.Post", models.CASCADE, related_name="mentions", db_index=False)
    # The database deletes mentions with their comment, which it may delete itself, together with a thread.
    comment = models.ForeignKey(
        "posts.Comment", models.DO_NOTHING, related_name="mentions", null=True, db_constraint=False
    )
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="mentions")
    removed_at = models.DateTimeField(null=True, editable=False)
    """When the person removed the mention. Their name in this text stays unlinked from then on."""

    class Meta:
        constraints = [
            # Also serves the mentions of a post, when its caption changes.
            models.UniqueConstraint(fields=["post", "comment", "person"], name="mention_once", nulls_distinct=False),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} in {self.comment_id or self.post_id}"


class PersonTagQuerySet(models.QuerySet["PersonTag"]):
    def shown(self) -> PersonTagQuerySet:
        """Tags that are neither removed nor next to a block between the person and the post's author.

        As with comments, the block hides the tag from everyone.
        """
        return self.filter(not_between_blocked("media__owner_id", "person_id"), removed_at=None)

    def visible_to(self, viewer: Viewer) -> PersonTagQuerySet:
        """Tags of people who are visible to `viewer`. The viewer must be allowed to see the post."""
        return self.shown().filter(visible_users_q(viewer, "person__"))

    def with_person(self) -> PersonTagQuerySet:
        """Select only the tag and the name and picture of the person."""
        fields = ("id", "media_id", "x", "y", "person_id", *(f"person__{name}" for name in DISPLAY_FIELDS))
        return self.select_related("person").only(*fields)

    def removable_by(self, viewer: User) -> PersonTagQuerySet:
        """Tags that `viewer` may remove: of themselves, and all in their own photos."""
        return self.filter(Q(person_id=viewer.pk) | Q(media__owner_id=viewer.pk))


class PersonTag(SnowflakeModel):
    """A tag of `person` in a photo at (`x`, `y`), fractions of its width and height. Lives on the person's shard.

    A trigger rejects it next to a block.
    """

    media = models.ForeignKey("posts.Media", models.CASCADE, related_name="people", db_index=False)
    post = models.ForeignKey("posts.Post", models.CASCADE, related_name="person_tags")
    """The post of the photo, which never changes. Stored here for the index of a person's tagged posts."""
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="person_tags", db_index=False)
    x = models.FloatField()
    y = models.FloatField()
    removed_at = models.DateTimeField(null=True, editable=False)
    """When the person removed the tag. The author cannot tag them in this photo again."""

    objects = PersonTagQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["media", "person"], name="tagged_once_a_photo"),
            models.CheckConstraint(condition=Q(x__gte=0, x__lte=1, y__gte=0, y__lte=1), name="tags_are_in_the_photo"),
        ]
        indexes = [
            # The posts in which a person is tagged, newest first.
            models.Index(fields=["person", "-post"], name="photos_of_person"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} in {self.media_id}"

    @property
    def x_percent(self) -> str:
        return f"{self.x * 100:.1f}"

    @property
    def y_percent(self) -> str:
        return f"{self.y * 100:.1f}"
