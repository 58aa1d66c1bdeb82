from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any, ClassVar

from allauth.account.models import EmailAddress
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import AnonymousUser, PermissionsMixin
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.functional import cached_property
from django.utils.safestring import SafeString

from accounts.flags import Flags, load_flags
from accounts.models.session import Session
from accounts.models.visibility import Viewer, visible_users_q
from common.counters import Counter
from common.fast_reverse import fast_reverse
from common.ids import SnowflakeModel
from common.limits import MAX_BIO_CHARS, MAX_CODE_POINTS_PER_CHAR, MAX_LINK_CHARS, MAX_NAME_CHARS, MAX_USERNAME_CHARS
from common.linkify import linkify
from common.search_words import search_words_expression
from common.text import SHOWS_SOMETHING, normalize_password
from realtime.tell import check_people

FOLLOWERS = Counter("user.followers", "accounts_user", "folded_followers")
FOLLOWING = Counter("user.following", "accounts_user", "folded_following")
POSTS = Counter("user.posts", "accounts_user", "folded_posts")
"""Posts that the whole audience may see. Posts for close friends are counted separately, when a profile is shown."""

USERNAME_PATTERN = r"^(?!\.)(?!.*\.\.)[a-z0-9._]{1,30}(?<!\.)$"


class UserQuerySet(models.QuerySet["User"]):
    def active(self) -> UserQuerySet:
        """Users who are neither suspended nor deactivated."""
        return self.filter(visible_users_q(AnonymousUser()))

    def visible_to(self, viewer: Viewer) -> UserQuerySet:
        """Users that `viewer` may see; the counterpart of `Post.objects.visible_to`.

        This covers name, picture, bio and counts. For posts and lists see `social.queries.with_visible_content`.
        """
        return self.filter(visible_users_q(viewer))

    def with_counts(self) -> UserQuerySet:
        """Annotate the exact followers_count, following_count and posts_count."""
        return self.annotate(
            followers_count=FOLLOWERS.value(),
            following_count=FOLLOWING.value(),
            posts_count=POSTS.value(),
        )

    def for_display(self) -> UserQuerySet:
        """Load only the columns needed to show a name and picture, in particular no password hash."""
        return self.only(*DISPLAY_FIELDS)

    def lock(self, pk: int) -> User:
        """Return this user, with the row locked until the transaction ends. Raises User.DoesNotExist.

        The lock does not block inserts of rows that refer to the user.
        """
        return self.select_for_update(no_key=True).get(pk=pk)


DISPLAY_FIELDS = ("id", "username", "name", "avatar", "avatar_state", "suspended_at", "is_private", "card_version")


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]
    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(username=(username or "").lower())  # type: ignore[no-any-return]

    def create_superuser(self, username: str, email: str, password: str | None = None, **fields: Any) -> User:
        """Create a superuser; called by `manage.py createsuperuser`."""
        user: User = self.model(
            username=username.lower(), email=email.lower(), is_staff=True, is_superuser=True, **fields
        )
        user.set_password(password)
        with transaction.atomic(using=self._db):
            user.save(using=self._db)
            # The address counts as confirmed, because running the command requires access to the server.
            EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        return user


class AvatarState(models.TextChoices):
    NONE = "", "none"
    PROCESSING = "processing", "processing"
    READY = "ready", "ready"
    FAILED = "failed", "failed"


class WhoMayTag(models.TextChoices):
    EVERYONE = "everyone", "Everyone"
    FOLLOWING = "following", "People I follow"
    NOBODY = "nobody", "No one"


class Feed(models.TextChoices):
    """The feeds of the home page. `?feed=` has the same values."""

    FOLLOWING = "following", "Following"
    FAVOURITES = "favourites", "Favourites"
    FOR_YOU = "for-you", "For you"


class User(AbstractBaseUser, PermissionsMixin, SnowflakeModel):
    """A user account.

    Username and e-mail are stored in lower case, enforced by constraints, so both are unique case-insensitively.
    """

    username = models.CharField(max_length=MAX_USERNAME_CHARS, unique=True)
    email = models.EmailField(max_length=254, unique=True)
    name = models.CharField("display name", max_length=MAX_NAME_CHARS * MAX_CODE_POINTS_PER_CHAR, blank=True)
    bio = models.TextField(max_length=MAX_BIO_CHARS * MAX_CODE_POINTS_PER_CHAR, blank=True)
    link = models.URLField(max_length=MAX_LINK_CHARS, blank=True)

    avatar = models.JSONField(default=dict, blank=True, editable=False)
    """Storage keys of the finished avatar by size and type: {"320": {"webp": key, "jpeg": key}, "96": …}."""
    avatar_crop = models.JSONField(null=True, default=None, editable=False)
    """The square to show of `avatar_original` (media.edit.square); None for the largest one in the middle."""
    avatar_original = models.CharField(max_length=200, blank=True, editable=False)
    avatar_state = models.CharField(max_length=10, blank=True, default="", choices=AvatarState.choices, editable=False)
    avatar_error = models.CharField(max_length=300, blank=True, default="", editable=False)
    avatar_attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    avatar_queued_at = models.DateTimeField(null=True, editable=False)

    is_staff = models.BooleanField("moderator", default=False, help_text="May sign in to the admin.")
    suspended_at = models.DateTimeField(null=True, blank=True, editable=False)
    suspended_reason = models.CharField(max_length=500, blank=True, editable=False)
    session_epoch = models.CharField(max_length=16, default="", editable=False)
    """Part of the session hash: a new value ends all of the user's sessions."""

    is_private = models.BooleanField(default=False, editable=False)
    """If set, only accepted followers see the user's posts and lists. Changed by `social.actions.change_privacy`."""
    accepts_requests_up_to = models.BigIntegerField(null=True, editable=False)
    """Accept follow requests with ids up to this: the remaining work of "accept all", done by `social.sweep`."""
    deactivated_at = models.DateTimeField(null=True, editable=False)
    """When the user hid the account and its content; null for active accounts."""

    deletes_at = models.DateTimeField(null=True, editable=False)
    """When the account will be deleted, at its owner's request; otherwise null."""
    who_may_tag = models.CharField(max_length=9, choices=WhoMayTag.choices, default=WhoMayTag.EVERYONE, editable=False)
    """Who may tag the user in photos, and whose mentions notify the user."""

    hide_like_counts = models.BooleanField(default=False, db_default=False, editable=False)
    """If set, the user does not see the like counts of other people's posts."""

    card_version = models.PositiveIntegerField(default=1, db_default=1, editable=False)
    """Incremented by a trigger when name, picture or privacy change. Part of the key of cached cards and rows."""
    first_feed = models.CharField(
        max_length=10, choices=Feed.choices, default=Feed.FOLLOWING, db_default=Feed.FOLLOWING, editable=False
    )
    """The feed that the home page opens with. A column, so that the home page needs no query for it."""

    last_seen_at = models.DateTimeField(default=timezone.now, editable=False)
    follows_version = models.PositiveIntegerField(default=0, editable=False)
    """Incremented when followed, muted or blocked users change. Stored in the home timeline, so that a stale one is
    never shown."""

    folded_followers = models.IntegerField(default=0, editable=False)
    folded_following = models.IntegerField(default=0, editable=False)
    folded_posts = models.IntegerField(default=0, editable=False)

    words = models.GeneratedField(
        expression=search_words_expression("username", "name"), output_field=models.TextField(), db_persist=True
    )
    """Username and name, normalized for search (`social.search`)."""

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["email"]

    # Annotations of with_counts().
    followers_count: int
    following_count: int
    posts_count: int
    # Annotation of feed.profiles.profiles_for().
    named: Sequence[str] | None = None
    """Usernames in the bio to link; None (without the annotation) links all."""
    # Annotations by `social`. They are declared here because Django sets annotations on instances of the queried class:
    # a subclass or Protocol in `social` would need a cast after each query, which checks no more than these lines do.
    # This app neither sets nor reads them.
    # with_close_state():
    viewer_is_close: bool
    # with_follow_state():
    followed_by_viewer: bool
    requested_by_viewer: bool
    # with_relations():
    is_content_visible: bool
    is_muted: bool
    is_restricted: bool
    is_close_friend: bool
    is_favourite: bool
    follows_viewer: bool

    class Meta:
        verbose_name = "person"
        verbose_name_plural = "people"
        constraints = [
            models.CheckConstraint(condition=Q(username__regex=USERNAME_PATTERN), name="username_is_well_formed"),
            models.CheckConstraint(condition=Q(email=Lower("email")), name="email_is_lower_case"),
            models.CheckConstraint(
                condition=Q(deletes_at__isnull=True) | Q(deactivated_at__isnull=False),
                name="deleting_users_are_deactivated",
            ),
            models.CheckConstraint(condition=Q(name="") | Q(name__regex=SHOWS_SOMETHING), name="names_are_visible"),
            models.CheckConstraint(condition=Q(bio="") | Q(bio__regex=SHOWS_SOMETHING), name="bios_are_visible"),
            models.CheckConstraint(condition=Q(who_may_tag__in=WhoMayTag.values), name="who_may_tag_is_known"),
            models.CheckConstraint(condition=Q(first_feed__in=Feed.values), name="first_feed_is_known"),
        ]
        indexes = [
            # Suggestions: the most followed users. Search: their names, by an index-only scan.
            models.Index(
                fields=["-folded_followers", "-id"], include=["username", "words"], name="people_by_followers"
            ),
            # Search: substrings and similar names. fastupdate is off because reads outnumber writes.
            GinIndex(OpClass(F("words"), "gin_trgm_ops"), name="people_by_part_of_words", fastupdate=False),
            # social.sweep: users whose follow requests are still to be accepted.
            models.Index(
                fields=["accepts_requests_up_to"],
                condition=Q(accepts_requests_up_to__isnull=False),
                name="people_accepting_requests",
            ),
            # personal_data.sweep: accounts whose deletion is due.
            models.Index(fields=["deletes_at"], condition=Q(deletes_at__isnull=False), name="people_to_delete"),
            # accounts.sweep: avatars whose task was lost.
            models.Index(
                fields=["avatar_queued_at"], condition=Q(avatar_state="processing"), name="avatars_unfinished"
            ),
        ]

    def set_password(self, raw_password: str | None) -> None:
        """Set the password, in Unicode normal form. Forms, the admin and commands all call this."""
        super().set_password(raw_password and normalize_password(raw_password))

    def check_password(self, raw_password: str | None) -> bool:
        """Return True if this is the password, in any Unicode composition. Computes one hash."""
        return super().check_password(raw_password and normalize_password(raw_password))

    async def acheck_password(self, raw_password: str | None) -> bool:
        return await super().acheck_password(raw_password and normalize_password(raw_password))

    def __str__(self) -> str:
        return self.username

    def get_absolute_url(self) -> str:
        return fast_reverse("feed:profile", self.username)

    @property
    def display_name(self) -> str:
        return self.name or self.username

    @property
    def bio_html(self) -> SafeString:
        return linkify(self.bio, linked=self.named)

    @property
    def link_text(self) -> str:
        """The link without scheme and "www."."""
        return self.link.split("://", 1)[-1].removeprefix("www.").rstrip("/")

    @property
    def is_active(self) -> bool:  # type: ignore[override]
        """False while suspended. Django checks it at sign-in and at every request of a session."""
        return self.suspended_at is None

    @property
    def avatar_url(self) -> str:
        """URL of the avatar at 320 px; "" without one."""
        return self._avatar_url("320")

    @property
    def avatar_small_url(self) -> str:
        """URL of the avatar at 96 px, for display at up to 48 px; "" without one."""
        return self._avatar_url("96")

    def _avatar_url(self, size: str) -> str:
        key = self.avatar.get(size, {}).get("webp", "")
        return fast_reverse("avatar", self.pk, key) if key else ""

    @property
    def avatar_keys(self) -> list[str]:
        """Storage keys of all public files of the avatar."""
        return [key for kinds in self.avatar.values() for key in kinds.values()]

    @cached_property
    def flags(self) -> Flags:
        """The flags of the user. A session loads them; otherwise the first use costs one query."""
        return load_flags(self.pk)

    def refresh_from_db(self, using: str | None = None, fields: Any = None, from_queryset: Any = None) -> None:
        """Reload the fields; if deferred ones are among them, all that are deferred, to save further queries."""
        if fields is None:
            self.__dict__.pop("flags", None)
        elif not self.get_deferred_fields().isdisjoint(fields):
            fields = {*fields, *self.get_deferred_fields()}
        super().refresh_from_db(using, fields, from_queryset)

    def end_sessions(self) -> None:
        """Sign the user out everywhere, in the caller's transaction. The caller saves `session_epoch`.

        The new epoch also ends what else holds a session hash: tokens and grants of apps.
        """
        self.session_epoch = secrets.token_hex(8)
        Session.objects.of(self.pk).delete()
        check_people([self.pk])

    def get_session_auth_hash(self) -> str:
        return self._auth_hash()

    def get_session_auth_fallback_hash(self) -> Any:
        from django.conf import settings

        for fallback in settings.SECRET_KEY_FALLBACKS:
            yield self._auth_hash(secret=fallback)

    def _auth_hash(self, secret: str | bytes | None = None) -> str:
        salt = "accounts.User.session"
        return salted_hmac(salt, f"{self.password}:{self.session_epoch}", secret=secret, algorithm="sha256").hexdigest()
