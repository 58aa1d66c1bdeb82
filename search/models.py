from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F

from common.counters import Counter
from common.ids import SnowflakeModel
from common.limits import MAX_SEARCH_CHARS

PLACE_USES = Counter("place.uses", "search_place", "folded_uses")
"""Counted by the triggers that write documents."""


class Place(SnowflakeModel):
    """Where posts were shared from, however it was spelt. Written and deleted by triggers, with its last document.

    What it is called is not here: that is read from a post which the one who asks may see.
    """

    words = models.TextField(unique=True)
    """As the search compares them: " kafe kotti berlin"."""
    folded_uses = models.IntegerField(default=0, db_default=0, editable=False)
    """How many posts, of whatever state: which places a search looks at first, and never shown."""

    class Meta:
        indexes = [
            models.Index(fields=["-folded_uses", "-id"], name="places_by_uses"),
            GinIndex(OpClass(F("words"), "gin_trgm_ops"), name="places_by_part_of_words", fastupdate=False),
        ]

    def __str__(self) -> str:
        return self.words.strip()


class PostDocument(models.Model):
    """What a published post is found by. Triggers keep it, in the transaction of whoever changes the post (documents).

    A table beside the posts, so that a like, which writes a new version of the post's row, writes no search index.
    Says nothing of who may see the post: `Post.objects.visible_to` decides, at every search.
    """

    post = models.OneToOneField(
        "posts.Post", models.DO_NOTHING, primary_key=True, db_constraint=False, related_name="document"
    )
    place = models.ForeignKey(Place, models.DO_NOTHING, null=True, db_index=False, db_constraint=False)
    document = SearchVectorField()

    class Meta:
        indexes = [
            # search.posts. Reading a list of what is still to be sorted in would cost every search.
            GinIndex(fields=["document"], name="posts_by_words", fastupdate=False),
            # A place's posts, newest first.
            models.Index(fields=["place", "-post"], condition=models.Q(place__isnull=False), name="posts_of_place"),
        ]

    def __str__(self) -> str:
        return f"document of post {self.post_id}"


class RecentSearch(SnowflakeModel):
    """What somebody looked for; again makes it the newest. Only they know. Lives on their shard."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    text = models.CharField(max_length=MAX_SEARCH_CHARS)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "text"], name="recent_search_once")]
        indexes = [models.Index(fields=["person", "-id"], name="searches_newest_first")]

    def __str__(self) -> str:
        return self.text
