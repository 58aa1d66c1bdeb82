from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.http import MemberRequest
from common.http import varies_by_htmx
from common.pagination import MAX_BIGINT
from notifications.forms import PreferencesForm
from notifications.inbox import badge_text, mark_all_read, notification_page
from notifications.moderation import moderation_notices

ROWS_PER_PAGE = 20


@require_safe
def notifications(request: MemberRequest) -> HttpResponse:
    """What happened to one: the page; for htmx its rows, for the panel or further down the list."""
    page = notification_page(request, request.user, ROWS_PER_PAGE)
    newest = page.items[0].latest if page.items and "cursor" not in request.GET else 0
    template = "notifications/page.html"
    if request.htmx:
        template = "notifications/_rows.html" if "cursor" in request.GET else "notifications/_list.html"
    notices = [] if "cursor" in request.GET else moderation_notices(request.user)
    return varies_by_htmx(render(request, template, {"page": page, "newest": newest, "notices": notices}))


@require_POST
def read(request: MemberRequest) -> HttpResponse:
    """Mark all that the page showed as read."""
    text = request.POST.get("up_to", "")
    if not (text.isascii() and text.isdigit() and int(text[:20]) <= MAX_BIGINT):
        return HttpResponse("up_to: the id of the newest notification that was shown.", status=422)
    mark_all_read(request.user, up_to=int(text))
    if not request.htmx:
        return redirect("notifications:page")
    return HttpResponse(badge_text(request.user), content_type="text/plain; charset=utf-8")


@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: MemberRequest) -> HttpResponse:
    """What one wants to be told, by kind."""
    if request.method != "POST":
        return render(request, "notifications/preferences.html", {"form": PreferencesForm.of(request.user)})
    form = PreferencesForm(request.POST)
    if not form.is_valid():
        return render(request, "notifications/preferences.html", {"form": form}, status=422)
    form.save(request.user)
    messages.success(request, "Saved.")
    return redirect("notifications:preferences")
