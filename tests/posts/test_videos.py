"""Videos in posts: taken beside photos, shown with a poster, gone with the post."""

import io
import re
from datetime import timedelta

import pytest
from django.core.files.storage import storages
from django.utils import timezone

from media.errors import TransientMediaError
from posts import tasks
from posts.actions.editing import delete_post
from posts.actions.media import Upload
from posts.actions.sharing import create_post
from posts.models import Media
from tests.conftest import FILES
from tests.markup import one_line
from tests.media.clips import BEE, SPEECH
from tests.posts.test_creating import send
from tests.stores import is_local, keys_in, stored_files

pytestmark = pytest.mark.both_storages(deep=True)


@pytest.fixture
def filmed(author):
    with BEE.open("rb") as file:
        return create_post(author=author, uploads=[Upload(file, "IMG_1.MOV", "a bee")])


def medium_of(post):
    return Media.objects.get(post=post)


def test_one_post_has_photos_and_videos(signed_in, author, photo, tasks_run):
    with tasks_run(), SPEECH.open("rb") as film:
        assert send(signed_in(author), [photo(), film], alt=["a cup", "a woman speaks"]).status_code == 302

    post = author.posts.get()
    cup, film = post.slides
    assert post.state == "published"
    assert (cup.kind, film.kind) == ("photo", "video")
    assert (film.width, film.height, film.progress) == (640, 480, 100)
    assert abs(film.duration_ms - 6170) < 100
    assert storages["default"].size(film.video["mp4"]) == film.video["bytes"]
    assert all(storages["default"].exists(key) for key in film.keys)
    page = signed_in(author).get(post.get_absolute_url()).text
    assert 'aria-label="2 photos and videos"' in page
    [whole] = film.video_sources
    assert f'poster="{film.src}"' in page
    assert f'<source src="{whole["src"]}" type="video/mp4">' in page
    assert "a woman speaks" in page
    if is_local():
        served = signed_in(author).get(whole["src"], headers={"Range": "bytes=0-99"})
        assert (served.status_code, served["Content-Type"]) == (206, "video/mp4")


def test_a_video_has_an_icon_on_its_tile_and_native_controls(signed_in, author, filmed, tasks_run):
    tasks.process_video(medium_of(filmed).pk)

    assert 'aria-label="Video"' in signed_in(author).get("/author/").text
    page = signed_in(author).get(filmed.get_absolute_url()).text
    assert 'preload="none" muted loop playsinline controls aria-label="a bee"' in one_line(page)


def test_only_the_author_is_told_about_undecodable_sound(signed_in, author, stranger):
    data = (FILES / "field" / "iphone-apac-first-aac-second.mov").read_bytes()
    silenced = io.BytesIO(data.replace(b"mp4a", b"apac").replace(b"esds", b"free"))
    post = create_post(author=author, uploads=[Upload(silenced, "IMG_2.MOV")])
    tasks.process_video(medium_of(post).pk)

    def told(person):
        page = signed_in(person).get(post.get_absolute_url()).text
        [medium] = signed_in(person).get(f"/api/posts/{post.pk}").json()["media"]
        return "has no sound because" in page, medium["notice"] != ""

    assert medium_of(post).state == "ready"
    assert told(author) == (True, True)
    assert told(stranger) == (False, False)


def test_the_author_sees_the_progress_of_a_conversion(signed_in, author, filmed, monkeypatch):
    seen = []

    def render(original, tell, **options):
        tell(42)
        seen.append(signed_in(author).get(f"{filmed.get_absolute_url()}state/").text)
        raise TransientMediaError("busy", "Not now.")

    monkeypatch.setattr(tasks, "render_video", render)
    tasks.process_video(medium_of(filmed).pk)

    assert "Processing… 42 %" in seen[0]
    assert "Your 1 video is being prepared." in seen[0]
    assert '<progress class="unfinished-bar" max="100" value="42" aria-label="Processing">' in one_line(seen[0])
    assert re.search(r'data-local-preview="[\w-]+"></div>', seen[0]), "the browser may have a picture, we have none"


@pytest.mark.promise("D11")
def test_a_video_task_that_comes_twice_changes_nothing_more(filmed):
    for _ in range(2):
        tasks.process_video(medium_of(filmed).pk)

    assert keys_in("default") == set(medium_of(filmed).keys)
    assert keys_in("originals") == {medium_of(filmed).original}


@pytest.mark.promise("D15")
def test_a_video_that_cannot_be_stored_leaves_nothing_public(filmed, monkeypatch):
    def fail(*args):
        raise TransientMediaError("storage", "The file couldn’t be stored right now.")

    monkeypatch.setattr(tasks, "store_rendition", fail)
    tasks.process_video(medium_of(filmed).pk)

    assert medium_of(filmed).state == "processing"
    assert stored_files() == {f"originals/{medium_of(filmed).original}"}


def test_a_deleted_post_takes_its_video_with_it(filmed, tasks_run):
    tasks.process_video(medium_of(filmed).pk)
    with tasks_run():
        delete_post(filmed)

    assert not stored_files()


def test_the_sweeper_asks_the_right_task(filmed, monkeypatch):
    asked = []
    monkeypatch.setattr(tasks, "publish", lambda task, **kwargs: asked.append(task.name) or True)
    Media.objects.update(queued_at=timezone.now() - timedelta(minutes=1))

    tasks.sweep()

    assert asked == ["posts.process_video"]


@pytest.mark.promise("U5")
def test_files_with_invalid_headers_are_refused_at_the_field(signed_in, author, photo):
    bad = ["no-video-stream.mp4", "three-hours-black.mp4", "truncated-no-index.mp4", "text-named.mp4"]
    folder = BEE.parent.parent / "bad"

    answer = send(signed_in(author), [photo(name, (folder / name).read_bytes()) for name in bad])

    assert answer.status_code == 422
    assert "no-video-stream.mp4: This file has sound but no picture." in answer.text
    assert "three-hours-black.mp4: This video is 3:00:00 hours long. The limit is 15 minutes." in answer.text
    assert "truncated-no-index.mp4: This video is damaged" in answer.text
    assert "text-named.mp4: We can&#x27;t read this file as a photo or video." in answer.text
    assert not stored_files()


def test_all_files_of_a_post_together_have_a_limit(signed_in, author, photo, monkeypatch):
    monkeypatch.setattr("posts.actions.new_slides.MAX_POST_BYTES", 5 * 1024 * 1024)

    answer = send(signed_in(author), [photo(f"{n}.jpg", b"x" * 2 * 1024 * 1024) for n in range(3)])

    assert answer.status_code == 422
    assert "These files are 6 MB in total. The limit is 5 MB" in answer.text
