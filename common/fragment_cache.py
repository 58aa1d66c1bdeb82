"""A cache of rendered parts: a dictionary in each process, and Valkey for all of them.

The key of an entry names everything that its content depends on, with versions, so entries never change and nothing has
to be invalidated. After a release all keys are new, because they begin with a hash of the code.

When many requests miss the same entry, one of them makes it: it takes a lock in Valkey, and the others wait for the
entry. If the maker dies, its lock expires after LOCK_MS and another request takes over. Without Valkey each process
makes its own entries.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Final

from django.apps import apps
from django.conf import settings
from django.templatetags.static import static
from django.utils.translation import get_language

from common import valkey
from common.fast_reverse import Paths, current_paths
from common.parts import Parts

Make = Callable[[Sequence[str]], dict[str, Parts]]

KEPT_SECONDS: Final = 7 * 24 * 3600
LOCK_MS: Final = 1_000
POLL_SECONDS: Final = 0.01

MAX_LOCAL: Final = 4_000
"""Entries in the dictionary of a process, about 15 MB. It is emptied when it is full."""

_local: dict[str, Parts] = {}
_is_off: ContextVar[bool] = ContextVar("_is_off", default=False)


def get_parts(names: Sequence[str], make: Make) -> dict[str, Parts]:
    """Return the entries with these names. `make` gets the missing names and may leave some out.

    Cost: nothing if all are in this process, otherwise one round trip to Valkey, and three more for entries that are
    made here.
    """
    if settings.DEBUG or _is_off.get():
        # Templates are edited while DEBUG is on.
        return make(names)
    prefix = f"{_prefix(current_paths())}{get_language()}:"
    found = {name: parts for name in names if (parts := _local.get(prefix + name)) is not None}
    if len(found) < len(names):
        new = _load_or_make([name for name in names if name not in found], prefix, make)
        if len(_local) + len(new) > MAX_LOCAL:
            _local.clear()
        _local.update((prefix + name, parts) for name, parts in new.items())
        found |= new
    return found


def forget_local() -> None:
    """Empty the dictionary of this process."""
    _local.clear()


@contextmanager
def without_cache() -> Iterator[None]:
    """Bypass the cache in this block. Tests compare cached pages with uncached ones."""
    token = _is_off.set(True)
    try:
        yield
    finally:
        _is_off.reset(token)


def _load_or_make(names: Sequence[str], prefix: str, make: Make) -> dict[str, Parts]:
    found: dict[str, Parts] = {}
    with valkey.optional("parts of pages are rendered without their cache", url=settings.CACHE_URL) as is_available:
        if is_available:
            deadline = time.monotonic() + 2 * LOCK_MS / 1000
            missing = list(names)
            while missing and time.monotonic() < deadline:
                found |= _load(missing, prefix)
                missing = [name for name in missing if name not in found]
                if missing and (ours := _lock(missing, prefix)):
                    found |= _make_and_store(ours, prefix, make)
                    missing = [name for name in missing if name not in ours]
                elif missing:
                    time.sleep(POLL_SECONDS)
            if not missing:
                return found
    return found | make([name for name in names if name not in found])


def _load(names: Sequence[str], prefix: str) -> dict[str, Parts]:
    stored = valkey.mget(valkey.pages(), [prefix + name for name in names])
    return {name: Parts.load(data) for name, data in zip(names, stored, strict=True) if data is not None}


def _lock(names: Sequence[str], prefix: str) -> list[str]:
    """Return the names whose lock this request took."""
    pipe = valkey.pages().pipeline(transaction=False)
    for name in names:
        pipe.set(f"{prefix}{name}:lock", b"1", nx=True, px=LOCK_MS)
    return [name for name, is_ours in zip(names, pipe.execute(), strict=True) if is_ours]


def _make_and_store(names: Sequence[str], prefix: str, make: Make) -> dict[str, Parts]:
    made = make(names)
    pipe = valkey.pages().pipeline(transaction=False)
    for name, parts in made.items():
        pipe.set(prefix + name, parts.dump(), ex=KEPT_SECONDS)
    pipe.execute()
    # The lock of an entry that could not be made stays for its time: other requests could not make it either.
    return made


@cache
def _prefix(paths: Paths) -> str:
    """Return the beginning of all keys: a hash of all templates and code of the project, and of what addresses contain.

    Parts contain addresses of other apps, and texts of any module, so no app is left out. Cost: 20 ms, once a process.
    """
    digest = hashlib.sha256(f"{paths('feed:home')} {static('css/site.css')}".encode())
    root = Path(settings.BASE_DIR)
    apps_of_project = {Path(app.path) for app in apps.get_app_configs() if Path(app.path).parent == root}
    for folder in sorted({root / "templates", root / "instagram", *apps_of_project}):
        for path in sorted(folder.rglob("*")):
            if path.suffix in {".html", ".py"}:
                digest.update(path.read_bytes())
    return f"parts:{digest.hexdigest()[:16]}:"
