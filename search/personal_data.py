"""What of a person is in this app's tables: see `common.personal_data`. Documents go with their posts."""

from __future__ import annotations

from typing import Any

from common import personal_data
from common.personal_data import PersonalTable


def register() -> None:
    personal_data.register(
        "search", PersonalTable("search.RecentSearch", "person", export_name="recent_searches", export_row=_search)
    )


def _search(row: Any) -> dict[str, Any]:
    return {"text": row.text, "at": row.created_at}
