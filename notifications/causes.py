"""Which events a row causes: who is notified of a like, comment, mention, tag, follow or follow request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import partial

from accounts.models import User
from notifications.models import Kind
from posts.models import Comment, CommentLike, Like, Mention, PersonTag
from posts.queries import allows_tags_by
from social.models import Follow, FollowRequest


@dataclass(frozen=True)
class NotificationEvent:
    """Something that `actor_id` did and `recipient_id` is notified of."""

    kind: Kind
    recipient_id: int
    actor_id: int
    cause: dict[str, int]
    """The row that caused it: {column of Occurrence: id}."""
    post_id: int | None = None
    comment_id: int | None = None
    day: date | None = None


def events_for_like(like: Like) -> list[NotificationEvent]:
    return [
        NotificationEvent(Kind.LIKE, like.post.author_id, like.liker_id, {"like_id": like.pk}, post_id=like.post_id)
    ]


def events_for_comment(comment: Comment) -> list[NotificationEvent]:
    """Return events for the author of the post and, for a reply, of the thread; one event if they are the same."""
    if comment.hidden_until_approved:
        return []
    event_for = partial(
        NotificationEvent,
        actor_id=comment.author_id,
        cause={"comment_id": comment.pk},
        post_id=comment.post_id,
        comment_id=comment.pk,
    )
    events = [event_for(Kind.COMMENT, comment.post.author_id)]
    if comment.parent is not None and comment.parent.author_id != comment.post.author_id:
        events.append(event_for(Kind.REPLY, comment.parent.author_id))
    return events


def events_for_comment_like(like: CommentLike) -> list[NotificationEvent]:
    comment, cause = like.comment, {"comment_like_id": like.pk}
    event_for = partial(NotificationEvent, post_id=comment.post_id, comment_id=comment.pk)
    return [event_for(Kind.COMMENT_LIKE, comment.author_id, like.person_id, cause)]


def events_for_mention(mention: Mention) -> list[NotificationEvent]:
    """Return no event for people notified of the comment anyway, or who do not allow tags by the writer."""
    comment = mention.comment
    if comment is not None:
        listeners = {mention.post.author_id, comment.parent.author_id if comment.parent else None}
        if comment.hidden_until_approved or mention.person_id in listeners:
            return []
    writer_id = comment.author_id if comment else mention.post.author_id
    if not User.objects.filter(allows_tags_by(writer_id), pk=mention.person_id).exists():
        return []
    event_for = partial(NotificationEvent, post_id=mention.post_id, comment_id=mention.comment_id)
    return [event_for(Kind.MENTION, mention.person_id, writer_id, {"mention_id": mention.pk})]


def events_for_tag(tag: PersonTag) -> list[NotificationEvent]:
    return [NotificationEvent(Kind.TAG, tag.person_id, tag.post.author_id, {"tag_id": tag.pk}, post_id=tag.post_id)]


def events_for_follow(follow: Follow) -> list[NotificationEvent]:
    cause, day = {"follow_id": follow.pk}, follow.created_at.date()
    events = [NotificationEvent(Kind.FOLLOW, follow.followee_id, follow.follower_id, cause, day=day)]
    if follow.was_asked:
        events.append(NotificationEvent(Kind.ACCEPTED, follow.follower_id, follow.followee_id, cause, day=day))
    return events


def events_for_request(request: FollowRequest) -> list[NotificationEvent]:
    cause, day = {"request_id": request.pk}, request.created_at.date()
    return [NotificationEvent(Kind.REQUEST, request.target_id, request.requester_id, cause, day=day)]
