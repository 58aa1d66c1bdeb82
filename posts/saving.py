"""What people keep for themselves: saves and named collections of them. Nobody else hears of any of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from accounts.http import MemberRequest
from accounts.models import User
from common.limits import MAX_COLLECTIONS
from common.pagination import Page, page_by_id
from posts.models import Collection, Post, Save
from posts.models.post import PostQuerySet


class CollectionRefusedError(Exception):
    """Says in a sentence for its owner why there is no such collection."""


def visible_saves(person: User, saves: QuerySet[Save]) -> QuerySet[Save]:
    """Return those of `saves` that are `person`'s and whose post they may still see."""
    return saves.filter(person=person, post__in=Post.objects.visible_to(person).order_by().values("pk"))


def page_of_saves(request: MemberRequest, saves: QuerySet[Save], posts: PostQuerySet, size: int) -> Page[Post]:
    """Return one page of the posts that `saves` name, by when they were saved.

    `posts` are those that the caller may see, with what is shown of them. Costs one query beside theirs.
    """
    page = page_by_id(request, visible_saves(request.user, saves), size)
    return Page(posts_in_order([save.post_id for save in page], posts), page.next_url)


def posts_in_order(ids: Sequence[int], posts: PostQuerySet) -> list[Post]:
    """Return those of `posts` that have these ids, in this order."""
    found = {post.pk: post for post in posts.filter(pk__in=ids)}
    return [found[pk] for pk in ids if pk in found]


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
    if collection is not None and not _locked(collection, person):
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


def _locked(collection: Collection, owner: User) -> bool:
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
