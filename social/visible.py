"""Visibility of people as parts of handwritten SQL; `posts.visible` explains why."""

from __future__ import annotations

from typing import Any, Final

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from accounts.models import User, UserQuerySet, Viewer, visible_users_q
from common.compiled_queries import Fragment, PreparedFragment
from social.conditions import not_muted
from social.models import Follow


def visible_people(viewer: Viewer) -> Fragment:
    """Return a SELECT of the people that `viewer` may see, for use in place of a table."""
    return _TO_MEMBER(viewer=viewer.pk) if viewer.is_authenticated else _TO_ANYBODY()


def _people(viewer: Viewer) -> QuerySet[Any, Any]:
    people: UserQuerySet = User.objects.visible_to(viewer)
    return people.order_by().values("id", "username", "words", "folded_followers")


_TO_MEMBER: Final = PreparedFragment(lambda viewer: _people(User(pk=viewer)), "viewer")
_TO_ANYBODY: Final = PreparedFragment(lambda: _people(AnonymousUser()))


def shown_follows(reader: User) -> Fragment:
    """Return a SELECT of (id, followee_id) of the reader's follows of active people that the reader has not muted.

    Blocks are not checked: a block ends the follows between two people.
    """
    return _SHOWN_FOLLOWS(reader=reader.pk)


def _shown_follows(reader: int) -> QuerySet[Any, Any]:
    is_shown = visible_users_q(AnonymousUser(), "followee__") & not_muted(User(pk=reader), "followee_id")
    return Follow.objects.filter(is_shown, follower_id=reader).order_by().values("id", "followee_id")


_SHOWN_FOLLOWS: Final = PreparedFragment(_shown_follows, "reader")
