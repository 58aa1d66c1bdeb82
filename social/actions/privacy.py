"""Make an account private or public."""

from __future__ import annotations

from django.db import transaction

from accounts.models import User
from realtime.tell import check_readers_of
from social.actions.requests import approve_all
from social.locks import lock_privacy


@transaction.atomic
def change_privacy(user: User, *, is_private: bool) -> int:
    """Make the account private or public; return how many follow requests that accepted.

    Earlier posts change at once, because `visible_to` is evaluated on every request. Followers stay. A public account
    has no requests, so pending ones are accepted; the page says so before.
    """
    # Exclude `follow` calls that have read the old value and have not written their row yet.
    lock_privacy(user.pk, shared=False)
    accepted = 0 if is_private else approve_all(user)
    user.is_private = is_private
    User.objects.filter(pk=user.pk).update(is_private=is_private)
    if is_private:
        User.objects.filter(pk=user.pk).update(accepts_requests_up_to=None)
        check_readers_of(user.pk)
    return accepted
