from posts.views.archive import archive, unarchive
from posts.views.captions import add_captions, captions, remove_captions
from posts.views.comments import approve_comment, comment, comments, delete_comment
from posts.views.create import create
from posts.views.edit import edit
from posts.views.likes import like, likers, unlike
from posts.views.people import remove_tag, tag_person, tagged_people, unmention, unmention_in_comment
from posts.views.post import delete, remove_slide, retry, show, state
from posts.views.uploads import begin, cancel, complete, delete_medium, part, retry_medium, unshared, upload

__all__ = [
    "add_captions",
    "approve_comment",
    "archive",
    "begin",
    "cancel",
    "captions",
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
    "remove_captions",
    "remove_slide",
    "remove_tag",
    "retry",
    "retry_medium",
    "show",
    "state",
    "tag_person",
    "tagged_people",
    "unarchive",
    "unlike",
    "unmention",
    "unmention_in_comment",
    "unshared",
    "upload",
]
