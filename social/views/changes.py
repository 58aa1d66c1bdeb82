"""Block, mute, restrict and similar changes of a relationship, with buttons that all work alike.

Changes that another press does not undo need a confirmation: GET shows it (the profile has it as a dialog), and POST
makes the change. Browsers without scripts return to their page; htmx gets the button for the opposite change.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import redirect, render

from accounts.http import MemberRequest
from accounts.models import User
from common.http import next_url
from common.refusals import Refusal
from social.actions import blocks, close_friends, feed_choices, follows, mutes, restrictions
from social.confirmations import (
    Confirmation,
    block_confirmation,
    mute_confirmation,
    remove_follower_confirmation,
    restrict_confirmation,
)
from social.views.lookup import visible_or_blocked_person, visible_person

View = Callable[[MemberRequest, str], HttpResponseBase]


@dataclass(frozen=True)
class Change:
    """A change of a relationship. `kind` and `is_on` choose the button that `social/_change_button.html` draws next."""

    act: Callable[[User, User], Any]
    done: str
    """Message after the change; {name} is the username."""
    kind: str
    is_on: bool
    confirmation: Callable[[User], Confirmation] | None = None
    find: Callable[[MemberRequest, str], User] = visible_person


def _view(change: Change) -> View:
    def view(request: MemberRequest, username: str) -> HttpResponseBase:
        needs_confirmation = change.confirmation is not None and request.method in {"GET", "HEAD"}
        if request.method != "POST" and not needs_confirmation:
            return HttpResponseNotAllowed(["POST"])
        person = change.find(request, username)
        if person.pk == request.user.pk:
            raise Http404
        if needs_confirmation and change.confirmation:
            return render(
                request, "social/confirm.html", {"person": person, "confirmation": change.confirmation(person)}
            )
        return _do(request, change, person)

    return view


def _do(request: MemberRequest, change: Change, person: User) -> HttpResponse:
    try:
        change.act(request.user, person)
    except blocks.BlockedError as error:
        raise Http404 from error
    except Refusal as refusal:
        return _refuse(request, change, person, refusal.message)
    if request.htmx:
        context = {"person": person, "kind": change.kind, "is_on": change.is_on}
        return render(request, "social/_change_button.html", context)
    messages.success(request, change.done.format(name=person.username))
    return redirect(next_url(request, person.get_absolute_url()))


def _refuse(request: MemberRequest, change: Change, person: User, message: str) -> HttpResponse:
    if request.htmx:
        context = {"person": person, "kind": change.kind, "is_on": not change.is_on, "refusal": message}
        return render(request, "social/_change_button.html", context, status=422)
    messages.error(request, message)
    return redirect(next_url(request, person.get_absolute_url()))


block = _view(
    Change(
        lambda user, person: blocks.block(user, blocked=person),
        *("You blocked {name}.", "block", True),
        confirmation=block_confirmation,
        find=visible_or_blocked_person,
    )
)
unblock = _view(
    Change(
        lambda user, person: blocks.unblock(user, blocked=person),
        *("You unblocked {name}.", "block", False),
        find=visible_or_blocked_person,
    )
)
mute = _view(
    Change(
        lambda user, person: mutes.mute(user, muted=person),
        *("You muted {name}.", "mute", True),
        confirmation=mute_confirmation,
    )
)
unmute = _view(
    Change(lambda user, person: mutes.unmute(user, muted=person), "You unmuted {name}.", "mute", is_on=False)
)
restrict = _view(
    Change(
        lambda user, person: restrictions.restrict(user, restricted=person),
        *("You restricted {name}.", "restrict", True),
        confirmation=restrict_confirmation,
    )
)
unrestrict = _view(
    Change(
        lambda user, person: restrictions.unrestrict(user, restricted=person),
        *("You no longer restrict {name}.", "restrict", False),
    )
)
remove_follower = _view(
    Change(
        lambda user, person: follows.remove_follower(user, follower=person),
        *("{name} no longer follows you.", "follower", False),
        confirmation=remove_follower_confirmation,
    )
)
add_close_friend = _view(
    Change(
        lambda user, person: close_friends.add_close_friend(user, friend=person),
        *("{name} is now one of your close friends.", "close-friend", True),
    )
)
remove_close_friend = _view(
    Change(
        lambda user, person: close_friends.remove_close_friend(user, friend=person),
        *("{name} is no longer one of your close friends.", "close-friend", False),
    )
)
add_favourite = _view(
    Change(
        lambda user, person: feed_choices.add_favourite(user, followee=person),
        *("{name} is now one of your favourites.", "favourite", True),
    )
)
remove_favourite = _view(
    Change(
        lambda user, person: feed_choices.remove_favourite(user, followee=person),
        *("{name} is no longer one of your favourites.", "favourite", False),
    )
)
