"""Fast reversal of URLs, for pages with hundreds of links."""

from functools import cache
from urllib.parse import quote

from django.conf import settings
from django.urls import get_script_prefix, reverse

# Characters that Django does not escape in a path either (RFC 3986, sub-delims and others).
SAFE = "!$&'()*+,;=/~:@"


def fast_reverse(view: str, *args: object) -> str:
    """Return the path of `view`, like `reverse(view, args=args)` but four times as fast.

    `reverse` compares every candidate with a regular expression at each call. Here each route is reversed only once
    per process, with placeholders, so arguments are not validated: pass values that the route accepts.
    """
    return current_paths()(view, *args)


class Paths:
    """The paths of all views for one URLconf and one prefix: `paths("feed:profile", username)`, 1 µs each."""

    def __init__(self, urlconf: str, prefix: str) -> None:
        self._urlconf = urlconf
        self.prefix = prefix
        self._patterns: dict[tuple[str, int], str] = {}

    def __call__(self, view: str, *args: object) -> str:
        """Return the path of `view`; see `fast_reverse`."""
        pattern = self.pattern(view, len(args))
        return pattern % tuple([quote(str(value), safe=SAFE) for value in args]) if args else pattern

    def pattern(self, view: str, number: int) -> str:
        """Return the path of `view` with `%s` in place of each of its `number` arguments, which need no quoting."""
        found = self._patterns.get((view, number))
        if found is None:
            found = self._patterns[view, number] = self._reverse(view, number)
        return found

    def _reverse(self, view: str, number: int) -> str:
        # Digits are valid for every converter of the site.
        placeholders = [f"7000000{index:03}" for index in range(number)]
        path = reverse(view, urlconf=self._urlconf, args=placeholders)
        if not number:
            return path
        path = path.replace("%", "%%")
        for placeholder in placeholders:
            path = path.replace(placeholder, "%s")
        return path


def current_paths() -> Paths:
    """Return the paths of this request. Finding its prefix costs 2 µs, so pages with many links ask once."""
    return _paths(settings.ROOT_URLCONF, get_script_prefix())


@cache
def _paths(urlconf: str, prefix: str) -> Paths:
    """Return the paths. `prefix` is part of all of them, and so of the cache's key."""
    return Paths(urlconf, prefix)
