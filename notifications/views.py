from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.http import MemberRequest
from common.http import render_list
from common.pagination import MAX_BIGINT
from notifications.actions import mark_all_read
from notifications.forms import PreferencesForm
from notifications.moderation import moderation_notices
from notifications.queries import ROWS_PER_PAGE, badge_text, notification_page
from notifications.rows import render_rows


@require_safe
def notifications(request: MemberRequest) -> HttpResponse:
    """Show the notifications: the page, or for htmx the list for the panel, or its next rows."""
    page = notification_page(request, request.user, ROWS_PER_PAGE)
    is_first_page = "cursor" not in request.GET
    context = {
        "page": page,
        "rows": render_rows(request, page.items),
        "newest": page.items[0].latest if page.items and is_first_page else 0,
        "notices": moderation_notices(request.user) if is_first_page else [],
    }
    first_template = "notifications/_list.html" if request.htmx else "notifications/page.html"
    return render_list(request, first_template, "notifications/_rows.html", context)


@require_POST
def read(request: MemberRequest) -> HttpResponse:
    """Mark all notifications that the page showed as read."""
    text = request.POST.get("up_to", "")
    if not (text.isascii() and text.isdigit() and int(text[:20]) <= MAX_BIGINT):
        return HttpResponse("up_to must be the id of the newest notification that was shown.", status=422)
    mark_all_read(request.user, up_to=int(text))
    if not request.htmx:
        return redirect("notifications:page")
    return HttpResponse(badge_text(request.user), content_type="text/plain; charset=utf-8")


@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: MemberRequest) -> HttpResponse:
    """Show and save the notification settings."""
    if request.method != "POST":
        return render(request, "notifications/preferences.html", {"form": PreferencesForm.for_person(request.user)})
    form = PreferencesForm(request.POST)
    if not form.is_valid():
        return render(request, "notifications/preferences.html", {"form": form}, status=422)
    form.save(request.user)
    messages.success(request, "Saved.")
    return redirect("notifications:preferences")
