"""Which pages may open a socket."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import validate_host


def is_own_origin(origin: str, host: str) -> bool:
    """Return True if a page of this site opens the socket.

    Browsers send cookies with every handshake, also from pages of other sites, and apply no CORS to it. `origin` and
    `host` are the headers. A page is on `host` itself, or on PORT of the same machine when the hub has a port of its
    own.
    """
    try:
        page, asked = urlsplit(origin), urlsplit(f"//{host}")
        ports = {asked.port} if settings.REALTIME_IS_BEHIND_PROXY else {settings.PORT}
        page_port, page_host, asked_host = page.port, page.hostname, asked.hostname
    except ValueError:
        return False
    if not page_host or not validate_host(page_host, settings.ALLOWED_HOSTS or ["localhost", "127.0.0.1"]):
        return False
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    scheme = "https" if settings.SECURE_SSL else "http"
    return page.scheme == scheme and page_host == asked_host and page_port in ports
