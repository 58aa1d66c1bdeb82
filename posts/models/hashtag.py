from __future__ import annotations

from urllib.parse import quote

from django.db import models

from common.ids import SnowflakeModel
from common.linkify import MAX_TAG_COLUMN


class Hashtag(SnowflakeModel):
    """A tag in its normalized form (`common.linkify.normalize_tag`)."""

    name = models.CharField(max_length=MAX_TAG_COLUMN, unique=True)

    post_count: int
    """Set by search.find.find_tags."""

    def __str__(self) -> str:
        return f"#{self.name}"

    def get_absolute_url(self) -> str:
        return f"/explore/tags/{quote(self.name, safe='')}/"


class PostHashtag(models.Model):
    post = models.ForeignKey("posts.Post", models.CASCADE, related_name="tagged")
    hashtag = models.ForeignKey(Hashtag, models.CASCADE, related_name="tagged", db_index=False)

    class Meta:
        constraints = [
            # The tag page too: a tag's posts, newest first, by reading it backwards.
            models.UniqueConstraint(fields=["hashtag", "post"], name="tagged_once"),
        ]

    def __str__(self) -> str:
        return f"{self.post_id} #{self.hashtag_id}"
