from posts.models.comment import Comment
from posts.models.hashtag import Hashtag, PostHashtag
from posts.models.like import Like
from posts.models.media import Media
from posts.models.post import COMMENTS, LIKES, Audience, Post
from posts.models.save import Collection, Save
from posts.models.upload_session import UploadSession

__all__ = [
    "COMMENTS",
    "LIKES",
    "Audience",
    "Collection",
    "Comment",
    "Hashtag",
    "Like",
    "Media",
    "Post",
    "PostHashtag",
    "Save",
    "UploadSession",
]
