"""Mention people in text, and tag them in photos.

Rows are written under the lock of each pair of users, and database triggers reject them next to a block: in a race,
the block wins.
"""

from __future__ import annotations

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.models import User, WhoMayTag, visible_users_q
from common.events import emit
from common.limits import MAX_MENTIONS, MAX_PEOPLE_TAGS
from common.linkify import extract_names
from posts.events import PersonMentioned, PersonTagged
from posts.models import Audience, Comment, Media, Mention, PersonTag, Post
from social.locks import lock_user_pair, lock_user_pairs
from social.models import CloseFriend, Follow

# --- Who may be named -----------------------------------------------------------------------------------------------


def can_see_q(post: Post) -> Q:
    """Q matching users who may see `post` once it is published.

    The counterpart of `Post.objects.visible_to` for many users and one post; a test compares the two.
    """
    known = visible_users_q(post.author)
    public = Exists(User.objects.filter(pk=post.author_id, is_private=False))
    follows = Exists(Follow.objects.filter(follower_id=OuterRef("pk"), followee_id=post.author_id))
    is_author = Q(pk=post.author_id)
    inside = is_author | Q(public) | Q(follows)
    if post.audience != Audience.CLOSE_FRIENDS:
        return known & inside
    close = Exists(CloseFriend.objects.filter(owner_id=post.author_id, friend_id=OuterRef("pk")))
    return known & inside & (is_author | Q(close))


def allows_tags_by(person_id: int) -> Q:
    """Q matching users who let this person tag them, and want to be notified of their mentions."""
    follows = Exists(Follow.objects.filter(follower_id=OuterRef("pk"), followee_id=person_id))
    return Q(who_may_tag=WhoMayTag.EVERYONE) | Q(follows, who_may_tag=WhoMayTag.FOLLOWING)


# --- Mentions ------------------------------------------------------------------------------------------------------


def sync_mentions(post: Post, comment: Comment | None = None, *, before: str | None = None) -> None:
    """Have the mentions of a caption, or of a comment, be the people whom it names, in the caller's transaction.

    The first MAX_MENTIONS names count, but for the writer's own and of people who may not see the post or are blocked,
    one way or the other. Who has removed themselves stays so. `before` is what it said before; None of new words.

    Cost: nothing where no name is nor was; else some six queries, whatever the number of names.
    """
    writer = post.author if comment is None else comment.author
    names = extract_names(post.caption if comment is None else comment.text)[:MAX_MENTIONS]
    there = Mention.objects.filter(post=post, comment=comment)
    is_asked = before is not None and (names or "@" in before)
    had = set(there.values_list("person_id", flat=True)) if is_asked else set()
    named = _people_named(names, post, writer) if names else set()
    if had - named:
        there.filter(person__in=had - named, removed_at=None).delete()
    if not named - had:
        return
    Mention.objects.bulk_create(Mention(post=post, comment=comment, person_id=pk) for pk in sorted(named - had))
    if post.is_published:
        _notify_mentioned(there.filter(person__in=named - had), writer.pk)


def _people_named(names: list[str], post: Post, writer: User) -> set[int]:
    """Ids of the people with these names who may see it; what is between them and the writers is locked."""
    people = User.objects.filter(username__in=names).exclude(pk=writer.pk)
    ids = list(people.values_list("pk", flat=True))
    lock_user_pairs((one, pk) for one in {writer.pk, post.author_id} for pk in ids if one != pk)
    return set(User.objects.filter(can_see_q(post), visible_users_q(writer), pk__in=ids).values_list("pk", flat=True))


def _notify_mentioned(mentions: QuerySet[Mention], writer_id: int) -> None:
    welcoming = User.objects.filter(allows_tags_by(writer_id))
    for pk in mentions.filter(person__in=welcoming, removed_at=None).values_list("pk", flat=True):
        emit(PersonMentioned(mention_id=pk))


@transaction.atomic
def remove_mention(person: User, *, post: Post, comment: Comment | None = None) -> bool:
    """Let the name of `person` in the caption, or in the comment, be no link to them; return whether that is new.

    It stays so when the words are changed.
    """
    rows = Post.objects.filter(pk=post.pk) if comment is None else Comment.objects.filter(pk=comment.pk)
    row = rows.select_for_update(no_key=True).first()
    if row is None or person.username in row.unlinked:
        return False
    row.unlinked = [*row.unlinked, person.username]
    rows.update(unlinked=row.unlinked)
    Post.objects.filter(pk=post.pk).update(version=F("version") + 1)
    Mention.objects.filter(post=post, comment=comment, person=person).update(removed_at=timezone.now())
    return True


# --- Tags ----------------------------------------------------------------------------------------------------------


class TagRefusedError(Exception):
    """Why somebody was not tagged, in words for the author of the post."""


@transaction.atomic
def tag_person(medium: Media, *, username: str, x: float, y: float) -> PersonTag:
    """Say that the person is at (`x`, `y`), fractions of 0 to 1, in a photo of a post; again moves the tag.

    Raises TagRefusedError if there is nobody of that name for the post's author, if they may not see the post, do not
    let the author tag them or have removed themselves from this photo, or if it has MAX_PEOPLE_TAGS.
    """
    row = Media.objects.select_for_update(no_key=True).select_related(None).get(pk=medium.pk)
    post = Post.objects.select_related("author").get(media=row)
    name = username.strip().removeprefix("@").lower()
    if not name:
        raise TagRefusedError("Type the username of the person.")
    found = User.objects.visible_to(post.author).filter(username=name).values_list("pk", flat=True).first()
    if found is None:
        raise TagRefusedError(f"There is nobody called “{name}”. Check the spelling.")
    if found != post.author_id:
        lock_user_pair(post.author_id, found)
    tag = PersonTag.objects.filter(media=row, person_id=found).first()
    if tag is None:
        return _add_tag(row, post, name, PersonTag(media=row, post=post, person_id=found, x=x, y=y))
    if tag.removed_at is not None:
        raise TagRefusedError(f"{name} removed themselves from this photo.")
    tag.x, tag.y = x, y
    tag.save(update_fields=["x", "y"])
    return tag


def _add_tag(medium: Media, post: Post, name: str, tag: PersonTag) -> PersonTag:
    """Insert it, with the medium and the pair locked."""
    if medium.is_video:
        raise TagRefusedError("People are tagged in photos only.")
    is_self = tag.person_id == post.author_id
    # Asked again now that nobody can block meanwhile.
    person = User.objects.filter(can_see_q(post), pk=tag.person_id)
    if not person.exists():
        raise TagRefusedError(f"{name} cannot see this post, so they cannot be tagged in it.")
    if not is_self and not person.filter(allows_tags_by(post.author_id)).exists():
        raise TagRefusedError(f"{name} does not let you tag them.")
    if PersonTag.objects.filter(media=medium, removed_at=None).count() >= MAX_PEOPLE_TAGS:
        raise TagRefusedError(f"This photo has {MAX_PEOPLE_TAGS} people, which is the limit.")
    tag.save(force_insert=True)
    if post.is_published and not is_self:
        emit(PersonTagged(tag_id=tag.pk))
    return tag


@transaction.atomic
def remove_tag(tag: PersonTag, *, remover: User) -> bool:
    """Take a tag that `PersonTag.objects.removable_by(remover)` found away; return whether it was still there.

    The author may tag the person again; whom the tag is of and removes it cannot be tagged there again.
    """
    rows = PersonTag.objects.filter(pk=tag.pk, removed_at=None)
    if tag.person_id == remover.pk and tag.media.owner_id != remover.pk:
        return rows.update(removed_at=timezone.now()) > 0
    return rows.delete()[0] > 0


def notify_named_people(post: Post) -> None:
    """Notify people mentioned or tagged in a post that has become visible, in the caller's transaction."""
    _notify_mentioned(Mention.objects.filter(post=post, comment=None), post.author_id)
    tags = PersonTag.objects.filter(post=post, removed_at=None).exclude(person_id=post.author_id)
    for pk in tags.values_list("pk", flat=True):
        emit(PersonTagged(tag_id=pk))
