"""Helpers for views."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme


def wants_json(request: HttpRequest) -> bool:
    """Return True if the Accept header asks for JSON, as our scripts do."""
    return "application/json" in request.headers.get("Accept", "")


def json_error(
    status: int, code: str, message: str, *, headers: dict[str, str] | None = None, **more: Any
) -> JsonResponse:
    """Return an error for a script: a stable `code` and a message for people."""
    return JsonResponse({"error": {"code": code, "message": message}, **more}, status=status, headers=headers)


def varies_by_htmx(response: HttpResponse) -> HttpResponse:
    """Set `Vary` on a response that is a fragment for htmx and a page for browsers."""
    patch_vary_headers(response, ["HX-Request"])
    return response


def is_further_page(request: HttpRequest) -> bool:
    """Return True if htmx asks for the next rows of a list that is already on the page."""
    # In this order: headers are parsed at their first use.
    return "cursor" in request.GET and bool(getattr(request, "htmx", False))


def render_list(request: HttpRequest, page_template: str, rows_template: str, context: dict[str, Any]) -> HttpResponse:
    """Render a list: the whole page, or only the next rows if htmx asks for them."""
    template = rows_template if is_further_page(request) else page_template
    return varies_by_htmx(render(request, template, context))


def next_url(request: HttpRequest, default: str) -> str:
    """Return the address in a form's hidden field `next` if it is on this site, else `default`."""
    url = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(url, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        return url
    return default


def success_with_undo(request: HttpRequest, text: str, undo_url: str) -> None:
    """Show a success message with an Undo button that posts to `undo_url`, a path of this site (base.html)."""
    messages.success(request, text, extra_tags=undo_url)
