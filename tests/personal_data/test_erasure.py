"""Erase accounts whose deletion is due, completely and with a record of the counts (P3)."""

import json
from pathlib import Path

import pytest
from django.apps import apps
from django.core.files.storage import storages
from django.db import models

from accounts.models import User
from media.errors import TransientMediaError
from personal_data import registry
from personal_data.actions.deactivation import cancel_deletion, request_deletion
from personal_data.actions.erasure import erase_account
from personal_data.models import DeletionRecord
from personal_data.tasks import delete_account, sweep
from posts.models import Hashtag, Media, Post
from tests import stores
from tests.personal_data.whole_account import (
    TOKEN,
    cache_entries_with,
    counts_are_exact,
    fill,
    rows_with,
    sessions_of,
    time_passes,
)

NOT_USERS = {"common.CountDelta.object_id"}
"""Columns named like ids of users that hold other ids, or are erased with the rows that they count."""


@pytest.fixture
def others(person):
    return [person("ben"), person("carla"), person("dora")]


@pytest.fixture
def whole(anna, others, photo_bytes, signed_in):
    def make(posts=3):
        fill(anna, others, photo_bytes, posts=posts)
        signed_in(anna)
        anna.refresh_from_db()
        return anna

    return make


def traces_of(anna):
    """Return the ids of the posts of `anna`, and all words and ids that identify her data."""
    posts = list(Post.objects.filter(author=anna).values_list("pk", flat=True))
    media = list(Media.objects.filter(owner_id=anna.pk).values_list("pk", flat=True))
    return posts, [TOKEN, "anna@example.org", *(str(pk) for pk in (anna.pk, *posts, *media))]


def assert_nothing_is_left(anna_id, posts, words):
    assert rows_with(*words) == []
    assert sessions_of(anna_id) == []
    assert cache_entries_with(anna_id, posts) == []
    assert counts_are_exact()


@pytest.mark.promise("P3")
@pytest.mark.parametrize("posts", [30, pytest.param(200, marks=pytest.mark.deep)])
def test_after_the_grace_period_nothing_is_left(posts, whole, others, client, tasks_run):
    anna = whole(posts)
    ids, words = traces_of(anna)
    files_before = stores.stored_files()
    assert rows_with(TOKEN)
    assert cache_entries_with(anna.pk, ids)
    assert sessions_of(anna.pk)
    ben_files = {f"default/{key}" for medium in Media.objects.filter(post__author=others[0]) for key in medium.keys}
    ben_files |= {f"originals/{medium.original}" for medium in Media.objects.filter(post__author=others[0])}

    request_deletion(anna)
    delete_account(anna.pk)
    assert User.objects.filter(pk=anna.pk).exists()  # The deletion is not due yet.
    time_passes()
    with tasks_run():
        delete_account(anna.pk)

    assert_nothing_is_left(anna.pk, ids, words)
    assert stores.stored_files() == ben_files
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
    # The part of an unfinished upload is not counted.
    assert record.files == len(files_before) - len(ben_files) - 1
    assert record.cache_keys >= 1
    assert TOKEN not in json.dumps(record.rows)


@pytest.mark.promise("P3")
@pytest.mark.both_storages(deep=True)
def test_a_killed_deletion_is_resumed(whole, tasks_run):
    anna = whole()
    ids, words = traces_of(anna)
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
def test_an_unavailable_storage_loses_no_rows(whole, monkeypatch, tasks_run):
    anna = whole()
    request_deletion(anna)
    time_passes()

    def fail(*_):
        raise OSError("unavailable")

    with monkeypatch.context() as patched:
        patched.setattr(storages["default"], "delete", fail)
        with pytest.raises(TransientMediaError):
            erase_account(anna.pk, seconds=5)
    assert Post.objects.filter(author=anna).count() == 3

    with tasks_run():
        assert erase_account(anna.pk, seconds=5)
    assert len(stores.stored_files()) == 3


@pytest.mark.promise("D11")
def test_the_task_may_be_delivered_three_times(whole):
    anna = whole()
    request_deletion(anna)
    time_passes()

    for _ in range(3):
        delete_account(anna.pk)

    assert DeletionRecord.objects.count() == 1
    assert counts_are_exact()


def test_the_sweeper_starts_due_deletions(whole, tasks_run):
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


def test_a_cancelled_deletion_erases_nothing(whole):
    anna = whole()
    before = stores.stored_files()
    request_deletion(anna)
    assert cancel_deletion(anna)

    delete_account(anna.pk)

    assert stores.stored_files() == before
    assert Post.objects.filter(author=anna).count() == 3
    assert not DeletionRecord.objects.exists()


def columns_with_users():
    """Yield each column that refers to users, or is named as if it did."""
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            related = field.related_model
            is_reference = isinstance(related, type) and issubclass(related, User)
            is_bare = isinstance(field, models.BigIntegerField) and not field.is_relation and field.name.endswith("_id")
            if is_reference or is_bare:
                yield f"{model._meta.label}.{field.name}"


@pytest.mark.promise("P3", "P4")
def test_every_table_with_users_is_registered_for_deletion_and_export():
    """A new table is registered in the `personal_data.py` of its app, with an export or a reason for having none."""
    registered = {f"{table.model}.{table.column}" for table in registry.tables()}

    assert set(columns_with_users()) - NOT_USERS - registered == set()
    for table in registry.tables():
        assert bool(table.export_name) != bool(table.export_excluded_because), table


def test_every_app_with_tables_of_personal_data_registers_them():
    root = Path(registry.__file__).parent.parent

    with_tables = {path.parent.name for path in root.glob("*/personal_data.py")} | {"accounts", "personal_data"}
    assert with_tables == set(registry.registered_apps())
