"""`media_doctor` and `rerender`: files and rows agree again, and nobody notices meanwhile."""

import os
import time
from io import BytesIO, StringIO

import pytest
from django.core.management import CommandError, call_command

from media import incoming
from media.photos import RENDERER
from media.storage import CONTENT_TYPES, store_original, store_rendition
from posts import tasks
from posts.actions import Upload, create_post, take_file
from posts.models import Media, Post, UploadSession
from tests.conftest import FILES

OLD = 2 * 24 * 3600


@pytest.fixture
def shared(author, photo, tasks_run):
    with tasks_run():
        return create_post(author=author, uploads=[Upload(photo(), "cup.jpg"), Upload(photo(), "again.jpg")])


def run(command, *options):
    output = StringIO()
    try:
        call_command(command, *options, stdout=output, stderr=output)
    except CommandError as error:
        return output.getvalue() + str(error)
    return output.getvalue()


def age(path, seconds=OLD):
    then = time.time() - seconds
    os.utime(path, (then, then))


def files_in(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_where_all_is_well_the_doctor_says_how_much_there_is(shared):
    said = run("media_doctor")

    assert "Renditions: " in said
    assert "Originals: 2 files" in said
    assert "mend" not in said
    assert "without" not in said


def test_old_files_that_no_row_names_are_found_and_deleted_and_young_ones_are_left(shared, tmp_path):
    with (FILES / "bad" / "name-test.jpg").open("rb") as file:
        original = store_original(file, ".jpg")
    old, young = store_rendition(b"x" * 3000, ".webp"), store_rendition(b"young", ".webp")
    age(tmp_path / "originals" / original)
    age(tmp_path / "media" / old)
    wanted = files_in(tmp_path / "media") - {old}

    said = run("media_doctor")
    assert "1 without a row: 3 KB" in said
    assert old in said
    assert original in said
    assert young not in said
    assert "2 to mend: run it with --fix." in said

    assert "deleted 1" in run("media_doctor", "--fix")
    assert files_in(tmp_path / "media") == wanted
    assert original not in files_in(tmp_path / "originals")
    assert "mend" not in run("media_doctor")


def test_a_rendition_that_is_missing_is_made_anew_and_an_original_is_named(shared, tmp_path):
    first, second = Media.objects.filter(post=shared).order_by("position")
    (tmp_path / "media" / first.keys[0]).unlink()
    (tmp_path / "originals" / second.original).unlink()

    said = run("media_doctor")
    assert f"{first.keys[0]} of medium {first.pk}" in said
    assert f"{second.original} of medium {second.pk}" in said

    said = run("media_doctor", "--fix")
    assert "made anew 1 of 1" in said
    assert "1 not mended." in said
    first.refresh_from_db()
    assert set(first.keys) | set(second.keys) == files_in(tmp_path / "media")


def test_rerender_makes_files_anew_and_deletes_the_old(shared, tmp_path):
    before, version = files_in(tmp_path / "media"), Post.objects.get().version
    Media.objects.update(renderer=0)

    assert "2 of 2 made anew" in run("rerender")

    after = files_in(tmp_path / "media")
    assert not before & after
    assert after == {key for medium in Media.objects.all() for key in medium.keys}
    assert Post.objects.get().version > version
    assert Post.objects.get().state == "published"
    assert set(Media.objects.values_list("renderer", flat=True)) == {RENDERER}


def test_rerender_goes_on_where_it_was_stopped(shared):
    Media.objects.update(renderer=0)

    assert "1 of 1 made anew" in run("rerender", "--limit", "1")
    assert "1 of 1 made anew" in run("rerender")
    assert "0 of 0 made anew" in run("rerender")
    assert "2 of 2 made anew" in run("rerender", "--all")


def test_what_cannot_be_made_anew_keeps_its_files(shared, tmp_path):
    medium = Media.objects.first()
    (tmp_path / "originals" / medium.original).unlink()

    said = run("rerender", "--all")

    assert f"medium {medium.pk}: The original is gone." in said
    assert "1 could not be made anew" in said
    assert set(medium.keys) <= files_in(tmp_path / "media")


def test_a_post_deleted_while_it_is_made_anew_leaves_no_file(shared, tmp_path, monkeypatch):
    render = tasks.render_photo

    def render_slowly(original, **options):
        Post.objects.update(deleted_at="2026-01-01T00:00Z")
        return render(original, **options)

    monkeypatch.setattr(tasks, "render_photo", render_slowly)
    tasks.rerender(Media.objects.first().pk)
    tasks.purge_post(shared.pk)

    assert not files_in(tmp_path / "media")


def test_parts_of_no_upload_are_found_and_deleted_and_those_of_one_are_left(author, tmp_path):
    alive = UploadSession.objects.create(owner_id=author.pk, size=10, prefix="a" * 32)
    for prefix in (alive.prefix, "b" * 32, "c" * 32):
        incoming.store_part(prefix, 1, BytesIO(b"x" * 3000))
    for prefix in (alive.prefix, "b" * 32):
        age(tmp_path / "incoming" / prefix / "1")

    said = run("media_doctor")
    assert "Parts of uploads: 3 files" in said
    assert "1 without a row: 3 KB" in said
    assert f"{'b' * 32}/1" in said
    assert "1 without a row are too young to say" in said

    run("media_doctor", "--fix")
    assert {path.name for path in (tmp_path / "incoming").iterdir()} == {"a" * 32, "c" * 32}


def test_captions_are_no_orphans_and_outlive_a_new_rendering(shared, tmp_path):
    medium = Media.objects.filter(post=shared).first()
    key = store_rendition(b"WEBVTT", ".vtt") if ".vtt" in CONTENT_TYPES else store_rendition(b"WEBVTT", ".webp")
    Media.objects.filter(pk=medium.pk).update(captions=key)
    age(tmp_path / "media" / key)
    assert "mend" not in run("media_doctor")

    run("rerender", "--all")
    assert (tmp_path / "media" / key).exists()

    (tmp_path / "media" / key).unlink()
    said = run("media_doctor", "--fix")
    assert f"{key} of captions of medium {medium.pk}" in said
    assert "1 not mended." in said


def test_an_unshared_file_is_no_orphan_and_can_be_made_anew(author, photo, tasks_run):
    with tasks_run():
        medium = take_file(owner=author, file=photo())

    assert "mend" not in run("media_doctor")
    assert "1 of 1 made anew" in run("rerender", "--all")
    before = medium.keys
    medium.refresh_from_db()
    assert medium.keys != before


@pytest.mark.parametrize("count", [1, 6])
def test_the_doctor_reads_all_media_in_one_query(count, author, photo, django_assert_num_queries):
    for _ in range(count):
        take_file(owner=author, file=photo())

    with django_assert_num_queries(5):
        run("media_doctor")
