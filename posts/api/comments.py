"""Comments and replies in the JSON API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from ninja import Field, Query
from pydantic import ConfigDict

from accounts.api.authentication import ANYBODY
from accounts.api.bodies import ActingOnPost, check_actor, check_post
from accounts.api.people import read_id
from accounts.http import MemberRequest
from api_access.idempotency import IdempotentRequest
from common.api import ID_OR_NOTHING, PROBLEMS, ApiRouter, IdPaging, Listed, NotFound, Problem, ValidationFailed, listed
from common.api_bodies import IdIn, form_problem
from common.pagination import page_by_id
from common.refusals import Refusal
from posts.actions import comments as actions
from posts.api.idempotency import KEY
from posts.api.lookup import find_comment, find_post, visible_post
from posts.api.output import CommentOut, comment_out
from posts.forms.comments import CommentForm
from posts.models import Comment, Post
from posts.models.comment import CommentQuerySet

router = ApiRouter(tags=["posts"])


class CommentPaging(IdPaging):
    parent: str = Field("", pattern=ID_OR_NOTHING, description="Id of a comment, to list its replies.")


class CommentBody(ActingOnPost):
    """The text of a comment, as `comment` or as `text`."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["comment"]}, {"required": ["text"]}]})

    comment: str | None = Field(None, description="The text of the comment.")
    text: str | None = Field(None, description="Another name of `comment`; send one of the two.")

    def cleaned_text(self) -> str:
        """Return the text as the page's form cleans it. Raises Problem."""
        name = "text" if "text" in self.model_fields_set else "comment"
        if {"comment", "text"} <= self.model_fields_set:
            raise ValidationFailed({"body.text": "Send either comment or text."})
        form = CommentForm({"text": getattr(self, name) or ""})
        if not form.is_valid():
            raise form_problem(form, {"text": name})
        return str(form.cleaned_data["text"])


class NewComment(CommentBody):
    parent_id: IdIn | None = Field(None, description="The comment to reply to.")


@router.get("/posts/{id}/comments", auth=ANYBODY, response={200: Listed[CommentOut], **PROBLEMS})
def list_comments(
    request: HttpRequest,
    response: HttpResponse,
    id: str,  # noqa: A002  (the name in the path)
    paging: Query[CommentPaging],
) -> Listed[CommentOut]:
    """List the comments of a post without their replies or, with `?parent=`, the replies to one; the newest first."""
    post = find_post(Post.objects.visible_to(request.user).only("id", "author_id"), id)
    visible = Comment.objects.visible_to(request.user).filter(post=post)
    if paging.parent:
        pk = read_id(paging.parent)
        if not visible.threads().filter(pk=pk).exists():
            raise NotFound
        visible = Comment.objects.visible_ignoring_thread(request.user).filter(parent_id=pk)
    else:
        visible = visible.threads()
    page = page_by_id(request, visible.with_viewer_state(request.user), paging.limit)
    return listed(request, response, page, [comment_out(request, one) for one in page])


@router.post("/posts/{id}/comment", response={201: CommentOut, **PROBLEMS}, openapi_extra=KEY)
def create_comment(request: MemberRequest, id: str, body: NewComment) -> HttpResponse:  # noqa: A002
    """Comment on a post or, with `parent_id`, reply to one of its comments."""
    once = IdempotentRequest(request)
    with transaction.atomic():
        if known := once.claim():
            return known
        post = visible_post(request, id, body)
        text = body.cleaned_text()
        reply_to = None
        if body.parent_id is not None:
            visible = Comment.objects.visible_to(request.user).filter(post=post, pk=body.parent_id)
            reply_to = visible.select_related("author").first()
            if reply_to is None:
                raise ValidationFailed({"body.parent_id": actions.PARENT_IS_GONE})
        with _refusal_as_problem():
            added = actions.add_comment(post, author=request.user, text=text, reply_to=reply_to)
        shown = Comment.objects.visible_to(request.user).with_viewer_state(request.user).filter(pk=added.pk).first()
        if shown is None:
            raise NotFound
        return once.answer(comment_out(request, shown))


@router.patch("/comments/{id}", response={200: CommentOut, **PROBLEMS})
def edit_comment(request: MemberRequest, id: str, body: CommentBody) -> CommentOut:  # noqa: A002
    """Edit one of the caller's comments within 15 minutes."""
    comment = _checked(request, Comment.objects.editable_by(request.user), id, body)
    with _refusal_as_problem():
        actions.edit_comment(comment, text=body.cleaned_text())
    return comment_out(request, find_comment(request.user, id))


@router.delete("/comments/{id}", response={204: None, **PROBLEMS})
def delete_comment(request: MemberRequest, id: str, body: ActingOnPost | None = None) -> Any:  # noqa: A002
    """Delete one of the caller's comments, or a comment under one of the caller's posts, together with its replies."""
    actions.delete_comment(_checked(request, Comment.objects.deletable_by(request.user), id, body))
    return HttpResponse(status=204)


@router.post("/comments/{id}/approve", response={200: CommentOut, **PROBLEMS})
def approve_comment(request: MemberRequest, id: str, body: ActingOnPost | None = None) -> CommentOut:  # noqa: A002
    """Approve a comment that waits under one of the caller's posts, so that everyone sees it."""
    waiting = Comment.objects.visible_to(request.user).waiting_for(request.user)
    actions.approve_comment(_checked(request, waiting, id, body))
    return comment_out(request, find_comment(request.user, id))


@router.post("/comments/{id}/pin", response={200: CommentOut, **PROBLEMS})
def pin_comment(request: MemberRequest, id: str, body: ActingOnPost | None = None) -> CommentOut:  # noqa: A002
    """Pin a comment under one of the caller's posts: up to three are shown first. Repeating it is harmless."""
    comment = _under_own_post(request, id, body)
    with _refusal_as_problem():
        actions.pin_comment(comment)
    return comment_out(request, _under_own_post(request, id, body))


@router.post("/comments/{id}/unpin", response={200: CommentOut, **PROBLEMS})
def unpin_comment(request: MemberRequest, id: str, body: ActingOnPost | None = None) -> CommentOut:  # noqa: A002
    """Unpin a comment under one of the caller's posts. Repeating it is harmless."""
    actions.unpin_comment(_under_own_post(request, id, body))
    return comment_out(request, _under_own_post(request, id, body))


def _checked(request: MemberRequest, comments: CommentQuerySet, ref: str, body: ActingOnPost | None) -> Comment:
    """Return the comment `ref` among `comments` under a post that the caller may see. Raises Problem."""
    check_actor(request, body)
    posts = Post.objects.visible_to(request.user).order_by().values("pk")
    comment = comments.filter(post__in=posts, pk=read_id(ref)).first()
    if comment is None:
        raise NotFound
    check_post(body, comment.post_id)
    return comment


def _under_own_post(request: MemberRequest, ref: str, body: ActingOnPost | None) -> Comment:
    check_actor(request, body)
    comment = find_comment(request.user, ref, Post.objects.owned_by(request.user))
    check_post(body, comment.post_id)
    return comment


@contextmanager
def _refusal_as_problem() -> Iterator[None]:
    """Answer a Refusal with 409."""
    try:
        yield
    except Refusal as error:
        raise Problem(409, "refused", str(error)) from error
