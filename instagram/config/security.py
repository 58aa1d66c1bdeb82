"""Checks of secrets, and the content security policy."""

from typing import Any
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

INSECURE_SECRET_KEY = "insecure-and-only-for-development-" + "x" * 30
MIN_SECRET_KEY_CHARS = 50


def check_production(
    *,
    secret_key: str,
    debug: bool,
    site_origin: str,
    allowed_hosts: list[str],
    email_url: str,
    field_keys: str,
    field_hash_key: str,
) -> None:
    """Raise ImproperlyConfigured, naming the variable, if a value is unsafe or missing for production."""
    if secret_key == INSECURE_SECRET_KEY or len(secret_key) < MIN_SECRET_KEY_CHARS:
        raise ImproperlyConfigured(
            f"Set SECRET_KEY to a random text of at least {MIN_SECRET_KEY_CHARS} characters: production needs its own."
        )
    if debug:
        raise ImproperlyConfigured("Set DEBUG=0: debug pages show settings and data to everybody.")
    if urlsplit(site_origin).hostname in {"localhost", None}:
        raise ImproperlyConfigured("Set SITE_ORIGIN to the address of this site, such as https://photos.example.org.")
    if not email_url:
        raise ImproperlyConfigured("Set EMAIL_URL to a mail server: new people must confirm their addresses.")
    if not allowed_hosts or "*" in allowed_hosts:
        raise ImproperlyConfigured("Set ALLOWED_HOSTS to the host names of this site, such as photos.example.org.")
    for name, value in (("FIELD_KEYS", field_keys), ("FIELD_HASH_KEY", field_hash_key)):
        if not value:
            raise ImproperlyConfigured(f"Set {name}: mobile numbers are encrypted. .env.example says how.")


def check_field_keys(keys: list[str]) -> None:
    """Raise ImproperlyConfigured unless all keys can be used by common.sealing."""
    for key in keys:
        try:
            Fernet(key)
        except ValueError:
            raise ImproperlyConfigured(
                "FIELD_KEYS must be keys of 32 bytes in URL-safe base 64, separated by commas. "
                ".env.example says how to make one."
            ) from None


def content_security_policy(*, realtime_port: int | None, upload_url: str, media_url: str) -> dict[str, Any]:
    """Return the policy: everything from this site, plus the bucket for uploads and the one for media, if any.

    `realtime_port` is the port of sockets, if they are on another one than pages: on the same host, whose name differs
    between the browsers of a laptop and of its network.
    """
    sockets = [f"ws://*:{realtime_port}", f"wss://*:{realtime_port}"] if realtime_port else []
    return {
        "DIRECTIVES": {
            "default-src": [SELF],
            "script-src": [SELF],
            "style-src": [SELF],
            "img-src": [SELF, "data:", "blob:", *([media_url] if media_url else [])],
            "media-src": [SELF, "blob:", *([media_url] if media_url else [])],
            "connect-src": [SELF, *sockets, *([upload_url] if upload_url else [])],
            "object-src": [NONE],
            "base-uri": [NONE],
            "form-action": [SELF],
            "frame-ancestors": [NONE],
        },
    }
