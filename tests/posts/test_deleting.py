"""A deleted post leaves nothing: no row, no file in any storage."""

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages

from posts.actions import Upload, add_comment, archive_post, create_post, delete_post, like_post
from posts.models import Comment, Like, Media, Post, PostHashtag
from tests.media.clips import SPEECH


def files_in(tmp_path):
    return [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.parametrize("is_archived", [False, True], ids=["shared", "archived"])
def test_P3_after_a_deletion_no_file_and_no_row_is_left(is_archived, author, follower, photo, tmp_path, tasks_run):
    with tasks_run(), SPEECH.open("rb") as film:
        uploads = [Upload(photo(), "cup.jpg"), Upload(film, "speech.mp4")]
        post = create_post(author=author, uploads=uploads, caption="#sun")
    kept = create_post(author=author, uploads=[Upload(photo(), "kept.jpg")])
    clip = post.media.get(kind="video")
    clip.captions = storages["default"].save("aa/bb/words.vtt", ContentFile(b"WEBVTT\n"))
    clip.save()
    like_post(post, liker=follower)
    add_comment(post, author=follower, text="hello")
    # Originals, renditions of photo and poster, the film and its words.
    made = [key for medium in post.media.all() for key in medium.keys]
    assert len(files_in(tmp_path)) == len(made) + 3
    assert {key.rpartition(".")[2] for key in made} == {"webp", "jpg", "mp4", "vtt"}
    if is_archived:
        archive_post(post)

    with tasks_run():
        delete_post(post)

    assert files_in(tmp_path) == [f"originals/{kept.media.get().original}"]
    assert [Post.objects.get(), Media.objects.get()] == [kept, kept.media.get()]
    assert not any(model.objects.exists() for model in (Like, Comment, PostHashtag))
