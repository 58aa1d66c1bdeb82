"""In the world of the matrix: what is forbidden costs what is missing costs, and no write takes more than its own."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.visibility.surfaces import SURFACES
from tests.visibility.test_matrix import may, url_of
from tests.visibility.world import World, missing, undone

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bare_frame")]


@pytest.mark.promise("A2")
@pytest.mark.parametrize("name", ["posts:post", "posts:delete", "feed:profile", "social:followers"])
def test_the_database_is_asked_as_much_for_a_forbidden_thing_as_for_a_missing_one(name: str, world: World) -> None:
    """What is forbidden takes no longer, by which it could be told from what is missing."""
    surface = SURFACES[name]
    for actor in ("stranger", "blocked"):
        for thing in world.things[surface.things]:
            if not may(name, world, actor, thing):
                asked = []
                for kwargs in (thing.kwargs, missing(thing.kwargs)):
                    with CaptureQueriesContext(
                        connection,
                    ) as queries:
                        world.ask(actor, url_of(name, surface, kwargs))
                    asked.append(len(queries))
                assert asked[0] == asked[1], (actor, thing.label)


EXTRA = {"author": "1", "author_id": "1", "owner_id": "1", "person": "1", "is_staff": "1", "is_superuser": "1"}
EXTRA |= {"published_at": "2020-01-01", "removed_at": "2020-01-01", "deleted_at": "2020-01-01", "state": "ready"}
EXTRA |= {"folded_likes": "9", "folded_comments": "9", "folded_followers": "9", "suspended_at": "2020-01-01", "id": "1"}
EXTRA |= {"hidden_until_approved": "1", "is_private": "1", "email": "evil@example.org", "session_epoch": "1"}


@pytest.mark.promise("A11")
def test_no_write_takes_a_field_that_is_not_its_own(world: World) -> None:
    """Every write, by everybody who may, with fields that are nobody's to send."""
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
    for name, surface in SURFACES.items():
        for actor in ("open", "closed", "stranger") if surface.posts else ():
            for thing in [one for one in world.things[surface.things] if may(name, world, actor, one)][:2]:
                with undone():
                    world.ask(actor, url_of(name, surface, thing.kwargs), EXTRA | surface.data)
                    after = rows()
                for table, was in before.items():
                    # What was deleted is gone, and what was made is new; what was there is what it was.
                    moved = {pk for pk, row in was.items() if pk in after[table] and after[table][pk] != row}
                    assert not moved, (name, actor, thing.label, table)
