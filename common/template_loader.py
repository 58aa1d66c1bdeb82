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

_BLOCK = (
    "article|aside|body|details|div|dl|dt|dd|fieldset|footer|form|h[1-6]|head|header|html|legend|li|link|main|meta|nav"
    "|ol|p|section|summary|template|title|ul"
)
_BEFORE_BLOCK = re.compile(rf"\n+(?=</?(?:{_BLOCK})\b)")
_AFTER_BLOCK = re.compile(rf"(</(?:{_BLOCK})>)\n+")


class FilesystemLoader(filesystem.Loader):
    def get_contents(self, origin: Origin) -> str:
        return _compact(origin, super().get_contents(origin))


class AppDirectoriesLoader(app_directories.Loader):
    def get_contents(self, origin: Origin) -> str:
        return _compact(origin, super().get_contents(origin))


def _compact(origin: Origin, source: str) -> str:
    """Return the source of a template without indentation, and without the ends of lines that mean nothing.

    These are lines of template tags without output, and lines before and after an element that is a block. Other lines
    still end, because white space separates words. Texts of users are not in the source. With DEBUG the source stays as
    it is, because error pages count its lines.
    """
    if settings.DEBUG or not origin.name.endswith(".html"):
        return source
    lines = _LINE_OF_TAGS.sub(r"\1", _INDENTATION.sub("\n", source))
    return _AFTER_BLOCK.sub(r"\1", _BEFORE_BLOCK.sub("", lines))
