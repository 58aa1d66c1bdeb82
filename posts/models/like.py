from __future__ import annotations

from django.conf import settings
from django.db import models

from common.ids import SnowflakeModel


class Like(SnowflakeModel):
    """A like of a post. Lives on the liker's shard."""

    post = models.ForeignKey("posts.Post", models.CASCADE, related_name="likes", db_index=False)
    liker = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="likes", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["liker", "post"], name="like_once"),
        ]
        indexes = [
            # The list of likers, newest first.
            models.Index(fields=["post", "-id"], include=["liker"], name="likers_newest_first"),
        ]

    def __str__(self) -> str:
        return f"{self.liker_id} likes {self.post_id}"
