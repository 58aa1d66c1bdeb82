"""Validate and compare the redirect URIs of apps."""

from __future__ import annotations

import re
from ipaddress import IPv6Address
from typing import Final
from urllib.parse import urlsplit

from common.limits import MAX_REDIRECT_CHARS

LOOPBACK: Final = frozenset({"127.0.0.1", "::1"})
_LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


def redirect_uri_problem(uri: str) -> str:
    """Return the reason why `uri` cannot be a redirect URI, or "" if it can."""
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "This is not a valid address."
    if len(uri) > MAX_REDIRECT_CHARS:
        return f"Use at most {MAX_REDIRECT_CHARS} characters."
    if not re.fullmatch(r"[!-~]+", uri) or "\\" in uri or "*" in uri:
        return "Use visible ASCII characters, without spaces, backslashes or *."
    if "#" in uri or parts.username is not None or parts.password is not None:
        return "Leave out fragments (#), usernames and passwords."
    if parts.netloc and not _is_host(host or ""):
        return "Use a host name of letters, digits, dots and hyphens (xn--… for other scripts), or an IP address."
    if parts.scheme == "https" and host:
        return ""
    if parts.scheme == "http":
        return "" if host in LOOPBACK else "Use https://; http:// is allowed only for 127.0.0.1 and [::1]."
    if "." in parts.scheme and not parts.netloc:
        return ""
    return "Begin with https://, or with the reversed name of a domain you own, such as org.example.app:/"


def _is_host(host: str) -> bool:
    """Return True for an IP address or a host name in ASCII (RFC 1123: labels of letters, digits and hyphens)."""
    if ":" in host:
        try:
            return bool(IPv6Address(host))
        except ValueError:
            return False
    return len(host) <= 253 and all(_LABEL.fullmatch(label) for label in host.removesuffix(".").split("."))


def origin_of(uri: str) -> str:
    """Return the origin of a redirect URI, or its scheme if it has no host, as a Content-Security-Policy source.

    The origin is rebuilt from the parsed parts and checked again, so a URI stored before `redirect_uri_problem` checked
    hosts cannot inject a directive.
    """
    parts = urlsplit(uri)
    if not parts.netloc:
        return f"{parts.scheme}:"
    host = parts.hostname or ""
    if not _is_host(host):
        raise ValueError("no host")
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{f':{parts.port}' if parts.port else ''}"


def without_loopback_port(uri: str) -> str | None:
    """Return a loopback address without its port, which differs at each run of an app; None for any other address."""
    try:
        parts = urlsplit(uri)
        if parts.scheme != "http" or parts.hostname not in LOOPBACK or parts.username is not None:
            return None
        _ = parts.port
    except ValueError:
        return None
    return f"{parts.hostname}{parts.path}?{parts.query}#{parts.fragment}"
