from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

from common.ids import SnowflakeModel

if TYPE_CHECKING:
    from accounts.models import User


class UploadSessionQuerySet(models.QuerySet["UploadSession"]):
    def open_of(self, owner: User) -> UploadSessionQuerySet:
        """Uploads of one's own that are under way, or were broken off, oldest first."""
        return self.filter(owner_id=owner.pk, media__isnull=True).order_by("pk")

    def unshared_of(self, owner: User) -> UploadSessionQuerySet:
        """Those, and the ones of files that have come and are not shared: what counts as one's unshared files."""
        return self.filter(owner_id=owner.pk).filter(Q(media__isnull=True) | Q(media__post__isnull=True))

    def done_with(self) -> UploadSessionQuerySet:
        """Broken off, or of files that are shared by now. That of an unshared file stays, and goes with the file."""
        return self.filter(Q(media__isnull=True) | Q(media__post__isnull=False))


class UploadSession(SnowflakeModel):
    """A file on its way in, part by part, or in one piece. Lives on its owner's shard.

    Its parts lie in the storage "incoming" until all have come; then it becomes a Media, and the parts go.
    """

    owner_id = models.BigIntegerField(editable=False)
    name = models.CharField(max_length=255, blank=True, editable=False)
    """What the uploader calls the file: only ever shown to them."""
    size = models.BigIntegerField(editable=False)
    """In bytes, as the browser said: what has come is held to it."""
    prefix = models.CharField(max_length=64, unique=True, editable=False)
    """Random folder of its parts in the storage "incoming"."""
    media = models.OneToOneField(
        "posts.Media", models.CASCADE, null=True, editable=False, related_name="upload_session"
    )
    """What it has become: asking twice to complete an upload gives one medium."""

    objects = UploadSessionQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["owner_id", "id"], name="upload_sessions_of_owner")]
        constraints = [models.CheckConstraint(condition=models.Q(size__gt=0), name="uploads_are_not_empty")]

    def __str__(self) -> str:
        return f"{self.name} ({self.size} bytes)"
