"""Save posts and organize them in collections, which only their owner can see."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import IntegrityError, transaction

from accounts.models import User
from common.limits import MAX_COLLECTIONS
from common.refusals import Refusal
from posts.models import Collection, Post, Save


def save_post(post: Post, *, person: User) -> bool:
    """Save `post`, which must be visible to `person`; return False if it is saved already."""
    _, created = Save.objects.get_or_create(post=post, person=person)
    return created


def unsave_post(post: Post, *, person: User) -> bool:
    """Remove `post` from the saved posts and from its collection; return False if it was not saved."""
    deleted, _ = Save.objects.filter(post=post, person=person).delete()
    return bool(deleted)


@transaction.atomic
def put_in_collection(post: Post, *, person: User, collection: Collection | None) -> None:
    """Move the saved `post` to `collection`, saving it if necessary; None takes it out of its collection.

    Raises Refusal if `person` has no such collection (any more).
    """
    if collection is not None and not _lock_own(collection, person):
        raise Refusal("This collection was deleted. Choose another one.")
    Save.objects.update_or_create(post=post, person=person, defaults={"collection": collection})


@transaction.atomic
def create_collection(*, owner: User, name: str) -> Collection:
    """Create a collection. Raises Refusal at MAX_COLLECTIONS, or if `owner` already uses the name.

    The caller has cleaned `name`. Names that differ only in letter case count as the same.
    """
    # The lock makes simultaneous requests count one after the other.
    User.objects.lock(owner.pk)
    if Collection.objects.filter(owner=owner).count() >= MAX_COLLECTIONS:
        raise Refusal(f"You have {MAX_COLLECTIONS} collections, which is the limit. Delete one first.")
    with _refuse_taken_name(name):
        return Collection.objects.create(owner=owner, name=name)


def rename_collection(collection: Collection, *, name: str) -> None:
    """Rename a collection. Raises Refusal if its owner has another one with this name."""
    with _refuse_taken_name(name):
        Collection.objects.filter(pk=collection.pk).update(name=name)


def delete_collection(collection: Collection) -> None:
    """Delete a collection. Its posts stay saved."""
    collection.delete()


def _lock_own(collection: Collection, owner: User) -> bool:
    own = Collection.objects.select_for_update(no_key=True).filter(pk=collection.pk, owner=owner)
    return own.first() is not None


@contextmanager
def _refuse_taken_name(name: str) -> Iterator[None]:
    """Turn a violation of the constraint `collection_name_once` into Refusal."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if "collection_name_once" not in str(error):
            raise
        raise Refusal(f"You already have a collection called “{name}”.") from error
