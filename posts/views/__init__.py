from posts.views.archive import archive, unarchive
from posts.views.captions import add_captions, captions, remove_captions
from posts.views.comments import approve_comment, comment, comments, delete_comment
from posts.views.create import create
from posts.views.edit import edit
from posts.views.likes import like, likers, unlike
from posts.views.post import delete, remove_slide, retry, show, state
from posts.views.saves import (
    collection,
    collections,
    delete_collection,
    new_collection,
    rename_collection,
    save,
    saved,
    unsave,
)
from posts.views.uploads import begin, cancel, complete, delete_medium, part, retry_medium, unshared, upload

__all__ = [
    "add_captions",
    "approve_comment",
    "archive",
    "begin",
    "cancel",
    "captions",
    "collection",
    "collections",
    "comment",
    "comments",
    "complete",
    "create",
    "delete",
    "delete_collection",
    "delete_comment",
    "delete_medium",
    "edit",
    "like",
    "likers",
    "new_collection",
    "part",
    "remove_captions",
    "remove_slide",
    "rename_collection",
    "retry",
    "retry_medium",
    "save",
    "saved",
    "show",
    "state",
    "unarchive",
    "unlike",
    "unsave",
    "unshared",
    "upload",
]
