"""Mentions of people in text, and tags of people in photos."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models import visible_users_q
from common.ids import SnowflakeModel
from social.conditions import not_between_blocked

if TYPE_CHECKING:
    from accounts.models import User, Viewer


class Mention(SnowflakeModel):
    """`person` is named with an @ in the caption of `post`, or in `comment` under it. Lives on the person's shard.

    Written for those who may see it; of names of others there is no row. The database refuses one beside a block.
    """

    post = models.ForeignKey("posts.Post", models.CASCADE, related_name="mentions", db_index=False)
    # The database deletes it with its comment, which may go with its thread and so without Django knowing.
    comment = models.ForeignKey(
        "posts.Comment", models.DO_NOTHING, related_name="mentions", null=True, db_constraint=False
    )
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="mentions")
    removed_at = models.DateTimeField(null=True, editable=False)
    """When the person removed themselves: their name there is no link any more, and stays none."""

    class Meta:
        constraints = [
            # Also: those of a post, when its caption changes.
            models.UniqueConstraint(fields=["post", "comment", "person"], name="mention_once", nulls_distinct=False),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} in {self.comment_id or self.post_id}"


class PersonTagQuerySet(models.QuerySet["PersonTag"]):
    def shown(self) -> PersonTagQuerySet:
        """Tags that are there for somebody: not those that the person has removed, nor beside a block.

        As with comments, a tag of somebody whom the post's author has blocked, or who blocks them, is seen by nobody.
        """
        return self.filter(not_between_blocked("media__owner_id", "person_id"), removed_at=None)

    def visible_to(self, viewer: Viewer) -> PersonTagQuerySet:
        """Tags in posts that `viewer` may see, of people who are there for them."""
        return self.shown().filter(visible_users_q(viewer, "person__"))

    def removable_by(self, viewer: User) -> PersonTagQuerySet:
        """Tags of oneself, and all in one's own photos."""
        return self.filter(Q(person_id=viewer.pk) | Q(media__owner_id=viewer.pk))


class PersonTag(SnowflakeModel):
    """`person` is in a photo, at (`x`, `y`): fractions of its width and height. Lives on the person's shard.

    The database refuses one beside a block.
    """

    media = models.ForeignKey("posts.Media", models.CASCADE, related_name="people", db_index=False)
    post = models.ForeignKey("posts.Post", models.CASCADE, related_name="person_tags")
    """The post of the photo, for good: a list of posts is found by it, newest first."""
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="person_tags", db_index=False)
    x = models.FloatField()
    y = models.FloatField()
    removed_at = models.DateTimeField(null=True, editable=False)
    """When the person removed the tag: the author cannot tag them there again."""

    objects = PersonTagQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["media", "person"], name="tagged_once_a_photo"),
            models.CheckConstraint(condition=Q(x__gte=0, x__lte=1, y__gte=0, y__lte=1), name="tags_are_in_the_photo"),
        ]
        indexes = [
            # The posts in which somebody is tagged, newest first.
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
