from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from common.ids import SnowflakeModel


class Volume(models.IntegerChoices):
    """Which posts of a followee the home page shows. The rules are in `feed.volume`."""

    ALL = 0, "All posts"
    FEWER = 1, "Fewer"
    HIGHLIGHTS = 2, "Highlights only"


class Follow(SnowflakeModel):
    """`follower` follows `followee` and gets their posts on the home page. Stored on the follower's shard."""

    follower = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="follows_made", db_index=False)
    followee = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="follows_received", db_index=False
    )
    was_asked = models.BooleanField(default=False, db_default=False, editable=False)
    """True if the follow began as a request that the followee accepted."""
    # The follower's choices for the home page, known only to them. They end with the follow, because they are columns
    # of its row, and they fit into its padding.
    is_favourite = models.BooleanField(default=False, db_default=False, editable=False)
    volume = models.PositiveSmallIntegerField(
        choices=Volume.choices, default=Volume.ALL, db_default=Volume.ALL, editable=False
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["follower", "followee"], name="follow_once"),
            models.CheckConstraint(condition=~Q(follower=F("followee")), name="nobody_follows_themselves"),
            models.CheckConstraint(condition=Q(volume__in=Volume.values), name="volume_is_known"),
        ]
        indexes = [
            # The list of followers, newest first, and fan-out.
            models.Index(fields=["followee", "-id"], include=["follower"], name="followers_newest_first"),
            models.Index(fields=["follower", "-id"], include=["followee"], name="following_newest_first"),
            # The feed and the list of favourites.
            models.Index(
                fields=["follower", "-id"], include=["followee"], condition=Q(is_favourite=True), name="favourites"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.follower_id} follows {self.followee_id}"


class FollowRequest(SnowflakeModel):
    """`requester` asks to follow the private account `target`. Stored on the requester's shard.

    A request gives none of the rights of a follow. The database rejects a request next to a follow of the same pair.
    """

    requester = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="requests_made", db_index=False
    )
    target = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="requests_received", db_index=False
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["requester", "target"], name="request_once"),
            models.CheckConstraint(condition=~Q(requester=F("target")), name="nobody_asks_to_follow_themselves"),
        ]
        indexes = [
            # The page of requests, and their number.
            models.Index(fields=["target", "-id"], include=["requester"], name="requests_newest_first"),
        ]

    def __str__(self) -> str:
        return f"{self.requester_id} asks to follow {self.target_id}"
