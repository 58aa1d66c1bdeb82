from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

from common.ids import SnowflakeModel

if TYPE_CHECKING:
    from accounts.models import User


class UploadSessionQuerySet(models.QuerySet["UploadSession"]):
    def owned_by(self, user: User) -> UploadSessionQuerySet:
        """Uploads of `user`, complete or not."""
        return self.filter(owner_id=user.pk)

    def open_of(self, owner: User) -> UploadSessionQuerySet:
        """Incomplete uploads of `owner`, in progress or abandoned, oldest first."""
        return self.filter(owner_id=owner.pk, media__isnull=True).order_by("pk")

    def unshared_of(self, owner: User) -> UploadSessionQuerySet:
        """Uploads that count towards the quota of `owner`: incomplete ones, and uploads of unshared files."""
        return self.filter(owner_id=owner.pk).filter(Q(media__isnull=True) | Q(media__post__isnull=True))

    def done_with(self) -> UploadSessionQuerySet:
        """Uploads that are incomplete, or whose file has been shared.

        The sweeper deletes them once they are old. The upload of an unshared file is deleted together with the file.
        """
        return self.filter(Q(media__isnull=True) | Q(media__post__isnull=False))


class UploadSession(SnowflakeModel):
    """The upload of a file, in parts or in one piece. Lives on its owner's shard.

    The storage "incoming" holds the parts until all have arrived. They are then assembled into a Media and deleted.
    """

    owner_id = models.BigIntegerField(editable=False)
    name = models.CharField(max_length=255, blank=True, editable=False)
    """The original file name, shown to the owner only."""
    size = models.BigIntegerField(editable=False)
    """Size in bytes that the browser announced. The parts must add up to it."""
    prefix = models.CharField(max_length=64, unique=True, editable=False)
    """Random folder of the parts in the storage "incoming"."""
    media = models.OneToOneField(
        "posts.Media", models.CASCADE, null=True, editable=False, related_name="upload_session"
    )
    """The medium that the upload became. Completing an upload twice gives the same medium."""

    objects = UploadSessionQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["owner_id", "id"], name="upload_sessions_of_owner")]
        constraints = [models.CheckConstraint(condition=models.Q(size__gt=0), name="uploads_are_not_empty")]

    def __str__(self) -> str:
        return f"{self.name} ({self.size} bytes)"
