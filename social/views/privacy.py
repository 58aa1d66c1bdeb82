"""Privacy settings."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.actions.profile import change_hide_like_counts, change_who_may_tag
from accounts.http import MemberRequest
from accounts.models import WhoMayTag
from common.csrf import csrf_field
from social.actions.privacy import change_privacy
from social.confirmations import Confirmation, go_private_confirmation, go_public_confirmation
from social.queries import request_count_text


@require_safe
def privacy(request: MemberRequest) -> HttpResponse:
    """Show the settings, with links to the lists of people."""
    return _privacy_page(request)


@require_http_methods(["GET", "HEAD", "POST"])
def go_private(request: MemberRequest) -> HttpResponse:
    """Show the confirmation (GET) or make the account private (POST)."""
    return _change(request, to_private=True)


@require_http_methods(["GET", "HEAD", "POST"])
def go_public(request: MemberRequest) -> HttpResponse:
    """Show the confirmation (GET) or make the account public (POST)."""
    return _change(request, to_private=False)


def _change(request: MemberRequest, *, to_private: bool) -> HttpResponse:
    if request.method != "POST":
        confirmation = _confirmation(request, to_private=to_private)
        return render(request, "social/confirm.html", {"confirmation": confirmation, "back": reverse("social:privacy")})
    accepted = change_privacy(request.user, is_private=to_private)
    message = "Your account is now private." if to_private else "Your account is now public."
    if accepted:
        message += f" {accepted:,} follow request{' was' if accepted == 1 else 's were'} accepted."
    messages.success(request, message)
    return redirect("social:privacy")


def _confirmation(request: MemberRequest, *, to_private: bool) -> Confirmation:
    return go_private_confirmation() if to_private else go_public_confirmation(request_count_text(request.user))


def _is_private(request: MemberRequest) -> bool:
    return request.user.is_private


@require_POST
def who_may_tag(request: MemberRequest) -> HttpResponse:
    choice = request.POST.get("who_may_tag", "")
    if choice not in WhoMayTag.values:
        return _privacy_page(request, "Choose who can tag you: everyone, people you follow, or nobody.", status=422)
    change_who_may_tag(request.user, choice)
    messages.success(request, "Saved.")
    return redirect("social:privacy")


@require_POST
def like_counts(request: MemberRequest) -> HttpResponse:
    choice = request.POST.get("hide", "")
    if choice not in {"0", "1"}:
        return _privacy_page(request, status=422)
    change_hide_like_counts(request.user, hide=choice == "1")
    messages.success(request, "Saved.")
    return redirect("social:privacy")


def _privacy_page(request: MemberRequest, tag_error: str = "", *, status: int = 200) -> HttpResponse:
    confirmation = _confirmation(request, to_private=not _is_private(request))
    context = {
        "confirmation": confirmation,
        "csrf_field": csrf_field(request),
        "who_may_tag": WhoMayTag.choices,
        "tag_error": tag_error,
    }
    return render(request, "social/privacy.html", context, status=status)
