from accounts.models.mobile import Mobile, PendingMobile
from accounts.models.session import Session
from accounts.models.submitted_form import SubmittedForm
from accounts.models.user import (
    DISPLAY_FIELDS,
    FOLLOWERS,
    FOLLOWING,
    POSTS,
    USERNAME_PATTERN,
    AvatarState,
    Feed,
    User,
    UserManager,
    UserQuerySet,
    WhoMayTag,
)
from accounts.models.username import OldUsername
from accounts.models.visibility import Viewer, people_named_in, visible_names, visible_users_q

__all__ = [
    "DISPLAY_FIELDS",
    "FOLLOWERS",
    "FOLLOWING",
    "POSTS",
    "USERNAME_PATTERN",
    "AvatarState",
    "Feed",
    "Mobile",
    "OldUsername",
    "PendingMobile",
    "Session",
    "SubmittedForm",
    "User",
    "UserManager",
    "UserQuerySet",
    "Viewer",
    "WhoMayTag",
    "people_named_in",
    "visible_names",
    "visible_users_q",
]
