from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from accounts.http import MemberRequest
from common.ids import decode_shortcode
from posts.models import Comment, Media, Post, UploadSession


def visible_post(request: HttpRequest, shortcode: str) -> Post:
    """The post if the one who asks may see it, else 404: what is forbidden answers as what is missing."""
    return get_object_or_404(Post.objects.visible_to(request.user), pk=decode_shortcode(shortcode))


@contextmanager
def does_not_exist_as_404() -> Iterator[None]:
    """Turn ObjectDoesNotExist into 404: the object was deleted after it was looked up."""
    try:
        yield
    except ObjectDoesNotExist as gone:
        raise Http404 from gone


def own_post(request: HttpRequest, shortcode: str) -> Post:
    """One's own post in any state, else 404."""
    return get_object_or_404(Post.objects.owned_by(request.user), pk=decode_shortcode(shortcode))


def own_card(request: HttpRequest, shortcode: str) -> Post:
    """`own_post` with all that its page or card shows."""
    posts = Post.objects.owned_by(request.user).for_cards(request.user)
    return get_object_or_404(posts, pk=decode_shortcode(shortcode))


def visible_card(request: HttpRequest, shortcode: str) -> Post:
    """`visible_post` with all that its page or card shows."""
    posts = Post.objects.visible_to(request.user).for_cards(request.user)
    return get_object_or_404(posts, pk=decode_shortcode(shortcode))


def visible_comment(request: HttpRequest, post: Post, comment_id: int) -> Comment:
    """The comment of `post` if the one who asks may see it, with all that it shows, else 404."""
    comments = Comment.objects.visible_to(request.user).filter(post=post).with_viewer_state(request.user)
    comment = get_object_or_404(comments, pk=comment_id)
    comment.post = post
    return comment


def own_unshared(request: MemberRequest, media_id: int) -> Media:
    """A file of one's own that is not shared yet, else 404."""
    return get_object_or_404(Media.objects.unshared_of(request.user), pk=media_id)


def own_upload(request: MemberRequest, upload_id: int) -> UploadSession:
    """An upload of one's own, complete or not, else 404."""
    return get_object_or_404(UploadSession.objects.owned_by(request.user), pk=upload_id)
