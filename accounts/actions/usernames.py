"""Change usernames."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from accounts.models import OldUsername, User
from accounts.usernames import next_username_change_at, taken_message, username_error
from common.limits import MAX_USERNAME_CHANGES, OLD_USERNAME_DAYS
from common.refusals import Refusal


def change_username(user: User, username: str) -> bool:
    """Change the username of `user` to `username`, in its stored form; return False if it is the present one.

    The old username is held for OLD_USERNAME_DAYS and redirects to the new one. Raises Refusal if the new one
    is not available, and after MAX_USERNAME_CHANGES in that time. The database decides between concurrent requests.
    """
    try:
        with transaction.atomic():
            return _change_username(user, username)
    except IntegrityError as error:
        raise Refusal(taken_message(username)) from error


def _change_username(user: User, username: str) -> bool:
    present = User.objects.lock(user.pk)
    if present.username == username:
        return False
    if problem := username_error(username, person=user):
        raise Refusal(problem)
    if again_at := next_username_change_at(user):
        raise Refusal(
            f"You’ve changed your username {MAX_USERNAME_CHANGES} times in {OLD_USERNAME_DAYS} days. "
            f"You can change it again on {again_at:%-d %B %Y}."
        )
    # An expired row of an earlier owner that is not swept yet, or a row of this user.
    OldUsername.objects.filter(username=present.username).delete()
    OldUsername.objects.create(person=user, username=present.username)
    user.username = username
    user.save(update_fields=["username"])
    return True
