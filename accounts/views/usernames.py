"""Changing one's username; and is it free? Asked while somebody types one."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.actions import change_username
from accounts.forms import UsernameForm
from accounts.http import MemberRequest, SiteRequest
from accounts.records import OldUsername
from accounts.usernames import next_username_change_at, normalize_username, username_error
from common.refusals import Refusal


@login_not_required
@require_safe
def username_available(request: SiteRequest) -> HttpResponse:
    """A sentence for the status line of the sign-up form; empty as long as nothing is typed.

    Tells no more than the profile page of that name would.
    """
    username = normalize_username(request.GET.get("username", ""))
    person = request.user if request.user.is_authenticated else None
    problem = username_error(username, person=person) if username else ""
    return render(request, "accounts/_username_availability.html", {"username": username, "problem": problem})


@require_http_methods(["GET", "HEAD", "POST"])
def username(request: MemberRequest) -> HttpResponse:
    """One's username as a form; a refused one comes back with 422, what was typed, and the reason."""
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
    messages.success(request, f"You are {name} now." if changed else "That is your username already.")
    return redirect("accounts:username")


def _page(request: MemberRequest, form: UsernameForm, status: int = 200) -> HttpResponse:
    old = OldUsername.objects.held().filter(person=request.user).exclude(username=request.user.username)
    context = {
        "form": form,
        "old_usernames": old.order_by("-given_up_at"),
        "again_at": next_username_change_at(request.user),
    }
    return render(request, "accounts/username.html", context, status=status)
