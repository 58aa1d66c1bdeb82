"""An account whose time has come goes with all that is in it, is counted, and leaves nothing (P3)."""

import json
from pathlib import Path

import pytest
from django.apps import apps
from django.core.files.storage import storages
from django.db import models

from accounts.deactivation import cancel_deletion, request_deletion
from accounts.deletion import erase_account
from accounts.models import User
from accounts.records import DeletionRecord
from accounts.tasks import delete_account, sweep
from common import personal_data
from media.errors import TransientMediaError
from posts.models import Hashtag, Media, Post
from tests import stores
from tests.accounts.whole_account import (
    TOKEN,
    cache_entries_with,
    counts_are_exact,
    fill,
    rows_with,
    sessions_of,
    time_passes,
)

NO_PERSON = {"common.CountDelta.object_id"}
"""Columns that look like the id of a person and are those of other rows, or are erased with what they count."""


@pytest.fixture
def others(person):
    return [person("ben"), person("carla"), person("dora")]


@pytest.fixture
def whole(anna, others, photo_bytes, as_):
    def make(posts=3):
        fill(anna, others, photo_bytes, posts=posts)
        as_(anna)
        anna.refresh_from_db()
        return anna

    return make


def facts_of(anna):
    """All by which a trace can be known."""
    posts = list(Post.objects.filter(author=anna).values_list("pk", flat=True))
    media = list(Media.objects.filter(owner_id=anna.pk).values_list("pk", flat=True))
    return posts, [TOKEN, "anna@example.org", *(str(pk) for pk in (anna.pk, *posts, *media))]


def assert_nothing_is_left(anna_id, posts, words):
    assert rows_with(*words) == []
    assert sessions_of(anna_id) == []
    assert cache_entries_with(anna_id, posts) == []
    assert counts_are_exact()


@pytest.mark.promise("P3")
@pytest.mark.parametrize("posts", [pytest.param(200, id="200 posts")])
def test_after_the_grace_nothing_is_left(posts, whole, others, client, tasks_run):
    anna = whole(posts)
    ids, words = facts_of(anna)
    files_before = stores.stored_files()
    assert rows_with(TOKEN)
    assert cache_entries_with(anna.pk, ids)
    assert sessions_of(anna.pk)
    bens = {f"default/{key}" for medium in Media.objects.filter(post__author=others[0]) for key in medium.keys}
    bens |= {f"originals/{medium.original}" for medium in Media.objects.filter(post__author=others[0])}

    request_deletion(anna)
    delete_account(anna.pk)
    assert User.objects.filter(pk=anna.pk).exists()  # Not before its time.
    time_passes()
    with tasks_run():
        delete_account(anna.pk)

    assert_nothing_is_left(anna.pk, ids, words)
    assert stores.stored_files() == bens
    client.force_login(others[0])
    assert TOKEN not in client.get(f"/search/?q={TOKEN[:6]}").text
    assert client.get("/explore/tags/sun/").status_code == 200
    assert set(Hashtag.objects.values_list("name", flat=True)) == {"sun"}

    record = DeletionRecord.objects.get()
    assert record.finished_at is not None
    assert record.person_id is None
    assert record.rows["posts_post"] == posts
    assert record.rows["posts_media"] == posts + 1
    assert record.rows["posts_like"] == record.rows["posts_comment"] == 3
    assert record.rows["social_follow"] == 2
    assert record.rows["notifications_occurrence"] == 4
    assert record.rows["accounts_user"] == 1
    # Parts of an upload are no files yet.
    assert record.files == len(files_before) - len(bens) - 1
    assert record.cache_keys >= 1
    assert TOKEN not in json.dumps(record.rows)


@pytest.mark.promise("P3")
@pytest.mark.both_storages
def test_killed_at_any_step_it_goes_on_where_it_was(whole, tasks_run):
    anna = whole()
    ids, words = facts_of(anna)
    request_deletion(anna)
    time_passes()

    steps = 1
    with tasks_run():
        while not erase_account(anna.pk, seconds=0):
            steps += 1

    assert steps > 10
    assert_nothing_is_left(anna.pk, ids, words)
    assert len(stores.stored_files()) == 3
    assert DeletionRecord.objects.get().rows["posts_post"] == 3


@pytest.mark.promise("D16")
def test_while_the_storage_is_away_nothing_is_crossed_out(whole, monkeypatch, tasks_run):
    anna = whole()
    request_deletion(anna)
    time_passes()

    def fail(*_):
        raise OSError("away")

    with monkeypatch.context() as patched:
        patched.setattr(storages["default"], "delete", fail)
        with pytest.raises(TransientMediaError):
            erase_account(anna.pk, seconds=5)
    assert Post.objects.filter(author=anna).count() == 3

    with tasks_run():
        assert erase_account(anna.pk, seconds=5)
    assert len(stores.stored_files()) == 3


@pytest.mark.promise("D11")
def test_it_may_be_delivered_three_times(whole):
    anna = whole()
    request_deletion(anna)
    time_passes()

    for _ in range(3):
        delete_account(anna.pk)

    assert DeletionRecord.objects.count() == 1
    assert counts_are_exact()


def test_the_sweeper_starts_it_when_the_time_has_come(whole, tasks_run):
    anna = whole()
    request_deletion(anna)
    with tasks_run():
        sweep()
    assert User.objects.filter(pk=anna.pk).exists()

    time_passes()
    with tasks_run():
        sweep()
    assert not User.objects.filter(pk=anna.pk).exists()
    assert DeletionRecord.objects.filter(person_id=None).count() == 1


def test_who_kept_the_account_in_time_loses_nothing(whole):
    anna = whole()
    before = stores.stored_files()
    request_deletion(anna)
    assert cancel_deletion(anna)

    delete_account(anna.pk)

    assert stores.stored_files() == before
    assert Post.objects.filter(author=anna).count() == 3
    assert not DeletionRecord.objects.exists()


def columns_of_people():
    """Every column that points at people, or looks as if it did."""
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            related = field.related_model
            is_reference = isinstance(related, type) and issubclass(related, User)
            is_bare = isinstance(field, models.BigIntegerField) and not field.is_relation and field.name.endswith("_id")
            if is_reference or is_bare:
                yield f"{model._meta.label}.{field.name}"


@pytest.mark.promise("P3", "P4")
def test_every_table_that_points_at_people_is_entered_for_deletion_and_export():
    """A new table is entered in the `personal.py` of its app: exported as a file, or not, and why not."""
    entered = {f"{table.model}.{table.column}" for table in personal_data.tables()}

    assert set(columns_of_people()) - NO_PERSON - entered == set()
    for table in personal_data.tables():
        assert bool(table.export_name) != bool(table.export_excluded_because), table


def test_what_is_registered_is_registered_by_all_apps():
    root = Path(personal_data.__file__).parent.parent

    with_tables = {path.parent.name for path in root.glob("*/personal_data.py")} - {"common"}
    assert with_tables == set(personal_data.registered_apps())
