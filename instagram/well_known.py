"""Small files that browsers, crawlers and password managers ask for at fixed addresses."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound, HttpResponseRedirect
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

_DAY = "public, max-age=86400"
_PRIVATE = (
    "/accounts/",
    "/admin/",
    "/api/",
    "/archive/",
    "/create/",
    "/notifications/",
    "/oauth/",
    "/saved/",
    "/search/",
)


@require_safe
@login_not_required
def robots(request: HttpRequest) -> HttpResponse:
    """Public pages may be read by crawlers; forms, the API and what is one person's own need not be."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in _PRIVATE)]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain", headers={"Cache-Control": _DAY})


@require_safe
@login_not_required
def favicon(request: HttpRequest) -> HttpResponse:
    """Lead those that do not read the page's `<link rel="icon">` to an icon that every browser can show."""
    return HttpResponseRedirect(staticfiles_storage.url("img/icon-192.png"), headers={"Cache-Control": _DAY})


@require_safe
@login_not_required
def change_password(request: HttpRequest) -> HttpResponse:
    """Lead password managers to the page where a password is changed (W3C "well-known URL for changing passwords")."""
    return redirect("account_change_password")


@require_safe
@login_not_required
def service_worker(request: HttpRequest) -> HttpResponse:
    """There is no service worker: 404 makes browsers forget one."""
    return HttpResponseNotFound("There is no service worker.\n", content_type="text/plain")
