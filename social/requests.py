"""Reading the requests that somebody has received."""

from __future__ import annotations

from django.db.models import QuerySet

from accounts.models import User
from social.models import FollowRequest

COUNTED = 99


def follow_requests_for(person: User) -> QuerySet[FollowRequest]:
    """Follow requests to `person` from users whom they may see."""
    return FollowRequest.objects.filter(target=person, requester__in=User.objects.visible_to(person))


def request_count_text(person: User) -> str:
    """Return the number of requests for display: "", "1" … "99", "99+". No query for public accounts."""
    if not person.is_private:
        return ""
    count = len(follow_requests_for(person).values_list("pk")[: COUNTED + 1])
    return f"{COUNTED}+" if count > COUNTED else str(count or "")
