from typing import Final

from django.urls import register_converter

FILE_NAMES: Final = frozenset((
    "ads.txt", "browserconfig.xml", "crossdomain.xml", "favicon.ico", "humans.txt",
    "index.html", "index.php", "manifest.json", "manifest.webmanifest", "robots.txt", "security.txt",
    "site.webmanifest", "sitemap.xml", "sw.js", "xmlrpc.php",
))  # fmt: skip
"""Files that browsers, crawlers and scanners request at the root; reserved as usernames in accounts.reserved."""


class UsernameConverter:
    """A username in any letter case; views look it up in lower case."""

    regex = r"[A-Za-z0-9._]{1,30}"

    def to_python(self, value: str) -> str:
        if value.lower() in FILE_NAMES:
            raise ValueError(value)  # No match, so the response is a 404 without a redirect.
        return value

    def to_url(self, value: str) -> str:
        return value


class ShortcodeConverter:
    """A shortcode, which may decode to an id without a post."""

    regex = r"[A-Za-z0-9_-]{1,20}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(UsernameConverter, "username")
register_converter(ShortcodeConverter, "shortcode")
