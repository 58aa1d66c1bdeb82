"""After random changes, every cached page equals the same page without the cache of parts.

`CACHED_PAGES_EXAMPLES=500 pytest tests/visibility/test_cached_pages.py` runs 500 new sequences instead of the fixed
ones.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
from django.test import Client
from redis.connection import AbstractConnection
from redis.exceptions import RedisError

from accounts.models import User
from common import valkey
from common.fragment_cache import without_cache
from feed.actions import follow_tag, mute_tag
from feed.tasks import fan_out_post
from posts.models import Post
from tests.visibility.cached_pages import Machine
from tests.visibility.pages import frozen_time, masked
from tests.visibility.sequences import run_sequences

VARIABLE = "CACHED_PAGES_EXAMPLES"
EXAMPLES = 3
STEPS = 40
MORE_EXAMPLES = 100
MIN_STEPS, MIN_MORE_STEPS = 20, 2_000
"""Steps of all sequences that must have changed something. The first sequence of Hypothesis is the simplest one."""

CHANGES = [
    ("share", 0, "100% {{ x }} @person2 \u202e", 2),
    ("edit", 0, "%s <b> @person3 #sun", "Here", "alt", "everyone", True),
    ("edit", 0, "%s <b> @person3 #sun", "Here", "alt", "close_friends", True),
    ("close_friend", (0, 1), True),
    ("edit", 0, "again @person3", "There", "other", "everyone", False),
    ("archive", 0, True),
    ("archive", 0, False),
    ("moderate", 1, True, "why"),
    ("moderate", 1, False, ""),
    ("turn_comments_off", 0, False),
    ("hide_likes", 0, True),
    ("like", 1, 1, True),
    ("save", 2, 1, True),
    ("comment", 2, 1, "%s"),
    ("tag", 2, 1),
    ("remove_tag", 2, 1),
    ("remove_mention", 3, 0),
    ("render_again", 0, 7, 0),
    ("render_again", 0, 8, 1),
    ("caption_video", 0, 1, "aa/c.vtt"),
    ("rename", 0),
    ("rename", 2),
    ("take_first_name_back", 2),
    ("change_name", 0, "%s <b>"),
    ("change_avatar", 0, "aa/one.webp"),
    ("change_avatar", 0, "aa/two.webp"),
    ("change_avatar", 0, ""),
    ("hide_counts", 1, True),
    ("change_tag", 2, "sun", follow_tag),
    ("change_tag", 2, "sun", mute_tag),
    ("make_private", 0, True),
    ("follow", (1, 0), False),
    ("follow", (1, 0), True),
    ("approve", (0, 1)),
    ("make_private", 0, False),
    ("mute", (2, 0), True),
    ("restrict", (0, 2), True),
    ("block", (0, 3), True),
    ("block", (0, 3), False),
    ("suspend", 0, True),
    ("suspend", 0, False),
    ("lose_cache", "process"),
    ("lose_cache", "both"),
    ("delete", 0),
]
"""Every kind of change at least once: the name of the rule and its arguments."""


class Half(Machine):
    """Compares half of the pages after each change: one that stays out of date is found after this one or the next."""

    shares = 2


@pytest.mark.promise("A1")
@pytest.mark.django_db
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    ("machine", "examples", "min_steps"),
    [(Half, EXAMPLES, MIN_STEPS), pytest.param(Machine, MORE_EXAMPLES, MIN_MORE_STEPS, marks=pytest.mark.deep)],
)
def test_after_random_changes_cached_pages_are_the_same_as_others(
    machine: type[Machine], examples: int, min_steps: int
) -> None:
    Machine.steps = 0

    run_sequences(machine, examples=examples, steps=STEPS, variable=VARIABLE)

    assert VARIABLE in os.environ or Machine.steps >= min_steps


@pytest.mark.promise("A1")
@pytest.mark.django_db
@pytest.mark.parametrize("kind", [Half, pytest.param(Machine, marks=pytest.mark.deep)])
def test_after_each_kind_of_change_cached_pages_are_the_same_as_others(kind: type[Machine]) -> None:
    """Make each change, because the random sequences above may leave some out in the short run."""
    machine = kind()
    try:
        machine.begin()
        machine.cached_pages_are_the_same_as_others()
        for name, *values in CHANGES:
            before = Machine.steps
            getattr(machine, name)(*values)
            assert Machine.steps > before, f"{name} {values} changed nothing"
            machine.cached_pages_are_the_same_as_others()
        machine.has_changed = True
        machine.cached_pages_are_the_same_as_others()
        rules = {name for name, value in vars(Machine).items() if hasattr(value, "hypothesis_stateful_rule")}
        assert rules == {name for name, *_ in CHANGES}
    finally:
        machine.teardown()


@pytest.mark.parametrize("working_commands", [None, *range(8)])
def test_without_valkey_the_home_page_is_the_same(
    monkeypatch: pytest.MonkeyPatch, working_commands: int | None, author: User, follower: User, post: Post
) -> None:
    """Valkey is known to be unavailable, or fails at any of the commands of a page whose cards are not cached."""
    client = Client()
    client.force_login(follower)
    fan_out_post(post.pk)
    with frozen_time(), without_cache():
        expected = masked(client.get("/"))
    assert post.caption.split()[0] in expected[1]
    left = [working_commands]
    send_packed = AbstractConnection.send_packed_command

    def send(connection: AbstractConnection, *args: Any, **options: Any) -> Any:
        if not left[0]:
            raise RedisError("gone")
        left[0] -= 1
        return send_packed(connection, *args, **options)

    with monkeypatch.context() as patched, frozen_time():
        patched.setattr(AbstractConnection, "send_packed_command", send)
        if working_commands is None:
            valkey.pause(OSError("gone"), "tested")
        assert masked(client.get("/")) == expected
        assert masked(client.get("/")) == expected
    assert left[0] in {None, 0}
