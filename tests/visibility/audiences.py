"""Functions that say whether an actor may use an endpoint for a target, from the tables in tables.py."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tests.visibility.world import Target, World

Audience = Callable[[World, str, Target], bool]


def sees(world: World, actor: str, target: Target) -> bool:
    """Return True if the actor sees the post, or the post that the comment belongs to."""
    return world.sees(actor, target.post or target)


def can_open(world: World, actor: str, target: Target) -> bool:
    """Like `sees`, and also True for the author of a post that only they can open."""
    return world.can_open(actor, target.post or target)


def owns(world: World, actor: str, target: Target) -> bool:
    return actor == target.owner and (target.column == "own" or world.can_open(actor, target.post or target))


def visible_to_anonymous(world: World, actor: str, post: Target) -> bool:
    """Return True if visitors without a session see the post, and the actor does too."""
    return world.sees("anonymous", post) and world.sees(actor, post)


def nobody(world: World, actor: str, target: Target) -> bool:
    """Return False: the world lacks the object that the endpoint changes, such as a tag or a second slide."""
    return False


def reads(world: World, actor: str, comment: Target) -> bool:
    return world.reads(actor, comment)


def reads_thread(world: World, actor: str, comment: Target) -> bool:
    """Return True if the actor reads a top-level comment; replies have no thread of their own."""
    return world.reads(actor, comment) and comment.column != "reply" and not comment.column.startswith("under-")


def may_edit(world: World, actor: str, comment: Target) -> bool:
    return world.reads(actor, comment) and actor == comment.writer


def may_delete(world: World, actor: str, comment: Target) -> bool:
    """Return True if the actor reads the comment and wrote it, or wrote the post."""
    return world.reads(actor, comment) and actor in {comment.owner, comment.writer}


def may_pin(world: World, actor: str, comment: Target) -> bool:
    return world.reads(actor, comment) and actor == comment.owner


def may_approve(world: World, actor: str, comment: Target) -> bool:
    return actor == comment.owner and comment.column == "waiting"


def sees_profile(world: World, actor: str, person: Target) -> bool:
    return world.sees_profile(actor, person.owner)


def sees_other_profile(world: World, actor: str, person: Target) -> bool:
    return world.sees_profile(actor, person.owner) and actor != person.label


def sees_username(world: World, actor: str, person: Target) -> bool:
    """Return True for visible profiles, and for people blocked by the actor."""
    return world.sees_username(actor, person.owner)


def sees_other_username(world: World, actor: str, person: Target) -> bool:
    return world.sees_username(actor, person.owner) and actor != person.label


def sees_lists(world: World, actor: str, person: Target) -> bool:
    """Return True if the actor may see the person's posts, followers and followees."""
    return world.sees_lists(actor, person.owner)


SAMPLE_ACTORS = (
    "anonymous",
    "stranger",
    "pending",
    "close-friend",
    "restricted",
    "blocked",
    "blocker",
    "public",
    "private",
)
"""One actor of each kind, for endpoints where all 17 would take too long.

All actors request the pages that contain many texts of other people, such as posts, lists of people, and comments.
"""


def actors_for(audience: Audience) -> Sequence[str]:
    """Return the actors that request an endpoint with this audience; () means all."""
    return () if audience in {sees, can_open, sees_lists} else SAMPLE_ACTORS
