"""Like posts and comments."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.db.models import F

from accounts.models import User
from common.events import emit
from posts.actions.locks import lock_against_deletion
from posts.events import CommentLiked, PostLiked
from posts.models import COMMENT_LIKES, LIKES, Comment, CommentLike, Like, Post


@transaction.atomic
def like_post(post: Post, *, liker: User) -> bool:
    """Record that `liker` likes `post`; return False if they already did.

    A double tap or a retried request is harmless: the unique constraint `like_once` decides, and only the request that
    created the row changes the count and emits `PostLiked`.

    Look up `post` through `Post.objects.visible_to(liker)`. Raises Post.DoesNotExist if it was deleted in the
    meantime.
    """
    lock_against_deletion(post)
    _, created = Like.objects.get_or_create(post=post, liker=liker)
    if created:
        LIKES.add(post.pk)
        emit(PostLiked(post_id=post.pk, liker_id=liker.pk))
    return created


@transaction.atomic
def unlike_post(post: Post, *, liker: User) -> bool:
    """Undo `like_post`; return False if there was no like."""
    deleted, _ = Like.objects.filter(post=post, liker=liker).delete()
    if deleted:
        LIKES.add(post.pk, -1)
    return bool(deleted)


@transaction.atomic
def like_comment(comment: Comment, *, liker: User) -> bool:
    """Record that `liker` likes a comment; return False if they already did. Works like `like_post`.

    Look up `comment` through `Comment.objects.visible_to(liker)`. Raises Comment.DoesNotExist if it was deleted in
    the meantime.
    """
    try:
        with transaction.atomic():
            _, created = CommentLike.objects.get_or_create(comment_id=comment.pk, person=liker)
    except IntegrityError as gone:
        raise Comment.DoesNotExist from gone
    if created:
        COMMENT_LIKES.add(comment.pk)
        emit(CommentLiked(comment_id=comment.pk, liker_id=liker.pk))
    return created


@transaction.atomic
def unlike_comment(comment: Comment, *, liker: User) -> bool:
    """Undo `like_comment`; return False if there was no like."""
    deleted, _ = CommentLike.objects.filter(comment_id=comment.pk, person=liker).delete()
    if deleted:
        COMMENT_LIKES.add(comment.pk, -1)
    return bool(deleted)


def set_likes_hidden(post: Post, *, hide: bool) -> bool:
    """Hide or show the number and the list of likes of a post to others; return True if that changed."""
    there = Post.objects.filter(pk=post.pk, deleted_at__isnull=True)
    return bool(there.filter(hide_likes=not hide).update(hide_likes=hide, version=F("version") + 1))
