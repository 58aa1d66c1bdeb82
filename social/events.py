from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class PersonFollowed:
    """Emitted when a follow is created: at once for a public account, after approval for a private one."""

    follower_id: int
    followee_id: int


@dataclass(frozen=True)
class FollowRequested:
    requester_id: int
    target_id: int


@dataclass(frozen=True)
class RequestsRemaining:
    """Emitted when more requests remain to be accepted than fit into one transaction."""

    target_id: int


@dataclass(frozen=True)
class HomeSourceChanged:
    """A follow or mute changed: the home pages of `readers` begin to show posts of `person_id`, or no longer do."""

    person_id: int
    readers: Sequence[tuple[int, int]]
    """Pairs of a reader's id and the `follows_version` that the change gave them."""
