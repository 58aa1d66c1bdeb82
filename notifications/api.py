"""What happened to one, in the JSON API: reading."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from ninja import Field, Query, Router, Schema

from accounts.api import PersonOut, person_out
from accounts.http import MemberRequest
from common.api import PROBLEMS, Id, IdPaging, Listed, absolute, listed
from notifications.inbox import Row, notification_page
from notifications.models import Kind

router = Router(tags=["notifications"])


class NotificationOut(Schema):
    """Something that happened to one: by one person, or the same by several."""

    id: Id = Field(description="Its place in the list: what POST /api/notifications/read takes as `up_to`.")
    kind: Kind
    people: list[PersonOut] = Field(description="Who did it, the newest first: two at most.")
    other_count: int = Field(description="How many more did.")
    unread: bool
    happened_at: datetime = Field(description="When the newest of it happened, in UTC.")
    post_id: Id | None = Field(description="The post that it happened to, if any.")
    comment_id: Id | None = Field(description="The comment that it happened to, or is.")
    text: str | None = Field(description="What that comment says.")
    url: str | None = Field(description="The page where it happened.")


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
    """What happened to one, newest first. Asking marks nothing as read."""
    page = notification_page(request, request.user, paging.limit)
    return listed(request, response, page, [notification_out(request, row) for row in page])
