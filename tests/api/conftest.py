from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User


@pytest.fixture
def get(as_: Callable[[User], Any]) -> Callable[..., Any]:
    """`get(reader, "/posts/1")`: what the API answers them, as JSON; with `status` what it must be."""

    def ask(reader: User, path: str, *, status: int = 200) -> Any:
        answer = as_(reader).get(f"/api{path}")
        assert answer.status_code == status, answer.text
        return answer.json()

    return ask
