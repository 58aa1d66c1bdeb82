from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any, ClassVar, Final, TypeAlias

from allauth.account.models import EmailAddress
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import AnonymousUser, PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.safestring import SafeString

from accounts import form_keys, mobile, records  # noqa: F401  (models of this app, which Django finds here)
from common.compiled_queries import CompiledArray, CompiledExists
from common.counters import Counter
from common.ids import SnowflakeModel
from common.limits import MAX_BIO_CHARS, MAX_CODE_POINTS_PER_CHAR, MAX_LINK_CHARS, MAX_NAME_CHARS, MAX_USERNAME_CHARS
from common.linkify import linkify
from common.search_words import search_words_expression
from common.text import SHOWS_SOMETHING, normalize_password

Viewer: TypeAlias = "User | AnonymousUser"
"""Whoever looks at something."""

FOLLOWERS = Counter("user.followers", "accounts_user", "folded_followers")
FOLLOWING = Counter("user.following", "accounts_user", "folded_following")
POSTS = Counter("user.posts", "accounts_user", "folded_posts")
"""Of posts that everybody may see. Those for close friends are counted for them alone, where the count is shown."""

USERNAME_PATTERN = r"^(?!\.)(?!.*\.\.)[a-z0-9._]{1,30}(?<!\.)$"


def visible_users_q(viewer: Viewer, path: str = "") -> Q:
    """Q matching users at `path`, such as "author__", whom `viewer` may see: active, with no block in either direction.

    Suspended and deactivated users are hidden from everyone, also from themselves: they are not signed in. Blocks are
    rows of `social`, an app above this one, so they are reached through the reverse relation. Each is a NOT EXISTS on
    a unique index.
    """
    active = Q(**{f"{path}suspended_at__isnull": True, f"{path}deactivated_at__isnull": True})
    if not viewer.is_authenticated:
        return active
    person = f"{path.removesuffix('__')}_id" if path else "pk"
    blocks_viewer = _BLOCKS_VIEWER(person=person, viewer=viewer.pk)
    is_blocked = _IS_BLOCKED_BY_VIEWER(person=person, viewer=viewer.pk)
    return active & ~Q(blocks_viewer) & ~Q(is_blocked)


def _blocks(**fields: Any) -> models.QuerySet[Any, Any]:
    blocks = User._meta.get_field("blocks_made").related_model  # noqa: SLF001  (Django's own, documented)
    return blocks._default_manager.filter(**fields)  # noqa: SLF001


_BLOCKS_VIEWER: Final = CompiledExists(
    lambda person, viewer: _blocks(blocker_id=person, blocked_id=viewer), outer=["person"]
)
_IS_BLOCKED_BY_VIEWER: Final = CompiledExists(
    lambda person, viewer: _blocks(blocker_id=viewer, blocked_id=person), outer=["person"]
)


class _IsNamedIn(models.Func):
    """Whether a username is among what follows each @ in a text: every name that `linkify` can find there."""

    arg_joiner = " = ANY"
    template = "%(expressions)s"
    output_field = models.BooleanField()

    class Names(models.Func):
        template = (
            "(ARRAY(SELECT lower(found[1]) FROM"
            r" regexp_matches(%(expressions)s, '[@＠]([A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*)', 'g') AS found))"
        )
        output_field = ArrayField(models.CharField())


def people_named_in(field: str, viewer: Viewer) -> models.expressions.Expression:
    """Subquery: the usernames in the text `field` of the outer row that belong to people whom `viewer` may see.

    Only these names are links, so that no link leads to a missing page. A text without an @ costs no look-up.
    """
    if viewer.is_authenticated:
        return _NAMED_FOR_MEMBER(text=field, viewer=viewer.pk)
    return _NAMED_FOR_ANYBODY(text=field)


def _named_in(text: models.expressions.Combinable, viewer: Viewer) -> models.QuerySet[Any, Any]:
    is_named = _IsNamedIn(F("username"), _IsNamedIn.Names(text))
    return User.objects.visible_to(viewer).filter(is_named).order_by().values("username")  # type: ignore[no-any-return]


_USERNAMES: Final = ArrayField(models.CharField())
_NAMED_FOR_MEMBER: Final = CompiledArray(
    lambda text, viewer: _named_in(text, User(pk=viewer)), outer=["text"], output_field=_USERNAMES
)
_NAMED_FOR_ANYBODY: Final = CompiledArray(
    lambda text: _named_in(text, AnonymousUser()), outer=["text"], output_field=_USERNAMES
)


class UserQuerySet(models.QuerySet["User"]):
    def active(self) -> UserQuerySet:
        """Users who are neither suspended nor deactivated."""
        return self.filter(visible_users_q(AnonymousUser()))

    def visible_to(self, viewer: Viewer) -> UserQuerySet:
        """Users whom `viewer` may see; the counterpart of `Post.objects.visible_to`.

        This covers name, picture, bio and counts. For posts and lists see `social.queries.with_visible_content`.
        """
        return self.filter(visible_users_q(viewer))

    def with_counts(self) -> UserQuerySet:
        """Adds followers_count, following_count and posts_count, exact."""
        return self.annotate(
            followers_count=FOLLOWERS.value(),
            following_count=FOLLOWING.value(),
            posts_count=POSTS.value(),
        )

    def for_display(self) -> UserQuerySet:
        """Only the columns that a name and a picture need: never a password hash in a page's working set."""
        return self.only(*DISPLAY_FIELDS)

    def lock(self, pk: int) -> User:
        """Return this user, with the row locked until the transaction ends. Raises User.DoesNotExist.

        The lock does not block inserts of rows that refer to the user.
        """
        return self.select_for_update(no_key=True).get(pk=pk)


DISPLAY_FIELDS = ("id", "username", "name", "avatar", "avatar_state", "suspended_at", "is_private")


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]
    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(username=(username or "").lower())  # type: ignore[no-any-return]

    def create_superuser(self, username: str, email: str, password: str | None = None, **fields: Any) -> User:
        """For `manage.py createsuperuser`."""
        user: User = self.model(
            username=username.lower(), email=email.lower(), is_staff=True, is_superuser=True, **fields
        )
        user.set_password(password)
        with transaction.atomic(using=self._db):
            user.save(using=self._db)
            # Whoever can run the command owns the address; without this row a strict site would ask to confirm it.
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
    NOBODY = "nobody", "Nobody"


class User(AbstractBaseUser, PermissionsMixin, SnowflakeModel):
    """A person with an account.

    Username and e-mail are kept in lower case, which constraints enforce, so both are unique without regard to case.
    """

    username = models.CharField(max_length=MAX_USERNAME_CHARS, unique=True)
    email = models.EmailField(max_length=254, unique=True)
    name = models.CharField("display name", max_length=MAX_NAME_CHARS * MAX_CODE_POINTS_PER_CHAR, blank=True)
    bio = models.TextField(max_length=MAX_BIO_CHARS * MAX_CODE_POINTS_PER_CHAR, blank=True)
    link = models.URLField(max_length=MAX_LINK_CHARS, blank=True)

    avatar = models.JSONField(default=dict, blank=True, editable=False)
    """Storage keys of the finished picture by size and type: {"320": {"webp": key, "jpeg": key}, "96": …}."""
    avatar_original = models.CharField(max_length=200, blank=True, editable=False)
    avatar_state = models.CharField(max_length=10, blank=True, default="", choices=AvatarState.choices, editable=False)
    avatar_error = models.CharField(max_length=300, blank=True, default="", editable=False)
    avatar_attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    avatar_queued_at = models.DateTimeField(null=True, editable=False)

    is_staff = models.BooleanField("moderator", default=False, help_text="May sign in to the admin.")
    suspended_at = models.DateTimeField(null=True, blank=True, editable=False)
    suspended_reason = models.CharField(max_length=500, blank=True, editable=False)
    session_epoch = models.CharField(max_length=16, default="", editable=False)
    """Part of what every session of this person is checked against: a new value ends them all."""

    is_private = models.BooleanField(default=False, editable=False)
    """Whether only accepted followers see what they share and whom they follow. `social.actions.change_privacy`."""
    accepts_requests_up_to = models.BigIntegerField(null=True, editable=False)
    """Follow requests with ids up to this are to be accepted: the rest of "accept all", which `social.sweep` does."""
    deactivated_at = models.DateTimeField(null=True, editable=False)
    """Since when the person has hidden themselves and all they shared; null for those who are here."""

    deletes_at = models.DateTimeField(null=True, editable=False)
    """When the account is deleted, which its owner asked for; null for those who stay."""
    who_may_tag = models.CharField(max_length=9, choices=WhoMayTag.choices, default=WhoMayTag.EVERYONE, editable=False)
    """Who may tag them in photos, and whose mentions they are told of."""

    hide_like_counts = models.BooleanField(default=False, db_default=False, editable=False)
    """Whether they are not told how many like the posts of others."""

    last_seen_at = models.DateTimeField(default=timezone.now, editable=False)
    follows_version = models.PositiveIntegerField(default=0, editable=False)
    """Moves with every change of whose posts are at home (follows, mutes, blocks); the key of the home timeline carries
    it, so a stale one is never read."""

    folded_followers = models.IntegerField(default=0, editable=False)
    folded_following = models.IntegerField(default=0, editable=False)
    folded_posts = models.IntegerField(default=0, editable=False)

    words = models.GeneratedField(
        expression=search_words_expression("username", "name"), output_field=models.TextField(), db_persist=True
    )
    """Username and name as the search compares them (`social.search`)."""

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["email"]

    # Annotations of with_counts().
    followers_count: int
    following_count: int
    posts_count: int
    # And of social.conditions.with_close_state().
    named: Sequence[str] | None = None
    """Names in the bio that are links; None, without the annotation, for all."""
    viewer_is_close: bool

    # Annotations of social.queries.with_relations().
    is_content_visible: bool
    is_muted: bool
    is_restricted: bool
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
        ]
        indexes = [
            # Suggestions: the most followed first. Search: names among those, from the index alone.
            models.Index(
                fields=["-folded_followers", "-id"], include=["username", "words"], name="people_by_followers"
            ),
            # Search: any part of a name, and what is like one. Searches are read more than names are written.
            GinIndex(OpClass(F("words"), "gin_trgm_ops"), name="people_by_part_of_words", fastupdate=False),
            # social.sweep: accounts with requests that are still to be accepted.
            models.Index(
                fields=["accepts_requests_up_to"],
                condition=Q(accepts_requests_up_to__isnull=False),
                name="people_accepting_requests",
            ),
            # accounts.sweep: accounts whose time has come.
            models.Index(fields=["deletes_at"], condition=Q(deletes_at__isnull=False), name="people_to_delete"),
            # accounts.sweep: pictures that a lost message left unfinished.
            models.Index(
                fields=["avatar_queued_at"], condition=Q(avatar_state="processing"), name="avatars_unfinished"
            ),
        ]

    def set_password(self, raw_password: str | None) -> None:
        """Set the password in its normal form. Forms, the admin and commands all come here."""
        super().set_password(raw_password and normalize_password(raw_password))

    def check_password(self, raw_password: str | None) -> bool:
        """Return True if this is the password, however its letters are composed. One hash, as without this."""
        return super().check_password(raw_password and normalize_password(raw_password))

    async def acheck_password(self, raw_password: str | None) -> bool:
        return await super().acheck_password(raw_password and normalize_password(raw_password))

    def __str__(self) -> str:
        return self.username

    def get_absolute_url(self) -> str:
        return f"/{self.username}/"

    @property
    def display_name(self) -> str:
        return self.name or self.username

    @property
    def bio_html(self) -> SafeString:
        return linkify(self.bio, linked=self.named)

    @property
    def link_text(self) -> str:
        """The link as people write it."""
        return self.link.split("://", 1)[-1].removeprefix("www.").rstrip("/")

    @property
    def is_active(self) -> bool:  # type: ignore[override]
        """What Django asks at sign-in and at every request of a session."""
        return self.suspended_at is None

    @property
    def avatar_url(self) -> str:
        """The square picture at 320 px; "" for somebody without one."""
        return self._avatar_url("320")

    @property
    def avatar_small_url(self) -> str:
        """The square picture at 96 px, for circles of up to 48 px; "" for somebody without one."""
        return self._avatar_url("96")

    def _avatar_url(self, size: str) -> str:
        key = self.avatar.get(size, {}).get("webp", "")
        return f"/media/people/{self.pk}/{key}" if key else ""

    def end_sessions(self) -> None:
        """Sign this person out everywhere. The caller saves `session_epoch`."""
        self.session_epoch = secrets.token_hex(8)

    def get_session_auth_hash(self) -> str:
        return self._auth_hash()

    def get_session_auth_fallback_hash(self) -> Any:
        from django.conf import settings

        for fallback in settings.SECRET_KEY_FALLBACKS:
            yield self._auth_hash(secret=fallback)

    def _auth_hash(self, secret: str | bytes | None = None) -> str:
        salt = "accounts.User.session"
        return salted_hmac(salt, f"{self.password}:{self.session_epoch}", secret=secret, algorithm="sha256").hexdigest()
