"""Likes of posts and comments in the JSON API."""

from __future__ import annotations

from django.http import HttpResponse
from ninja import Field, Query, Schema

from accounts.api.bodies import ActingOnPost, check_actor, check_post
from accounts.http import MemberRequest
from accounts.models import User
from common.api import PROBLEMS, ApiRouter, IdPaging, Listed, listed
from common.pagination import Page, page_by_id
from posts.actions import likes as actions
from posts.api.lookup import find_comment, find_post, visible_post
from posts.models import Comment, CommentLike, Like, Post
from social.api.listed_people import ListedPersonOut, listed_person_out
from social.queries import visible_people_in_order

router = ApiRouter(tags=["posts"])


class LikedOut(Schema):
    liked: bool = Field(description="Whether the caller likes it now.")


@router.get("/posts/{id}/likes", response={200: Listed[ListedPersonOut], **PROBLEMS})
def list_likes(
    request: MemberRequest,
    response: HttpResponse,
    id: str,  # noqa: A002  (the name in the path)
    paging: Query[IdPaging],
) -> Listed[ListedPersonOut]:
    """List the people who like a post, the newest like first. 404 if the author hides them from the caller."""
    post = find_post(Post.objects.visible_to(request.user).with_likers_visible_to(request.user).only("id"), id)
    likes = Like.objects.filter(post=post, liker__in=User.objects.visible_to(request.user))
    page = page_by_id(request, likes, paging.limit)
    return _people(request, response, [like.liker_id for like in page], page.next_url)


@router.post("/posts/{id}/like", response={200: LikedOut, **PROBLEMS})
def like_post(request: MemberRequest, id: str, body: ActingOnPost | None = None) -> LikedOut:  # noqa: A002
    """Like a post. Repeating it is harmless."""
    actions.like_post(visible_post(request, id, body), liker=request.user)
    return LikedOut(liked=True)


@router.post("/posts/{id}/unlike", response={200: LikedOut, **PROBLEMS})
def unlike_post(request: MemberRequest, id: str, body: ActingOnPost | None = None) -> LikedOut:  # noqa: A002
    """Remove the caller's like from a post. Repeating it is harmless."""
    actions.unlike_post(visible_post(request, id, body), liker=request.user)
    return LikedOut(liked=False)


@router.get("/comments/{id}/likes", response={200: Listed[ListedPersonOut], **PROBLEMS})
def list_comment_likes(
    request: MemberRequest,
    response: HttpResponse,
    id: str,  # noqa: A002
    paging: Query[IdPaging],
) -> Listed[ListedPersonOut]:
    """List the people who like a comment, the newest like first."""
    comment = find_comment(request.user, id)
    likes = CommentLike.objects.filter(comment=comment, person__in=User.objects.visible_to(request.user))
    page = page_by_id(request, likes, paging.limit)
    return _people(request, response, [like.person_id for like in page], page.next_url)


def _people(request: MemberRequest, response: HttpResponse, ids: list[int], next_url: str) -> Listed[ListedPersonOut]:
    people = visible_people_in_order(ids, request.user)
    return listed(request, response, Page([], next_url), [listed_person_out(request, one) for one in people])


@router.post("/comments/{id}/like", response={200: LikedOut, **PROBLEMS})
def like_comment(request: MemberRequest, id: str, body: ActingOnPost | None = None) -> LikedOut:  # noqa: A002
    """Like a comment. Repeating it is harmless."""
    actions.like_comment(_comment(request, id, body), liker=request.user)
    return LikedOut(liked=True)


@router.post("/comments/{id}/unlike", response={200: LikedOut, **PROBLEMS})
def unlike_comment(request: MemberRequest, id: str, body: ActingOnPost | None = None) -> LikedOut:  # noqa: A002
    """Remove the caller's like from a comment. Repeating it is harmless."""
    actions.unlike_comment(_comment(request, id, body), liker=request.user)
    return LikedOut(liked=False)


def _comment(request: MemberRequest, ref: str, body: ActingOnPost | None) -> Comment:
    check_actor(request, body)
    comment = find_comment(request.user, ref)
    check_post(body, comment.post_id)
    return comment
