"""Storage of static files: hashed names, and one stylesheet bundled from many."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from django.contrib.staticfiles.finders import AppDirectoriesFinder
from django.contrib.staticfiles.storage import ManifestFilesMixin
from django.core.files.storage import FileSystemStorage
from whitenoise.compress import Compressor
from whitenoise.storage import CompressedManifestStaticFilesStorage

STYLESHEET = "css/site.css"
_IMPORT = re.compile(r'@import url\("(?P<name>[^"]+)"\) layer\((?P<layer>[a-z]+)\);')


class AppsFinder(AppDirectoriesFinder):
    """Finder that skips app files that no page uses: a second API browser, of four megabytes."""

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterable[Any]:
        return super().list([*(ignore_patterns or ()), "redoc.standalone.*"])


class _BundleMixin(ManifestFilesMixin):
    """Inline the imports of `css/site.css`: one request before the first paint instead of thirty.

    Scripts stay separate modules, because they do not block rendering; their imports get the hashed names.
    """

    support_js_module_import_aggregation = True

    def post_process(self, paths: dict[str, Any], dry_run: bool = False, **options: Any) -> Iterator[Any]:
        if STYLESHEET not in paths or dry_run:
            yield from super().post_process(paths, dry_run=dry_run, **options)
            return
        with tempfile.TemporaryDirectory() as folder:
            bundle = Path(folder) / STYLESHEET
            bundle.parent.mkdir(parents=True)
            bundle.write_text(self._bundle(paths))
            paths = paths | {STYLESHEET: (FileSystemStorage(folder), STYLESHEET)}
            yield from super().post_process(paths, dry_run=dry_run, **options)

    def _bundle(self, paths: dict[str, Any]) -> str:
        """Return the stylesheet with each import replaced by its file, in its layer."""

        def read(name: str) -> str:
            storage, path = paths[name]
            with storage.open(path) as file:
                content: bytes = file.read()
            return content.decode()

        def inline(found: re.Match[str]) -> str:
            name = str(PurePosixPath(STYLESHEET).parent / found["name"])
            return f"@layer {found['layer']} {{\n{read(name)}}}"

        return _IMPORT.sub(inline, read(STYLESHEET))


class CompressedStaticFilesStorage(_BundleMixin, CompressedManifestStaticFilesStorage):
    """Storage for production: hashed, bundled, and compressed with gzip and Brotli."""


class QuicklyCompressedStaticFilesStorage(CompressedStaticFilesStorage):
    """Storage for a laptop: gzip only, because Brotli at its best level adds twenty seconds to each start."""

    def create_compressor(self, **options: Any) -> Compressor:
        return Compressor(**options, use_brotli=False)
