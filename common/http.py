"""Small helpers of views."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme


def wants_json(request: HttpRequest) -> bool:
    """Whether a script asks, which says so with its Accept header."""
    return "application/json" in request.headers.get("Accept", "")


def varies_by_htmx(response: HttpResponse) -> HttpResponse:
    """Mark an answer that is a fragment for htmx and a page for others, at one address."""
    patch_vary_headers(response, ["HX-Request"])
    return response


def next_url(request: HttpRequest, default: str) -> str:
    """Where a form's hidden field `next` leads back to, if that is on this site."""
    url = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(url, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        return url
    return default
