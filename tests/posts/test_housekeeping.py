"""`media_doctor` and `rerender`: they repair files and rows while the site is in use."""

import io
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from media.incoming import store_part
from media.photo.render import RENDERER, render_photo
from media.storage import store_original, store_rendition, stored_files
from posts import tasks
from posts.actions.media import Upload, receive_file
from posts.actions.sharing import create_post
from posts.models import Media, Post, UploadSession
from tests.conftest import FILES
from tests.stores import age, keys_in, lose, put

pytestmark = pytest.mark.both_storages(deep=True)

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


def test_the_doctor_reports_sizes_if_nothing_is_wrong(shared):
    said = run("media_doctor")

    assert "Renditions: " in said
    assert "Originals: 2 files" in said
    assert "mend" not in said
    assert "without" not in said


def test_old_orphans_are_deleted_and_young_ones_kept(shared):
    with (FILES / "bad" / "name-test.jpg").open("rb") as file:
        original = store_original(file, ".jpg")
    old, young = store_rendition(b"x" * 3000, ".webp"), store_rendition(b"young", ".webp")
    age("originals", original, OLD)
    age("default", old, OLD)
    wanted = keys_in("default") - {old}

    said = run("media_doctor")
    assert "1 without a row: 3 KB" in said
    assert old in said
    assert original in said
    assert young not in said
    assert "2 to repair: run it with --fix." in said

    assert "deleted 1" in run("media_doctor", "--fix")
    assert keys_in("default") == wanted
    assert original not in keys_in("originals")
    assert "mend" not in run("media_doctor")


def test_files_with_foreign_names_are_ignored(shared):
    for alias in ("default", "originals"):
        put(alias, "backup/of-somebody.tar", b"x" * 100)
        age(alias, "backup/of-somebody.tar", OLD)

    assert "1 with names that the site does not generate: ignored" in run("media_doctor", "--fix")
    assert "backup/of-somebody.tar" in keys_in("default") & keys_in("originals")


def test_parts_without_a_session_are_deleted_and_others_kept(author):
    session = UploadSession.objects.create(owner_id=author.pk, size=9, prefix="a" * 32)
    for prefix in (session.prefix, "b" * 32, "c" * 32):
        store_part(prefix, 1, io.BytesIO(b"x" * 2000))
    for prefix in (session.prefix, "b" * 32):
        age("incoming", f"{prefix}/1", OLD)

    said = run("media_doctor")
    assert "Incoming: 3 files, 6 KB" in said
    assert "1 without a row: 2 KB" in said
    assert "1 to repair" in said

    assert "deleted 1" in run("media_doctor", "--fix")
    assert keys_in("incoming") == {f"{session.prefix}/1", f"{'c' * 32}/1"}


def test_a_listing_continues_after_its_first_page(db):
    for number in range(1100):
        put("default", f"{number % 256:02x}/00/{number:028x}.jpg")

    assert len(list(stored_files("default"))) == 1100
    assert "Renditions: 1,100 files" in run("media_doctor")


def test_missing_renditions_are_rendered_again_and_missing_originals_reported(shared):
    first, second = Media.objects.filter(post=shared).order_by("position")
    lose("default", first.keys[0])
    lose("originals", second.original)

    said = run("media_doctor")
    assert f"{first.keys[0]} of medium {first.pk}" in said
    assert f"{second.original} of medium {second.pk}" in said

    said = run("media_doctor", "--fix")
    assert "rendered 1 of 1 again" in said
    assert "1 not repaired." in said
    first.refresh_from_db()
    assert set(first.keys) | set(second.keys) == keys_in("default")


def test_rerender_replaces_the_files(shared):
    before, version = keys_in("default"), Post.objects.get().card_version
    Media.objects.update(renderer=0)

    assert "Rendered 2 of 2" in run("rerender")

    after = keys_in("default")
    assert not before & after
    assert after == {key for medium in Media.objects.all() for key in medium.keys}
    assert Post.objects.get().card_version > version
    assert Post.objects.get().state == "published"
    assert set(Media.objects.values_list("renderer", flat=True)) == {RENDERER}


def test_rerender_continues_where_it_stopped(shared):
    Media.objects.update(renderer=0)

    assert "Rendered 1 of 1" in run("rerender", "--limit", "1")
    assert "Rendered 1 of 1" in run("rerender")
    assert "Rendered 0 of 0" in run("rerender")
    assert "Rendered 2 of 2" in run("rerender", "--all")


def test_files_that_cannot_be_rendered_again_are_kept(shared):
    medium = Media.objects.first()
    lose("originals", medium.original)

    said = run("rerender", "--all")

    assert f"medium {medium.pk}: The original file is missing." in said
    assert "1 could not be rendered" in said
    assert set(medium.keys) <= keys_in("default")


def test_a_post_deleted_while_it_is_rendered_again_leaves_no_file(shared, monkeypatch):
    render = render_photo

    def render_slowly(original, **options):
        Post.objects.update(deleted_at="2026-01-01T00:00Z")
        return render(original, **options)

    monkeypatch.setattr(tasks, "render_photo", render_slowly)
    tasks.rerender(Media.objects.first().pk)
    tasks.purge_post(shared.pk)

    assert not keys_in("default")


def test_captions_are_not_orphans_and_survive_rendering_again(shared):
    medium = Media.objects.filter(post=shared).first()
    key = store_rendition(b"stands for captions", ".webp")
    Media.objects.filter(pk=medium.pk).update(captions=key)
    age("default", key, OLD)
    assert "mend" not in run("media_doctor")

    run("rerender", "--all")
    assert key in keys_in("default")

    lose("default", key)
    said = run("media_doctor", "--fix")
    assert f"{key} of captions of medium {medium.pk}" in said
    assert "1 not repaired." in said


def test_an_unshared_file_is_no_orphan_and_can_be_made_anew(author, photo, tasks_run):
    with tasks_run():
        medium = receive_file(owner=author, file=photo())
    medium.refresh_from_db()
    before = medium.keys

    assert "mend" not in run("media_doctor")
    assert "Rendered 1 of 1" in run("rerender", "--all")
    medium.refresh_from_db()
    assert not set(before) & set(medium.keys)
    assert keys_in("default") == set(medium.keys)


@pytest.mark.parametrize("count", [1, 6])
def test_the_doctor_reads_all_media_in_one_query(count, author, photo, django_assert_num_queries):
    for _ in range(count):
        receive_file(owner=author, file=photo())

    with django_assert_num_queries(6):
        run("media_doctor")
