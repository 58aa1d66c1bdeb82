"""Registers the personal data of this app (`personal_data.registry`). Documents are deleted with their posts."""

from __future__ import annotations

from typing import Any

from personal_data import registry
from personal_data.registry import PersonalTable


def register() -> None:
    registry.register(
        "search", PersonalTable("search.RecentSearch", "person", export_name="recent_searches", export_row=_search)
    )


def _search(row: Any) -> dict[str, Any]:
    return {"text": row.text, "at": row.created_at}
