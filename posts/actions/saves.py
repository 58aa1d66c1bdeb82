"""Save posts and put them in collections. Only the person who saves sees any of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import IntegrityError, transaction

from accounts.models import User
from common.limits import MAX_COLLECTIONS
from posts.models import Collection, Post, Save


class CollectionRefusedError(Exception):
    """Says in a sentence for its owner why there is no such collection."""


def save_post(post: Post, *, person: User) -> bool:
    """Keep `post`, which `person` may see; return whether that is new. Saving twice is saving once."""
    _, created = Save.objects.get_or_create(post=post, person=person)
    return created


def unsave_post(post: Post, *, person: User) -> bool:
    """Undo `save_post`, out of its collection too; return whether there was anything to undo."""
    deleted, _ = Save.objects.filter(post=post, person=person).delete()
    return bool(deleted)


@transaction.atomic
def put_in_collection(post: Post, *, person: User, collection: Collection | None) -> None:
    """Save `post`, if it is not yet, into `collection` of `person`; None is none of them."""
    if collection is not None and not _lock_own(collection, person):
        raise CollectionRefusedError("This collection is gone. Choose another one.")
    Save.objects.update_or_create(post=post, person=person, defaults={"collection": collection})


@transaction.atomic
def create_collection(*, owner: User, name: str) -> Collection:
    """A new collection with a clean `name`, of which its owner has no other, whatever the case."""
    # Two at once are counted one after the other.
    User.objects.select_for_update(no_key=True).only("pk").get(pk=owner.pk)
    if Collection.objects.filter(owner=owner).count() >= MAX_COLLECTIONS:
        raise CollectionRefusedError(f"You have {MAX_COLLECTIONS} collections, which is the most. Delete one first.")
    with _name_is_free(name):
        return Collection.objects.create(owner=owner, name=name)


def rename_collection(collection: Collection, *, name: str) -> None:
    with _name_is_free(name):
        Collection.objects.filter(pk=collection.pk).update(name=name)


def delete_collection(collection: Collection) -> None:
    """The posts in it stay saved."""
    collection.delete()


def _lock_own(collection: Collection, owner: User) -> bool:
    own = Collection.objects.select_for_update(no_key=True).filter(pk=collection.pk, owner=owner)
    return own.first() is not None


@contextmanager
def _name_is_free(name: str) -> Iterator[None]:
    """Says in words what the constraint `collection_name_once` refuses."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if "collection_name_once" not in str(error):
            raise
        raise CollectionRefusedError(f"You have a collection called “{name}” already.") from error
