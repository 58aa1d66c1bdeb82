"""Deactivate the account, request its deletion, and cancel it."""

from __future__ import annotations

from datetime import timedelta

from allauth.account.utils import perform_login
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.forms.sign_in import PasswordForm
from accounts.http import MemberRequest
from common.limits import DELETION_GRACE_DAYS
from personal_data.actions import deactivation
from personal_data.recovery_cookie import delete_recovery_cookie, user_from_recovery_cookie


@require_http_methods(["GET", "HEAD", "POST"])
def deactivate(request: MemberRequest) -> HttpResponse:
    """Explain deactivation and ask for the password; then deactivate and end all sessions."""
    form = PasswordForm(request.POST or None, user=request.user, request=request)
    if request.method != "POST" or not form.is_valid():
        status = 422 if request.method == "POST" else 200
        return render(request, "personal_data/deactivate.html", {"form": form}, status=status)
    deactivation.deactivate(request.user)
    logout(request)
    messages.success(request, "Your account is deactivated. Log in whenever you want to come back.")
    return redirect("feed:home")


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: MemberRequest) -> HttpResponse:
    """Explain the deletion, with its date, and ask for the password; then schedule it and end all sessions."""
    form = PasswordForm(request.POST or None, user=request.user, request=request)
    if request.method != "POST" or not form.is_valid():
        status = 422 if request.method == "POST" else 200
        deletes_at = timezone.now() + timedelta(days=DELETION_GRACE_DAYS)
        return render(request, "personal_data/delete.html", {"form": form, "deletes_at": deletes_at}, status=status)
    deletes_at = deactivation.request_deletion(request.user)
    logout(request)
    messages.success(
        request,
        f"Your account is hidden now and will be deleted on {deletes_at:%-d %B %Y}. Log in before that day to keep it.",
    )
    return redirect("feed:home")


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def keep(request: HttpRequest) -> HttpResponse:
    """Let a user who has entered the right password cancel the deletion of the account.

    The user has no session yet, but a signed cookie (`personal_data.recovery_cookie`).
    """
    person = user_from_recovery_cookie(request)
    if person is None:
        return redirect(settings.LOGIN_URL)
    if request.method != "POST":
        return render(request, "personal_data/keep.html", {"deletes_at": person.deletes_at})
    if not deactivation.cancel_deletion(person):
        return redirect(settings.LOGIN_URL)
    person.refresh_from_db()
    messages.success(request, "Welcome back. Your account won’t be deleted, and everything is back.")
    return delete_recovery_cookie(perform_login(request, person))
