from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from common.ids import SnowflakeModel


class Block(SnowflakeModel):
    """`blocker` and `blocked` do not see each other (`accounts.models.visible_users_q`). Stored on the blocker's shard.

    Triggers reject follows, requests and close friendships between two people with a block, and a block while one of
    those exists, so a block wins every race.
    """

    blocker = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="blocks_made", db_index=False)
    blocked = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="blocks_received", db_index=False
    )

    class Meta:
        constraints = [
            # visible_to, for blocks that the viewer made.
            models.UniqueConstraint(fields=["blocker", "blocked"], name="block_once"),
            models.CheckConstraint(condition=~Q(blocker=F("blocked")), name="nobody_blocks_themselves"),
        ]
        indexes = [
            # visible_to, for blocks of the viewer.
            models.Index(fields=["blocked", "blocker"], name="blocks_by_blocked"),
            models.Index(fields=["blocker", "-id"], include=["blocked"], name="blocks_newest_first"),
        ]

    def __str__(self) -> str:
        return f"{self.blocker_id} blocks {self.blocked_id}"
