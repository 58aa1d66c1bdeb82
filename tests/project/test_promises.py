"""docs/promises.md and the `promise` marks of the tests agree."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
STATES = {"tested", "partly tested", "not tested", "planned"}


def documented_states() -> dict[str, str]:
    """Return the state of each promise by its id."""
    text = " ".join((PROJECT / "docs" / "promises.md").read_text().split())
    entries = re.findall(r"- \*\*([A-Z]\d+)\.\*\* .*?State: \*\*([a-z ]+)\*\*", text)
    assert len(entries) == len(dict(entries)) == text.count("- **"), "an entry is repeated or malformed"
    return dict(entries)


def marked_ids(path: Path, *, with_deep: bool = True) -> Iterator[str]:
    """Yield the ids of every `pytest.mark.promise(...)` in a file, optionally without those of deep tests."""
    tree = ast.parse(path.read_text())
    if not with_deep and any(_is_deep(node.value) for node in tree.body if isinstance(node, ast.Assign)):
        return
    for test in ast.walk(tree):
        if not isinstance(test, ast.FunctionDef | ast.ClassDef | ast.Assign):
            continue
        marks = test.decorator_list if not isinstance(test, ast.Assign) else [test.value]
        if not with_deep and any(ast.unparse(mark) == "pytest.mark.deep" for mark in marks):
            continue
        for node in (node for mark in marks for node in ast.walk(mark)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.promise":
                yield from (ast.literal_eval(argument) for argument in node.args)


def _is_deep(pytestmark: ast.expr) -> bool:
    """Return True if the expression contains `pytest.mark.deep` itself, or in a list."""
    parts = pytestmark.elts if isinstance(pytestmark, ast.List) else [pytestmark]
    return any(ast.unparse(part) == "pytest.mark.deep" for part in parts)


@pytest.fixture(scope="module")
def marked() -> set[str]:
    return {name for path in (PROJECT / "tests").rglob("*.py") for name in marked_ids(path)}


def test_every_marked_promise_is_documented(marked):
    assert marked - documented_states().keys() == set()


def test_the_documented_state_of_every_promise_is_true(marked):
    states = documented_states()

    assert len(states) > 80
    assert set(states.values()) == STATES
    assert {name for name, state in states.items() if state.endswith("tested") and state != "not tested"} == marked


def test_every_promise_has_a_test_that_make_test_runs(marked):
    tests = (PROJECT / "tests").rglob("*.py")

    assert {name for path in tests for name in marked_ids(path, with_deep=False)} == marked


def test_no_test_has_the_id_of_a_promise_in_its_name():
    for path in (PROJECT / "tests").rglob("test_*.py"):
        assert not re.search(r"def test_[A-Z]\d+_", path.read_text()), path
