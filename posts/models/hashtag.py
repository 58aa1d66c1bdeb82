from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F

from common.counters import Counter
from common.fast_reverse import fast_reverse
from common.ids import SnowflakeModel
from common.linkify import MAX_TAG_COLUMN
from common.search_words import search_words_expression

HASHTAG_USES = Counter("hashtag.uses", "posts_hashtag", "folded_uses")
"""Counted by triggers on `PostHashtag`."""


class Hashtag(SnowflakeModel):
    """A tag in its normalized form (`common.linkify.normalize_tag`)."""

    name = models.CharField(max_length=MAX_TAG_COLUMN, unique=True)
    folded_uses = models.IntegerField(default=0, db_default=0, editable=False)
    """Number of posts with the hashtag, in any state. Orders the candidates of a search, and is never displayed."""
    words = models.GeneratedField(
        expression=search_words_expression("name"), output_field=models.TextField(), db_persist=True
    )
    """The name, normalized for the search."""

    class Meta:
        indexes = [
            # Search: the most used hashtags, and hashtags that contain a word or resemble it.
            models.Index(fields=["-folded_uses", "-id"], name="hashtags_by_uses"),
            GinIndex(OpClass(F("words"), "gin_trgm_ops"), name="hashtags_by_part_of_words", fastupdate=False),
        ]

    def __str__(self) -> str:
        return f"#{self.name}"

    def get_absolute_url(self) -> str:
        return fast_reverse("feed:tag", self.name)


class PostHashtag(models.Model):
    post = models.ForeignKey("posts.Post", models.CASCADE, related_name="tagged")
    hashtag = models.ForeignKey(Hashtag, models.CASCADE, related_name="tagged", db_index=False)

    class Meta:
        constraints = [
            # Also serves the page of a hashtag: its posts, newest first, by a backward scan.
            models.UniqueConstraint(fields=["hashtag", "post"], name="tagged_once"),
        ]

    def __str__(self) -> str:
        return f"{self.post_id} #{self.hashtag_id}"
