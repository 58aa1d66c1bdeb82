"""Statements whose rows depend on who reads them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from accounts.models import User, Viewer
from common.statements import Statement

Row = TypeVar("Row")


class ViewerStatement(Generic[Row]):
    """A `Statement` for any viewer: `ViewerStatement("pinned_comments", build, post="bigint")`.

    `build` gets the viewer first. It is compiled twice: for visitors, and for a member, whose id alone it may use.
    """

    def __init__(self, name: str, build: Callable[..., QuerySet[Any, Row]], **parameters: str) -> None:
        def for_member(viewer: int, **values: Any) -> QuerySet[Any, Row]:
            return build(User(pk=viewer), **values)

        def for_visitors(**values: Any) -> QuerySet[Any, Row]:
            return build(AnonymousUser(), **values)

        self._for_member: Final = Statement[Row](name, for_member, viewer="bigint", **parameters)
        self._for_visitors: Final = Statement[Row](f"{name}_for_visitors", for_visitors, **parameters)

    def rows(self, viewer: Viewer, **values: Any) -> list[Row]:
        """Return the rows that `viewer` may see. One query."""
        if viewer.is_authenticated:
            return self._for_member.rows(viewer=viewer.pk, **values)
        return self._for_visitors.rows(**values)

    def first(self, viewer: Viewer, **values: Any) -> Row | None:
        """Return the first row that `viewer` may see, or None. One query."""
        rows = self.rows(viewer, **values)
        return rows[0] if rows else None
