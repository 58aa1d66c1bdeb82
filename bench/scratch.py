"""Start a PostgreSQL and a Valkey for one benchmark, with the migrated tables of the site."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from common import local_servers
from launcher import postgres, valkey

EMPTY = "bench_empty"
"""A migrated database without rows, to be copied."""


class ScratchSite:
    """Run a PostgreSQL in a folder until `stop_postgres`."""

    def __init__(self, data_dir: Path, *, durable: bool) -> None:
        self.data_dir, self._durable = data_dir, durable
        self._start_postgres()

    def _start_postgres(self) -> None:
        self._postgres = postgres.start(self.data_dir, durable=self._durable)
        postgres.wait_until_ready(self._postgres, self.data_dir)

    def stop_postgres(self) -> None:
        postgres.stop(self._postgres)

    def restart_postgres(self) -> None:
        """Empty the cache of PostgreSQL. The file cache of the operating system stays."""
        from django.db import connection

        connection.close()
        self.stop_postgres()
        self._start_postgres()


@contextmanager
def scratch_site(
    *, keep: Path | None = None, durable: bool = False, with_valkey: bool = False, **variables: str
) -> Iterator[ScratchSite]:
    """Set up Django with servers in a temporary folder, which is deleted at the end, or in `keep`, which stays.

    `variables` are added to the environment. Without `durable`, PostgreSQL does not wait for the disk.
    """
    with ExitStack() as stack:
        data_dir = keep or Path(tempfile.mkdtemp(prefix="everyframe-bench-"))
        if not keep:
            stack.callback(shutil.rmtree, data_dir, ignore_errors=True)
        data_dir.mkdir(exist_ok=True)
        data_dir.chmod(0o711)
        os.environ |= {
            "DATA_DIR": str(data_dir),
            "DATABASE_URL": local_servers.postgres_url(data_dir),
            "DJANGO_SETTINGS_MODULE": "instagram.settings",
            "DEBUG": "0",
        } | variables
        site = ScratchSite(data_dir, durable=durable)
        stack.callback(site.stop_postgres)
        if with_valkey:
            os.environ["REDIS_URL"] = local_servers.valkey_url(data_dir)
            process = valkey.start(data_dir)
            stack.callback(valkey.stop, process)
            valkey.wait_until_ready(process, data_dir)
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        drop_database(EMPTY)  # One that was kept may lack a migration.
        copy_database(local_servers.DATABASE, EMPTY)
        yield site


def copy_database(template: str, name: str) -> bool:
    """Copy a database in the server of the current one; return False if `name` exists.

    Closes the connection of this process, and ends other connections to `template`.
    """
    with _server_cursor() as cursor:
        cursor.execute("SELECT FROM pg_database WHERE datname = %s", [name])
        if cursor.fetchone() is not None:  # An empty row: nothing is selected.
            return False
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = %s AND pid <> pg_backend_pid()",
            [template],
        )
        cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return True


def drop_database(name: str) -> None:
    """Drop a database if it exists. Closes the connection of this process; others to `name` are ended."""
    with _server_cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextmanager
def _server_cursor() -> Iterator[Any]:
    """Yield a cursor of a new connection to the database `postgres`, outside transactions."""
    import psycopg2
    from django.db import connection

    connection.close()
    parameters = connection.get_connection_params() | {"dbname": "postgres"}
    names = ("dbname", "user", "password", "host", "port")
    server = psycopg2.connect(**{key: parameters[key] for key in names if parameters.get(key)})
    server.autocommit = True
    try:
        with server.cursor() as cursor:
            yield cursor
    finally:
        server.close()
