"""What somebody looked for before: only they know of it."""

from __future__ import annotations

from django.db import transaction

from accounts.models import User
from common.limits import MAX_RECENT_SEARCHES
from search.models import RecentSearch
from search.query import clean_query


def recent_searches(person: User) -> list[RecentSearch]:
    """The newest first."""
    return list(RecentSearch.objects.filter(person=person).order_by("-id")[:MAX_RECENT_SEARCHES])


@transaction.atomic
def remember_search(person: User, *, text: str) -> bool:
    """Put `text` on top of the recent searches of `person`; return whether there was anything to remember.

    The same again moves up, and what is older than MAX_RECENT_SEARCHES others is forgotten.
    """
    text = clean_query(text)
    if not text:
        return False
    mine = RecentSearch.objects.filter(person=person)
    mine.filter(text=text).delete()
    RecentSearch.objects.bulk_create([RecentSearch(person=person, text=text)], ignore_conflicts=True)
    mine.filter(pk__in=list(mine.order_by("-id").values_list("pk", flat=True)[MAX_RECENT_SEARCHES:])).delete()
    return True


def forget_search(person: User, *, pk: int) -> bool:
    """Return whether it was one of theirs."""
    return bool(RecentSearch.objects.filter(person=person, pk=pk).delete()[0])


def forget_searches(person: User) -> int:
    """All of them; return how many."""
    return RecentSearch.objects.filter(person=person).delete()[0]
