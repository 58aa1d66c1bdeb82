"""What authors switch on and off on their own posts, in the JSON API: the archive, comments and likes."""

from __future__ import annotations

from django.http import HttpResponse
from ninja import Field, Query, Schema

from accounts.api.bodies import ActingOnPost
from accounts.http import MemberRequest
from common.api import PROBLEMS, ApiRouter, IdPaging, Listed, Problem, listed
from common.pagination import page_by_id
from posts.actions import archiving, comments, likes
from posts.api.lookup import own_post
from posts.api.output import PostOut, for_output, post_out
from posts.models import Post

router = ApiRouter(tags=["posts"])


class ArchivedOut(Schema):
    archived: bool = Field(description="Whether the post is in its author's archive.")


class CommentsOffOut(Schema):
    comments_off: bool = Field(description="Whether comments are turned off.")


class LikesHiddenOut(Schema):
    likes_hidden: bool = Field(description="Whether only the author sees how many people like the post.")


@router.get("/user/archive", response={200: Listed[PostOut], **PROBLEMS})
def list_archive(request: MemberRequest, response: HttpResponse, paging: Query[IdPaging]) -> Listed[PostOut]:
    """List the caller's archived posts, the newest first."""
    archived = for_output(Post.objects.archived_of(request.user), request.user)
    page = page_by_id(request, archived, paging.limit)
    return listed(request, response, page, [post_out(request, post) for post in page])


@router.post("/posts/{id}/archive", response={200: ArchivedOut, **PROBLEMS})
def archive_post(request: MemberRequest, id: str, body: ActingOnPost | None = None) -> ArchivedOut:  # noqa: A002  (the name in the path)
    """Archive one of the caller's posts, so that only the caller sees it. Repeating it is harmless."""
    post = own_post(request, id, body)
    if not (archiving.archive_post(post) or post.archived_at):
        raise Problem(409, "refused", "Only a published post can be archived.")
    return ArchivedOut(archived=True)


@router.post("/posts/{id}/unarchive", response={200: ArchivedOut, **PROBLEMS})
def unarchive_post(request: MemberRequest, id: str, body: ActingOnPost | None = None) -> ArchivedOut:  # noqa: A002
    """Show an archived post again, at its old place. Repeating it is harmless."""
    archiving.unarchive_post(own_post(request, id, body))
    return ArchivedOut(archived=False)


@router.post("/posts/{id}/comments/off", response={200: CommentsOffOut, **PROBLEMS})
def turn_comments_off(request: MemberRequest, id: str, body: ActingOnPost | None = None) -> CommentsOffOut:  # noqa: A002
    """Turn off new comments on one of the caller's posts. Repeating it is harmless."""
    comments.set_comments_enabled(own_post(request, id, body), on=False)
    return CommentsOffOut(comments_off=True)


@router.post("/posts/{id}/comments/on", response={200: CommentsOffOut, **PROBLEMS})
def turn_comments_on(request: MemberRequest, id: str, body: ActingOnPost | None = None) -> CommentsOffOut:  # noqa: A002
    """Allow comments on one of the caller's posts again. Repeating it is harmless."""
    comments.set_comments_enabled(own_post(request, id, body), on=True)
    return CommentsOffOut(comments_off=False)


@router.post("/posts/{id}/likes/hide", response={200: LikesHiddenOut, **PROBLEMS})
def hide_likes(request: MemberRequest, id: str, body: ActingOnPost | None = None) -> LikesHiddenOut:  # noqa: A002
    """Hide from other people who likes one of the caller's posts, and how many do. Repeating it is harmless."""
    likes.set_likes_hidden(own_post(request, id, body), hide=True)
    return LikesHiddenOut(likes_hidden=True)


@router.post("/posts/{id}/likes/show", response={200: LikesHiddenOut, **PROBLEMS})
def show_likes(request: MemberRequest, id: str, body: ActingOnPost | None = None) -> LikesHiddenOut:  # noqa: A002
    """Show the likes of one of the caller's posts again. Repeating it is harmless."""
    likes.set_likes_hidden(own_post(request, id, body), hide=False)
    return LikesHiddenOut(likes_hidden=False)
