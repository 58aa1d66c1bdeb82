from posts.views.archive import archive, unarchive
from posts.views.captions import add_captions, captions, remove_captions
from posts.views.comment_likes import comment_likers, like_comment, unlike_comment
from posts.views.comments import (
    approve_comment,
    comment,
    comments,
    comments_off,
    comments_on,
    delete_comment,
    pin,
    replies,
    reply,
    show_comment,
    unpin,
)
from posts.views.comments import edit as edit_comment
from posts.views.create import create
from posts.views.edit import edit
from posts.views.embed import embed, oembed
from posts.views.files import file
from posts.views.hidden_words import hidden_words
from posts.views.likes import hide_likes, like, likers, show_likes, unlike
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
from posts.views.tagging import remove_tag, tag_person, tagged_people, unmention, unmention_in_comment
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
    "comment_likers",
    "comments",
    "comments_off",
    "comments_on",
    "complete",
    "create",
    "delete",
    "delete_collection",
    "delete_comment",
    "delete_medium",
    "edit",
    "edit_comment",
    "embed",
    "file",
    "hidden_words",
    "hide_likes",
    "like",
    "like_comment",
    "likers",
    "new_collection",
    "oembed",
    "part",
    "pin",
    "remove_captions",
    "remove_slide",
    "remove_tag",
    "rename_collection",
    "replies",
    "reply",
    "retry",
    "retry_medium",
    "save",
    "saved",
    "show",
    "show_comment",
    "show_likes",
    "state",
    "tag_person",
    "tagged_people",
    "unarchive",
    "unlike",
    "unlike_comment",
    "unmention",
    "unmention_in_comment",
    "unpin",
    "unsave",
    "unshared",
    "upload",
]
