"""Like posts and comments."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.db.models import F

from accounts.models import User
from common.events import emit
from posts.actions.locks import lock_against_deletion
from posts.events import CommentLiked, CommentUnliked, PostLiked
from posts.models import COMMENT_LIKES, LIKES, Comment, CommentLike, Like, Post


@transaction.atomic
def like_post(post: Post, *, liker: User) -> bool:
    """Record that `liker` likes `post`; return whether that is new.

    Liking twice is liking once, so a double tap or a retried request is harmless: the unique constraint `like_once`
    decides, and only the request that created the row moves the count and emits `PostLiked`.

    `post` comes from `Post.objects.visible_to(liker)`: whoever may see may like. Post.DoesNotExist if it has gone
    since.
    """
    lock_against_deletion(post)
    _, created = Like.objects.get_or_create(post=post, liker=liker)
    if created:
        LIKES.add(post.pk)
        emit(PostLiked(post_id=post.pk, liker_id=liker.pk))
    return created


@transaction.atomic
def unlike_post(post: Post, *, liker: User) -> bool:
    """Undo `like_post`; return whether there was anything to undo."""
    deleted, _ = Like.objects.filter(post=post, liker=liker).delete()
    if deleted:
        LIKES.add(post.pk, -1)
    return bool(deleted)


@transaction.atomic
def like_comment(comment: Comment, *, liker: User) -> bool:
    """Record that `liker` likes a comment that they may see; return whether that is new. The twin of `like_post`.

    Comment.DoesNotExist if it has gone since it was looked up.
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
    """Undo `like_comment`; return whether there was anything to undo."""
    deleted, _ = CommentLike.objects.filter(comment_id=comment.pk, person=liker).delete()
    if deleted:
        COMMENT_LIKES.add(comment.pk, -1)
        emit(CommentUnliked(comment_id=comment.pk, liker_id=liker.pk))
    return bool(deleted)


def set_likes_hidden(post: Post, *, hide: bool) -> bool:
    """Keep to the author how many like one's own post, and who, or no longer; return whether that is new."""
    there = Post.objects.filter(pk=post.pk, deleted_at__isnull=True)
    return bool(there.filter(hide_likes=not hide).update(hide_likes=hide, version=F("version") + 1))
