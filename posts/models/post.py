from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Coalesce
from django.utils.functional import cached_property

from accounts.models import DISPLAY_FIELDS, visible_names, visible_users_q
from common.compiled_queries import CompiledExists
from common.counters import Counter
from common.fast_reverse import fast_reverse
from common.ids import SnowflakeModel, encode_shortcode
from common.limits import MAX_CAPTION_CHARS, MAX_CODE_POINTS_PER_CHAR, MAX_LOCATION_CHARS, MAX_USERNAME_CHARS
from common.text import isolate
from posts.models.like import Like
from posts.models.media import Media, MediaState
from posts.models.save import Save
from posts.models.waiting_comments import OWN_UNDER_WAITING, OWN_WAITING
from social.conditions import content_visible_q, is_close_friend, not_muted

if TYPE_CHECKING:
    from accounts.models import User, Viewer

RATIO_CLASSES = {
    "ratio-4x5": 4 / 5,
    "ratio-1x1": 1.0,
    "ratio-4x3": 4 / 3,
    "ratio-3x2": 3 / 2,
    "ratio-16x9": 16 / 9,
    "ratio-191x100": 1.91,
}
"""CSS classes for the aspect ratio (width / height) of a post's slides. The CSP forbids inline styles."""

_PUBLISHED = Q(published_at__isnull=False, archived_at__isnull=True, removed_at__isnull=True, deleted_at__isnull=True)
_REMOVED = Q(removed_at__isnull=False, deleted_at__isnull=True)


_NAMES = ArrayField(models.TextField())


class Audience(models.TextChoices):
    EVERYONE = "everyone", "Everyone"
    CLOSE_FRIENDS = "close_friends", "Close friends"


LIKES = Counter("post.likes", "posts_post", "folded_likes")
COMMENTS = Counter("post.comments", "posts_post", "folded_comments")


def explore_score(likes: str, post: str) -> models.Func:
    """Return the expression that orders Explore by age and likes, in ms since EPOCH.

    `likes` and `post` name the columns: `explore_score("coarse_likes", "id")`. The score is the time of the post plus
    48 hours for each doubling of its likes (plus a quarter), so a like loses half of its value in two days. It depends
    on the row only, and not on the current time, so it can be indexed. A post without likes starts four days back. The
    database function is described in docs/database.md.
    """
    return models.Func(likes, post, function="explore_score", output_field=models.BigIntegerField())


class PostQuerySet(models.QuerySet["Post"]):
    def published(self) -> PostQuerySet:
        """Posts whose media are all rendered, and that are not archived, removed or deleted."""
        return self.filter(_PUBLISHED)

    def visible_to(self, viewer: Viewer) -> PostQuerySet:
        """Published posts that `viewer` may see.

        The only definition of post visibility. Pages, the API, feeds, search and tasks start here, so looking up a post
        through it is the permission check. Three conditions must hold: the author is visible to the viewer
        (`visible_users_q`: not suspended or deactivated, no block between them); the account is public or followed by
        the viewer; and the audience is everyone, or the viewer is a close friend. Authors see all their own posts.
        """
        for_viewer = Q(audience=Audience.EVERYONE)
        inside = content_visible_q(viewer, "author__", "author_id")
        if viewer.is_authenticated:
            for_viewer |= Q(author_id=viewer.pk) | Q(is_close_friend(viewer, "author_id"))
        return self.published().filter(visible_users_q(viewer, "author__"), inside, for_viewer)

    def unmuted_by(self, viewer: Viewer) -> PostQuerySet:
        """Exclude posts of people muted by `viewer`. For feeds and suggestions, not for pages of a chosen account."""
        return self.filter(not_muted(viewer, "author_id"))

    def by_explore_score(self, *, after: tuple[int, int] | None = None) -> PostQuerySet:
        """Order by `score`, which is `explore_score`, the highest first. An index has this order.

        With `after`, the score and id of a post, only posts that come after it.
        """
        posts = self.annotate(score=explore_score("coarse_likes", "id")).order_by("-score", "-id")
        if after is None:
            return posts
        score, post_id = after
        # The first condition is implied by the second, but only the first is a range of the index.
        return posts.filter(score__lte=score).filter(Q(score__lt=score) | Q(score=score, pk__lt=post_id))

    def visible_to_or_owned_by(self, viewer: Viewer) -> PostQuerySet:
        """Posts visible to `viewer`, and their own posts in any state: processing, failed, archived or removed."""
        visible = self.visible_to(viewer)
        return visible | self.owned_by(viewer) if viewer.is_authenticated else visible

    def owned_by(self, user: Viewer) -> PostQuerySet:
        """Posts of `user` in any state, except deleted ones."""
        return self.filter(author_id=user.pk, deleted_at__isnull=True) if user.is_authenticated else self.none()

    def with_likers_visible_to(self, viewer: Viewer) -> PostQuerySet:
        """Posts whose likers `viewer` may list: the author has not hidden them, or is the viewer."""
        return self.filter(Q(hide_likes=False) | Q(author_id=viewer.pk))

    def unfinished_of(self, author: User | models.OuterRef) -> PostQuerySet:
        """Posts of `author` that are processing or failed, newest first."""
        return self.filter(author=author, published_at__isnull=True, deleted_at__isnull=True).order_by("-id")

    def needing_attention_of(self, author: User) -> PostQuerySet:
        """Posts of `author` that are processing, failed or removed by a moderator, newest first."""
        states = Q(published_at__isnull=True, deleted_at__isnull=True) | _REMOVED
        return self.filter(states, author=author).order_by("-id")

    def archived_of(self, author: User) -> PostQuerySet:
        """Archived posts of `author`."""
        return self.filter(author=author, archived_at__isnull=False, deleted_at__isnull=True)

    def lock_before_media(self, post_id: int | None) -> None:
        """Lock the row of a post, if there is one, before rows of its media are changed.

        A change of a medium changes the row of its post, too (`card_version`). Edits lock in this order.
        """
        self.select_for_update(no_key=True).filter(pk=post_id).values_list("pk").first()

    def for_cards(self, viewer: Viewer) -> PostQuerySet:
        """Load everything that cards and tiles show, in two queries whatever the number of posts."""
        return (
            self.with_viewer_state(viewer)
            .with_author()
            .prefetch_related(models.Prefetch("media", Media.objects.with_people(viewer)))
        )

    def with_author(self) -> PostQuerySet:
        """Select all columns of the posts, and the columns that display their authors."""
        return self.select_related("author").only(
            *(field.name for field in Post._meta.concrete_fields),  # noqa: SLF001  (Django's own, documented)
            *(f"author__{name}" for name in DISPLAY_FIELDS),
        )

    def with_viewer_state(self, viewer: Viewer) -> PostQuerySet:
        """Annotate the counts and flags that cards show to `viewer`.

        Adds like_count and comment_count (exact), liked_by_viewer, saved_by_viewer, is_own, likes_hidden and named. If
        the author hides likes, or the viewer does not want to see like counts, likes_hidden is true and like_count 0,
        except on the viewer's own posts. The viewer's comments that wait for approval, and their replies to such a
        comment, are included in comment_count, because the viewer sees them.
        """
        liked: models.expressions.Combinable = Value(False, output_field=models.BooleanField())
        own = saved = liked
        comment_count = COMMENTS.value()
        if viewer.is_authenticated:
            liked = _LIKED(post="pk", viewer=viewer.pk)
            saved = _SAVED(post="pk", viewer=viewer.pk)
            own = models.ExpressionWrapper(Q(author_id=viewer.pk), output_field=models.BooleanField())
            comment_count += Coalesce(OWN_WAITING(post="pk", viewer=viewer.pk), 0)
            comment_count += Coalesce(OWN_UNDER_WAITING(post="pk", viewer=viewer.pk), 0)
        hidden = Q(hide_likes=True)
        if viewer.is_authenticated:
            hidden = (hidden | Q(_WANTS_NO_COUNTS(viewer=viewer.pk))) & ~Q(author_id=viewer.pk)
        return self.annotate(
            # A hidden count is never loaded, so no template, preview or API response can leak it.
            like_count=models.Case(models.When(hidden, then=0), default=LIKES.value()),
            likes_hidden=models.ExpressionWrapper(hidden, output_field=models.BooleanField()),
            comment_count=comment_count,
            liked_by_viewer=liked,
            saved_by_viewer=saved,
            is_own=own,
            named=visible_names("caption_names", viewer),
        )


_LIKED: Final = CompiledExists(lambda post, viewer: Like.objects.filter(post_id=post, liker_id=viewer), outer=["post"])
_SAVED: Final = CompiledExists(lambda post, viewer: Save.objects.filter(post_id=post, person_id=viewer), outer=["post"])
_WANTS_NO_COUNTS: Final = CompiledExists(
    lambda viewer: get_user_model().objects.filter(pk=viewer, hide_like_counts=True), outer=[]
)


class Post(SnowflakeModel):
    """A post of one to MAX_SLIDES photos and videos with a caption. Lives on its author's shard.

    It is published once all its media are rendered. Until then, only its author can see it.
    """

    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="posts", db_index=False)
    caption = models.TextField(max_length=MAX_CAPTION_CHARS * MAX_CODE_POINTS_PER_CHAR, blank=True)
    unlinked = ArrayField(models.CharField(max_length=MAX_USERNAME_CHARS), default=list, blank=True, editable=False)
    """Usernames in the caption that are not linked, because these people removed their mention."""
    location = models.CharField(max_length=MAX_LOCATION_CHARS * MAX_CODE_POINTS_PER_CHAR, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    """Incremented when the author or a moderator changes the post. Detects conflicting edits (`edit_post`)."""
    card_version = models.PositiveIntegerField(default=1, db_default=1, editable=False)
    """Incremented by triggers when content of the card changes, of the post or its media. Part of the cache's key."""

    audience = models.CharField(max_length=13, choices=Audience.choices, default=Audience.EVERYONE)
    edited_at = models.DateTimeField(null=True, editable=False)
    """When the author last edited the published content; null if never."""
    archived_at = models.DateTimeField(null=True, editable=False)
    """When the author archived the post; null if it is not archived."""
    comments_off = models.BooleanField(default=False, editable=False)
    """True if comments are closed. Set under the exclusive advisory lock of the post (`set_comments_enabled`)."""
    hide_likes = models.BooleanField(default=False, db_default=False, editable=False)
    """True if only the author sees the number and the list of likes."""

    published_at = models.DateTimeField(null=True, editable=False)
    fanned_out_at = models.DateTimeField(null=True, editable=False)
    removed_at = models.DateTimeField(null=True, editable=False)
    removed_reason = models.CharField(max_length=500, blank=True, editable=False)
    deleted_at = models.DateTimeField(null=True, editable=False)

    folded_likes = models.IntegerField(default=0, editable=False)
    folded_comments = models.IntegerField(default=0, editable=False)
    coarse_likes = models.GeneratedField(
        expression=models.Func("folded_likes", function="coarse_count", output_field=models.IntegerField()),
        output_field=models.IntegerField(),
        db_persist=True,
    )
    """folded_likes to five bits, at most a sixteenth less. An index on folded_likes would change at each fold."""

    caption_names = models.GeneratedField(
        expression=models.Func("caption", function="names_in", output_field=_NAMES),
        output_field=_NAMES,
        db_persist=True,
    )
    """What follows an @ in the caption, as `linkify` finds names; they may not exist. Every view of a card needs it."""

    hashtags = models.ManyToManyField("posts.Hashtag", through="posts.PostHashtag", related_name="posts")

    objects = PostQuerySet.as_manager()

    # Annotations of with_viewer_state().
    like_count: int
    likes_hidden: bool
    named: Sequence[str] | None = None
    """Usernames in the caption to link; None, without the annotation, links all of them."""
    comment_count: int
    liked_by_viewer: bool
    saved_by_viewer: bool
    is_own: bool
    slides_json: list[dict[str, Any]]
    """Annotation of `posts.slides.with_slides`."""
    # Annotations of `posts.loaded`.
    photos_with_people: Sequence[int]
    has_preview: bool
    """Whether anonymous visitors may see the post, so that it has a link preview."""
    # Annotation of by_explore_score().
    score: int

    class Meta:
        indexes = [
            # The profile grid, and rebuilding a home timeline: the newest posts of an author.
            models.Index(fields=["author", "-id"], condition=_PUBLISHED, name="posts_of_author"),
            # Explore, in its order.
            models.Index(
                explore_score("coarse_likes", "id").desc(),
                models.F("id").desc(),
                condition=_PUBLISHED,
                name="posts_to_explore",
            ),
            # The archive of an author.
            models.Index(
                fields=["author", "-id"],
                condition=Q(archived_at__isnull=False, deleted_at__isnull=True),
                name="posts_archived",
            ),
            # Processing and failed posts on the author's own profile.
            models.Index(
                fields=["author", "-id"],
                condition=Q(published_at__isnull=True, deleted_at__isnull=True),
                name="posts_unfinished",
            ),
            # Removed posts on the author's own profile, and notices of moderators.
            models.Index(fields=["author", "-removed_at"], condition=_REMOVED, name="posts_removed"),
            # feed.sweep: published posts that are not fanned out yet.
            models.Index(
                fields=["published_at"],
                condition=Q(published_at__isnull=False, fanned_out_at__isnull=True),
                name="posts_to_fan_out",
            ),
            # posts.sweep: deleted posts whose files still exist.
            models.Index(fields=["deleted_at"], condition=Q(deleted_at__isnull=False), name="posts_to_purge"),
        ]

    def __str__(self) -> str:
        return self.shortcode

    def get_absolute_url(self) -> str:
        return fast_reverse("posts:post", self.shortcode)

    @property
    def shortcode(self) -> str:
        return encode_shortcode(self.pk)

    @cached_property
    def slides(self) -> list[Media]:
        """The media in order; no query after `for_cards()`."""
        return sorted(self.media.all(), key=lambda media: media.position)

    @property
    def is_public(self) -> bool:
        """Return True if the post is published for everyone by a public account.

        Ignores suspensions and blocks, so it is not a permission check. Decides where the URL may be offered.
        """
        return self.state == "published" and self.audience == Audience.EVERYONE and not self.author.is_private

    @property
    def state(self) -> str:
        """Return "published", "archived", "removed", "failed" or "processing"."""
        if self.removed_at is not None:
            return "removed"
        if self.archived_at is not None:
            return "archived"
        if self.published_at is not None:
            return "published"
        return "failed" if any(media.state == MediaState.FAILED for media in self.slides) else "processing"

    @property
    def failed_slides(self) -> list[Media]:
        return [media for media in self.slides if media.state == MediaState.FAILED]

    @property
    def is_published(self) -> bool:
        """Return True if the post matches `PostQuerySet.published`."""
        return self.published_at is not None and not any((self.archived_at, self.removed_at, self.deleted_at))

    @property
    def is_counted(self) -> bool:
        """Return True if the counter POSTS includes the post. It must not reveal posts for close friends."""
        return self.is_published and self.audience == Audience.EVERYONE

    @property
    def failure(self) -> str:
        """Return an error message for the author if media failed, else ""."""
        failed = self.failed_slides
        if not failed:
            return ""
        names = f"{failed[0].original_name}: " if failed[0].original_name else ""
        more = f" ({len(failed) - 1} more failed too.)" if len(failed) > 1 else ""
        return f"{names}{failed[0].error}{more}"

    @property
    def notice(self) -> str:
        """Return the first message about the media that only the author should see, or ""."""
        return next((slide.notice for slide in self.slides if slide.notice), "")

    @property
    def ratio_class(self) -> str:
        """CSS class of the box around the slides: the ratio of RATIO_CLASSES nearest to that of the first slide."""
        first = self.slides[0] if self.slides else None
        if first is None or not first.height:
            return "ratio-1x1"
        ratio = first.width / first.height
        return min(RATIO_CLASSES, key=lambda name: abs(RATIO_CLASSES[name] - ratio))

    @property
    def preview(self) -> str:
        """URL of the first rendered picture of any slide, for the author while the post is processing; else ""."""
        return next((slide.preview for slide in self.slides if slide.renditions), "")

    @property
    def photo_label(self) -> str:
        """Alternative text of photos that have none."""
        return f"Photo by {isolate(self.author.display_name)}"

    @property
    def video_label(self) -> str:
        """Alternative text of videos that have none."""
        return f"Video by {isolate(self.author.display_name)}"

    @property
    def files_label(self) -> str:
        """Describe the number of slides: "3 photos", "1 video" or "4 photos and videos"."""
        count, videos = len(self.slides), sum(slide.is_video for slide in self.slides)
        noun = "photo" if not videos else "video" if videos == count else "photos and video"
        return f"{count} {noun}{'' if count == 1 else 's'}"

    @property
    def progress(self) -> int:
        """Progress of converting the videos, in per cent, weighted by their lengths; 0 without videos."""
        videos = [slide for slide in self.slides if slide.is_video]
        total = sum(slide.duration_ms or 1 for slide in videos)
        done = sum(
            (100 if slide.state == MediaState.READY else slide.progress) * (slide.duration_ms or 1) for slide in videos
        )
        return done // total if total else 0
