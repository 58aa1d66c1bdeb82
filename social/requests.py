"""Reading the requests that somebody has received."""

from __future__ import annotations

from django.db.models import QuerySet

from accounts.models import User
from social.models import FollowRequest

COUNTED = 99


def requests_to(person: User) -> QuerySet[FollowRequest]:
    """Those of people who are there for `person`."""
    return FollowRequest.objects.filter(target=person, requester__in=User.objects.visible_to(person))


def waiting_text(person: User) -> str:
    """How many wait, as the frame shows it: "", "1" … "99", "99+". No query for public accounts: they have none."""
    if not person.is_private:
        return ""
    count = len(requests_to(person).values_list("pk")[: COUNTED + 1])
    return f"{COUNTED}+" if count > COUNTED else str(count or "")
