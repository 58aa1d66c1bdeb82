from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from common.fast_reverse import fast_reverse
from common.ids import SnowflakeModel
from common.limits import MAX_CODE_POINTS_PER_CHAR, MAX_COLLECTION_NAME_CHARS
from common.text import SHOWS_SOMETHING


class Collection(SnowflakeModel):
    """A named collection of saved posts, visible to its owner only. Lives on its owner's shard."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="collections", db_index=False)
    name = models.CharField(max_length=MAX_COLLECTION_NAME_CHARS * MAX_CODE_POINTS_PER_CHAR)

    class Meta:
        constraints = [
            models.UniqueConstraint("owner", Lower("name"), name="collection_name_once"),
            models.CheckConstraint(condition=Q(name__regex=SHOWS_SOMETHING), name="collection_names_are_visible"),
        ]
        indexes = [
            # The collections of a user, newest first.
            models.Index(fields=["owner", "-id"], name="collections_of_owner"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return fast_reverse("posts:collection", self.pk)


class Save(SnowflakeModel):
    """A saved post, in one collection or none, visible to its owner only. Lives on the person's shard."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="saves", db_index=False)
    post = models.ForeignKey("posts.Post", models.CASCADE, related_name="saves")
    collection = models.ForeignKey(Collection, models.SET_NULL, null=True, related_name="saves", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "post"], name="save_once"),
        ]
        indexes = [
            # All saved posts of a user, newest first.
            models.Index(fields=["person", "-id"], name="saves_newest_first"),
            # The posts of one collection, newest first, and its cover.
            models.Index(
                fields=["collection", "-id"],
                condition=models.Q(collection__isnull=False),
                name="saves_of_collection",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} saved {self.post_id}"
