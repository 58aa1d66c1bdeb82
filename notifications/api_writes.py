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
    up_to: IdIn | None = Field(None, description="The id of the newest notification to mark. Without it: all of them.")


class UnreadOut(Schema):
    unread: int = Field(description="How many are still new.")


@router.post("/notifications/read", response={200: UnreadOut, **PROBLEMS})
def read_notifications(request: MemberRequest, body: ReadBody | None = None) -> UnreadOut:
    """Mark notifications as read: all of them, or those up to one. Repeating it is harmless."""
    check_actor(request, body)
    mark_all_read(request.user, up_to=body.up_to if body else None)
    return UnreadOut(unread=unread_count(request.user))
