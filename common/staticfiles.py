"""How static files are collected: hashed names, and one stylesheet made of the many that we write."""

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
    """Files of apps, without what no page of ours asks for: a second browser of the API, of four megabytes."""

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterable[Any]:
        return super().list([*(ignore_patterns or ()), "redoc.standalone.*"])


class _BundleMixin(ManifestFilesMixin):
    """Puts the files that `css/site.css` imports into it: one request before the first paint instead of thirty.

    Scripts stay modules of their own (they block nothing); their imports get the hashed names.
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
        """The stylesheet with each import replaced by its file, in its layer."""

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
    """For production: hashed, bundled, and compressed by gzip and Brotli."""


class QuicklyCompressedStaticFilesStorage(CompressedStaticFilesStorage):
    """For a laptop: by gzip alone, since Brotli at its best takes twenty seconds of each start."""

    def create_compressor(self, **options: Any) -> Compressor:
        return Compressor(**options, use_brotli=False)
