"""What changes people: their account, their profile, their picture, their standing."""

from __future__ import annotations

from typing import BinaryIO

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.emails import send_email
from accounts.events import AvatarSubmitted
from accounts.models import AvatarState, User
from accounts.records import OldUsername
from accounts.usernames import next_username_change_at, taken_message, username_error
from common import personal_data
from common.events import emit
from common.files import delete_pending, schedule_delete, storing_files
from common.limits import MAX_USERNAME_CHANGES, OLD_USERNAME_DAYS
from common.refusals import Refusal
from media.storage import new_key, store_original
from media.upload_probe import probe_avatar


@transaction.atomic
def create_user(
    *, username: str, email: str, password: str, name: str = "", bio: str = "", link: str = "", is_admin: bool = False
) -> User:
    """A new account with a confirmed address: for imports, the demo and tests. People sign up through allauth."""
    user = User(
        username=username.lower(),
        email=email.lower(),
        name=name,
        bio=bio,
        link=link,
        is_staff=is_admin,
        is_superuser=is_admin,
    )
    user.set_password(password)
    user.save()
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


@transaction.atomic
def edit_profile(user: User, *, name: str, bio: str, link: str) -> None:
    """Change what the profile says. The values are clean and within their limits: the form saw to it."""
    user.name, user.bio, user.link = name, bio, link
    user.save(update_fields=["name", "bio", "link"])


def change_username(user: User, username: str) -> bool:
    """Give `user` the name `username`, in its normal form; return whether it is another than before.

    The old one is held for them for OLD_USERNAME_DAYS and leads on to the new. Raises Refusal for a name
    that is not to be had, and after MAX_USERNAME_CHANGES in that time. A race for a name is decided by the database.
    """
    try:
        with transaction.atomic():
            return _change_username(user, username)
    except IntegrityError as error:
        raise Refusal(taken_message(username)) from error


def _change_username(user: User, username: str) -> bool:
    was = User.objects.lock(user.pk)
    if was.username == username:
        return False
    if problem := username_error(username, person=user):
        raise Refusal(problem)
    if again_at := next_username_change_at(user):
        raise Refusal(
            f"You have changed your username {MAX_USERNAME_CHANGES} times in {OLD_USERNAME_DAYS} days. "
            f"You can change it again on {again_at:%-d %B %Y}."
        )
    # One that expired and is not swept yet, of whoever had the name before; and one's own from an earlier time.
    OldUsername.objects.filter(username=was.username).delete()
    OldUsername.objects.create(person=user, username=was.username)
    user.username = username
    user.save(update_fields=["username"])
    return True


def change_avatar(user: User, file: BinaryIO) -> None:
    """Keep `file` as the original of a new picture; the worker makes the picture, and the old one stays until then.

    Raises media.errors.MediaError, in words for the person, if the file is no photo we can use.
    """
    extension = probe_avatar(file).extension
    original = new_key(extension)
    with storing_files("originals", [original]) as files:
        store_original(file, extension, original)
        with transaction.atomic():
            was = [key for key in [User.objects.lock(user.pk).avatar_original] if key]
            user.avatar_original, user.avatar_state = original, AvatarState.PROCESSING
            user.avatar_error, user.avatar_attempts, user.avatar_queued_at = "", 0, timezone.now()
            user.save(update_fields=_AVATAR_FIELDS)
            files.commit()
            schedule_delete("originals", was)
            emit(AvatarSubmitted(user_id=user.pk))
            transaction.on_commit(lambda: delete_pending("originals", was), robust=True)


def remove_avatar(user: User) -> None:
    """Go back to the drawn picture; the files of the old one are deleted."""
    with transaction.atomic():
        was = User.objects.lock(user.pk)
        originals = [was.avatar_original] if was.avatar_original else []
        user.avatar, user.avatar_original, user.avatar_state = {}, "", AvatarState.NONE
        user.avatar_error, user.avatar_attempts, user.avatar_queued_at = "", 0, None
        user.save(update_fields=[*_AVATAR_FIELDS, "avatar"])
        schedule_delete("default", avatar_keys(was))
        schedule_delete("originals", originals)
        transaction.on_commit(lambda: delete_pending("default", avatar_keys(was)), robust=True)
        transaction.on_commit(lambda: delete_pending("originals", originals), robust=True)


def avatar_keys(user: User) -> list[str]:
    """Every public file of the person's picture."""
    return [key for kinds in user.avatar.values() for key in kinds.values()]


@transaction.atomic
def suspend_person(user: User, *, reason: str) -> bool:
    """Hide the person and all they shared, end their sessions and mail them why; return whether that is new."""
    suspended = User.objects.select_for_update(no_key=True).filter(pk=user.pk, suspended_at__isnull=True).first()
    if suspended is None:
        return False
    user.suspended_at, user.suspended_reason = timezone.now(), reason
    user.end_sessions()
    user.save(update_fields=["suspended_at", "suspended_reason", "session_epoch"])
    transaction.on_commit(lambda: send_email("account_suspended", user, reason=reason), robust=True)
    return True


@transaction.atomic
def restore_person(user: User) -> bool:
    """Undo `suspend_person`; return whether there was anything to undo. They sign in anew."""
    restored = User.objects.filter(pk=user.pk, suspended_at__isnull=False).update(
        suspended_at=None, suspended_reason=""
    )
    user.suspended_at, user.suspended_reason = None, ""
    if restored:
        personal_data.notify_reactivated(user.pk)
        transaction.on_commit(lambda: send_email("account_restored", user), robust=True)
    return bool(restored)


_AVATAR_FIELDS = ["avatar_original", "avatar_state", "avatar_error", "avatar_attempts", "avatar_queued_at"]


def change_hide_like_counts(user: User, *, hide: bool) -> None:
    """Tell `user` how many like the posts of others, or not."""
    User.objects.filter(pk=user.pk).update(hide_like_counts=hide)
    user.hide_like_counts = hide


def change_who_may_tag(user: User, choice: str) -> None:
    """Let these people, one of WhoMayTag, tag `user` from now on. Tags that are there stay."""
    User.objects.filter(pk=user.pk).update(who_may_tag=choice)
    user.who_may_tag = choice
