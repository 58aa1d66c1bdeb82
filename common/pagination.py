"""Cursor pagination: a page is read from an index at the cursor, so the thousandth page costs as much as the first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import urlencode

from django.db import models
from django.http import HttpRequest

Item = TypeVar("Item")
Row = TypeVar("Row", bound=models.Model)

MAX_BIGINT = (1 << 63) - 1


@dataclass
class Page(Generic[Item]):
    """A page of a list, with the address of the next page ("" on the last one)."""

    items: list[Item]
    next_url: str = ""

    def __iter__(self) -> Iterator[Item]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


def cursor_of(request: HttpRequest) -> int | None:
    """Return the id in `?cursor=`; None, for the first page, if it is missing or malformed."""
    return parse_cursor(request.GET.get("cursor", ""))


def parse_cursor(text: str) -> int | None:
    """Return the id in the text of a cursor; None if it is empty or malformed."""
    if not (text.isascii() and text.isdigit()) or len(text) > 19:
        return None
    number = int(text)
    return number if 0 < number <= MAX_BIGINT else None


def url_after(request: HttpRequest, cursor: object) -> str:
    """Return the address of this list after `cursor`, with the other query parameters."""
    if not request.META.get("QUERY_STRING"):
        return f"{request.path}?{urlencode({'cursor': str(cursor)})}"
    query = request.GET.copy()
    query["cursor"] = str(cursor)
    return f"{request.path}?{query.urlencode()}"


def page_by_id(request: HttpRequest, rows: models.QuerySet[Row], size: int, *, field: str = "id") -> Page[Row]:
    """Return a page of `rows`, newest first, after the request's cursor. One query.

    `field` is both the sort order and the cursor: a snowflake, unique within the list. The query reads one row more
    than the page has, which shows whether there is a next page.
    """
    cursor = cursor_of(request)
    rows = rows.order_by(f"-{field}")
    if cursor is not None:
        rows = rows.filter(**{f"{field}__lt": cursor})
    return page_of(request, list(rows[: size + 1]), size, field=field)


def page_of(request: HttpRequest, rows: Sequence[Item], size: int, *, field: str = "id") -> Page[Item]:
    """Return a page of the first `size` rows; one more row in `rows` means that there is a next page."""
    items = list(rows[:size])
    if len(rows) <= size:
        return Page(items)
    return Page(items, url_after(request, getattr(items[-1], field)))
