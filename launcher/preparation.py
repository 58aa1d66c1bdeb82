"""Work between starting the servers and serving pages: migrations and static files."""

import hashlib
import inspect
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.files.storage import storages
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor


def migrate() -> str:
    """Apply missing migrations; return a description of the result."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        call_command("migrate", verbosity=0, interactive=False)
    return f"{len(plan)} migrations" if plan else "up to date"


def collect_static() -> str:
    """Collect the static files if any of them has changed; return a description of the result."""
    if settings.DEBUG:
        return "served from their folders"
    # The storage rewrites and bundles files, so a change of its code also counts.
    rewriter = Path(inspect.getfile(storages["staticfiles"].__class__))
    state = hashlib.sha256(str(settings.STORAGES["staticfiles"]).encode() + rewriter.read_bytes())
    number = 0
    for finder in get_finders():
        for path, storage in finder.list([]):
            found = Path(storage.path(path)).stat()
            state.update(f"{path}\0{found.st_size}\0{found.st_mtime_ns}\0".encode())
            number += 1
    stamp = Path(settings.STATIC_ROOT) / ".collected"
    if stamp.exists() and stamp.read_text() == state.hexdigest():
        return "unchanged"
    stamp.unlink(missing_ok=True)
    call_command("collectstatic", verbosity=0, interactive=False)
    stamp.write_text(state.hexdigest())
    return f"{number} files"
