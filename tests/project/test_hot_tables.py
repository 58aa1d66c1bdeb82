"""Updates of counters write no index entries, and the tables that change most are set up for it."""

from __future__ import annotations

import pytest
from django.db import connection

from accounts.models import User
from common.counters import CountDelta
from posts.models import LIKES, Post
from posts.models.post import COMMENTS


def options_of(table: str) -> dict[str, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT unnest(reloptions) FROM pg_class WHERE oid = %s::regclass", [table])
        return dict(row[0].split("=") for row in cursor.fetchall())


def updates_of(table: str) -> tuple[int, int]:
    """Return the updates of this transaction, and how many of them changed no index (HOT)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_xact_user_tables WHERE relid = %s::regclass", [table]
        )
        return cursor.fetchone()


@pytest.mark.django_db
@pytest.mark.parametrize("table", ["posts_post", "accounts_user"])
def test_pages_of_tables_with_counters_have_room_for_new_versions(table):
    assert int(options_of(table)["fillfactor"]) == 90


@pytest.mark.django_db
def test_deltas_are_vacuumed_by_their_number():
    options = options_of("common_countdelta")

    assert options["autovacuum_vacuum_scale_factor"] == "0"
    assert int(options["autovacuum_vacuum_threshold"]) <= 1_000


@pytest.mark.django_db
def test_folding_comments_of_a_post_changes_no_index(post):
    before = updates_of("posts_post")
    for _ in range(10):
        COMMENTS.add(post.pk)
        COMMENTS.fold()

    updates, hot = updates_of("posts_post")

    assert (updates - before[0], hot - before[1]) == (10, 10)


@pytest.mark.django_db
def test_folding_likes_of_a_liked_post_seldom_changes_an_index(post):
    """The place in Explore moves 16 times while the likes double. A full page costs a few updates more."""
    Post.objects.filter(pk=post.pk).update(folded_likes=1_024)
    before = updates_of("posts_post")
    for _ in range(64):
        CountDelta.objects.create(counter=LIKES.name, object_id=post.pk, delta=16)
        LIKES.fold()

    updates, hot = updates_of("posts_post")

    assert Post.objects.get().folded_likes == 2_048
    assert updates - before[0] == 64
    assert 40 <= hot - before[1] <= 64 - 16


@pytest.mark.django_db
def test_seeing_a_person_changes_no_index(author):
    before = updates_of("accounts_user")
    for at in range(10):
        User.objects.filter(pk=author.pk).update(last_seen_at=f"2026-01-01T00:00:{at:02}Z")

    updates, hot = updates_of("accounts_user")

    assert (updates - before[0], hot - before[1]) == (10, 10)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("likes", "coarse"),
    [(-3, -3), (0, 0), (31, 31), (32, 32), (33, 32), (63, 62), (64, 64), (1_000, 992), (2**31 - 1, 31 << 26)],
)
def test_coarse_likes_have_five_bits(post, likes, coarse):
    Post.objects.update(folded_likes=likes)

    assert Post.objects.get().coarse_likes == coarse
