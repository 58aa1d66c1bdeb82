from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils.functional import cached_property

from accounts.models import User
from common.compiled_queries import CompiledExists
from common.fast_reverse import fast_reverse
from common.ids import SnowflakeModel
from common.limits import MAX_ALT_CHARS, MAX_CODE_POINTS_PER_CHAR
from media.edit.crop import shape_problem
from posts.models.tagging import PersonTag

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from accounts.models import Viewer

MAX_ATTEMPTS = 3
LOST_SOUND = (
    "This video has no sound because we can’t read its audio format. "
    "To share it with sound, save it as a standard MP4 and post it again."
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
        """Files that `owner` has uploaded and not shared, in the order in which their uploads began.

        Annotates upload_id, the id of the upload, for this order: the ids of media tell when uploads were completed,
        and small files overtake large ones.
        """
        begun = Coalesce(F("upload_session__pk"), F("pk"))
        return self.filter(owner_id=owner.pk, post__isnull=True).annotate(upload_id=begun).order_by("upload_id")

    def with_people(self, viewer: Viewer) -> MediaQuerySet:
        """Annotate has_people: whether `viewer`, who must be allowed to see the post, can see any tag in the photo."""
        if viewer.is_authenticated:
            return self.annotate(has_people=_PEOPLE_FOR_MEMBER(medium="pk", viewer=viewer.pk))
        return self.annotate(has_people=_PEOPLE_FOR_ANYBODY(medium="pk"))


class Media(SnowflakeModel):
    """A photo or video: its private original and the files rendered from it. Lives on its owner's shard.

    It is a slide of a post. Until it is shared, it has no post.
    """

    post = models.ForeignKey("posts.Post", models.CASCADE, related_name="media", null=True, blank=True)
    owner_id = models.BigIntegerField(editable=False)
    position = models.PositiveSmallIntegerField(default=0)
    kind = models.CharField(max_length=5, choices=MediaKind.choices, default=MediaKind.PHOTO, editable=False)
    alt = models.CharField(max_length=MAX_ALT_CHARS * MAX_CODE_POINTS_PER_CHAR, blank=True)

    original = models.CharField(max_length=200, editable=False)
    """Key in the private storage "originals". Random, and independent of the original file name."""
    original_name = models.CharField(max_length=255, blank=True, editable=False)
    """The original file name, shown to the owner only, in messages about the file."""
    width = models.PositiveIntegerField(editable=False)
    height = models.PositiveIntegerField(editable=False)
    duration_ms = models.PositiveIntegerField(default=0, editable=False)
    """Length of a video. 0 for photos, and for videos without a length in the header until a worker counts it."""

    edits = models.JSONField(default=dict, editable=False)
    """The crop, filter and adjustments, as normalized by `media.edit`; {} for none."""
    captions = models.CharField(max_length=200, blank=True, editable=False)
    """Key of a video's WebVTT track in the storage "default"; "" if there is none."""

    state = models.CharField(max_length=10, choices=MediaState.choices, default=MediaState.PENDING, editable=False)
    error = models.CharField(max_length=300, blank=True, editable=False)
    progress = models.PositiveSmallIntegerField(default=0, editable=False)
    """Progress of the conversion of a video, in per cent."""
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    queued_at = models.DateTimeField(auto_now_add=True)
    """When the rendering was last queued. If it stays unfinished, the sweeper queues it again."""

    renditions = models.JSONField(default=list, editable=False)
    """[{"width": px, "height": px, "webp": key, "jpeg": key}, …] in increasing width; keys in the storage "default".

    A video has renditions of its poster.
    """
    video = models.JSONField(default=dict, editable=False)
    """Files of a video that is ready: {"mp4": key, "bytes": size}; {} for photos.

    Has "loops": true for an animation, and "lost_sound": true if the sound of the original could not be decoded. Long
    videos also have "hls", the key of their master playlist, and "files", the keys of that playlist and all files that
    it refers to, in one folder.
    """
    renderer = models.PositiveSmallIntegerField(default=0, editable=False)
    """The version `media.photo.render.RENDERER` that rendered the files."""
    placeholder = models.CharField(max_length=600, blank=True, editable=False)
    """A data: URI of about 200 characters, displayed while the photo loads."""

    objects = MediaQuerySet.as_manager()

    upload_id: int
    """Annotation of unshared_of()."""
    has_people = False
    """Annotation of with_people()."""
    beside_block = False
    """Annotation of `posts.views.files`: the owner blocks someone, or is blocked."""
    shown_people: list[PersonTag]
    """Prefetched by `load_shown_people`. Missing on pages that fetch the list when it is opened."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["post", "position"], name="one_medium_a_position", deferrable=models.Deferrable.DEFERRED
            ),
        ]
        indexes = [
            # The composer: the unshared files of a user. The sweeper: abandoned files.
            models.Index(fields=["owner_id", "id"], condition=Q(post__isnull=True), name="media_unshared"),
            # posts.sweep: unfinished media whose message was lost, longest waiting first.
            models.Index(
                fields=["queued_at"], condition=Q(state__in=["pending", "processing"]), name="media_unfinished"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.post_id}/{self.position}"

    @property
    def keys(self) -> list[str]:
        """Keys of all files of this medium in the storage "default"."""
        return [*self.made_keys, self.captions] if self.captions else self.made_keys

    @property
    def made_keys(self) -> list[str]:
        """Keys of the files that a worker rendered, and could render again from the original."""
        files = [rendition[kind] for rendition in self.renditions for kind in ("webp", "jpeg")]
        files += [self.video["mp4"]] if "mp4" in self.video else []
        return [*files, *self.video.get("files", ())]

    def url_of(self, key: str) -> str:
        """URL of one of `keys`. `posts.views.files` checks at each request who may see the post."""
        return self._url_before_keys + key

    def short_url_of(self, key: str) -> str:
        """URL of a rendition for pages, which have many: 26 characters shorter. It is served like `url_of`."""
        return self._url_before_keys + _short_name(key)

    def key_named(self, name: str) -> str:
        """Return the key that `name` means in a URL: one of `keys`, or the short name of a rendition; "" if none."""
        if name in self.keys:
            return name
        pictures = (rendition[kind] for rendition in self.renditions for kind in ("webp", "jpeg"))
        return next((key for key in pictures if _short_name(key) == name), "")

    @cached_property
    def _url_before_keys(self) -> str:
        """URL prefix of the files of this medium, reversed once for all of them. Keys need no quoting."""
        return fast_reverse("posts:file", self.pk, "-").removesuffix("-")

    @property
    def is_video(self) -> bool:
        return self.kind == MediaKind.VIDEO

    @property
    def shape_problem(self) -> str:
        """Return an error message if the photo is too wide or too tall to be shared without a crop, else ""."""
        return "" if self.is_video else shape_problem({}, self.width, self.height)

    @property
    def loops(self) -> bool:
        """Return True for an animation, which plays repeatedly and without sound."""
        return bool(self.video.get("loops"))

    @property
    def notice(self) -> str:
        """Return a message for the owner if the rendered video lacks the sound of the original, else ""."""
        return LOST_SOUND if self.video.get("lost_sound") else ""

    @property
    def video_sources(self) -> list[dict[str, str]]:
        """`<source>` attributes of a video: HLS first, if there is one, then the MP4."""
        kinds = (("hls", "application/vnd.apple.mpegurl"), ("mp4", "video/mp4"))
        return [{"type": kind, "src": self.url_of(self.video[name])} for name, kind in kinds if name in self.video]

    @property
    def srcset(self) -> str:
        """`srcset` of the WebP renditions from GRID_WIDTH, for cards and the page of a post, which are seldom smaller.

        Every browser that our stylesheets support shows WebP.
        """
        wide = [one for one in self.renditions if one["width"] >= GRID_WIDTH]
        return self._srcset(wide or self.renditions[-1:])

    @property
    def src(self) -> str:
        """URL of the JPEG of CARD_WIDTH or more, or of the widest one."""
        return self._url_at(CARD_WIDTH, "jpeg")

    @property
    def preview(self) -> str:
        """URL of the widest JPEG up to CARD_WIDTH, for the composer; "" until the medium is rendered."""
        narrow = [one for one in self.renditions if one["width"] <= CARD_WIDTH]
        return self.url_of((narrow or self.renditions[:1])[-1]["jpeg"]) if self.renditions else ""

    @property
    def thumb(self) -> str:
        """URL of the WebP of GRID_WIDTH or more, or of the widest one."""
        return self._url_at(GRID_WIDTH, "webp")

    @property
    def tile_srcset(self) -> str:
        """`srcset` of the WebP renditions up to CARD_WIDTH, for tiles, which are never wider."""
        return self._srcset([one for one in self.renditions if one["width"] <= CARD_WIDTH])

    def _srcset(self, renditions: list[dict[str, Any]]) -> str:
        return ", ".join([f"{self.short_url_of(one['webp'])} {one['width']}w" for one in renditions])

    def _url_at(self, width: int, kind: str) -> str:
        if not self.renditions:
            return ""
        enough: Iterator[dict[str, str]] = (one for one in self.renditions if one["width"] >= width)
        return self.short_url_of(next(enough, self.renditions[-1])[kind])


def _short_name(key: str) -> str:
    """Return the first eight digits of a random key with its ending: "3f/a0/9c42….webp" is 3fa09c42.webp.

    They tell the dozen pictures of a medium apart, and those of a later rendering from earlier ones in caches. They
    need not be secret, because each request is authorized.
    """
    digits, _, ending = key.rpartition(".")
    return f"{digits.replace('/', '')[:8]}.{ending}"


def load_shown_people(media: Iterable[Media], viewer: Viewer) -> None:
    """Load `shown_people` of each medium: the tags that `viewer` sees, oldest first. One query.

    `viewer` must be allowed to see the posts of `media`.
    """
    tags = PersonTag.objects.visible_to(viewer).with_person().order_by("pk")
    models.prefetch_related_objects(list(media), models.Prefetch("people", tags, to_attr="shown_people"))


def _people(medium: models.expressions.Combinable, viewer: Viewer) -> models.QuerySet[Any, Any]:
    return PersonTag.objects.visible_to(viewer).filter(media_id=medium)


_PEOPLE_FOR_MEMBER: Final = CompiledExists(lambda medium, viewer: _people(medium, User(pk=viewer)), outer=["medium"])
_PEOPLE_FOR_ANYBODY: Final = CompiledExists(lambda medium: _people(medium, AnonymousUser()), outer=["medium"])
