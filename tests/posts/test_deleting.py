"""A deleted post leaves nothing: no row, no file in any storage."""

import pytest

from common.files import PendingFile
from posts.actions.archiving import archive_post
from posts.actions.comments import add_comment
from posts.actions.editing import delete_post
from posts.actions.likes import like_post
from posts.actions.media import Upload
from posts.actions.sharing import create_post
from posts.models import Comment, Like, Media, Post, PostHashtag
from tests.media.clips import SPEECH
from tests.stores import put, stored_files

pytestmark = pytest.mark.both_storages(deep=True)


@pytest.mark.promise("P3")
@pytest.mark.parametrize("is_archived", [False, True], ids=["shared", "archived"])
def test_after_a_deletion_no_file_and_no_row_is_left(is_archived, author, follower, photo, tasks_run, monkeypatch):
    monkeypatch.setattr("media.video.hls.FROM_SECONDS", 2)
    with tasks_run(), SPEECH.open("rb") as film:
        uploads = [Upload(photo(), "cup.jpg"), Upload(film, "speech.mp4")]
        post = create_post(author=author, uploads=uploads, caption="#sun")
    kept = create_post(author=author, uploads=[Upload(photo(), "kept.jpg")])
    put("default", "aa/bb/words.vtt", b"WEBVTT\n")
    post.media.filter(kind="video").update(captions="aa/bb/words.vtt")
    like_post(post, liker=follower)
    add_comment(post, author=follower, text="hello")
    # Originals; renditions of the photo and of the poster; the film whole and in pieces with its lists; its words.
    made = {f"default/{key}" for medium in post.media.all() for key in medium.keys}
    assert stored_files() == made | {f"originals/{medium.original}" for medium in Media.objects.all()}
    assert {key.rpartition(".")[2] for key in made} == {"webp", "jpg", "mp4", "m4s", "m3u8", "vtt"}
    if is_archived:
        archive_post(post)

    with tasks_run():
        delete_post(post)

    assert stored_files() == {f"originals/{kept.media.get().original}"}
    assert [Post.objects.get(), Media.objects.get()] == [kept, kept.media.get()]
    assert not any(model.objects.exists() for model in (Like, Comment, PostHashtag, PendingFile))
