"""Choose the light, dark or system theme."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from accounts.context import THEME_COOKIE, THEMES

YEAR_SECONDS = 365 * 24 * 60 * 60


@login_not_required
@require_POST
def choose_theme(request: HttpRequest) -> HttpResponse:
    """Store the theme in a cookie. Respond with 204 to htmx, and with a redirect to the previous page otherwise."""
    theme = request.POST.get("theme", "")
    if theme not in THEMES:
        return HttpResponseBadRequest("theme must be light, dark or system", content_type="text/plain")
    is_script = bool(request.headers.get("HX-Request"))
    response = HttpResponse(status=204) if is_script else redirect(_page_before(request))
    response.set_cookie(
        THEME_COOKIE, theme, max_age=YEAR_SECONDS, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE, httponly=True
    )
    return response


def _page_before(request: HttpRequest) -> str:
    for url in (request.POST.get("next", ""), request.headers.get("Referer", "")):
        if url and url_has_allowed_host_and_scheme(
            url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
        ):
            return url
    return resolve_url(settings.LOGIN_REDIRECT_URL)
