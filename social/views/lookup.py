"""Find the person in the address of a page."""

from __future__ import annotations

from django.http import Http404
from django.shortcuts import get_object_or_404

from accounts.http import MemberRequest
from accounts.models import User
from social.queries import blocked_by


def visible_person(request: MemberRequest, username: str) -> User:
    """Return the user with this name if the viewer may see them. Raises Http404."""
    person: User = get_object_or_404(User.objects.visible_to(request.user), username=username.lower())
    return person


def visible_or_blocked_person(request: MemberRequest, username: str) -> User:
    """Like `visible_person`, including people that the viewer has blocked."""
    for people in (blocked_by(request.user), User.objects.visible_to(request.user)):
        if person := people.filter(username=username.lower()).first():
            return person
    raise Http404
