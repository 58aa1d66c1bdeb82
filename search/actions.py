"""Recent searches, which only their owner sees."""

from __future__ import annotations

from django.db import transaction

from accounts.models import User
from common.limits import MAX_RECENT_SEARCHES
from search.models import RecentSearch
from search.query import clean_query


def recent_searches(person: User) -> list[RecentSearch]:
    """Return the recent searches of `person`, newest first."""
    return list(RecentSearch.objects.filter(person=person).order_by("-id")[:MAX_RECENT_SEARCHES])


@transaction.atomic
def save_search(person: User, *, text: str) -> bool:
    """Put `text` at the top of the recent searches of `person`; return False if it is empty.

    A repeated search moves to the top. Only the MAX_RECENT_SEARCHES newest are kept.
    """
    text = clean_query(text)
    if not text:
        return False
    mine = RecentSearch.objects.filter(person=person)
    mine.filter(text=text).delete()
    RecentSearch.objects.bulk_create([RecentSearch(person=person, text=text)], ignore_conflicts=True)
    mine.filter(pk__in=list(mine.order_by("-id").values_list("pk", flat=True)[MAX_RECENT_SEARCHES:])).delete()
    return True


def delete_search(person: User, *, pk: int) -> bool:
    """Delete a recent search of `person`; return True if it existed."""
    return bool(RecentSearch.objects.filter(person=person, pk=pk).delete()[0])


def delete_searches(person: User) -> int:
    """Delete all recent searches of `person`; return how many."""
    return RecentSearch.objects.filter(person=person).delete()[0]
