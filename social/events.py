from dataclasses import dataclass


@dataclass(frozen=True)
class PersonFollowed:
    """There is a follow now: of a public account at once, of a private one when it accepted."""

    follower_id: int
    followee_id: int


@dataclass(frozen=True)
class PersonUnfollowed:
    """The follow is gone: taken back, ended by the followee, or by a block."""

    follower_id: int
    followee_id: int


@dataclass(frozen=True)
class FollowRequested:
    requester_id: int
    target_id: int


@dataclass(frozen=True)
class FollowAccepted:
    """A request became a follow; PersonFollowed comes with it."""

    follower_id: int
    followee_id: int


@dataclass(frozen=True)
class RequestsRemaining:
    """Emitted when more requests remain to be accepted than fit into one transaction."""

    target_id: int


@dataclass(frozen=True)
class PersonBlocked:
    blocker_id: int
    blocked_id: int
