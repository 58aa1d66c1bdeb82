"""Saved posts and collections in the JSON API. Only the caller sees them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from django.http import HttpResponse
from ninja import Field, Query, Schema

from accounts.api.bodies import Acting, ActingOnPost, check_actor
from accounts.http import MemberRequest
from api_access.idempotency import IdempotentRequest
from common.api import PROBLEMS, ApiRouter, IdPaging, Listed, ValidationFailed, listed
from common.api_bodies import IdIn, form_problem
from common.pagination import page_by_id
from common.refusals import Refusal
from posts import queries
from posts.actions import saves as actions
from posts.api.idempotency import KEY
from posts.api.lookup import own_collection, visible_post
from posts.api.output import CollectionOut, PostOut, collection_out, post_out, visible_output
from posts.forms.collections import CollectionForm
from posts.models import Collection

router = ApiRouter(tags=["posts"])


class SavedOut(Schema):
    saved: bool = Field(description="Whether the caller has saved the post now.")


class SaveBody(ActingOnPost):
    collection_id: IdIn | None = Field(
        None,
        description="One of the caller's collections to put the post into; null takes it out of its collection. "
        "Without this field the post stays where it is.",
    )


class CollectionBody(Acting):
    name: str = Field(description="At most 50 characters; not the name of another collection of the caller.")


@router.get("/user/saved", response={200: Listed[PostOut], **PROBLEMS})
def list_saved(request: MemberRequest, response: HttpResponse, paging: Query[IdPaging]) -> Listed[PostOut]:
    """List the posts that the caller has saved, the last saved first."""
    return _saved_posts(request, response, None, paging.limit)


@router.post("/posts/{id}/save", response={200: SavedOut, **PROBLEMS})
def save_post(request: MemberRequest, id: str, body: SaveBody | None = None) -> SavedOut:  # noqa: A002  (the name in the path)
    """Save a post, and put it into a collection or take it out. Other people are not told. Repeating it is harmless."""
    post = visible_post(request, id, body)
    if body is None or "collection_id" not in body.model_fields_set:
        actions.save_post(post, person=request.user)
        return SavedOut(saved=True)
    collection = None
    if body.collection_id is not None:
        collection = Collection.objects.filter(pk=body.collection_id, owner=request.user).first()
        if collection is None:
            raise ValidationFailed({"body.collection_id": "You have no such collection."})
    with _refusal_of("collection_id"):
        actions.put_in_collection(post, person=request.user, collection=collection)
    return SavedOut(saved=True)


@router.post("/posts/{id}/unsave", response={200: SavedOut, **PROBLEMS})
def unsave_post(request: MemberRequest, id: str, body: ActingOnPost | None = None) -> SavedOut:  # noqa: A002
    """Remove a post from the caller's saved posts. Repeating it is harmless."""
    actions.unsave_post(visible_post(request, id, body), person=request.user)
    return SavedOut(saved=False)


@router.get("/collections", response={200: Listed[CollectionOut], **PROBLEMS})
def list_collections(request: MemberRequest, response: HttpResponse, paging: Query[IdPaging]) -> Listed[CollectionOut]:
    """List the caller's collections, the newest first. Other people do not see them."""
    page = page_by_id(request, Collection.objects.filter(owner=request.user), paging.limit)
    return listed(request, response, page, [collection_out(request, one) for one in page])


@router.get("/collections/{id}/posts", response={200: Listed[PostOut], **PROBLEMS})
def list_posts_of_collection(
    request: MemberRequest,
    response: HttpResponse,
    id: str,  # noqa: A002
    paging: Query[IdPaging],
) -> Listed[PostOut]:
    """List the posts in one of the caller's collections, the last saved first."""
    return _saved_posts(request, response, own_collection(request.user, id), paging.limit)


def _saved_posts(
    request: MemberRequest, response: HttpResponse, collection: Collection | None, limit: int
) -> Listed[PostOut]:
    page = queries.page_of_saves(request, visible_output, limit, collection=collection)
    return listed(request, response, page, [post_out(request, post) for post in page])


@router.post("/collections", response={201: CollectionOut, **PROBLEMS}, openapi_extra=KEY)
def create_collection(request: MemberRequest, body: CollectionBody) -> HttpResponse:
    """Create a collection of saved posts, which only the caller sees."""
    check_actor(request, body)
    once = IdempotentRequest(request)
    with transaction.atomic():
        if known := once.claim():
            return known
        name = _clean_name(body)
        with _refusal_of("name"):
            collection = actions.create_collection(owner=request.user, name=name)
        return once.answer(collection_out(request, collection))


@router.patch("/collections/{id}", response={200: CollectionOut, **PROBLEMS})
def rename_collection(request: MemberRequest, id: str, body: CollectionBody) -> CollectionOut:  # noqa: A002
    """Rename one of the caller's collections."""
    check_actor(request, body)
    collection = own_collection(request.user, id)
    name = _clean_name(body)
    with _refusal_of("name"):
        actions.rename_collection(collection, name=name)
    return collection_out(request, own_collection(request.user, id))


@router.delete("/collections/{id}", response={204: None, **PROBLEMS})
def delete_collection(request: MemberRequest, id: str, body: Acting | None = None) -> Any:  # noqa: A002
    """Delete one of the caller's collections. Its posts stay saved."""
    check_actor(request, body)
    actions.delete_collection(own_collection(request.user, id))
    return HttpResponse(status=204)


def _clean_name(body: CollectionBody) -> str:
    """Return the name as the page's form cleans it. Raises Problem."""
    form = CollectionForm({"name": body.name})
    if not form.is_valid():
        raise form_problem(form)
    return str(form.cleaned_data["name"])


@contextmanager
def _refusal_of(field: str) -> Iterator[None]:
    """Answer a Refusal as an error of `field`."""
    try:
        yield
    except Refusal as error:
        raise ValidationFailed({f"body.{field}": str(error)}) from error
