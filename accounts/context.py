"""The context processor of the site."""

from typing import Final

from django.conf import settings
from django.http import HttpRequest

from common import limits

THEMES: Final = ("system", "light", "dark")
THEME_COOKIE: Final = "theme"


def site(request: HttpRequest) -> dict[str, object]:
    """Add the name of the site, the limits used by forms and scripts, and this browser's theme."""
    theme = request.COOKIES.get(THEME_COOKIE, "")
    return {
        "site_name": settings.SITE_NAME,
        "site_description": site_description(),
        "limits": limits,
        "theme": theme if theme in THEMES else "system",
    }


def site_description() -> str:
    """Return the description of the site in one sentence."""
    return f"{settings.SITE_NAME}: share photos and videos with the people you like."
