"""Finding the objects of a request through the caller's eyes. A lookup is the permission check: NotFound for others."""

from __future__ import annotations

from accounts.api.bodies import ActingOnPost, check_actor, check_post
from accounts.api.people import read_id
from accounts.http import MemberRequest
from accounts.models import User
from common.api import NotFound
from common.ids import decode_shortcode
from posts.models import Collection, Comment, Post
from posts.models.post import PostQuerySet


def post_id_of(ref: str) -> int:
    """Return the id of the post that `ref` names, as an id or a shortcode. Raises NotFound if it can be neither.

    Digits alone are an id. One shortcode in a hundred million has digits alone; its post is found by its id only.
    """
    if ref.isascii() and ref.isdigit():
        return read_id(ref)
    pk = decode_shortcode(ref)
    if pk < 0:
        raise NotFound
    return pk


def find_post(posts: PostQuerySet, ref: str) -> Post:
    """Return the post among `posts` that `ref` names, by id or shortcode. Raises NotFound."""
    post = posts.filter(pk=post_id_of(ref)).first()
    if post is None:
        raise NotFound
    return post


def visible_post(request: MemberRequest, ref: str, body: ActingOnPost | None) -> Post:
    """Return the post `ref` if the caller may see it, and check `body` against it. Raises Problem."""
    return _checked_post(request, Post.objects.visible_to(request.user), ref, body)


def own_post(request: MemberRequest, ref: str, body: ActingOnPost | None) -> Post:
    """Return the caller's own post `ref`, in any state, and check `body` against it. Raises Problem."""
    return _checked_post(request, Post.objects.owned_by(request.user), ref, body)


def _checked_post(request: MemberRequest, posts: PostQuerySet, ref: str, body: ActingOnPost | None) -> Post:
    check_actor(request, body)
    post = find_post(posts, ref)
    check_post(body, post.pk)
    return post


def find_comment(viewer: User, ref: str, posts: PostQuerySet | None = None) -> Comment:
    """Return the comment with the id `ref` under one of `posts` (by default, all visible ones). Raises NotFound."""
    posts = Post.objects.visible_to(viewer) if posts is None else posts
    comments = Comment.objects.visible_to(viewer).filter(post__in=posts.order_by().values("pk"))
    comment = comments.with_viewer_state(viewer).filter(pk=read_id(ref)).first()
    if comment is None:
        raise NotFound
    return comment


def own_collection(owner: User, ref: str) -> Collection:
    """Return the collection of `owner` with the id `ref`. Raises NotFound."""
    collection = Collection.objects.filter(pk=read_id(ref), owner=owner).first()
    if collection is None:
        raise NotFound
    return collection
