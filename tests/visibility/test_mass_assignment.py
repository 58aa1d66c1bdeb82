"""Writes ignore fields that are not part of their form."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from tests.visibility.endpoints import ENDPOINTS
from tests.visibility.test_matrix import may_use, url_of
from tests.visibility.world import World, rolled_back

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("without_badges")]


EXTRA = {"author": "1", "author_id": "1", "owner_id": "1", "person": "1", "is_staff": "1", "is_superuser": "1"}
EXTRA |= {"published_at": "2020-01-01", "removed_at": "2020-01-01", "deleted_at": "2020-01-01", "state": "ready"}
EXTRA |= {"folded_likes": "9", "folded_comments": "9", "folded_followers": "9", "suspended_at": "2020-01-01", "id": "1"}
EXTRA |= {"hidden_until_approved": "1", "is_private": "1", "email": "evil@example.org", "session_epoch": "1"}


@pytest.mark.promise("A11")
def test_writes_ignore_fields_that_are_not_part_of_their_form(world: World) -> None:
    """Send every write that is allowed, with extra fields that no request may set."""
    protected = {
        "accounts_user": "id, username, email, is_staff, is_superuser, suspended_at, session_epoch, is_private,"
        " folded_followers, folded_following, folded_posts",
        "posts_post": "id, author_id, published_at, removed_at, removed_reason, folded_likes, folded_comments",
        "posts_comment": "id, author_id, post_id, removed_at",
        "posts_media": "id, owner_id, post_id, original, renditions::text",
    }

    def rows() -> dict[str, dict[int, Any]]:
        found = {}
        with connection.cursor() as cursor:
            for table, columns in protected.items():
                cursor.execute(f"SELECT {columns} FROM {table}")
                found[table] = {row[0]: row for row in cursor.fetchall()}
        return found

    before = rows()
    for name, endpoint in ENDPOINTS.items():
        for actor in ("public", "private", "stranger") if endpoint.posts else ():
            for target in [one for one in world.targets[endpoint.targets] if may_use(name, world, actor, one)][:2]:
                with rolled_back():
                    world.request(actor, url_of(name, endpoint, target.kwargs), EXTRA | endpoint.data)
                    after = rows()
                for table, was in before.items():
                    # Deleted and new rows are ignored; rows that existed before must be unchanged.
                    moved = {pk for pk, row in was.items() if pk in after[table] and after[table][pk] != row}
                    assert not moved, (name, actor, target.label, table)
