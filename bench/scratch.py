"""Servers of a benchmark's own, with the site's tables in them and nothing else."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path


class ScratchSite:
    """PostgreSQL below a folder. It runs from the beginning, until `stop_postgres`."""

    def __init__(self, data_dir: Path, *, durable: bool) -> None:
        self.data_dir, self._durable = data_dir, durable
        self._start_postgres()

    def _start_postgres(self) -> None:
        from instagram import embedded

        self._postgres = embedded.start_postgres(self.data_dir, durable=self._durable)
        embedded.wait_for_postgres(self._postgres, self.data_dir)

    def stop_postgres(self) -> None:
        from instagram import embedded

        embedded.stop_postgres(self._postgres)

    def restart_postgres(self) -> None:
        """Its own cache is empty then; the system's cache of files is not."""
        from django.db import connection

        connection.close()
        self.stop_postgres()
        self._start_postgres()


@contextmanager
def scratch_site(
    *, keep: Path | None = None, durable: bool = False, with_valkey: bool = False, **variables: str
) -> Iterator[ScratchSite]:
    """Django set up on servers below a temporary folder, which is removed afterwards, or below `keep`, which is not.

    `variables` are for the environment. Without `durable` PostgreSQL does not wait for its disk.
    """
    from instagram import embedded

    with ExitStack() as stack:
        data_dir = keep or Path(tempfile.mkdtemp(prefix="everyframe-bench-"))
        if not keep:
            stack.callback(shutil.rmtree, data_dir, ignore_errors=True)
        data_dir.mkdir(exist_ok=True)
        data_dir.chmod(0o711)
        os.environ |= {
            "DATA_DIR": str(data_dir),
            "DATABASE_URL": embedded.postgres_url(data_dir),
            "DJANGO_SETTINGS_MODULE": "instagram.settings",
            "DEBUG": "0",
        } | variables
        site = ScratchSite(data_dir, durable=durable)
        stack.callback(site.stop_postgres)
        if with_valkey:
            os.environ["REDIS_URL"] = embedded.valkey_url(data_dir)
            valkey = embedded.start_valkey(data_dir)
            stack.callback(embedded.stop_valkey, valkey)
            embedded.wait_for_valkey(valkey, data_dir)
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        yield site
