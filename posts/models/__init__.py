from posts.models.comment import Comment
from posts.models.hashtag import Hashtag, PostHashtag
from posts.models.like import Like
from posts.models.media import Media
from posts.models.post import COMMENTS, LIKES, Post

__all__ = ["COMMENTS", "LIKES", "Comment", "Hashtag", "Like", "Media", "Post", "PostHashtag"]
