from posts.views.archive import archive, unarchive
from posts.views.comments import approve_comment, comment, comments, delete_comment
from posts.views.create import create
from posts.views.edit import edit
from posts.views.likes import like, likers, unlike
from posts.views.post import delete, remove_slide, retry, show, state
from posts.views.uploads import begin, cancel, complete, delete_medium, part, retry_medium, unshared, upload

__all__ = [
    "approve_comment",
    "archive",
    "begin",
    "cancel",
    "comment",
    "comments",
    "complete",
    "create",
    "delete",
    "delete_comment",
    "delete_medium",
    "edit",
    "like",
    "likers",
    "part",
    "remove_slide",
    "retry",
    "retry_medium",
    "show",
    "state",
    "unarchive",
    "unlike",
    "unshared",
    "upload",
]
