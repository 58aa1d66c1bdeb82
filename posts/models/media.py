from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from accounts.models import User
from common.compiled_queries import CompiledExists
from common.ids import SnowflakeModel
from common.limits import MAX_ALT_CHARS, MAX_CODE_POINTS_PER_CHAR
from media.edits import shape_problem
from posts.models.tagging import PersonTag

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from accounts.models import Viewer

MAX_ATTEMPTS = 3
LOST_SOUND = (
    "This video has no sound here: its sound is stored in a way that we can't read. "
    "To share it with sound, save it as ordinary MP4 and post that."
)
GRID_WIDTH = 640
CARD_WIDTH = 1080


class MediaState(models.TextChoices):
    PENDING = "pending", "waiting for a worker"
    PROCESSING = "processing", "being rendered"
    READY = "ready", "rendered"
    FAILED = "failed", "failed"


class MediaKind(models.TextChoices):
    PHOTO = "photo", "photo"
    VIDEO = "video", "video"


class MediaQuerySet(models.QuerySet["Media"]):
    def unshared_of(self, owner: User) -> MediaQuerySet:
        """Return what `owner` has uploaded and not shared, in the order in which the uploads were begun.

        Adds upload_id: that of the upload. Small files overtake large ones, so the ids of media tell another order.
        """
        begun = Coalesce(F("upload_session__pk"), F("pk"))
        return self.filter(owner_id=owner.pk, post__isnull=True).annotate(upload_id=begun).order_by("upload_id")

    def with_people(self, viewer: Viewer) -> MediaQuerySet:
        """Adds has_people: whether `viewer`, who may see the post, is shown anybody tagged in it."""
        if viewer.is_authenticated:
            return self.annotate(has_people=_PEOPLE_FOR_MEMBER(medium="pk", viewer=viewer.pk))
        return self.annotate(has_people=_PEOPLE_FOR_ANYBODY(medium="pk"))


class Media(SnowflakeModel):
    """A photo or video: a private original, and what the worker makes of it. Lives on its owner's shard.

    A slide of a post; or of none yet, when it was uploaded while the caption is being written.
    """

    post = models.ForeignKey("posts.Post", models.CASCADE, related_name="media", null=True, blank=True)
    owner_id = models.BigIntegerField(editable=False)
    position = models.PositiveSmallIntegerField(default=0)
    kind = models.CharField(max_length=5, choices=MediaKind.choices, default=MediaKind.PHOTO, editable=False)
    alt = models.CharField(max_length=MAX_ALT_CHARS * MAX_CODE_POINTS_PER_CHAR, blank=True)

    original = models.CharField(max_length=200, editable=False)
    """Key in the private storage "originals"; chosen by us, never the uploader's name."""
    original_name = models.CharField(max_length=255, blank=True, editable=False)
    """What the uploader called the file: only ever shown to them, in a message about it."""
    width = models.PositiveIntegerField(editable=False)
    height = models.PositiveIntegerField(editable=False)
    duration_ms = models.PositiveIntegerField(default=0, editable=False)
    """Of a video; 0 for photos, and until the worker has counted what a header did not say."""

    edits = models.JSONField(default=dict, editable=False)
    """The crop, filter and adjustments that its owner chose, as `media.edits` states them; {} for none."""
    captions = models.CharField(max_length=200, blank=True, editable=False)
    """Key of a video's WebVTT track in the storage "default"; "" if there is none."""

    state = models.CharField(max_length=10, choices=MediaState.choices, default=MediaState.PENDING, editable=False)
    error = models.CharField(max_length=300, blank=True, editable=False)
    progress = models.PositiveSmallIntegerField(default=0, editable=False)
    """Of a video that is being converted, in per cent."""
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    queued_at = models.DateTimeField(auto_now_add=True)
    """When a worker was last asked: the sweeper asks again some time after."""

    renditions = models.JSONField(default=list, editable=False)
    """[{"width": px, "height": px, "webp": key, "jpeg": key}, …] by growing width; keys in the storage "default".

    Of a video: those of its poster.
    """
    video = models.JSONField(default=dict, editable=False)
    """Of a video that is ready: {"mp4": key, "bytes": size}; "loops": true of an animation; "lost_sound": true if no
    sound of the original could be decoded; and of a long one "hls": key of its master playlist, "files": [that key and
    those of all it leads to], in one folder.
    """
    renderer = models.PositiveSmallIntegerField(default=0, editable=False)
    """`media.photos.RENDERER` of the day when the files were made."""
    placeholder = models.CharField(max_length=600, blank=True, editable=False)
    """A data: URI of some 200 characters that is shown while the photo loads."""

    objects = MediaQuerySet.as_manager()

    upload_id: int
    """Annotation of unshared_of()."""
    has_people = False
    """Annotation of with_people()."""
    shown_people: Sequence[PersonTag] | None = None
    """Whom a page shows as tagged in it; None where they are fetched when somebody asks."""

    is_chosen = False
    """Set by the compose page: whether the form that came back had it among its slides."""
    is_center_cropped = False
    """Likewise: whether it was to be cut to its middle."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["post", "position"], name="one_medium_a_position", deferrable=models.Deferrable.DEFERRED
            ),
        ]
        indexes = [
            # The composer: what one has uploaded and not shared. The sweeper: what nobody came back for.
            models.Index(fields=["owner_id", "id"], condition=Q(post__isnull=True), name="media_unshared"),
            # posts.sweep: what a lost message left unfinished, longest waiting first.
            models.Index(
                fields=["queued_at"], condition=Q(state__in=["pending", "processing"]), name="media_unfinished"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.post_id}/{self.position}"

    @property
    def keys(self) -> list[str]:
        """Every public file of this medium."""
        return [*self.made_keys, self.captions] if self.captions else self.made_keys

    @property
    def made_keys(self) -> list[str]:
        """Every public file that the worker made of it, and would make anew."""
        files = [rendition[kind] for rendition in self.renditions for kind in ("webp", "jpeg")]
        files += [self.video["mp4"]] if "mp4" in self.video else []
        return [*files, *self.video.get("files", ())]

    def url_of(self, key: str) -> str:
        """The address of one of `keys`, which answers those who may see the post at that time (`posts.views.files`)."""
        # Our keys need no quoting; reversing the address would be most of the cost of a page of posts.
        return f"/media/{self.pk}/{key}"

    @property
    def is_video(self) -> bool:
        return self.kind == MediaKind.VIDEO

    @property
    def shape_problem(self) -> str:
        """Why a photo that is not shared yet cannot be without a crop: a sentence, or ""."""
        return "" if self.is_video else shape_problem({}, self.width, self.height)

    @property
    def loops(self) -> bool:
        """Whether it is an animation: without sound, over and over."""
        return bool(self.video.get("loops"))

    @property
    def notice(self) -> str:
        """What its owner should know of the result, in a sentence or two; "" if all went as expected."""
        return LOST_SOUND if self.video.get("lost_sound") else ""

    @property
    def video_sources(self) -> list[dict[str, str]]:
        """For `<source>`: in pieces where the film is long and the browser can, else the whole MP4."""
        kinds = (("hls", "application/vnd.apple.mpegurl"), ("mp4", "video/mp4"))
        return [{"type": kind, "src": self.url_of(self.video[name])} for name, kind in kinds if name in self.video]

    @property
    def sources(self) -> list[dict[str, str]]:
        """For `<source>`: the types that are better than JPEG, each with its srcset."""
        return [{"type": "image/webp", "srcset": self._srcset("webp")}] if self.renditions else []

    @property
    def srcset(self) -> str:
        """The JPEG renditions for `<img srcset>`, for browsers that know nothing better."""
        return self._srcset("jpeg")

    @property
    def src(self) -> str:
        """The JPEG of a card's width, or the widest."""
        return self._url_at(CARD_WIDTH, "jpeg")

    @property
    def preview(self) -> str:
        """The JPEG of a card's width, or the widest below it, for the composer; "" until it is there."""
        narrow = [one for one in self.renditions if one["width"] <= CARD_WIDTH]
        return self.url_of((narrow or self.renditions[:1])[-1]["jpeg"]) if self.renditions else ""

    @property
    def thumb(self) -> str:
        """The WebP of a tile's width, or the widest."""
        return self._url_at(GRID_WIDTH, "webp")

    @property
    def tile_srcset(self) -> str:
        """The WebP renditions for tiles, which are never wider than a card."""
        return ", ".join(
            f"{self.url_of(one['webp'])} {one['width']}w" for one in self.renditions if one["width"] <= CARD_WIDTH
        )

    def _srcset(self, kind: str) -> str:
        return ", ".join(f"{self.url_of(one[kind])} {one['width']}w" for one in self.renditions)

    def _url_at(self, width: int, kind: str) -> str:
        if not self.renditions:
            return ""
        enough: Iterator[dict[str, str]] = (one for one in self.renditions if one["width"] >= width)
        return self.url_of(next(enough, self.renditions[-1])[kind])


def _people(medium: models.expressions.Combinable, viewer: Viewer) -> models.QuerySet[Any, Any]:
    return PersonTag.objects.visible_to(viewer).filter(media_id=medium)


_PEOPLE_FOR_MEMBER: Final = CompiledExists(lambda medium, viewer: _people(medium, User(pk=viewer)), outer=["medium"])
_PEOPLE_FOR_ANYBODY: Final = CompiledExists(lambda medium: _people(medium, AnonymousUser()), outer=["medium"])
