"""Change the username, and check availability while one is typed."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.actions.usernames import change_username
from accounts.forms.usernames import UsernameForm
from accounts.http import MemberRequest, SiteRequest
from accounts.models import OldUsername
from accounts.usernames import next_username_change_at, normalize_username, username_error
from common.refusals import Refusal


@login_not_required
@require_safe
def username_available(request: SiteRequest) -> HttpResponse:
    """Return a message about a typed username for the status line of a form; empty if nothing is typed.

    It discloses no more than the profile page of that username does.
    """
    username = normalize_username(request.GET.get("username", ""))
    person = request.user if request.user.is_authenticated else None
    problem = username_error(username, person=person) if username else ""
    return render(request, "accounts/_username_availability.html", {"username": username, "problem": problem})


@require_http_methods(["GET", "HEAD", "POST"])
def username(request: MemberRequest) -> HttpResponse:
    """Show the username form; POST changes the username. A rejected form is shown again with status 422."""
    if request.method != "POST":
        return _page(request, UsernameForm(initial={"username": request.user.username}))
    form = UsernameForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    try:
        changed = change_username(request.user, form.cleaned_data["username"])
    except Refusal as error:
        form.add_error("username", str(error))
        return _page(request, form, status=422)
    name = form.cleaned_data["username"]
    messages.success(request, f"Your username is now {name}." if changed else "That’s already your username.")
    return redirect("accounts:username")


def _page(request: MemberRequest, form: UsernameForm, status: int = 200) -> HttpResponse:
    old = OldUsername.objects.held().filter(person=request.user).exclude(username=request.user.username)
    context = {
        "form": form,
        "old_usernames": old.order_by("-given_up_at"),
        "again_at": next_username_change_at(request.user),
    }
    return render(request, "accounts/username.html", context, status=status)
