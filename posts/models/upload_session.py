from __future__ import annotations

from django.db import models

from common.ids import SnowflakeModel


class UploadSession(SnowflakeModel):
    """A file on its way in, part by part. Lives on its owner's shard.

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

    class Meta:
        indexes = [models.Index(fields=["owner_id", "id"], name="upload_sessions_of_owner")]
        constraints = [models.CheckConstraint(condition=models.Q(size__gt=0), name="uploads_are_not_empty")]

    def __str__(self) -> str:
        return f"{self.name} ({self.size} bytes)"
