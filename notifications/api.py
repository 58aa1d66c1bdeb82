"""Notifications in the JSON API."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from ninja import Field, Query, Schema

from accounts.api.bodies import Acting, check_actor
from accounts.api.people import PersonOut, person_out
from accounts.http import MemberRequest
from common.api import PROBLEMS, ApiRouter, Id, IdPaging, Listed, absolute, listed
from common.api_bodies import IdIn
from notifications.actions import mark_all_read
from notifications.models import Kind
from notifications.queries import Row, notification_page, unread_count

router = ApiRouter(tags=["notifications"])


class NotificationOut(Schema):
    """A notification: an action of one person, or the same action of several."""

    id: Id = Field(description="Also its position in the list: POST /api/notifications/read takes it as `up_to`.")
    kind: Kind
    people: list[PersonOut] = Field(description="The newest actors, the newest first: two at most.")
    other_count: int = Field(description="How many further people did the same.")
    unread: bool
    happened_at: datetime = Field(description="Time of the newest action, in UTC.")
    post_id: Id | None = Field(description="The post concerned, if any.")
    comment_id: Id | None = Field(description="The comment concerned, or the new comment.")
    text: str | None = Field(description="Text of the comment.")
    url: str | None = Field(description="Page of the post or comment.")


def notification_out(request: HttpRequest, row: Row) -> NotificationOut:
    return NotificationOut(
        id=row.latest,
        kind=Kind(row.kind),
        people=[person_out(request, one) for one in row.actors],
        other_count=row.others,
        unread=row.is_unread,
        happened_at=row.moment.created_at,
        post_id=row.post.pk if row.post else None,
        comment_id=row.comment.pk if row.comment else None,
        text=row.comment.text if row.comment else None,
        url=absolute(request, row.url) or None,
    )


@router.get("/notifications", response={200: Listed[NotificationOut], **PROBLEMS})
def list_notifications(
    request: MemberRequest, response: HttpResponse, paging: Query[IdPaging]
) -> Listed[NotificationOut]:
    """List the caller's notifications, the newest first. This marks nothing as read."""
    page = notification_page(request, request.user, paging.limit)
    return listed(request, response, page, [notification_out(request, row) for row in page])


class ReadBody(Acting):
    up_to: IdIn | None = Field(None, description="The id of the newest notification to mark. Without it: all of them.")


class UnreadOut(Schema):
    unread: int = Field(description="How many are still unread.")


@router.post("/notifications/read", response={200: UnreadOut, **PROBLEMS})
def read_notifications(request: MemberRequest, body: ReadBody | None = None) -> UnreadOut:
    """Mark notifications as read: all of them, or those up to `up_to`. Repeating it is harmless."""
    check_actor(request, body)
    mark_all_read(request.user, up_to=body.up_to if body else None)
    return UnreadOut(unread=unread_count(request.user))
