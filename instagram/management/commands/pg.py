"""`manage.py pg psql`, `manage.py pg pg_dump …`: PostgreSQL's own programs on the site's database."""

import argparse
import os
import shutil
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from instagram import embedded


class Command(BaseCommand):
    """Become one of PostgreSQL's programs, told by the environment where the site's database is.

    The programs are those that the Python package of the embedded server carries, so they are there even where no
    PostgreSQL is installed; another one of that name on PATH serves where the package has none.
    """

    help = "Run a program of PostgreSQL's (psql, pg_dump, pg_restore …) on the site's database."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("program", help="such as psql or pg_dump")
        parser.add_argument("arguments", nargs=argparse.REMAINDER, help="passed on as they are")

    def handle(self, *args: Any, **options: Any) -> None:
        name: str = options["program"]
        carried = embedded.postgres_program(name)
        program = str(carried) if carried.exists() else shutil.which(name)
        if program is None or "/" in name:
            raise CommandError(f"PostgreSQL has no program called {name} here.")
        os.execve(program, [name, *options["arguments"]], os.environ | connection_variables())  # noqa: S606


def connection_variables() -> dict[str, str]:
    """The database of the settings, as libpq's variables. The password is not seen by `ps` this way."""
    database = settings.DATABASES["default"]
    options = database.get("OPTIONS", {})
    found = {
        "PGHOST": database.get("HOST") or options.get("host"),
        "PGPORT": database.get("PORT") or options.get("port"),
        "PGUSER": database.get("USER"),
        "PGPASSWORD": database.get("PASSWORD"),
        "PGDATABASE": database.get("NAME"),
        "PGSSLMODE": options.get("sslmode"),
    }
    return {name: str(value) for name, value in found.items() if value}
