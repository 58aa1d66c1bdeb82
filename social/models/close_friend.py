from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from common.ids import SnowflakeModel


class CloseFriend(SnowflakeModel):
    """`friend` sees the posts that `owner` shares with close friends. Stored on the owner's shard.

    Only the owner knows who is on the list.
    """

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="close_friends", db_index=False)
    friend = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="close_friend_of")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "friend"], name="close_friend_once"),
            models.CheckConstraint(condition=~Q(owner=F("friend")), name="nobody_is_their_own_close_friend"),
        ]
        indexes = [
            models.Index(fields=["owner", "-id"], include=["friend"], name="close_friends_newest_first"),
        ]

    def __str__(self) -> str:
        return f"{self.friend_id} is a close friend of {self.owner_id}"
