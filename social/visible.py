"""Visibility of people as parts of handwritten SQL; `posts.visible` explains why."""

from __future__ import annotations

from typing import Any, Final

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from accounts.models import User, UserQuerySet, Viewer
from common.compiled_queries import Fragment, PreparedFragment


def visible_people(viewer: Viewer) -> Fragment:
    """Return a SELECT of the people that `viewer` may see, for use in place of a table."""
    return _TO_MEMBER(viewer=viewer.pk) if viewer.is_authenticated else _TO_ANYBODY()


def _people(viewer: Viewer) -> QuerySet[Any, Any]:
    people: UserQuerySet = User.objects.visible_to(viewer)
    return people.order_by().values("id", "username", "words", "folded_followers")


_TO_MEMBER: Final = PreparedFragment(lambda viewer: _people(User(pk=viewer)), "viewer")
_TO_ANYBODY: Final = PreparedFragment(lambda: _people(AnonymousUser()))
