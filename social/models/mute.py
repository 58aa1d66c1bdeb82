from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from common.ids import SnowflakeModel


class Mute(SnowflakeModel):
    """`muter` sees no posts of `muted` on the home page, in Explore and in suggestions. Stored on the muter's shard.

    The profile and posts of the muted person stay visible. Only the muter knows of the mute.
    """

    muter = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="mutes_made", db_index=False)
    muted = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="mutes_received")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["muter", "muted"], name="mute_once"),
            models.CheckConstraint(condition=~Q(muter=F("muted")), name="nobody_mutes_themselves"),
        ]
        indexes = [
            models.Index(fields=["muter", "-id"], include=["muted"], name="mutes_newest_first"),
        ]

    def __str__(self) -> str:
        return f"{self.muter_id} mutes {self.muted_id}"
