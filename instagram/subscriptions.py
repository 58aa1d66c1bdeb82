"""The only mapping of events to the tasks that follow them."""

from accounts.events import AvatarSubmitted
from accounts.models import FOLLOWERS, FOLLOWING, POSTS
from accounts.tasks import process_avatar
from common.events import subscribe
from common.tasks import keep_counters_folded
from feed.tasks import change_timelines, fan_out_post
from notifications.tasks import (
    notify_of_comment,
    notify_of_comment_like,
    notify_of_follow,
    notify_of_like,
    notify_of_mention,
    notify_of_request,
    notify_of_tag,
)
from personal_data.events import ExportRequested
from personal_data.tasks import build_export
from posts.events import (
    CommentAdded,
    CommentLiked,
    MediaSubmitted,
    PersonMentioned,
    PersonTagged,
    PostDeleted,
    PostLiked,
    PostPublished,
    PostReturned,
    VideoSubmitted,
)
from posts.models import COMMENT_LIKES, COMMENTS, HASHTAG_USES, LIKES
from posts.tasks import process_media, process_video, purge_post
from search.models import PLACE_USES
from social.events import FollowRequested, HomeSourceChanged, PersonFollowed, RequestsRemaining
from social.tasks import accept_requests


def wire() -> None:
    """Subscribe all tasks. Called once, after the apps are loaded."""
    subscribe(AvatarSubmitted, process_avatar)
    subscribe(ExportRequested, build_export)
    subscribe(MediaSubmitted, process_media)
    subscribe(VideoSubmitted, process_video)
    subscribe(PostPublished, fan_out_post)
    subscribe(PostReturned, fan_out_post)
    subscribe(PostDeleted, purge_post)
    subscribe(PostLiked, notify_of_like)
    subscribe(CommentAdded, notify_of_comment)
    subscribe(CommentLiked, notify_of_comment_like)
    subscribe(PersonMentioned, notify_of_mention)
    subscribe(PersonTagged, notify_of_tag)
    subscribe(PersonFollowed, notify_of_follow)
    subscribe(HomeSourceChanged, change_timelines)
    subscribe(FollowRequested, notify_of_request)
    subscribe(RequestsRemaining, accept_requests)
    keep_counters_folded(FOLLOWERS, FOLLOWING, POSTS, LIKES, COMMENTS, COMMENT_LIKES, HASHTAG_USES, PLACE_USES)
