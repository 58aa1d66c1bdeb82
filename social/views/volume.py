"""The page where a follower chooses which posts of a person their home page shows."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.http import MemberRequest
from accounts.models import User
from common.refusals import Refusal
from social.actions.feed_choices import change_volume
from social.conditions import with_follow_state
from social.models import Follow, Volume
from social.views.lookup import visible_person

EXPLANATIONS = {
    Volume.ALL: "Everything they post.",
    Volume.FEWER: "Their first post of each day.",
    Volume.HIGHLIGHTS: "The better-liked half of their last 20 posts, and older posts with as many likes.",
}


@require_http_methods(["GET", "HEAD", "POST"])
def volume(request: MemberRequest, username: str) -> HttpResponse:
    """Show the choices (GET) or change the volume to `volume` (POST), a name of Volume in lower case."""
    person = visible_person(request, username)
    if person.pk == request.user.pk:
        raise Http404
    if request.method != "POST":
        return _page(request, person)
    choice = Volume.__members__.get(request.POST.get("volume", "").upper())
    if choice is None:
        return _page(request, person, "Choose which posts you want to see.")
    try:
        change_volume(request.user, followee=person, volume=choice)
    except Refusal as refusal:
        return _page(request, person, refusal.message)
    messages.success(request, f"Saved. Posts by {person.username} on your home page: {choice.label.lower()}.")
    return redirect(person)


def _page(request: MemberRequest, person: User, error: str = "") -> HttpResponse:
    shown = with_follow_state(User.objects.filter(pk=person.pk), request.user).get()
    current = Follow.objects.filter(follower=request.user, followee=person).values_list("volume", flat=True).first()
    choices = [(one.name.lower(), one.label, text, one == current) for one, text in EXPLANATIONS.items()]
    context = {"person": shown, "choices": choices, "error": error}
    return render(request, "social/volume.html", context, status=422 if error else 200)
