"""Notifications, the occurrences that they group, and the preferences of their recipients.

An `Occurrence` refers to the row that caused it (a like, a follow, a comment), and the database deletes it together
with that row, so there are no notifications of things that no longer exist.
"""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models import User
from common.fields import db_cascade_foreign_key
from common.ids import SnowflakeModel
from social.conditions import not_muted


class Kind(models.TextChoices):
    """Kinds of notifications, with their labels in the settings."""

    FOLLOW = "follow", "New followers"
    REQUEST = "request", "Follow requests"
    ACCEPTED = "accepted", "Accepted follow requests"
    LIKE = "like", "Likes of your posts"
    COMMENT = "comment", "Comments on your posts"
    REPLY = "reply", "Replies to your comments"
    COMMENT_LIKE = "comment_like", "Likes of your comments"
    MENTION = "mention", "Mentions of you"
    TAG = "tag", "Photos in which you are tagged"


class Allowed(models.TextChoices):
    EVERYONE = "everyone", "From everyone"
    FOLLOWING = "following", "From people I follow"
    OFF = "off", "Off"


class Notification(SnowflakeModel):
    """One row of the recipient's list, for all occurrences of a kind on one object. Stored on the recipient's shard.

    All likes of a post or comment share a row, and so do the follows, requests and acceptances of a day. Each comment,
    reply, mention and tag has its own row.
    """

    recipient = db_cascade_foreign_key(settings.AUTH_USER_MODEL)
    kind = models.CharField(max_length=12, choices=Kind.choices, editable=False)
    post = db_cascade_foreign_key("posts.Post", null=True, db_index=True)
    comment = db_cascade_foreign_key("posts.Comment", null=True, db_index=True)
    day = models.DateField(null=True, editable=False)
    """Groups occurrences without a post or comment."""
    latest = models.BigIntegerField(editable=False)
    """Id of the newest occurrence that ever belonged to the row: the order of the list, and its cursor."""

    # Annotations of notifications.queries.notification_page().
    actor_ids: list[int]
    is_new: bool
    read_up_to: int

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["recipient", "kind", "post", "comment", "day"], name="one_row_a_thing", nulls_distinct=False
            ),
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="notification_kind_is_known"),
        ]
        indexes = [models.Index(fields=["recipient", "-latest"], name="notifications_newest_first")]

    def __str__(self) -> str:
        return f"{self.kind} for {self.recipient_id}"


CAUSES: Final = ("follow", "request", "like", "comment", "comment_like", "mention", "tag")
"""Columns of Occurrence; exactly one of them is set."""


class OccurrenceQuerySet(models.QuerySet["Occurrence"]):
    def for_person(self, person: User) -> OccurrenceQuerySet:
        """Return occurrences that `person` may see.

        Excludes actions of people that they cannot see or have muted, and mentions and tags that they have removed.
        """
        return self.filter(
            not_muted(person, "actor_id"),
            actor__in=User.objects.visible_to(person),
            mention__removed_at=None,
            tag__removed_at=None,
        )


class Occurrence(SnowflakeModel):
    """One action of one person, with the row that caused it. Stored on the recipient's shard."""

    notification = db_cascade_foreign_key("notifications.Notification", related_name="occurrences")
    recipient_id = models.BigIntegerField(editable=False)
    actor = db_cascade_foreign_key(settings.AUTH_USER_MODEL, db_index=True)
    follow = db_cascade_foreign_key("social.Follow", null=True, db_index=True)
    like = db_cascade_foreign_key("posts.Like", null=True, db_index=True)
    request = db_cascade_foreign_key("social.FollowRequest", null=True, db_index=True)
    comment = db_cascade_foreign_key("posts.Comment", null=True, db_index=True)
    comment_like = db_cascade_foreign_key("posts.CommentLike", null=True, db_index=True)
    mention = db_cascade_foreign_key("posts.Mention", null=True, db_index=True)
    tag = db_cascade_foreign_key("posts.PersonTag", null=True, db_index=True)

    objects = OccurrenceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["notification", "actor", *CAUSES], name="one_occurrence_a_cause", nulls_distinct=False
            ),
        ]
        indexes = [
            # The actors of a row, newest first, and the number of unread rows.
            models.Index(fields=["notification", "-id"], include=["actor"], name="occurrences_newest_first"),
        ]

    def __str__(self) -> str:
        return f"{self.notification_id} by {self.actor_id}"


class Preferences(models.Model):
    """A person's notification settings and read position. Without a row, everything is allowed and unread."""

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="notification_preferences"
    )
    read_up_to = models.BigIntegerField(default=0, editable=False)
    """Id of the newest occurrence that has been read."""
    allowed = models.JSONField(default=dict)
    """{kind: Allowed} for kinds that are not allowed from everyone."""

    class Meta:
        verbose_name_plural = "preferences"

    def __str__(self) -> str:
        return str(self.person_id)


class Watermark(models.Model):
    """Id up to which `notifications.sweep` has processed the rows of a cause."""

    cause = models.CharField(max_length=20, primary_key=True)
    up_to = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.cause}: {self.up_to}"
