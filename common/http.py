"""Small helpers of views."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.cache import patch_vary_headers


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


def success_with_undo(request: HttpRequest, text: str, undo_url: str) -> None:
    """A message with a button that posts to `undo_url`, a path of ours: base.html draws it."""
    messages.success(request, text, extra_tags=undo_url)
