"""What changes which tags somebody follows and mutes, and what is suggested to them. All are idempotent."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from accounts.models import User
from common.limits import MAX_FOLLOWED_TAGS, MAX_MUTED_TAGS
from common.refusals import Refusal
from feed.models import DismissedPerson, NotInterested, TagFollow, TagMute
from posts.models import Hashtag, Post


@transaction.atomic
def follow_tag(person: User, *, name: str) -> bool:
    """Show `person` posts with the tag `name`, normalized, at home; return whether that is new. Ends a mute of it."""
    tag = _locked_tag(person, name)
    TagMute.objects.filter(person=person, hashtag=tag).delete()
    return _add(TagFollow, person, tag, MAX_FOLLOWED_TAGS, "follow", "Unfollow")


@transaction.atomic
def unfollow_tag(person: User, *, name: str) -> bool:
    """Undo `follow_tag`; return whether there was anything to undo."""
    return TagFollow.objects.filter(person=person, hashtag__name=name).delete()[0] > 0


@transaction.atomic
def mute_tag(person: User, *, name: str) -> bool:
    """Show `person` no posts with the tag at home and in explore; return whether that is new. Ends following it."""
    tag = _locked_tag(person, name)
    TagFollow.objects.filter(person=person, hashtag=tag).delete()
    return _add(TagMute, person, tag, MAX_MUTED_TAGS, "mute", "Unmute")


@transaction.atomic
def unmute_tag(person: User, *, name: str) -> bool:
    """Undo `mute_tag`; return whether there was anything to undo."""
    return TagMute.objects.filter(person=person, hashtag__name=name).delete()[0] > 0


def _locked_tag(person: User, name: str) -> Hashtag:
    """The tag, made if nobody has used it: whether there is one must not tell of posts that one may not see.

    Locks the row of `person`, so that of two at once neither passes the limit, nor follows what the other mutes.
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
    """Show `person` the post in Explore no more; return whether that is new. Raises Post.DoesNotExist."""
    try:
        return NotInterested.objects.get_or_create(person_id=person.pk, post_id=post.pk)[1]
    except IntegrityError as error:
        raise Post.DoesNotExist from error


def show_in_explore(person: User, *, post: Post) -> bool:
    """Undo `hide_from_explore`; return whether there was anything to undo."""
    return NotInterested.objects.filter(person_id=person.pk, post_id=post.pk).delete()[0] > 0


def dismiss_suggestion(person: User, *, dismissed: User) -> bool:
    """Suggest `dismissed` to `person` no more; return whether that is new. Raises User.DoesNotExist."""
    try:
        return DismissedPerson.objects.get_or_create(person_id=person.pk, dismissed_id=dismissed.pk)[1]
    except IntegrityError as error:
        raise User.DoesNotExist from error


def restore_suggestion(person: User, *, dismissed: User) -> bool:
    """Undo `dismiss_suggestion`; return whether there was anything to undo."""
    return DismissedPerson.objects.filter(person_id=person.pk, dismissed_id=dismissed.pk).delete()[0] > 0
