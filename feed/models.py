from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q, Subquery
from django.db.models.lookups import IsNull
from django.utils import timezone

from common.fields import db_cascade_foreign_key
from common.ids import SnowflakeModel
from posts.models import PostHashtag

if TYPE_CHECKING:
    from accounts.models import Viewer


class TagFollow(SnowflakeModel):
    """`person` follows the tag: its posts are on their home page. Private; lives on the person's shard."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="tags_followed", db_index=False)
    hashtag = models.ForeignKey("posts.Hashtag", models.CASCADE, related_name="+")

    class Meta:
        constraints = [
            # Serves the home page as well: the tags of a reader.
            models.UniqueConstraint(fields=["person", "hashtag"], name="tag_follow_once"),
        ]
        indexes = [
            models.Index(fields=["person", "-id"], name="tags_followed_newest_first"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} follows #{self.hashtag_id}"


class TagMute(SnowflakeModel):
    """`person` has muted the tag: home page and Explore hide its posts. Private; lives on the person's shard."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="tags_muted", db_index=False)
    hashtag = models.ForeignKey("posts.Hashtag", models.CASCADE, related_name="+")

    class Meta:
        constraints = [
            # without_muted_tags, for every candidate post.
            models.UniqueConstraint(fields=["person", "hashtag"], name="tag_mute_once"),
        ]
        indexes = [
            models.Index(fields=["person", "-id"], name="tags_muted_newest_first"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} mutes #{self.hashtag_id}"


class NotInterested(SnowflakeModel):
    """`person` has hidden the post from their Explore page. Private; lives on the person's shard."""

    person = db_cascade_foreign_key(settings.AUTH_USER_MODEL)
    post = db_cascade_foreign_key("posts.Post", db_index=True)

    class Meta:
        constraints = [
            # feed.explore, for every candidate post.
            models.UniqueConstraint(fields=["person", "post"], name="not_interested_once"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} is not interested in {self.post_id}"


class DismissedPerson(SnowflakeModel):
    """`person` has dismissed the suggestion of `dismissed` for good. Private; lives on the person's shard."""

    person = db_cascade_foreign_key(settings.AUTH_USER_MODEL)
    dismissed = db_cascade_foreign_key(settings.AUTH_USER_MODEL, db_index=True)

    class Meta:
        constraints = [
            # feed.suggestions, for every candidate.
            models.UniqueConstraint(fields=["person", "dismissed"], name="dismissed_once"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} dismissed {self.dismissed_id}"


class PulledAuthor(models.Model):
    """`author` has so many followers that readers pull their posts (`feed.pulled_authors`). Lives on their shard."""

    author = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.DO_NOTHING, db_constraint=False, primary_key=True, related_name="+"
    )
    since = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return f"the posts of {self.author_id} are pulled"


def without_muted_tags(viewer: Viewer) -> Q:
    """Q matching posts without tags that `viewer` has muted, and the viewer's own posts."""
    if not viewer.is_authenticated:
        return Q()
    mine = TagMute.objects.filter(person_id=viewer.pk, hashtag_id=OuterRef("hashtag_id"))
    # Not EXISTS: PostgreSQL might turn it into a join that reads all posts of a muted tag.
    carried = PostHashtag.objects.filter(Exists(mine), post_id=OuterRef("pk")).values("pk")[:1]
    return Q(author_id=viewer.pk) | Q(IsNull(Subquery(carried), True))
