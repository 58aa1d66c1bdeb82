"""Who may see which user: the only definition, used by pages, the API, lists and searches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from common.compiled_queries import CompiledArray, CompiledExists

if TYPE_CHECKING:
    from accounts.models.user import User

Viewer: TypeAlias = "User | AnonymousUser"
"""The user or anonymous visitor that views a page or calls the API."""


def visible_users_q(viewer: Viewer, path: str = "") -> Q:
    """Return a Q for users at `path`, such as "author__", that `viewer` may see: active, no block in either direction.

    Suspended and deactivated users are hidden from everyone, also from themselves: they are not signed in. Blocks are
    rows of `social`, an app above this one, so they are reached through the reverse relation. Each is a NOT EXISTS on
    a unique index.
    """
    active = Q(**{f"{path}suspended_at__isnull": True, f"{path}deactivated_at__isnull": True})
    if not viewer.is_authenticated:
        return active
    person = f"{path.removesuffix('__')}_id" if path else "pk"
    blocks_viewer = _BLOCKS_VIEWER(person=person, viewer=viewer.pk)
    is_blocked = _IS_BLOCKED_BY_VIEWER(person=person, viewer=viewer.pk)
    return active & ~Q(blocks_viewer) & ~Q(is_blocked)


def _blocks(**fields: Any) -> models.QuerySet[Any, Any]:
    blocks = get_user_model()._meta.get_field("blocks_made").related_model  # noqa: SLF001  (Django's own, documented)
    return blocks._default_manager.filter(**fields)  # noqa: SLF001


_BLOCKS_VIEWER: Final = CompiledExists(
    lambda person, viewer: _blocks(blocker_id=person, blocked_id=viewer), outer=["person"]
)
_IS_BLOCKED_BY_VIEWER: Final = CompiledExists(
    lambda person, viewer: _blocks(blocker_id=viewer, blocked_id=person), outer=["person"]
)


class _IsNamedIn(models.Func):
    """SQL expression: the username follows an @ in a text, as `linkify` finds names."""

    template = "%(expressions)s)"
    arg_joiner = " = ANY("
    output_field = models.BooleanField()

    class Names(models.Func):
        template = (
            "ARRAY(SELECT lower(found[1]) FROM"
            r" regexp_matches(%(expressions)s, '[@＠]([A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*)', 'g') AS found)"
        )
        output_field = ArrayField(models.CharField())


def people_named_in(field: str, viewer: Viewer) -> models.expressions.Expression:
    """Return a subquery for the usernames in the text `field` of the outer row that `viewer` may see.

    Only these names become links, so no link leads to a missing page. A text without an @ costs no lookup.
    """
    if viewer.is_authenticated:
        return _NAMED_FOR_MEMBER(text=field, viewer=viewer.pk)
    return _NAMED_FOR_ANYBODY(text=field)


def visible_names(field: str, viewer: Viewer) -> models.expressions.Expression:
    """Return a subquery for the usernames in the array `field` of the outer row that `viewer` may see.

    The same as `people_named_in`, for a text whose names are stored: finding them takes longer than looking them up.
    """
    if viewer.is_authenticated:
        return _LISTED_FOR_MEMBER(names=field, viewer=viewer.pk)
    return _LISTED_FOR_ANYBODY(names=field)


def _named_in(text: models.expressions.Combinable, viewer: Viewer) -> models.QuerySet[Any, Any]:
    return _listed_in(_IsNamedIn.Names(text), viewer)


def _listed_in(names: models.expressions.Combinable, viewer: Viewer) -> models.QuerySet[Any, Any]:
    is_named = _IsNamedIn(F("username"), names)
    return get_user_model().objects.visible_to(viewer).filter(is_named).order_by().values("username")  # type: ignore[no-any-return]


_USERNAMES: Final = ArrayField(models.CharField())
_NAMED_FOR_MEMBER: Final = CompiledArray(
    lambda text, viewer: _named_in(text, get_user_model()(pk=viewer)), outer=["text"], output_field=_USERNAMES
)
_NAMED_FOR_ANYBODY: Final = CompiledArray(
    lambda text: _named_in(text, AnonymousUser()), outer=["text"], output_field=_USERNAMES
)
_LISTED_FOR_MEMBER: Final = CompiledArray(
    lambda names, viewer: _listed_in(names, get_user_model()(pk=viewer)), outer=["names"], output_field=_USERNAMES
)
_LISTED_FOR_ANYBODY: Final = CompiledArray(
    lambda names: _listed_in(names, AnonymousUser()), outer=["names"], output_field=_USERNAMES
)
