"""What of a person is in this app's tables: see `common.personal`. Documents go with their posts."""

from __future__ import annotations

from typing import Any

from common import personal
from common.personal import Rows


def register() -> None:
    personal.register("search", Rows("search.RecentSearch", "person", file="recent_searches", row=_search))


def _search(row: Any) -> dict[str, Any]:
    return {"text": row.text, "at": row.created_at}
