"""A pytest plugin that writes the results and figures of each promise to the file named by DRILL_REPORT, as JSON.

`python -m tests.drills` loads it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

_results: list[dict[str, Any]] = []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the report of each test its promises and, for a drill, the first line of its docstring."""
    for item in items:
        ids = [name for mark in item.iter_markers("promise") for name in mark.args]
        item.user_properties.append(("promises", ids))
        if "/drills/" in item.nodeid and isinstance(item, pytest.Function):
            item.user_properties.append(("how", (item.function.__doc__ or "").strip().split("\n")[0]))


def pytest_collection_finish(session: pytest.Session) -> None:
    """With --collect-only, report all tests as not run."""
    if session.config.option.collectonly:
        for item in session.items:
            properties = dict(item.user_properties)
            _results.append(_result(item.nodeid, properties, is_passed=None))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" or report.failed:
        figures = [value for name, value in report.user_properties if name == "figure"]
        _results.append(_result(report.nodeid, dict(report.user_properties), figures, is_passed=report.passed))


def _result(
    test: str, properties: dict[str, Any], figures: Sequence[Any] = (), *, is_passed: bool | None
) -> dict[str, Any]:
    return {
        "test": test,
        "promises": properties.get("promises", []),
        "how": properties.get("how", ""),
        "figures": figures,
        "is_passed": is_passed,
    }


def pytest_sessionfinish(session: pytest.Session) -> None:
    if not hasattr(session.config, "workerinput"):
        Path(os.environ["DRILL_REPORT"]).write_text(json.dumps(_results))
