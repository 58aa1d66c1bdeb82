"""Posts, comments, likes and files, in the JSON API: writing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, Final, cast

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from ninja import Field, Schema
from pydantic import ConfigDict

from accounts.api.bodies import Acting, ActingOnPost, check_actor, check_post
from accounts.api.people import read_id
from accounts.http import MemberRequest
from api_access.idempotency import IdempotentRequest
from common.api import PROBLEMS, FieldError, NotFound, Problem, ValidationFailed
from common.api_bodies import ID_SCHEMA, MAX_LIST_ITEMS, Body, IdIn, IdsIn, form_problem, is_multipart, read_body
from common.ratelimit import FILES, UPLOADS
from common.ratelimit_responses import count_api_hit
from common.refusals import Refusal
from media.errors import MediaError, TransientMediaError
from posts.actions import archiving, comments, editing, likes, media, saves, sharing
from posts.api import (
    CollectionOut,
    CommentOut,
    MediaOut,
    PostOut,
    collection_out,
    comment_out,
    find_comment,
    find_post,
    for_answers,
    media_out,
    own_collection,
    post_out,
    router,
)
from posts.forms.collections import CollectionForm
from posts.forms.comments import CommentForm
from posts.forms.editing import EditForm
from posts.forms.sharing import PostForm
from posts.models import Audience, Collection, Comment, Media, Post
from posts.models.post import PostQuerySet

KEY: Final = {
    "parameters": [
        {
            "in": "header",
            "name": "Idempotency-Key",
            "required": False,
            "description": "Sent again with the same key within a day, the request does nothing and is answered alike.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
        }
    ]
}


class NewPost(Acting):
    """As JSON; or the same as a form, with `files`."""

    media: IdsIn = Field(
        default_factory=list, max_length=MAX_LIST_ITEMS, description="The ids of one or more files of POST /api/media."
    )
    alt: list[str] = Field(
        default_factory=list, max_length=MAX_LIST_ITEMS, description="An alternative text for each file."
    )
    edits: list[dict[str, Any]] = Field(
        default_factory=list,
        max_length=MAX_LIST_ITEMS,
        description=(
            "Edits for each file of `media`, {} for none: `crop` (`ratio`, one of 1:1, 4:5, 16:9, 3:1, 1:3, original; "
            "`x`, `y`, `width` and `height`, as fractions of the photo), `filter`, `brightness`, `contrast`, "
            "`saturation`, `warmth` and `vignette`. A photo wider than 3:1 or taller than 1:3 needs a crop."
        ),
    )
    caption: str = ""
    location: str = ""
    audience: Audience = Audience.EVERYONE


class SlideIn(Body):
    id: IdIn
    alt: str | None = Field(None, description="Left as it is without.")


class PostChange(ActingOnPost):
    """What is not said stays."""

    caption: str | None = None
    location: str | None = None
    audience: Audience | None = None
    media: list[SlideIn] | None = Field(
        None, max_length=MAX_LIST_ITEMS, description="All files of the post, in their new order."
    )


class CommentBody(ActingOnPost):
    """The words of a comment, as `comment` or as `text`."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["comment"]}, {"required": ["text"]}]})

    comment: str | None = Field(None, description="What the comment says.")
    text: str | None = Field(None, description="Another name of `comment`; send one of the two.")

    def cleaned_text(self) -> str:
        """Return the words as the page's form cleans them. Raises Problem."""
        name = "text" if "text" in self.model_fields_set else "comment"
        if {"comment", "text"} <= self.model_fields_set:
            raise ValidationFailed({"body.text": "Send either comment or text."})
        form = CommentForm({"text": getattr(self, name) or ""})
        if not form.is_valid():
            raise form_problem(form, {"text": name})
        return str(form.cleaned_data["text"])


class NewComment(CommentBody):
    parent_id: IdIn | None = Field(None, description="The comment that this replies to.")


class LikedOut(Schema):
    liked: bool = Field(description="By the one who asks.")


class SavedOut(Schema):
    saved: bool = Field(description="By the one who asks.")


class SaveBody(ActingOnPost):
    collection_id: IdIn | None = Field(
        None,
        description="One of the caller's collections to put the post into; null takes it out of its collection. "
        "Without this field the post stays where it is.",
    )


class CollectionBody(Acting):
    name: str = Field(description="At most 50 characters; not the name of another collection of the caller.")


class ArchivedOut(Schema):
    archived: bool = Field(description="Whether the post is in its author's archive.")


class CommentsOffOut(Schema):
    comments_off: bool = Field(description="Whether nobody can add a comment.")


class LikesHiddenOut(Schema):
    likes_hidden: bool = Field(description="Whether only the author sees how many people like the post.")


_NEW_POST_FORM: Final[dict[str, Any]] = {
    "multipart/form-data": {
        "schema": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "files": {"type": "array", "items": {"type": "string", "format": "binary"}},
                "alt": {"type": "array", "items": {"type": "string"}},
                "caption": {"type": "string"},
                "location": {"type": "string"},
                "audience": {"type": "string", "enum": Audience.values},
                "userId": ID_SCHEMA,
            },
        }
    },
    "application/json": {"schema": NewPost.model_json_schema(ref_template="#/components/schemas/{model}")},
}
# It is the only one of its kind: written out, for the description has no other place that names it.
_NEW_POST_FORM["application/json"]["schema"].pop("$defs", None)
_NEW_POST_FORM["application/json"]["schema"]["properties"]["audience"] = {"type": "string", "enum": Audience.values}
_MEDIUM_FORM: Final = {
    "multipart/form-data": {
        "schema": {
            "type": "object",
            "additionalProperties": False,
            "required": ["file"],
            "properties": {
                "file": {"type": "string", "format": "binary"},
                "userId": ID_SCHEMA,
            },
        }
    }
}


# --- Files and posts --------------------------------------------------------------------------------------------------


@router.post(
    "/media",
    response={201: MediaOut, **PROBLEMS},
    openapi_extra=KEY | {"requestBody": {"required": True, "content": _MEDIUM_FORM}},
)
def create_medium(request: MemberRequest) -> HttpResponse:
    """Keep a photo or video that is not shared yet, and have it made ready. Large ones better come in parts."""
    if not is_multipart(request):
        raise Problem(415, "content-type", "Send the file in the field file, as multipart/form-data.")
    check_actor(request, read_body(request, Acting, files="file"))
    once = IdempotentRequest(request)
    if known := once.replay():
        return known
    file = request.FILES.get("file")
    if not isinstance(file, UploadedFile):
        raise ValidationFailed({"body.file": "Send the file in the field file."})
    count_api_hit(request, FILES, f"person:{request.user.pk}")
    try:
        medium = media.receive_file(owner=request.user, file=cast("BinaryIO", file), name=file.name or "")
    except MediaError as error:
        raise _file_problem(error, "body.file") from error
    with transaction.atomic():
        if not (known := once.claim()):
            return once.answer(media_out(request, medium))
    media.delete_medium(medium)
    return known


@router.post(
    "/posts",
    response={201: PostOut, **PROBLEMS},
    openapi_extra=KEY | {"requestBody": {"required": True, "content": _NEW_POST_FORM}},
)
def create_post(request: MemberRequest) -> HttpResponse:
    """Share a post: a form with files, or JSON with the ids of files that were sent before. Its state says when others
    see it.
    """
    body = read_body(request, NewPost, files="files")
    check_actor(request, body)
    once = IdempotentRequest(request)
    if known := once.replay():
        return known
    form = PostForm(_post_data(body), request.FILES, owner=request.user)
    if not form.is_valid():
        raise _post_problem(request, form)
    count_api_hit(request, UPLOADS, f"person:{request.user.pk}")
    taken: list[Media] = []
    is_shared = False
    try:
        # Files first, for they outlive no transaction: those of a post that is not shared after all are deleted.
        taken = media.receive_files(owner=request.user, uploads=form.files_as_uploads())
        slides = form.slides_with(taken)
        texts = {name: form.cleaned_data[name] for name in ("caption", "location", "audience")}
        with transaction.atomic():
            if known := once.claim():
                return known
            post = sharing.share_post(author=request.user, slides=slides, **texts)
            shown = for_answers(Post.objects.visible_to_or_owned_by(request.user), request.user).get(pk=post.pk)
            location = reverse("api:get_post", args=[post.pk])
            response = once.answer(post_out(request, shown), location=location)
        is_shared = True
    except MediaError as error:
        raise _file_problem(error, "body.files") from error
    except sharing.SlidesRefusedError as error:
        form.refuse_media(error)
        raise _post_problem(request, form) from error
    finally:
        if not is_shared:
            for medium in taken:
                media.delete_medium(medium)
    return response


def _post_data(body: NewPost) -> QueryDict:
    """`body` as the page's form sends it."""
    data = QueryDict(mutable=True)
    data.setlist("media", [str(pk) for pk in body.media])
    data.setlist("alt", body.alt)
    data.setlist("edits", [json.dumps(edits) for edits in body.edits])
    data.update({"caption": body.caption, "location": body.location, "audience": body.audience.value})
    return data


def _post_problem(request: HttpRequest, form: PostForm) -> Problem:
    return form_problem(form, {"__all__": "alt"} | ({} if is_multipart(request) else {"files": "media"}))


def _file_problem(error: MediaError, path: str) -> Problem:
    if isinstance(error, TransientMediaError):
        return Problem(503, "storage", str(error), headers={"Retry-After": "10"})
    named = FieldError(path=path, code=error.code, message=str(error))
    return Problem(422, "invalid", str(error), errors=[named])


@router.patch("/posts/{id}", response={200: PostOut, **PROBLEMS})
def edit_post(request: MemberRequest, id: str, body: PostChange) -> PostOut:  # noqa: A002  (the name in the address)
    """Change what one's own post says, the order of its files, or who sees it."""
    check_actor(request, body)
    own = Post.objects.visible_to_or_owned_by(request.user).filter(author_id=request.user.pk)
    post = find_post(own.for_cards(request.user), id)
    check_post(body, post.pk)
    form = EditForm(post, _edit_data(post, body))
    if not form.is_valid():
        raise form_problem(form, {"__all__": "media"})
    try:
        editing.edit_post(post, **form.changes())
    except editing.EditConflictError as error:
        raise Problem(409, "changed", str(error)) from error
    except Refusal as error:
        raise Problem(409, "refused", str(error)) from error
    return post_out(request, for_answers(own, request.user).get(pk=post.pk))


def _edit_data(post: Post, body: PostChange) -> QueryDict:
    """The post as it is, with what `body` says, as the page's form sends it."""
    alts = {medium.pk: medium.alt for medium in post.slides}
    slides = [(pk, alts[pk]) for pk in alts]
    if body.media is not None:
        slides = [(one.id, alts.get(one.id, "") if one.alt is None else one.alt) for one in body.media]
    data = QueryDict(mutable=True)
    data.setlist("slide", [str(pk) for pk, _ in slides])
    data.setlist("alt", [alt for _, alt in slides])
    data["version"] = str(post.version)
    data["caption"] = post.caption if body.caption is None else body.caption
    data["location"] = post.location if body.location is None else body.location
    data["audience"] = post.audience if body.audience is None else body.audience.value
    return data


@router.delete("/posts/{id}", response={204: None, **PROBLEMS})
def delete_post(request: MemberRequest, id: str, body: ActingOnPost | None = None) -> Any:  # noqa: A002
    """Delete one's own post, at once and for all."""
    check_actor(request, body)
    post = find_post(Post.objects.visible_to_or_owned_by(request.user).filter(author_id=request.user.pk), id)
    check_post(body, post.pk)
    editing.delete_post(post)
    return HttpResponse(status=204)


# --- Likes and saves --------------------------------------------------------------------------------------------------


def _visible(request: MemberRequest, ref: str, body: ActingOnPost | None) -> Post:
    check_actor(request, body)
    post = find_post(Post.objects.visible_to(request.user), ref)
    check_post(body, post.pk)
    return post


@router.post("/posts/{id}/like", response={200: LikedOut, **PROBLEMS})
def like_post(request: MemberRequest, id: str, body: ActingOnPost | None = None) -> LikedOut:  # noqa: A002
    """Like a post. Again is harmless."""
    likes.like_post(_visible(request, id, body), liker=request.user)
    return LikedOut(liked=True)


@router.post("/posts/{id}/unlike", response={200: LikedOut, **PROBLEMS})
def unlike_post(request: MemberRequest, id: str, body: ActingOnPost | None = None) -> LikedOut:  # noqa: A002
    """Take a like back. Again is harmless."""
    likes.unlike_post(_visible(request, id, body), liker=request.user)
    return LikedOut(liked=False)


@router.post("/posts/{id}/save", response={200: SavedOut, **PROBLEMS})
def save_post(request: MemberRequest, id: str, body: SaveBody | None = None) -> SavedOut:  # noqa: A002
    """Save a post, and put it into a collection or take it out. Nobody else is told. Repeating it is harmless."""
    post = _visible(request, id, body)
    if body is None or "collection_id" not in body.model_fields_set:
        saves.save_post(post, person=request.user)
        return SavedOut(saved=True)
    collection = None
    if body.collection_id is not None:
        collection = Collection.objects.filter(pk=body.collection_id, owner=request.user).first()
        if collection is None:
            raise ValidationFailed({"body.collection_id": "You have no such collection."})
    try:
        saves.put_in_collection(post, person=request.user, collection=collection)
    except Refusal as error:
        raise ValidationFailed({"body.collection_id": str(error)}) from error
    return SavedOut(saved=True)


@router.post("/posts/{id}/unsave", response={200: SavedOut, **PROBLEMS})
def unsave_post(request: MemberRequest, id: str, body: ActingOnPost | None = None) -> SavedOut:  # noqa: A002
    """Keep a post no longer. Again is harmless."""
    saves.unsave_post(_visible(request, id, body), person=request.user)
    return SavedOut(saved=False)


@router.post("/collections", response={201: CollectionOut, **PROBLEMS}, openapi_extra=KEY)
def create_collection(request: MemberRequest, body: CollectionBody) -> HttpResponse:
    """Create a collection of saved posts, which only the caller sees."""
    check_actor(request, body)
    once = IdempotentRequest(request)
    with transaction.atomic():
        if known := once.claim():
            return known
        with _collection_errors():
            collection = saves.create_collection(owner=request.user, name=_collection_name(body))
        return once.answer(collection_out(request, collection))


@router.patch("/collections/{id}", response={200: CollectionOut, **PROBLEMS})
def rename_collection(request: MemberRequest, id: str, body: CollectionBody) -> CollectionOut:  # noqa: A002
    """Rename one of the caller's collections."""
    check_actor(request, body)
    collection = own_collection(request.user, id)
    with _collection_errors():
        saves.rename_collection(collection, name=_collection_name(body))
    return collection_out(request, own_collection(request.user, id))


@router.delete("/collections/{id}", response={204: None, **PROBLEMS})
def delete_collection(request: MemberRequest, id: str, body: Acting | None = None) -> Any:  # noqa: A002
    """Delete one of the caller's collections. Its posts stay saved."""
    check_actor(request, body)
    saves.delete_collection(own_collection(request.user, id))
    return HttpResponse(status=204)


def _collection_name(body: CollectionBody) -> str:
    form = CollectionForm({"name": body.name})
    if not form.is_valid():
        raise form_problem(form)
    return str(form.cleaned_data["name"])


@contextmanager
def _collection_errors() -> Iterator[None]:
    try:
        yield
    except Refusal as error:
        raise ValidationFailed({"body.name": str(error)}) from error


# --- Switches of one's own posts --------------------------------------------------------------------------------------


def _own(request: MemberRequest, ref: str, body: ActingOnPost | None) -> Post:
    check_actor(request, body)
    post = find_post(Post.objects.visible_to_or_owned_by(request.user).filter(author_id=request.user.pk), ref)
    check_post(body, post.pk)
    return post


@router.post("/posts/{id}/archive", response={200: ArchivedOut, **PROBLEMS})
def archive_post(request: MemberRequest, id: str, body: ActingOnPost | None = None) -> ArchivedOut:  # noqa: A002
    """Archive one of the caller's posts: only the caller sees it then. Repeating it is harmless."""
    post = _own(request, id, body)
    if not (archiving.archive_post(post) or post.archived_at):
        raise Problem(409, "refused", "Only a published post can be archived.")
    return ArchivedOut(archived=True)


@router.post("/posts/{id}/unarchive", response={200: ArchivedOut, **PROBLEMS})
def unarchive_post(request: MemberRequest, id: str, body: ActingOnPost | None = None) -> ArchivedOut:  # noqa: A002
    """Show an archived post again, at its old place. Repeating it is harmless."""
    archiving.unarchive_post(_own(request, id, body))
    return ArchivedOut(archived=False)


@router.post("/posts/{id}/comments/off", response={200: CommentsOffOut, **PROBLEMS})
def turn_comments_off(request: MemberRequest, id: str, body: ActingOnPost | None = None) -> CommentsOffOut:  # noqa: A002
    """Turn off new comments on one of the caller's posts. Repeating it is harmless."""
    comments.set_comments_enabled(_own(request, id, body), on=False)
    return CommentsOffOut(comments_off=True)


@router.post("/posts/{id}/comments/on", response={200: CommentsOffOut, **PROBLEMS})
def turn_comments_on(request: MemberRequest, id: str, body: ActingOnPost | None = None) -> CommentsOffOut:  # noqa: A002
    """Allow comments on one of the caller's posts again. Repeating it is harmless."""
    comments.set_comments_enabled(_own(request, id, body), on=True)
    return CommentsOffOut(comments_off=False)


@router.post("/posts/{id}/likes/hide", response={200: LikesHiddenOut, **PROBLEMS})
def hide_likes(request: MemberRequest, id: str, body: ActingOnPost | None = None) -> LikesHiddenOut:  # noqa: A002
    """Hide from others how many people like one of the caller's posts, and who. Repeating it is harmless."""
    likes.set_likes_hidden(_own(request, id, body), hide=True)
    return LikesHiddenOut(likes_hidden=True)


@router.post("/posts/{id}/likes/show", response={200: LikesHiddenOut, **PROBLEMS})
def show_likes(request: MemberRequest, id: str, body: ActingOnPost | None = None) -> LikesHiddenOut:  # noqa: A002
    """Show the likes of one of the caller's posts again. Repeating it is harmless."""
    likes.set_likes_hidden(_own(request, id, body), hide=False)
    return LikesHiddenOut(likes_hidden=False)


# --- Comments ---------------------------------------------------------------------------------------------------------


@router.post("/posts/{id}/comment", response={201: CommentOut, **PROBLEMS}, openapi_extra=KEY)
def create_comment(request: MemberRequest, id: str, body: NewComment) -> HttpResponse:  # noqa: A002
    """Comment on a post or, with `parent_id`, reply to one of its comments."""
    once = IdempotentRequest(request)
    with transaction.atomic():
        if known := once.claim():
            return known
        post = _visible(request, id, body)
        text = body.cleaned_text()
        reply_to = None
        if body.parent_id is not None:
            seen = Comment.objects.visible_to(request.user).filter(post=post, pk=body.parent_id)
            reply_to = seen.select_related("author").first()
            if reply_to is None:
                raise ValidationFailed({"body.parent_id": "The comment you reply to is no longer there."})
        try:
            added = comments.add_comment(post, author=request.user, text=text, reply_to=reply_to)
        except Refusal as error:
            raise Problem(409, "refused", str(error)) from error
        shown = Comment.objects.visible_to(request.user).with_viewer_state(request.user).filter(pk=added.pk).first()
        if shown is None:
            raise NotFound
        return once.answer(comment_out(request, shown))


@router.delete("/comments/{id}", response={204: None, **PROBLEMS})
def delete_comment(request: MemberRequest, id: str, body: ActingOnPost | None = None) -> Any:  # noqa: A002
    """Delete a comment: one's own, or one under one's own post; its replies go with it."""
    check_actor(request, body)
    posts = Post.objects.visible_to(request.user).order_by().values("pk")
    found = Comment.objects.deletable_by(request.user).filter(post__in=posts, pk=read_id(id)).first()
    if found is None:
        raise NotFound
    check_post(body, found.post_id)
    comments.delete_comment(found)
    return HttpResponse(status=204)


def _comment(request: MemberRequest, ref: str, body: ActingOnPost | None, posts: PostQuerySet | None = None) -> Comment:
    check_actor(request, body)
    comment = find_comment(request.user, ref, posts)
    check_post(body, comment.post_id)
    return comment


def _under_own_post(request: MemberRequest, ref: str, body: ActingOnPost | None) -> Comment:
    own = Post.objects.visible_to_or_owned_by(request.user).filter(author_id=request.user.pk)
    return _comment(request, ref, body, own)


@contextmanager
def _comment_errors() -> Iterator[None]:
    try:
        yield
    except Refusal as error:
        raise Problem(409, "refused", str(error)) from error


@router.patch("/comments/{id}", response={200: CommentOut, **PROBLEMS})
def edit_comment(request: MemberRequest, id: str, body: CommentBody) -> CommentOut:  # noqa: A002
    """Edit one of the caller's comments within 15 minutes."""
    comment = _comment(request, id, body)
    if comment.author_id != request.user.pk:
        raise NotFound
    with _comment_errors():
        comments.edit_comment(comment, text=body.cleaned_text())
    return comment_out(request, find_comment(request.user, id))


@router.post("/comments/{id}/like", response={200: LikedOut, **PROBLEMS})
def like_comment(request: MemberRequest, id: str, body: ActingOnPost | None = None) -> LikedOut:  # noqa: A002
    """Like a comment. Repeating it is harmless."""
    likes.like_comment(_comment(request, id, body), liker=request.user)
    return LikedOut(liked=True)


@router.post("/comments/{id}/unlike", response={200: LikedOut, **PROBLEMS})
def unlike_comment(request: MemberRequest, id: str, body: ActingOnPost | None = None) -> LikedOut:  # noqa: A002
    """Remove the caller's like from a comment. Repeating it is harmless."""
    likes.unlike_comment(_comment(request, id, body), liker=request.user)
    return LikedOut(liked=False)


@router.post("/comments/{id}/pin", response={200: CommentOut, **PROBLEMS})
def pin_comment(request: MemberRequest, id: str, body: ActingOnPost | None = None) -> CommentOut:  # noqa: A002
    """Pin a comment under one of the caller's posts: up to three are shown first. Repeating it is harmless."""
    comment = _under_own_post(request, id, body)
    with _comment_errors():
        comments.pin_comment(comment)
    return comment_out(request, _under_own_post(request, id, body))


@router.post("/comments/{id}/unpin", response={200: CommentOut, **PROBLEMS})
def unpin_comment(request: MemberRequest, id: str, body: ActingOnPost | None = None) -> CommentOut:  # noqa: A002
    """Unpin a comment under one of the caller's posts. Repeating it is harmless."""
    comments.unpin_comment(_under_own_post(request, id, body))
    return comment_out(request, _under_own_post(request, id, body))


@router.post("/comments/{id}/approve", response={200: CommentOut, **PROBLEMS})
def approve_comment(request: MemberRequest, id: str, body: ActingOnPost | None = None) -> CommentOut:  # noqa: A002
    """Show a comment to everybody that waits for approval under one of the caller's posts."""
    comment = _comment(request, id, body)
    waiting = Comment.objects.visible_to(request.user).waiting_for(request.user).filter(pk=comment.pk).first()
    if waiting is None:
        raise NotFound
    comments.approve_comment(waiting)
    return comment_out(request, find_comment(request.user, id))
