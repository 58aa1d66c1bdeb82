"""Code in the database: frozen in migrations, listed in docs/database.md, and equal to docs/database.sql."""

from __future__ import annotations

import ast
import os
import re
from pathlib import Path

import pytest
from django.db import connection

from common.ids import TIME_SHIFT
from common.statements import PREFIX
from search.documents import LEVELS

PROJECT = Path(__file__).resolve().parent.parent.parent
SNAPSHOT = PROJECT / "docs" / "database.sql"
LIST = PROJECT / "docs" / "database.md"
APPS = {path.parent.name for path in PROJECT.glob("*/apps.py")} | {"instagram"}

# Excluded: objects of extensions (pg_depend, deptype "e"), and statements, which are generated from querysets.
FUNCTIONS = f"""
    SELECT p.proname, pg_get_functiondef(p.oid) FROM pg_proc AS p
    WHERE p.pronamespace = 'public'::regnamespace AND NOT starts_with(p.proname, '{PREFIX}')
        AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = p.oid AND deptype = 'e')
    ORDER BY p.proname
"""
TRIGGERS = """
    SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY tgname
"""
CASCADES = """
    SELECT conname,
        format('ALTER TABLE %s ADD CONSTRAINT %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
    FROM pg_constraint WHERE contype = 'f' AND confdeltype = 'c' ORDER BY conname
"""


def definitions() -> dict[str, str]:
    """Return the definition of every function, trigger and cascading reference of the database by its name."""
    found: dict[str, str] = {}
    with connection.cursor() as cursor:
        for query in (FUNCTIONS, TRIGGERS, CASCADES):
            cursor.execute(query)
            for name, definition in cursor.fetchall():
                key = name if name not in found else f"{name} (trigger)"
                found[key] = definition.strip()
    return found


@pytest.mark.django_db
def test_the_code_in_the_database_equals_the_snapshot() -> None:
    """Compare with docs/database.sql, so that changes show in its diff. WRITE=1 writes the file."""
    text = "-- Functions, triggers and cascades of the database; written by tests/project/test_database_code.py.\n"
    text += "".join(f"\n-- {name}\n{definition};\n" for name, definition in definitions().items())
    if os.environ.get("WRITE"):
        SNAPSHOT.write_text(text)

    assert SNAPSHOT.read_text() == text


@pytest.mark.django_db
def test_every_function_and_trigger_is_listed_with_its_reason() -> None:
    listed = set(re.findall(r"^\| `(\w+)`", LIST.read_text(), re.MULTILINE))
    names = {name.removesuffix(" (trigger)") for name in definitions()}
    named = {name for name in names if not name.endswith(("_take_shard", "_gone_with"))}

    assert listed == named


@pytest.mark.django_db
def test_searches_and_documents_have_the_same_periods() -> None:
    periods = re.findall(r"'~(\d+):' \|\| \(post\.id >> (\d+)\)", definitions()["search_index_post"])

    assert periods == [(str(level), str(TIME_SHIFT + level)) for level in LEVELS]


@pytest.mark.parametrize("path", sorted(PROJECT.glob("*/migrations/0*.py")), ids=lambda path: "/".join(path.parts[-3:]))
def test_migrations_import_no_module_of_the_project(path: Path) -> None:
    """A migration that imports code would change its meaning when the code changes."""
    imported = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").partition(".")[0])

    assert not imported & APPS
