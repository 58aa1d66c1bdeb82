from social.views.changes import (
    add_close_friend,
    block,
    mute,
    remove_close_friend,
    remove_follower,
    restrict,
    unblock,
    unmute,
    unrestrict,
)
from social.views.follows import follow, followers, following, unfollow
from social.views.lists import blocked, close_friends, muted, restricted
from social.views.privacy import go_private, go_public, like_counts, privacy, who_may_tag
from social.views.requests import approve, approve_all, refuse, refuse_all, requests

__all__ = [
    "add_close_friend",
    "approve",
    "approve_all",
    "block",
    "blocked",
    "close_friends",
    "follow",
    "followers",
    "following",
    "go_private",
    "go_public",
    "like_counts",
    "mute",
    "muted",
    "privacy",
    "refuse",
    "refuse_all",
    "remove_close_friend",
    "remove_follower",
    "requests",
    "restrict",
    "restricted",
    "unblock",
    "unfollow",
    "unmute",
    "unrestrict",
    "who_may_tag",
]
