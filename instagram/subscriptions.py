"""Which tasks follow which event: the only place that says so."""

from accounts.events import AvatarSubmitted
from accounts.models import FOLLOWERS, FOLLOWING, POSTS
from accounts.tasks import process_avatar
from common.events import subscribe
from common.tasks import keep_folded
from feed.tasks import fan_out_post
from posts.events import MediaSubmitted, PostDeleted, PostPublished, PostReturned, VideoSubmitted
from posts.models import COMMENTS, LIKES
from posts.tasks import process_media, process_video, purge_post


def wire() -> None:
    """Called once, when the apps are loaded."""
    subscribe(AvatarSubmitted, process_avatar)
    subscribe(MediaSubmitted, process_media)
    subscribe(VideoSubmitted, process_video)
    subscribe(PostPublished, fan_out_post)
    subscribe(PostReturned, fan_out_post)
    subscribe(PostDeleted, purge_post)
    # PostLiked, CommentAdded, PersonFollowed and PersonUnfollowed: nothing follows yet. A follow needs no task: the
    # new follows_version names a new timeline.
    keep_folded(FOLLOWERS, FOLLOWING, POSTS, LIKES, COMMENTS)
