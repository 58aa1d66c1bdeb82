"""Is this username free? Asked while somebody types one."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.usernames import normal_username, why_unavailable


@login_not_required
@require_safe
def username_available(request: HttpRequest) -> HttpResponse:
    """A sentence for the status line of the sign-up form; empty as long as nothing is typed.

    Tells no more than the profile page of that name would.
    """
    username = normal_username(request.GET.get("username", ""))
    problem = why_unavailable(username) if username else ""
    return render(request, "accounts/_username_availability.html", {"username": username, "problem": problem})
