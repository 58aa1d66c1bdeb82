from posts.views.comments import approve_comment, comment, comments, delete_comment
from posts.views.create import create
from posts.views.likes import like, likers, unlike
from posts.views.post import delete, retry, show, state

__all__ = [
    "approve_comment",
    "comment",
    "comments",
    "create",
    "delete",
    "delete_comment",
    "like",
    "likers",
    "retry",
    "show",
    "state",
    "unlike",
]
