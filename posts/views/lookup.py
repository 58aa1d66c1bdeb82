"""Finding the objects of a page through the viewer's eyes. A lookup is the permission check: 404 for others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse

from accounts.http import MemberRequest
from accounts.statements import ViewerStatement
from common.ids import decode_shortcode
from posts.comments import visible_comment_of
from posts.loaded import visible_post_of
from posts.models import Comment, Media, Post, UploadSession


def visible_post(request: HttpRequest, shortcode: str) -> Post:
    """Return a post that the viewer may see, or raise 404."""
    post = _VISIBLE.first(request.user, post=decode_shortcode(shortcode))
    if post is None:
        raise Http404
    return post


_VISIBLE: Final = ViewerStatement[Post](
    "visible_post", lambda viewer, post: Post.objects.visible_to(viewer).filter(pk=post), post="bigint"
)


def visible_card(request: HttpRequest, shortcode: str) -> Post:
    """Like `visible_post`, with everything that its page or card shows."""
    post = visible_post_of(decode_shortcode(shortcode), request.user)
    if post is None:
        raise Http404
    return post


def own_post(request: MemberRequest, shortcode: str) -> Post:
    """Return the viewer's own post in any state, or raise 404."""
    return get_object_or_404(Post.objects.owned_by(request.user), pk=decode_shortcode(shortcode))


def own_card(request: MemberRequest, shortcode: str) -> Post:
    """Like `own_post`, with everything that its page or card shows."""
    own = Post.objects.owned_by(request.user).for_cards(request.user)
    return get_object_or_404(own, pk=decode_shortcode(shortcode))


def visible_comment(request: HttpRequest, post: Post, comment_id: int) -> Comment:
    """Return a comment of `post` that the viewer may see, with everything that it shows, or raise 404."""
    comment = visible_comment_of(post.pk, comment_id, request.user)
    if comment is None:
        raise Http404
    comment.post = post
    return comment


def visible_thread(request: HttpRequest, post: Post, comment_id: int) -> Comment:
    """Like `visible_comment`, for a comment that is not a reply."""
    comment = visible_comment(request, post, comment_id)
    if comment.parent_id is not None:
        raise Http404
    return comment


def editable_comment(request: MemberRequest, post: Post, comment_id: int) -> Comment:
    """Like `visible_comment`, for a comment whose text the viewer may edit."""
    editable = Comment.objects.editable_by(request.user).filter(post=post).with_viewer_state(request.user)
    comment = get_object_or_404(editable, pk=comment_id)
    comment.post = post
    return comment


def thread_url(post: Post, comment: Comment) -> str:
    """Return the URL that shows `comment` within its open thread."""
    url = reverse("posts:replies", args=[post.shortcode, comment.thread_id])
    return f"{url}#comment-{comment.pk}"


def own_unshared(request: MemberRequest, media_id: int) -> Media:
    """Return a file of the viewer that is not shared yet, or raise 404."""
    return get_object_or_404(Media.objects.unshared_of(request.user), pk=media_id)


def own_upload(request: MemberRequest, upload_id: int) -> UploadSession:
    """Return an upload of the viewer, complete or not, or raise 404."""
    return get_object_or_404(UploadSession.objects.owned_by(request.user), pk=upload_id)


@contextmanager
def does_not_exist_as_404() -> Iterator[None]:
    """Turn ObjectDoesNotExist into 404: the object was deleted after it was looked up."""
    try:
        yield
    except ObjectDoesNotExist as gone:
        raise Http404 from gone
