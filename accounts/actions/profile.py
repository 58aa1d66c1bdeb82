"""Change a user's profile and preferences."""

from __future__ import annotations

from django.db import transaction

from accounts.models import User


@transaction.atomic
def edit_profile(user: User, *, name: str, bio: str, link: str) -> None:
    """Change name, bio and link. The form has cleaned the values and checked their length."""
    user.name, user.bio, user.link = name, bio, link
    user.save(update_fields=["name", "bio", "link"])


def change_hide_like_counts(user: User, *, hide: bool) -> None:
    """Show or hide the like counts of other people's posts to `user`."""
    User.objects.filter(pk=user.pk).update(hide_like_counts=hide)
    user.hide_like_counts = hide


def change_who_may_tag(user: User, choice: str) -> None:
    """Change who may tag `user` from now on, to a value of WhoMayTag. Present tags stay."""
    User.objects.filter(pk=user.pk).update(who_may_tag=choice)
    user.who_may_tag = choice


def change_first_feed(user: User, feed: str) -> None:
    """Change the feed that the home page of `user` opens with, to a value of Feed."""
    User.objects.filter(pk=user.pk).update(first_feed=feed)
    user.first_feed = feed
