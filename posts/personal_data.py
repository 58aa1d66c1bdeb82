"""Personal data in the tables of posts: how it is exported and erased (see `personal_data.registry`)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.template.loader import render_to_string

from accounts.models import User
from accounts.reactivation import on_reactivated
from media.incoming import discard
from personal_data import registry
from personal_data.registry import (
    ERASED_AT_ONCE,
    ErasureResult,
    ExportWriter,
    PersonalTable,
    delete_admin_log,
    references_to,
)
from posts.actions.comments import delete_comment
from posts.actions.editing import delete_post
from posts.actions.media import delete_medium
from posts.models import COMMENT_LIKES, LIKES, Comment, CommentLike, Hashtag, Like, Media, Post, UploadSession
from posts.tasks import purge_post

COMMENTS_AT_ONCE = 50
FANNED_OUT_AGAIN = 500
"""Number of posts that are fanned out again when an account is reactivated: as many as a home timeline holds."""


def register() -> None:
    registry.register(
        "posts",
        PersonalTable(
            "posts.Like", "liker", export_name="likes", export_row=_like, related=("post",), erase=_erase_likes
        ),
        PersonalTable(
            "posts.CommentLike",
            "person",
            export_name="comment_likes",
            export_row=_comment_like,
            related=("comment__post",),
            erase=_erase_comment_likes,
        ),
        PersonalTable(
            "posts.Save",
            "person",
            export_name="saved",
            export_row=_save,
            related=("post", "collection"),
            visible_rows=_visible,
        ),
        PersonalTable(
            "posts.Collection",
            "owner",
            export_name="collections",
            export_row=lambda collection: {"name": collection.name},
        ),
        PersonalTable(
            "posts.Mention",
            "person",
            export_name="mentions",
            export_row=_named_in,
            related=("post",),
            visible_rows=_visible,
        ),
        PersonalTable(
            "posts.PersonTag",
            "person",
            export_name="tags_of_me",
            export_row=_named_in,
            related=("post",),
            visible_rows=_visible,
        ),
        PersonalTable(
            "posts.HiddenWord", "owner", export_name="hidden_words", export_row=lambda hidden: {"word": hidden.word}
        ),
        PersonalTable(
            "posts.Comment",
            "author",
            export_name="comments",
            export_row=_comment,
            related=("post",),
            erase=_erase_comments,
        ),
        PersonalTable(
            "posts.Post",
            "author",
            export_name="posts",
            export=_export_posts,
            file_count=_count_files_of_posts,
            erase=_erase_post,
        ),
        PersonalTable(
            "posts.Media",
            "owner_id",
            export_name="not_shared",
            export=_export_unshared,
            file_count=lambda person: Media.objects.unshared_of(person).count(),
            erase=_erase_unshared,
        ),
        PersonalTable(
            "posts.UploadSession",
            "owner_id",
            export_excluded_because="incomplete files",
            erase=_erase_upload,
        ),
    )
    on_reactivated(_fan_out_again)


def _address(post: Post) -> str:
    return f"{settings.SITE_ORIGIN}{post.get_absolute_url()}"


# --- Export ----------------------------------------------------------------------------------------------------------


def _like(like: Any) -> dict[str, Any]:
    return {"post": _address(like.post), "liked_at": like.created_at}


def _comment_like(like: Any) -> dict[str, Any]:
    return {"post": _address(like.comment.post), "comment": str(like.comment_id), "liked_at": like.created_at}


def _save(save: Any) -> dict[str, Any]:
    name = save.collection.name if save.collection else ""
    return {"post": _address(save.post), "collection": name, "saved_at": save.created_at}


def _named_in(row: Any) -> dict[str, Any]:
    return {"post": _address(row.post), "at": row.created_at, "removed_at": row.removed_at}


def _visible(person: User, rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.filter(post__in=Post.objects.visible_to(person))


def _comment(comment: Any) -> dict[str, Any]:
    return {"post": _address(comment.post), "written_at": comment.created_at, "text": comment.text}


def _count_files_of_posts(person: User) -> int:
    """Count two files for each medium: the original and the rendered picture."""
    return 2 * Media.objects.filter(post__author=person, post__deleted_at=None).count()


def _export_posts(person: User, writer: ExportWriter) -> None:
    writer.add_html(render_to_string("personal_data/archive/_posts.html", {}))
    writer.add_rows("posts", _posts(person, writer))


def _posts(person: User, writer: ExportWriter) -> Iterator[dict[str, Any]]:
    """Yield the posts of `person`, newest first, and add their files. Posts deleted in the meantime are skipped."""
    ids = Post.objects.filter(author=person, deleted_at=None).order_by("-pk").values_list("pk", flat=True)
    for pk in ids.iterator(1_000):
        post = Post.objects.with_viewer_state(person).filter(pk=pk, deleted_at=None).first()
        if post is None:
            continue
        media = [_add_medium(medium, f"{post.created_at:%Y-%m-%d}_{post.shortcode}", writer) for medium in post.slides]
        writer.add_html(
            render_to_string(
                "personal_data/archive/_post.html", {"post": post, "media": media, "address": _address(post)}
            )
        )
        yield {
            "address": _address(post),
            "shared_at": post.created_at,
            "state": post.state,
            "audience": post.audience,
            "caption": post.caption,
            "location": post.location,
            "edited_at": post.edited_at,
            "archived_at": post.archived_at,
            "removed_reason": post.removed_reason,
            "likes": post.like_count,
            "comments": post.comment_count,
            "media": media,
        }


def _add_medium(medium: Media, name: str, writer: ExportWriter) -> dict[str, Any]:
    """Add the original, the widest JPEG, and the MP4 and captions of a video; return the description of the medium."""
    stem = f"{name}_{medium.position + 1}"
    said: dict[str, Any] = {
        "kind": medium.kind,
        "name": medium.original_name,
        "alt": medium.alt,
        "width": medium.width,
        "height": medium.height,
        "edits": medium.edits,
    }
    files = {"original": ("originals", "originals", medium.original)}
    if medium.renditions:
        widest = medium.renditions[-1]
        said |= {"shown_width": widest["width"], "shown_height": widest["height"]}
        files["picture"] = ("media", "default", widest["jpeg"])
    if "mp4" in medium.video:
        files["video"] = ("media", "default", medium.video["mp4"])
    if medium.captions:
        files["captions"] = ("media", "default", medium.captions)
    for what, (folder, storage, key) in files.items():
        path = f"{folder}/{stem}{PurePosixPath(key).suffix}"
        if writer.add_file(path, storage, key):
            said[what] = path
    return said


def _export_unshared(person: User, writer: ExportWriter) -> None:
    media = Media.objects.unshared_of(person)
    said = (_add_medium(medium, f"not-shared_{medium.pk}", writer) for medium in media.iterator(100))
    writer.add_rows("not_shared", said)


# --- Deletion --------------------------------------------------------------------------------------------------------


def _erase_likes(person_id: int) -> ErasureResult:
    some = list(Like.objects.select_for_update().filter(liker_id=person_id)[:ERASED_AT_ONCE])
    removed = ErasureResult()
    if some:
        removed.add_deleted(Like.objects.filter(pk__in=[like.pk for like in some]).delete()[1])
        LIKES.add_to_each((like.post_id for like in some), -1)
    return removed


def _erase_comment_likes(person_id: int) -> ErasureResult:
    some = list(CommentLike.objects.select_for_update().filter(person_id=person_id)[:ERASED_AT_ONCE])
    removed = ErasureResult()
    if some:
        removed.add_deleted(CommentLike.objects.filter(pk__in=[like.pk for like in some]).delete()[1])
        COMMENT_LIKES.add_to_each((like.comment_id for like in some), -1)
    return removed


def _erase_comments(person_id: int) -> ErasureResult:
    some = list(Comment.objects.filter(author_id=person_id)[:COMMENTS_AT_ONCE])
    removed = delete_admin_log(Comment, [comment.pk for comment in some]) if some else ErasureResult()
    gone = sum(delete_comment(comment) for comment in some)
    removed.add_deleted({"posts.Comment": gone})
    return removed


def _erase_post(person_id: int) -> ErasureResult:
    """Delete one post with its files and dependent rows. Raises TransientMediaError if the storage is unavailable."""
    post = Post.objects.filter(author_id=person_id).order_by("pk").first()
    if post is None:
        return ErasureResult()
    removed = delete_admin_log(Post, [post.pk])
    comments = list(post.comments.values_list("pk", flat=True))
    for table, count in delete_admin_log(Comment, comments).rows.items():
        removed.rows[table] = removed.rows.get(table, 0) + count
    for model, field in references_to(Post):
        rows = model._default_manager.filter(**{field: post.pk})  # noqa: SLF001  (Django's own, documented)
        removed.add_deleted({model._meta.label: rows.count()})  # noqa: SLF001
    removed.add_deleted({"posts.Post": 1})
    removed.files = sum(1 + len(medium.keys) for medium in post.media.all())
    tags = list(Hashtag.objects.filter(tagged__post=post).values_list("pk", flat=True))
    delete_post(post)
    purge_post(post.pk)
    removed.add_deleted(_delete_unused_hashtags(tags))
    return removed


def _delete_unused_hashtags(ids: list[int]) -> dict[str, int]:
    """Delete hashtags without any remaining reference, because a word that only one person used is personal data.

    If another post starts to use one of them in the same moment, sharing it fails and has to be repeated.
    """
    unused = Hashtag.objects.filter(pk__in=ids)
    for model, field in references_to(Hashtag):
        rows = model._default_manager.filter(**{f"{field}__in": ids})  # noqa: SLF001  (Django's own, documented)
        unused = unused.exclude(pk__in=rows.values(field))
    return unused.delete()[1]


def _erase_unshared(person_id: int) -> ErasureResult:
    medium = Media.objects.filter(owner_id=person_id, post=None).first()
    if medium is None:
        return ErasureResult()
    sessions = UploadSession.objects.filter(media=medium).count()
    delete_medium(medium)
    removed = ErasureResult(files=1 + len(medium.keys))
    removed.add_deleted({"posts.Media": 1, "posts.UploadSession": sessions})
    return removed


def _erase_upload(person_id: int) -> ErasureResult:
    session = UploadSession.objects.select_for_update().filter(owner_id=person_id).first()
    if session is None:
        return ErasureResult()
    discard(session.prefix)
    session.delete()
    return ErasureResult(rows={"posts_uploadsession": 1})


def _fan_out_again(person_id: int) -> None:
    """Have feed.sweep fan out the newest posts again: timelines built during the deactivation lack them."""
    newest = Post.objects.published().filter(author_id=person_id).order_by("-pk").values("pk")[:FANNED_OUT_AGAIN]
    Post.objects.filter(pk__in=newest).update(fanned_out_at=None)
