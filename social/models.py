from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Value

from common.ids import SnowflakeModel

if TYPE_CHECKING:
    from accounts.models import UserQuerySet, Viewer


class Follow(SnowflakeModel):
    """`follower` sees the posts of `followee` at home. Lives on the follower's shard."""

    follower = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="follows_made", db_index=False)
    followee = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="follows_received", db_index=False
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["follower", "followee"], name="follow_once"),
            models.CheckConstraint(condition=~Q(follower=F("followee")), name="nobody_follows_themselves"),
        ]
        indexes = [
            # The list of followers, newest first; fan-out walks it too.
            models.Index(fields=["followee", "-id"], include=["follower"], name="followers_newest_first"),
            models.Index(fields=["follower", "-id"], include=["followee"], name="following_newest_first"),
        ]

    def __str__(self) -> str:
        return f"{self.follower_id} follows {self.followee_id}"


class CloseFriend(SnowflakeModel):
    """`owner` counts `friend` among the close friends, who see posts for them alone. Lives on the owner's shard.

    Only the owner knows.
    """

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="close_friends", db_index=False)
    friend = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="close_friend_of")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "friend"], name="close_friend_once"),
            models.CheckConstraint(condition=~Q(owner=F("friend")), name="nobody_is_their_own_close_friend"),
        ]

    def __str__(self) -> str:
        return f"{self.friend_id} is a close friend of {self.owner_id}"


def with_follow_state(people: UserQuerySet, viewer: Viewer) -> UserQuerySet:
    """Adds followed_by_viewer to each of `people`, by the unique index."""
    if not viewer.is_authenticated:
        return people.annotate(followed_by_viewer=Value(False, output_field=models.BooleanField()))
    return people.annotate(
        followed_by_viewer=Exists(Follow.objects.filter(follower_id=viewer.pk, followee_id=OuterRef("pk")))
    )


def with_close_state(people: UserQuerySet, viewer: Viewer) -> UserQuerySet:
    """Adds viewer_is_close, whether `viewer` is a close friend of theirs, to each of `people`, by the unique index."""
    close = CloseFriend.objects.filter(owner_id=OuterRef("pk"), friend_id=viewer.pk)
    return people.annotate(viewer_is_close=Exists(close))  # type: ignore[no-redef]  # User declares it for its readers
