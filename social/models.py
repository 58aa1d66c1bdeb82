from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.expressions import Expression

from common.compiled_queries import CompiledExists
from common.ids import SnowflakeModel

if TYPE_CHECKING:
    from accounts.models import UserQuerySet, Viewer


class Follow(SnowflakeModel):
    """`follower` sees the posts of `followee` at home. Lives on the follower's shard."""

    follower = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="follows_made", db_index=False)
    followee = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="follows_received", db_index=False
    )
    was_asked = models.BooleanField(default=False, db_default=False, editable=False)
    """Whether it began as a request, which the followee accepted."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["follower", "followee"], name="follow_once"),
            models.CheckConstraint(condition=~Q(follower=F("followee")), name="nobody_follows_themselves"),
        ]
        indexes = [
            # The list of followers, newest first; fan-out walks it too.
            models.Index(fields=["followee", "-id"], include=["follower"], name="followers_newest_first"),
            models.Index(fields=["follower", "-id"], include=["followee"], name="following_newest_first"),
        ]

    def __str__(self) -> str:
        return f"{self.follower_id} follows {self.followee_id}"


class CloseFriend(SnowflakeModel):
    """`owner` counts `friend` among the close friends, who see posts for them alone. Lives on the owner's shard.

    Only the owner knows.
    """

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="close_friends", db_index=False)
    friend = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="close_friend_of")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "friend"], name="close_friend_once"),
            models.CheckConstraint(condition=~Q(owner=F("friend")), name="nobody_is_their_own_close_friend"),
        ]
        indexes = [
            models.Index(fields=["owner", "-id"], include=["friend"], name="close_friends_newest_first"),
        ]

    def __str__(self) -> str:
        return f"{self.friend_id} is a close friend of {self.owner_id}"


class FollowRequest(SnowflakeModel):
    """`requester` asks to follow `target`, whose account is private. Lives on the requester's shard.

    No Follow: nothing that a follow allows is allowed by this. The database refuses a request beside a Follow.
    """

    requester = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="requests_made", db_index=False
    )
    target = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="requests_received", db_index=False
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["requester", "target"], name="request_once"),
            models.CheckConstraint(condition=~Q(requester=F("target")), name="nobody_asks_to_follow_themselves"),
        ]
        indexes = [
            # The page of requests, and how many there are.
            models.Index(fields=["target", "-id"], include=["requester"], name="requests_newest_first"),
        ]

    def __str__(self) -> str:
        return f"{self.requester_id} asks to follow {self.target_id}"


class Block(SnowflakeModel):
    """`blocker` and `blocked` do not see each other (`accounts.models.visible_users_q`). Lives on the blocker's shard.

    While it is there the database refuses follows, requests and close friends between the two, and it refuses the
    block while one of those is there (migration 0003): whoever loses the race, block wins.
    """

    blocker = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="blocks_made", db_index=False)
    blocked = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="blocks_received", db_index=False
    )

    class Meta:
        constraints = [
            # visible_to, from the one side.
            models.UniqueConstraint(fields=["blocker", "blocked"], name="block_once"),
            models.CheckConstraint(condition=~Q(blocker=F("blocked")), name="nobody_blocks_themselves"),
        ]
        indexes = [
            # visible_to, from the other.
            models.Index(fields=["blocked", "blocker"], name="blocks_by_blocked"),
            models.Index(fields=["blocker", "-id"], include=["blocked"], name="blocks_newest_first"),
        ]

    def __str__(self) -> str:
        return f"{self.blocker_id} blocks {self.blocked_id}"


class Mute(SnowflakeModel):
    """`muter` follows or not, but does not want to be shown `muted` unasked. Lives on the muter's shard.

    Hides nothing: a muted person's profile and posts are where they were. Only the muter knows.
    """

    muter = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="mutes_made", db_index=False)
    muted = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="mutes_received")
    posts = models.BooleanField(default=True)
    stories = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["muter", "muted"], name="mute_once"),
            models.CheckConstraint(condition=~Q(muter=F("muted")), name="nobody_mutes_themselves"),
            models.CheckConstraint(condition=Q(posts=True) | Q(stories=True), name="a_mute_mutes_something"),
        ]
        indexes = [
            models.Index(fields=["muter", "-id"], include=["muted"], name="mutes_newest_first"),
        ]

    def __str__(self) -> str:
        return f"{self.muter_id} mutes {self.muted_id}"


class Restrict(SnowflakeModel):
    """What `restricted` writes under posts of `restricter` is seen by these two alone until it is approved.

    Lives on the restricter's shard. Only the restricter knows.
    """

    restricter = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="restricts_made", db_index=False
    )
    restricted = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="restricts_received")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["restricter", "restricted"], name="restrict_once"),
            models.CheckConstraint(condition=~Q(restricter=F("restricted")), name="nobody_restricts_themselves"),
        ]
        indexes = [
            models.Index(fields=["restricter", "-id"], include=["restricted"], name="restricts_newest_first"),
        ]

    def __str__(self) -> str:
        return f"{self.restricter_id} restricts {self.restricted_id}"


def follows(viewer: Viewer, person: str) -> Expression:
    """Whether `viewer` follows the person whose id is in the outer column `person`."""
    return _FOLLOWS(person=person, viewer=viewer.pk)


_FOLLOWS: Final = CompiledExists(
    lambda person, viewer: Follow.objects.filter(follower_id=viewer, followee_id=person), outer=["person"]
)


def content_visible_q(viewer: Viewer, path: str = "", person: str = "pk") -> Q:
    """Q matching users at `path`, with their id in `person`, whose posts and lists `viewer` may see.

    Public accounts match for everyone, private ones for their followers and owner. A request is not a follow.
    """
    public = Q(**{f"{path}is_private": False})
    if not viewer.is_authenticated:
        return public
    return public | Q(**{person: viewer.pk}) | Q(follows(viewer, person))


def not_muted(viewer: Viewer, person: str) -> Q:
    """That `viewer` has not muted the posts of the person whose id is in the outer column `person`."""
    if not viewer.is_authenticated:
        return Q()
    return ~Q(_MUTES_POSTS(person=person, viewer=viewer.pk))


_MUTES_POSTS: Final = CompiledExists(
    lambda person, viewer: Mute.objects.filter(muter_id=viewer, muted_id=person, posts=True), outer=["person"]
)


def with_follow_state(people: UserQuerySet, viewer: Viewer) -> UserQuerySet:
    """Adds followed_by_viewer and requested_by_viewer to each of `people`, by the unique indexes."""
    if not viewer.is_authenticated:
        no = Value(False, output_field=models.BooleanField())
        return people.annotate(followed_by_viewer=no, requested_by_viewer=no)
    asked = _ASKED(person="pk", viewer=viewer.pk)
    return people.annotate(followed_by_viewer=follows(viewer, "pk"), requested_by_viewer=asked)


_ASKED: Final = CompiledExists(
    lambda person, viewer: FollowRequest.objects.filter(requester_id=viewer, target_id=person), outer=["person"]
)


def with_close_state(people: UserQuerySet, viewer: Viewer) -> UserQuerySet:
    """Adds viewer_is_close, whether `viewer` is a close friend of theirs, to each of `people`, by the unique index."""
    close = is_close_friend(viewer, "pk")
    return people.annotate(viewer_is_close=close)  # type: ignore[no-redef]  # User declares it for its readers


def is_close_friend(viewer: Viewer, person: str) -> Expression:
    """Return the condition that `viewer` is a close friend of the person whose id is in the outer column `person`."""
    return _IS_CLOSE_FRIEND(person=person, viewer=viewer.pk)


_IS_CLOSE_FRIEND: Final = CompiledExists(
    lambda person, viewer: CloseFriend.objects.filter(owner_id=person, friend_id=viewer), outer=["person"]
)


def not_between_blocked(one: str, other: str) -> Q:
    """Return the condition that neither of the people in the outer columns `one` and `other` blocks the other."""
    return ~Q(_BLOCKS(blocker=one, blocked=other)) & ~Q(_BLOCKS(blocker=other, blocked=one))


_BLOCKS: Final = CompiledExists(
    lambda blocker, blocked: Block.objects.filter(blocker_id=blocker, blocked_id=blocked), outer=["blocker", "blocked"]
)
