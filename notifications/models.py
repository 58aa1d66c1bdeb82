"""What happened to somebody: a row of their list, and the acts that it stands for.

An `Occurrence` names the row that caused it (a like, a follow, a comment), and the database deletes it together with
that row: there is no notification of something that is not there any more, whoever took it back and however.
"""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q

from accounts.models import User
from common.fields import db_cascade_foreign_key
from common.ids import SnowflakeModel
from social.models import Mute


class Kind(models.TextChoices):
    """The second text is what the settings call it."""

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
    """One row of somebody's list, for all acts of a kind on one thing. Lives on the recipient's shard.

    Likes of a post or a comment are one row; so are the follows, the requests and their acceptances of a day; what
    somebody wrote is a row of its own.
    """

    recipient = db_cascade_foreign_key(settings.AUTH_USER_MODEL)
    kind = models.CharField(max_length=12, choices=Kind.choices, editable=False)
    post = db_cascade_foreign_key("posts.Post", null=True, db_index=True)
    comment = db_cascade_foreign_key("posts.Comment", null=True, db_index=True)
    day = models.DateField(null=True, editable=False)
    """Of acts on no thing, which are grouped by it."""
    latest = models.BigIntegerField(editable=False)
    """Id of the newest occurrence there ever was: the place in the list, and its cursor."""

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
"""The columns of an occurrence of which exactly one is set."""


class OccurrenceQuerySet(models.QuerySet["Occurrence"]):
    def for_person(self, person: User) -> OccurrenceQuerySet:
        """What `person` may still be told: nothing by people whom they do not see any more or have muted since, and
        nothing that they have taken back themselves.
        """
        muted = Mute.objects.filter(muter=person, muted_id=OuterRef("actor_id"))
        return self.filter(
            ~Exists(muted),
            actor__in=User.objects.visible_to(person),
            mention__removed_at=None,
            tag__removed_at=None,
        )


class Occurrence(SnowflakeModel):
    """One act of one person, with the row that is its cause. Lives on the recipient's shard."""

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
            # The actors of a row, newest first; how many are unread.
            models.Index(fields=["notification", "-id"], include=["actor"], name="occurrences_newest_first"),
        ]

    def __str__(self) -> str:
        return f"{self.notification_id} by {self.actor_id}"


class Preferences(models.Model):
    """What somebody wants to be told, and how far they have read. Without a row: everything, and nothing."""

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="notification_preferences"
    )
    read_up_to = models.BigIntegerField(default=0, editable=False)
    """Occurrences with ids up to this have been read."""
    allowed = models.JSONField(default=dict)
    """{kind: Allowed} where it is not everyone."""

    class Meta:
        verbose_name_plural = "preferences"

    def __str__(self) -> str:
        return str(self.person_id)


class Watermark(models.Model):
    """How far `notifications.sweep` has looked through the rows of a cause."""

    cause = models.CharField(max_length=20, primary_key=True)
    up_to = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.cause}: {self.up_to}"
