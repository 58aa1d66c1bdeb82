"""What happened to one, in the JSON API: writing."""

from __future__ import annotations

from ninja import Field, Schema

from accounts.api_writes import Acting, check_actor
from accounts.http import MemberRequest
from common.api import PROBLEMS
from common.api_bodies import IdIn
from notifications.api import router
from notifications.inbox import mark_all_read, unread_count


class ReadBody(Acting):
    up_to: IdIn = Field(description="The id of the newest notification that was shown.")


class UnreadOut(Schema):
    unread: int = Field(description="How many are still new.")


@router.post("/notifications/read", response={200: UnreadOut, **PROBLEMS})
def read_notifications(request: MemberRequest, body: ReadBody) -> UnreadOut:
    """Mark what is not newer than one notification as read. Again is harmless."""
    check_actor(request, body)
    mark_all_read(request.user, up_to=body.up_to)
    return UnreadOut(unread=unread_count(request.user))
