"""Template loaders that drop white space between the lines of templates, a quarter of the HTML of a page."""

from __future__ import annotations

import re

from django.conf import settings
from django.template import Origin
from django.template.loaders import app_directories, filesystem

_INDENTATION = re.compile(r"\n[ \t]+")
_LINE_OF_TAGS = re.compile(
    r"^((?:\{% (?:if|elif|else|endif|for|empty|endfor|with|endwith|load|extends|block|endblock)\b(?:(?!%\}).)*%\}"
    r"|\{#(?:(?!#\}).)*#\})+)\n",
    re.MULTILINE,
)


class FilesystemLoader(filesystem.Loader):
    def get_contents(self, origin: Origin) -> str:
        return _compact(origin, super().get_contents(origin))


class AppDirectoriesLoader(app_directories.Loader):
    def get_contents(self, origin: Origin) -> str:
        return _compact(origin, super().get_contents(origin))


def _compact(origin: Origin, source: str) -> str:
    """Return the source of a template without indentation, and without the ends of lines that only have tags.

    Tags without output are meant; other lines still end, because white space separates words. Texts of users are not
    in the source. With DEBUG the source stays as it is, because error pages count its lines.
    """
    if settings.DEBUG or not origin.name.endswith(".html"):
        return source
    return _LINE_OF_TAGS.sub(r"\1", _INDENTATION.sub("\n", source))
