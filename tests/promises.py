"""The `--promise` option: run only the tests marked with one of the given promises of docs/promises.md."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--promise",
        action="append",
        default=[],
        metavar="ID",
        help="run only tests marked with this promise of docs/promises.md, such as A2; may be repeated",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect tests that are marked with none of the promises on the command line."""
    wanted = set(config.getoption("promise"))
    if not wanted:
        return
    kept, deselected = [], []
    for item in items:
        ids = {name for mark in item.iter_markers("promise") for name in mark.args}
        (kept if ids & wanted else deselected).append(item)
    items[:] = kept
    config.hook.pytest_deselected(items=deselected)
