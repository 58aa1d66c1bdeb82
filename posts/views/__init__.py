from posts.views.comments import comment, comments, delete_comment
from posts.views.create import create
from posts.views.likes import like, likers, unlike
from posts.views.post import delete, retry, show, state

__all__ = [
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
