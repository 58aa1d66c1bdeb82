from posts.views.archive import archive, unarchive
from posts.views.comments import comment, comments, delete_comment
from posts.views.create import create
from posts.views.edit import edit
from posts.views.likes import like, likers, unlike
from posts.views.post import delete, retry, show, state

__all__ = [
    "archive",
    "comment",
    "comments",
    "create",
    "delete",
    "delete_comment",
    "edit",
    "like",
    "likers",
    "retry",
    "show",
    "state",
    "unarchive",
    "unlike",
]
