"""Lists by cursor: a page is found through an index at the cursor, so the thousandth costs what the first did."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db import models
from django.http import HttpRequest

Item = TypeVar("Item")
Row = TypeVar("Row", bound=models.Model)

MAX_BIGINT = (1 << 63) - 1


@dataclass
class Page(Generic[Item]):
    """Some items of a list and the address of the next ones ("" at the end)."""

    items: list[Item]
    next_url: str = ""

    def __iter__(self) -> Iterator[Item]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


def cursor_of(request: HttpRequest) -> int | None:
    """The id in `?cursor=`; None, which is the first page, if there is none or it is not one of ours."""
    text = request.GET.get("cursor", "")
    if not (text.isascii() and text.isdigit()) or len(text) > 19:
        return None
    number = int(text)
    return number if 0 < number <= MAX_BIGINT else None


def url_after(request: HttpRequest, cursor: object) -> str:
    """The address of this list from `cursor` on, with the other query parameters kept."""
    query = request.GET.copy()
    query["cursor"] = str(cursor)
    return f"{request.path}?{query.urlencode()}"


def page_by_id(request: HttpRequest, rows: models.QuerySet[Row], size: int, *, field: str = "id") -> Page[Row]:
    """One page of `rows`, newest first, after the request's cursor. One query.

    `field` is the column that is both the order and the cursor: a snowflake, unique within the list. One row more
    than the page is read, to know whether there is a next page without counting.
    """
    cursor = cursor_of(request)
    rows = rows.order_by(f"-{field}")
    if cursor is not None:
        rows = rows.filter(**{f"{field}__lt": cursor})
    return page_of(request, list(rows[: size + 1]), size, field=field)


def page_of(request: HttpRequest, rows: Sequence[Row], size: int, *, field: str = "id") -> Page[Row]:
    """The first `size` of `rows`, of which the caller read one more than that if there was one."""
    items = list(rows[:size])
    if len(rows) <= size:
        return Page(items)
    return Page(items, url_after(request, getattr(items[-1], field)))
