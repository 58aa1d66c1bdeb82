"""Following and muting tags, and hiding posts and people from Explore and suggestions. All actions are idempotent."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from accounts.models import User
from common.limits import MAX_FOLLOWED_TAGS, MAX_MUTED_TAGS
from common.refusals import Refusal
from feed.models import DismissedPerson, NotInterested, TagFollow, TagMute
from posts.models import Hashtag, Post


@transaction.atomic
def follow_tag(person: User, *, name: str) -> bool:
    """Follow the tag with the normalized `name`, and end its mute. Return True if this is new.

    Its posts appear on the home page of `person`. Raises Refusal at MAX_FOLLOWED_TAGS.
    """
    tag = _locked_tag(person, name)
    TagMute.objects.filter(person=person, hashtag=tag).delete()
    return _add(TagFollow, person, tag, MAX_FOLLOWED_TAGS, "follow", "Unfollow")


@transaction.atomic
def unfollow_tag(person: User, *, name: str) -> bool:
    """Stop following a tag; return True if `person` followed it."""
    return TagFollow.objects.filter(person=person, hashtag__name=name).delete()[0] > 0


@transaction.atomic
def mute_tag(person: User, *, name: str) -> bool:
    """Hide posts with the tag from the home page and Explore of `person`, and stop following it.

    Return True if this is new. Raises Refusal at MAX_MUTED_TAGS.
    """
    tag = _locked_tag(person, name)
    TagFollow.objects.filter(person=person, hashtag=tag).delete()
    return _add(TagMute, person, tag, MAX_MUTED_TAGS, "mute", "Unmute")


@transaction.atomic
def unmute_tag(person: User, *, name: str) -> bool:
    """End the mute of a tag; return True if `person` had muted it."""
    return TagMute.objects.filter(person=person, hashtag__name=name).delete()[0] > 0


def _locked_tag(person: User, name: str) -> Hashtag:
    """Return the tag, and lock the row of `person`.

    Creates a missing tag: a different answer would reveal whether hidden posts use it. The lock keeps concurrent
    requests from exceeding the limit, and from following a tag while it is being muted.
    """
    User.objects.lock(person.pk)
    return Hashtag.objects.get_or_create(name=name)[0]


def _add(model: type[TagFollow | TagMute], person: User, tag: Hashtag, limit: int, verb: str, undo: str) -> bool:
    mine = model.objects.filter(person=person)
    if mine.filter(hashtag=tag).exists():
        return False
    if mine.count() >= limit:
        raise Refusal(f"You {verb} {limit} tags, which is the limit. {undo} one of them first.")
    model.objects.create(person=person, hashtag=tag)
    return True


# --- Explore and suggestions ------------------------------------------------------------------------------------------


def hide_from_explore(person: User, *, post: Post) -> bool:
    """Hide the post from the Explore page of `person`; return True if this is new.

    Raises Post.DoesNotExist if the post was deleted meanwhile.
    """
    try:
        return NotInterested.objects.get_or_create(person_id=person.pk, post_id=post.pk)[1]
    except IntegrityError as error:
        raise Post.DoesNotExist from error


def show_in_explore(person: User, *, post: Post) -> bool:
    """Undo `hide_from_explore`; return True if the post was hidden."""
    return NotInterested.objects.filter(person_id=person.pk, post_id=post.pk).delete()[0] > 0


def dismiss_suggestion(person: User, *, dismissed: User) -> bool:
    """Never suggest `dismissed` to `person` again; return True if this is new.

    Raises User.DoesNotExist if the account was deleted meanwhile.
    """
    try:
        return DismissedPerson.objects.get_or_create(person_id=person.pk, dismissed_id=dismissed.pk)[1]
    except IntegrityError as error:
        raise User.DoesNotExist from error


def restore_suggestion(person: User, *, dismissed: User) -> bool:
    """Undo `dismiss_suggestion`; return True if the person was dismissed."""
    return DismissedPerson.objects.filter(person_id=person.pk, dismissed_id=dismissed.pk).delete()[0] > 0
