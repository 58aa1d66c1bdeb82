"""`manage.py pg psql`, `manage.py pg pg_dump …`: PostgreSQL's own programs on the site's database."""

import argparse
import os
import shutil
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from common.databases import DIRECT
from launcher import postgres


class Command(BaseCommand):
    """Replace this process by a program of PostgreSQL that is configured for the site's database.

    Uses the program in the package of the embedded server, so none needs to be installed; if the package does not
    contain it, a program of that name on PATH.
    """

    help = "Run a program of PostgreSQL (psql, pg_dump, pg_restore …) on the site's database."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("program", help="such as psql or pg_dump")
        parser.add_argument("arguments", nargs=argparse.REMAINDER, help="passed to the program unchanged")

    def handle(self, *args: Any, **options: Any) -> None:
        name: str = options["program"]
        packaged = postgres.program(name)
        program = str(packaged) if packaged.exists() else shutil.which(name)
        if program is None or "/" in name:
            raise CommandError(f"There is no PostgreSQL program called {name}.")
        os.execve(program, [name, *options["arguments"]], os.environ | connection_variables())  # noqa: S606  (a program of PostgreSQL, started by an administrator)


def connection_variables() -> dict[str, str]:
    """Return libpq's variables for the database of the settings. Unlike arguments, they hide the password from `ps`."""
    database = settings.DATABASES.get(DIRECT) or settings.DATABASES["default"]
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
