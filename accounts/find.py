"""Finding people by a part of their names, through trigram indexes."""

from __future__ import annotations

from django.db.models import Case, IntegerField, Q, Value, When

from accounts.models import User, UserQuerySet, Viewer

MIN_INFIX_CHARS = 3
"""A trigram index finds parts of at least so many letters. Scripts in which one sign is a word are looked up anyway."""


def find_people(query: str, viewer: Viewer) -> UserQuerySet:
    """People whose username or name has `query` in it: exact first, then by beginning, then the most followed.

    Fewer letters than an index can find in the middle of a word find usernames that begin with them.
    """
    name = query.removeprefix("@").strip()
    people: UserQuerySet = User.objects.visible_to(viewer)
    if not name:
        return people.none()
    starts = Q(username__startswith=name.lower())
    if len(name) < MIN_INFIX_CHARS and name.isascii():
        return people.filter(starts).order_by("username")
    rank = Case(
        When(username=name.lower(), then=Value(0)),
        When(starts | Q(name__istartswith=name), then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )
    found = Q(username__contains=name.lower()) | Q(name__icontains=name)
    return people.filter(found).annotate(rank=rank).order_by("rank", "-folded_followers", "-id")
