"""Write the ZIP file of an export: media files, JSON, and an HTML page that shows them offline.

Memory use is bounded: files are copied in blocks, and text is spooled to temporary files.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Mapping
from typing import IO, Any, BinaryIO

from django.conf import settings
from django.core.files.storage import storages
from django.core.serializers.json import DjangoJSONEncoder
from django.template.loader import render_to_string
from django.utils import timezone

from accounts.models import User
from media.storage import transient_storage_error
from personal_data import registry

BLOCK_BYTES = 256 * 1024
SPOOLED_BYTES = 1024 * 1024


class ExportZip:
    """A `personal_data.registry.ExportWriter` that writes to an open file."""

    def __init__(self, file: BinaryIO, *, files: int, on_progress: Callable[[int], None]) -> None:
        """Start a ZIP file that will contain `files` files; `on_progress` is called with the percentage."""
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED)
        self._page = _spool()
        self._total, self._on_progress, self._added = max(files, 1), on_progress, 0
        self._data: list[dict[str, Any]] = []

    def add_file(self, path: str, storage: str, key: str) -> bool:
        self._added += 1
        try:
            source = storages[storage].open(key)
        except FileNotFoundError:
            return False
        except Exception as error:
            raise transient_storage_error(error) from error
        with source:
            # Photos and videos are already compressed.
            self._copy(path, source, zipfile.ZIP_STORED)
        self._on_progress(min(99, 100 * self._added // self._total))
        return True

    def add_rows(self, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        count = 0
        # Spooled, because reading the rows may add files to the ZIP file, which takes one entry at a time.
        with _spool() as spool:
            spool.write(b"[")
            for row in rows:
                spool.write(b",\n" if count else b"\n")
                spool.write(json.dumps(row, cls=DjangoJSONEncoder, ensure_ascii=False).encode())
                count += 1
            spool.write(b"\n]\n")
            spool.seek(0)
            self._copy(f"data/{name}.json", spool, zipfile.ZIP_DEFLATED)
        self._data.append({"path": f"data/{name}.json", "name": name.replace("_", " "), "count": count})

    def add_html(self, html: str) -> None:
        self._page.write(html.encode())

    def close(self, person: User) -> None:
        """Write the HTML page, complete only now, and the ZIP file's directory."""
        context = {"person": person, "data": self._data, "site_name": settings.SITE_NAME, "now": timezone.now()}
        self._zip.writestr(
            _entry("style.css", zipfile.ZIP_DEFLATED), render_to_string("personal_data/archive/style.css")
        )
        head, foot = render_to_string("personal_data/archive/index.html", context).split("<!-- posts -->")
        with self._page, self._zip.open(_entry("index.html", zipfile.ZIP_DEFLATED), "w") as target:
            target.write(head.encode())
            self._page.seek(0)
            shutil.copyfileobj(self._page, target, BLOCK_BYTES)
            target.write(foot.encode())
        self._zip.close()

    def _copy(self, path: str, source: Any, compression: int) -> None:
        with self._zip.open(_entry(path, compression), "w", force_zip64=True) as target:
            shutil.copyfileobj(source, target, BLOCK_BYTES)


def build_export_zip(person: User, file: BinaryIO, on_progress: Callable[[int], None]) -> None:
    """Write the export of `person` to `file`. Raises TransientMediaError if a storage is unavailable."""
    tables = registry.tables()
    files = sum(table.file_count(person) for table in tables if table.file_count)
    writer = ExportZip(file, files=files, on_progress=on_progress)
    for table in tables:
        table.write_to(writer, person)
    writer.close(person)


def _entry(path: str, compression: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(path, timezone.now().timetuple()[:6])
    entry.compress_type = compression
    entry.external_attr = 0o644 << 16
    return entry


def _spool() -> IO[bytes]:
    return tempfile.SpooledTemporaryFile(SPOOLED_BYTES)
