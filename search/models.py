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
"""Changed by the triggers that write documents."""


class Place(SnowflakeModel):
    """A place of posts, in all of its spellings. Triggers create it, and delete it together with its last document.

    It has no name: its name is read from a post that the viewer may see.
    """

    words = models.TextField(unique=True)
    """The words in the form in which the search compares them: " kafe kotti berlin"."""
    folded_uses = models.IntegerField(default=0, db_default=0, editable=False)
    """The number of posts in any state. Decides which places a search reads first; never shown."""

    class Meta:
        indexes = [
            models.Index(fields=["-folded_uses", "-id"], name="places_by_uses"),
            GinIndex(OpClass(F("words"), "gin_trgm_ops"), name="places_by_part_of_words", fastupdate=False),
        ]

    def __str__(self) -> str:
        return self.words.strip()


class PostDocument(models.Model):
    """The search document of a published post. Triggers write it in the transaction that changes the post.

    It has its own table, so that a change of a post's counters does not update the search index. It does not contain
    who may see the post: every search filters by `Post.objects.visible_to`. See `search.documents`.
    """

    post = models.OneToOneField(
        "posts.Post", models.DO_NOTHING, primary_key=True, db_constraint=False, related_name="document"
    )
    place = models.ForeignKey(Place, models.DO_NOTHING, null=True, db_index=False, db_constraint=False)
    document = SearchVectorField()

    class Meta:
        indexes = [
            # search.posts. With fastupdate, every search would also read the list of pending entries.
            GinIndex(fields=["document"], name="posts_by_words", fastupdate=False),
            # The posts of a place, newest first.
            models.Index(fields=["place", "-post"], condition=models.Q(place__isnull=False), name="posts_of_place"),
        ]

    def __str__(self) -> str:
        return f"document of post {self.post_id}"


class RecentSearch(SnowflakeModel):
    """A search in a person's history, which only they see. Repeating it makes it the newest. On the person's shard."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    text = models.CharField(max_length=MAX_SEARCH_CHARS)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "text"], name="recent_search_once")]
        indexes = [models.Index(fields=["person", "-id"], name="searches_newest_first")]

    def __str__(self) -> str:
        return self.text
