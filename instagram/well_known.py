"""Small files that browsers, crawlers and password managers request at fixed URLs."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

_DAY = "public, max-age=86400"
_PRIVATE_VIEWS = (
    "account_login",
    "admin:index",
    "api:openapi-json",
    "feed:archive",
    "posts:create",
    "notifications:page",
    "oauth_token",
    "posts:saved",
    "search:search",
)
"""Views whose first path segment crawlers should not visit."""


@require_safe
@login_not_required
def robots(request: HttpRequest) -> HttpResponse:
    """Exclude crawlers from forms, the API and private pages."""
    segments = (reverse(name).split("/")[1] for name in _PRIVATE_VIEWS)
    lines = ["User-agent: *", *(f"Disallow: /{segment}/" for segment in segments)]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain", headers={"Cache-Control": _DAY})


@require_safe
@login_not_required
def favicon(request: HttpRequest) -> HttpResponse:
    """Redirect browsers that ignore `<link rel="icon">` to an icon that all of them can show."""
    return HttpResponseRedirect(staticfiles_storage.url("img/icon-192.png"), headers={"Cache-Control": _DAY})


@require_safe
@login_not_required
def change_password(request: HttpRequest) -> HttpResponse:
    """Redirect password managers to the page for changing the password (W3C well-known URL)."""
    return redirect("account_change_password")


@require_safe
@login_not_required
def service_worker(request: HttpRequest) -> HttpResponse:
    """Answer 404, which makes browsers remove the service worker of an earlier version."""
    return HttpResponseNotFound("There is no service worker.\n", content_type="text/plain")
