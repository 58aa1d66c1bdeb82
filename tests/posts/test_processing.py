"""Rendering stored originals until the post is published, despite errors, kills and deletions."""

from datetime import timedelta

import pytest
from django.core.files.storage import storages
from django.utils import timezone

from media.errors import MediaError, TransientMediaError
from media.photo.render import render_photo
from posts import tasks
from posts.actions.editing import delete_post
from posts.actions.media import Upload
from posts.actions.publishing import retry_post
from posts.actions.sharing import create_post
from posts.models import Media, Post
from posts.models.media import MAX_ATTEMPTS
from tests.conftest import FILES
from tests.stores import keys_in, stored_files

pytestmark = pytest.mark.both_storages(deep=True)


@pytest.fixture
def submitted(author, photo):
    return create_post(author=author, uploads=[Upload(photo(), "cup.jpg", "a cup")])


def medium_of(post):
    return Media.objects.get(post=post)


def test_a_post_is_published_once_its_photos_are_rendered(author, photo, tasks_run):
    with tasks_run():
        post = create_post(author=author, uploads=[Upload(photo(), "1.jpg"), Upload(photo(), "2.jpg")])
        assert post.published_at is None

    post.refresh_from_db()
    assert post.state == "published"
    assert post.fanned_out_at is not None
    for medium in post.slides:
        assert [one["width"] for one in medium.renditions] == sorted(one["width"] for one in medium.renditions)
        assert all(storages["default"].exists(key) for key in medium.keys)
        assert medium.placeholder.startswith("data:image/")


def test_a_real_photograph_of_twelve_megapixels_gets_all_widths(author, tasks_run):
    with (FILES / "originals" / "hazel-dragonfly-display-p3-13mp.jpg").open("rb") as file, tasks_run():
        post = create_post(author=author, uploads=[Upload(file, "IMG_0001.jpg")])

    assert [one["width"] for one in medium_of(post).renditions] == [320, 640, 1080, 1440]


def test_others_do_not_see_a_post_that_is_processing_and_its_author_does(
    client, signed_in, stranger, author, submitted
):
    url = submitted.get_absolute_url()

    assert client.get(url).status_code == 404
    assert signed_in(stranger).get(url).status_code == 404
    assert signed_in(stranger).get(f"{url}state/").status_code == 404
    own = signed_in(author).get(url)
    assert own.status_code == 200
    assert 'data-state="processing"' in own.text
    assert 'data-state="processing"' in signed_in(author).get("/author/").text
    assert 'data-state="processing"' not in signed_in(stranger).get("/author/").text


def test_a_faulty_photo_fails_with_a_message_and_can_be_retried(signed_in, author, submitted, monkeypatch, tasks_run):
    def refuse(original, **options):
        raise MediaError("unreadable", "This photo is damaged and cannot be opened.")

    monkeypatch.setattr(tasks, "render_photo", refuse)
    tasks.process_media(medium_of(submitted).pk)

    page = signed_in(author).get(submitted.get_absolute_url())
    assert 'data-state="failed"' in page.text
    assert "cup.jpg: This photo is damaged and cannot be opened." in page.text

    monkeypatch.undo()
    with tasks_run():
        assert signed_in(author).post(f"{submitted.get_absolute_url()}retry/").status_code == 302
    submitted.refresh_from_db()
    assert submitted.state == "published"


def test_a_decoder_that_was_disabled_after_the_upload_is_not_used(submitted, settings):
    settings.DECODERS_OFF = frozenset({"jpeg"})

    tasks.process_media(medium_of(submitted).pk)

    assert medium_of(submitted).state == "failed"
    assert "aren’t accepted right now" in medium_of(submitted).error


@pytest.mark.promise("D6")
def test_internal_errors_are_retried_three_times(submitted, monkeypatch):
    def fail(original, **options):
        raise TransientMediaError("busy", "This photo couldn’t be processed right now.")

    monkeypatch.setattr(tasks, "render_photo", fail)
    for attempt in range(1, MAX_ATTEMPTS + 1):
        assert medium_of(submitted).state != "failed"
        tasks.process_media(medium_of(submitted).pk)
        assert medium_of(submitted).attempts == attempt

    assert medium_of(submitted).state == "failed"
    assert retry_post(submitted)
    assert medium_of(submitted).attempts == 0


@pytest.mark.promise("D6")
def test_a_photo_that_kills_its_worker_is_given_up_after_three_attempts(submitted, monkeypatch):
    def die(original, **options):
        raise SystemExit

    monkeypatch.setattr(tasks, "render_photo", die)
    for _ in range(MAX_ATTEMPTS):
        with pytest.raises(SystemExit):
            tasks.process_media(medium_of(submitted).pk)
    tasks.process_media(medium_of(submitted).pk)

    assert medium_of(submitted).state == "failed"
    assert medium_of(submitted).error == tasks.GAVE_UP


@pytest.mark.promise("D11")
def test_a_task_that_comes_three_times_changes_nothing_more(author, submitted):
    medium = medium_of(submitted)
    for _ in range(3):
        tasks.process_media(medium.pk)

    assert keys_in("default") == set(medium_of(submitted).keys)
    assert type(author).objects.with_counts().get(pk=author.pk).posts_count == 1


def test_the_sweeper_finds_what_a_lost_message_left(submitted, monkeypatch):
    asked = []
    monkeypatch.setattr(tasks, "publish", lambda task, **kwargs: asked.append((task.name, kwargs)) or True)

    assert tasks.sweep() == 0, "it is not overdue yet"
    Media.objects.update(queued_at=timezone.now() - timedelta(minutes=1))
    assert tasks.sweep() == 1
    assert asked == [("posts.process_media", {"media_id": medium_of(submitted).pk})]
    assert tasks.sweep() == 0, "it was asked for a moment ago"


def test_the_sweeper_publishes_what_a_dead_worker_had_finished(submitted):
    Media.objects.update(state="ready")

    tasks.sweep()

    submitted.refresh_from_db()
    assert submitted.published_at is not None


@pytest.mark.promise("D12")
def test_a_post_deleted_before_it_is_rendered_leaves_no_file(submitted, tasks_run):
    medium = medium_of(submitted)
    with tasks_run():
        delete_post(submitted)
    tasks.process_media(medium.pk)

    assert not Post.objects.exists()
    assert not stored_files()


def test_a_post_deleted_while_it_is_rendered_leaves_no_file(submitted, monkeypatch):
    render = render_photo

    def render_slowly(original, **options):
        Post.objects.update(deleted_at=timezone.now())
        return render(original, **options)

    monkeypatch.setattr(tasks, "render_photo", render_slowly)
    tasks.process_media(medium_of(submitted).pk)
    tasks.purge_post(submitted.pk)

    assert not Post.objects.exists()
    assert not stored_files()
