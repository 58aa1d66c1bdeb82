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
class RequestsLeft:
    """More requests are to be accepted than one transaction holds."""

    target_id: int


@dataclass(frozen=True)
class PersonBlocked:
    blocker_id: int
    blocked_id: int
