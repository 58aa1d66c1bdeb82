from __future__ import annotations

from urllib.parse import quote

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F

from common.counters import Counter
from common.ids import SnowflakeModel
from common.linkify import MAX_TAG_COLUMN
from common.search_words import search_words_expression

HASHTAG_USES = Counter("hashtag.uses", "posts_hashtag", "folded_uses")
"""Counted by triggers on `PostHashtag`."""


class Hashtag(SnowflakeModel):
    """A tag in its normalized form (`common.linkify.normalize_tag`)."""

    name = models.CharField(max_length=MAX_TAG_COLUMN, unique=True)
    folded_uses = models.IntegerField(default=0, db_default=0, editable=False)
    """How many posts carry it, of whatever state: which tags a search looks at first, and never shown."""
    words = models.GeneratedField(
        expression=search_words_expression("name"), output_field=models.TextField(), db_persist=True
    )
    """The name as the search compares it."""

    class Meta:
        indexes = [
            # Search: what is used most, any part of a name, and what is like one.
            models.Index(fields=["-folded_uses", "-id"], name="hashtags_by_uses"),
            GinIndex(OpClass(F("words"), "gin_trgm_ops"), name="hashtags_by_part_of_words", fastupdate=False),
        ]

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
