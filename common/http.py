"""Small helpers of views."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme


def wants_json(request: HttpRequest) -> bool:
    """Whether a script asks, which says so with its Accept header."""
    return "application/json" in request.headers.get("Accept", "")


def json_error(
    status: int, code: str, message: str, *, headers: dict[str, str] | None = None, **more: Any
) -> JsonResponse:
    """What went wrong, for a script: a stable `code` and a sentence for people."""
    return JsonResponse({"error": {"code": code, "message": message}, **more}, status=status, headers=headers)


def varies_by_htmx(response: HttpResponse) -> HttpResponse:
    """Mark an answer that is a fragment for htmx and a page for others, at one address."""
    patch_vary_headers(response, ["HX-Request"])
    return response


def is_further_page(request: HttpRequest) -> bool:
    """Return True if htmx asks for the next rows of a list that is already on the page."""
    return bool(getattr(request, "htmx", False)) and "cursor" in request.GET


def render_list(request: HttpRequest, page_template: str, rows_template: str, context: dict[str, Any]) -> HttpResponse:
    """Render a list: the whole page, or only the next rows if htmx asks for them."""
    template = rows_template if is_further_page(request) else page_template
    return varies_by_htmx(render(request, template, context))


def next_url(request: HttpRequest, default: str) -> str:
    """Where a form's hidden field `next` leads back to, if that is on this site."""
    url = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(url, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        return url
    return default


def success_with_undo(request: HttpRequest, text: str, undo_url: str) -> None:
    """A message with a button that posts to `undo_url`, a path of ours: base.html draws it."""
    messages.success(request, text, extra_tags=undo_url)
