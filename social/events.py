from dataclasses import dataclass


@dataclass(frozen=True)
class PersonFollowed:
    follower_id: int
    followee_id: int


@dataclass(frozen=True)
class PersonUnfollowed:
    follower_id: int
    followee_id: int
