from posts.models.comment import COMMENT_LIKES, Comment, CommentLike
from posts.models.hashtag import HASHTAG_USES, Hashtag, PostHashtag
from posts.models.hidden_word import HiddenWord, normalize_words
from posts.models.like import Like
from posts.models.media import Media
from posts.models.post import COMMENTS, LIKES, Audience, Post
from posts.models.save import Collection, Save
from posts.models.tagging import Mention, PersonTag
from posts.models.upload_session import UploadSession

__all__ = [
    "COMMENTS",
    "COMMENT_LIKES",
    "HASHTAG_USES",
    "LIKES",
    "Audience",
    "Collection",
    "Comment",
    "CommentLike",
    "Hashtag",
    "HiddenWord",
    "Like",
    "Media",
    "Mention",
    "PersonTag",
    "Post",
    "PostHashtag",
    "Save",
    "UploadSession",
    "normalize_words",
]
