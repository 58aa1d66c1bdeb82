"""Writing notifications. Each function looks at what is true now, not at what an event said: run late, twice or out of
order it leaves the same rows, and an act that was taken back or hidden meanwhile leaves none.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models.functions import Greatest

from accounts.models import User
from notifications.models import Allowed, Kind, Notification, Occurrence, Preferences
from posts.models import Comment, CommentLike, Like, Mention, PersonTag, Post
from posts.people import welcomes_tags_by
from social.models import Follow, FollowRequest, Mute


@dataclass(frozen=True)
class Act:
    """What somebody did, and to whom it is told."""

    kind: Kind
    recipient_id: int
    actor_id: int
    cause: dict[str, int]
    """The row that is the cause: {column of Occurrence: id}."""
    post_id: int | None = None
    comment_id: int | None = None
    day: date | None = None


def of_like(like: Like) -> list[Act]:
    return [Act(Kind.LIKE, like.post.author_id, like.liker_id, {"like_id": like.pk}, post_id=like.post_id)]


def of_comment(comment: Comment) -> list[Act]:
    """Told to the author of the post and, of a reply, to that of the thread; who is both hears of it once."""
    if comment.hidden_until_approved:
        return []
    told = partial(
        Act,
        actor_id=comment.author_id,
        cause={"comment_id": comment.pk},
        post_id=comment.post_id,
        comment_id=comment.pk,
    )
    acts = [told(Kind.COMMENT, comment.post.author_id)]
    if comment.parent is not None and comment.parent.author_id != comment.post.author_id:
        acts.append(told(Kind.REPLY, comment.parent.author_id))
    return acts


def of_comment_like(like: CommentLike) -> list[Act]:
    comment, cause = like.comment, {"comment_like_id": like.pk}
    told = partial(Act, post_id=comment.post_id, comment_id=comment.pk)
    return [told(Kind.COMMENT_LIKE, comment.author_id, like.person_id, cause)]


def of_mention(mention: Mention) -> list[Act]:
    """Not told to those who hear of the comment anyway, nor of people by whom they do not want to be named."""
    comment = mention.comment
    if comment is not None:
        listeners = {mention.post.author_id, comment.parent.author_id if comment.parent else None}
        if comment.hidden_until_approved or mention.person_id in listeners:
            return []
    writer_id = comment.author_id if comment else mention.post.author_id
    if not User.objects.filter(welcomes_tags_by(writer_id), pk=mention.person_id).exists():
        return []
    told = partial(Act, post_id=mention.post_id, comment_id=mention.comment_id)
    return [told(Kind.MENTION, mention.person_id, writer_id, {"mention_id": mention.pk})]


def of_tag(tag: PersonTag) -> list[Act]:
    return [Act(Kind.TAG, tag.person_id, tag.post.author_id, {"tag_id": tag.pk}, post_id=tag.post_id)]


def of_follow(follow: Follow) -> list[Act]:
    cause, day = {"follow_id": follow.pk}, follow.created_at.date()
    acts = [Act(Kind.FOLLOW, follow.followee_id, follow.follower_id, cause, day=day)]
    if follow.was_asked:
        acts.append(Act(Kind.ACCEPTED, follow.follower_id, follow.followee_id, cause, day=day))
    return acts


def of_request(request: FollowRequest) -> list[Act]:
    cause, day = {"request_id": request.pk}, request.created_at.date()
    return [Act(Kind.REQUEST, request.target_id, request.requester_id, cause, day=day)]


def record(act: Act) -> bool:
    """Tell the recipient of `act`, unless it may not or need not be told; return whether this call did.

    Never told: one's own acts, those of people whom the recipient cannot see or has muted, what happens at posts and
    comments that the recipient cannot see, and what the recipient has switched off.

    Cost: some five queries. Killed half-way it leaves nothing: it is one transaction.
    """
    if act.actor_id == act.recipient_id or not _may_be_told(act):
        return False
    try:
        with transaction.atomic():
            return _insert(act)
    except IntegrityError:
        # Its cause was taken back at this moment: the database refuses the reference.
        return False


def _may_be_told(act: Act) -> bool:
    recipient = User.objects.filter(pk=act.recipient_id, suspended_at__isnull=True).first()
    if recipient is None or not User.objects.visible_to(recipient).filter(pk=act.actor_id).exists():
        return False
    if Mute.objects.filter(muter=recipient, muted_id=act.actor_id).exists():
        return False
    if act.post_id is not None and not Post.objects.visible_to(recipient).filter(pk=act.post_id).exists():
        return False
    if act.comment_id is not None and not Comment.objects.visible_to(recipient).filter(pk=act.comment_id).exists():
        return False
    return _is_wanted(act)


def _is_wanted(act: Act) -> bool:
    preferences = Preferences.objects.filter(pk=act.recipient_id).first()
    allowed = preferences.allowed.get(act.kind, Allowed.EVERYONE) if preferences else Allowed.EVERYONE
    if allowed == Allowed.FOLLOWING:
        return Follow.objects.filter(follower_id=act.recipient_id, followee_id=act.actor_id).exists()
    return bool(allowed == Allowed.EVERYONE)


def _insert(act: Act) -> bool:
    thing: dict[str, Any] = {"post_id": act.post_id, "comment_id": act.comment_id, "day": act.day}
    row, _ = Notification.objects.get_or_create({"latest": 0}, recipient_id=act.recipient_id, kind=act.kind, **thing)
    occurrence, is_new = Occurrence.objects.get_or_create(
        None, notification=row, recipient_id=act.recipient_id, actor_id=act.actor_id, **act.cause
    )
    if is_new:
        Notification.objects.filter(pk=row.pk).update(latest=Greatest("latest", occurrence.pk))
    return is_new
