from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from common.ids import SnowflakeModel


class Restrict(SnowflakeModel):
    """Comments of `restricted` on posts of `restricter` are visible only to these two until they are approved.

    Stored on the restricter's shard. Only the restricter knows of the restriction.
    """

    restricter = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="restricts_made", db_index=False
    )
    restricted = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="restricts_received")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["restricter", "restricted"], name="restrict_once"),
            models.CheckConstraint(condition=~Q(restricter=F("restricted")), name="nobody_restricts_themselves"),
        ]
        indexes = [
            models.Index(fields=["restricter", "-id"], include=["restricted"], name="restricts_newest_first"),
        ]

    def __str__(self) -> str:
        return f"{self.restricter_id} restricts {self.restricted_id}"
