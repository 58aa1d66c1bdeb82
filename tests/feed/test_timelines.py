"""Timelines in Valkey behave like a plain sorted list, whatever the order of pushes, follows and unfollows."""

from __future__ import annotations

from collections.abc import Iterator
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from common import valkey
from feed import timeline_store as store

READER = 7
CAP = 8
AUTHORS = 3
FIRST_ID = AUTHORS << 52
"""Ids above 53 bits, which neighbours in a float would share."""


def post_id(author: int, number: int) -> int:
    """Return an id that tells its author; numbers of all authors are mixed in time."""
    return FIRST_ID + number * AUTHORS + author


numbers = st.integers(0, 60)
authors = st.integers(0, AUTHORS - 1)


class Timeline(RuleBasedStateMachine):
    """Compare the stored timeline of one reader with all posts of the authors that they follow."""

    def __init__(self) -> None:
        super().__init__()
        valkey.timelines().flushdb()
        self.posts: set[int] = set()
        self.followed: set[int] = set()
        self.version = 0

    def expected(self) -> list[int]:
        return sorted((pk for pk in self.posts if pk % AUTHORS in self.followed), reverse=True)

    @initialize(followed=st.sets(authors, min_size=1), posts=st.sets(st.tuples(authors, numbers), max_size=40))
    def begin(self, followed: set[int], posts: set[tuple[int, int]]) -> None:
        self.followed = followed
        self.posts = {post_id(*one) for one in posts}
        self.build()

    def build(self) -> None:
        assert store.start_build(READER, self.version)
        store.finish_build(READER, self.version, self.expected()[:CAP], keep_seconds=1_000)

    @rule()
    def look(self) -> None:
        if store.versions([READER]).get(READER) != self.version:
            self.build()

    @rule(author=authors, number=numbers, times=st.integers(1, 2))
    def publish(self, author: int, number: int, times: int) -> None:
        pk = post_id(author, number)
        self.posts.add(pk)
        if author in self.followed:
            for _ in range(times):
                store.push(pk, [(READER, self.version)])

    @rule(author=authors, number=numbers)
    def publish_during_a_build(self, author: int, number: int) -> None:
        store.delete(READER)
        store.start_build(READER, self.version)
        before = self.expected()[:CAP]
        self.publish(author, number, 1)
        store.finish_build(READER, self.version, before, keep_seconds=1_000)

    @rule(author=authors)
    def follow(self, author: int) -> None:
        if author in self.followed:
            return
        self.followed.add(author)
        self.version += 1
        theirs = sorted((pk for pk in self.posts if pk % AUTHORS == author), reverse=True)
        store.add_author(READER, self.version, theirs[:CAP])

    @rule(author=authors, late=st.none() | numbers)
    def unfollow(self, author: int, late: int | None) -> None:
        """Unfollow; with `late`, a fan-out that began before pushes this post while the timeline is being changed."""
        if author not in self.followed:
            return
        self.followed.discard(author)
        self.version += 1
        ids = store.all_ids(READER)
        theirs = [pk for pk in ids if pk % AUTHORS == author]
        if late is not None:
            self.posts.add(post_id(author, late))
            store.push(post_id(author, late), [(READER, self.version - 1)])
        store.remove_author(READER, self.version, theirs, of=len(ids))

    @rule()
    def change_follows_without_a_message(self) -> None:
        self.version += 1

    @rule(author=authors, number=numbers)
    def push_for_an_earlier_version(self, author: int, number: int) -> None:
        """A fan-out that read its followers before an unfollow."""
        if self.version and author not in self.followed:
            store.push(post_id(author, number), [(READER, self.version - 1)])

    @invariant()
    def the_timeline_is_a_prefix_of_all_posts(self) -> None:
        page = store.read(READER, self.version, before=None, count=1_000, extra_key="none")
        if page is None:
            return
        expected = self.expected()
        assert page.ids == expected[: len(page.ids)]
        assert page.is_cut or page.ids == expected
        assert len(page.ids) <= CAP + CAP // 8

    @precondition(lambda self: self.posts)
    @rule(before=numbers, count=st.integers(1, 20))
    def read_a_page(self, before: int, count: int) -> None:
        cursor = post_id(0, before)
        page = store.read(READER, self.version, before=cursor, count=count, extra_key="none")
        if page is None:
            return
        expected = [pk for pk in self.expected() if pk < cursor][:count]
        assert page.ids == expected[: len(page.ids)]
        assert page.has_more or page.is_cut or page.ids == expected


@pytest.fixture(autouse=True)
def _small() -> Iterator[None]:
    with patch.object(store, "MAX_POSTS", CAP):
        yield


Timeline.TestCase.settings = settings(
    max_examples=150, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
TestTimeline = Timeline.TestCase


@pytest.mark.parametrize("readers", [1, 600])
def test_a_late_post_is_inserted_into_many_timelines_by_short_calls(
    readers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A search for the place takes longer than adding to the front, so each call is given fewer timelines."""
    monkeypatch.setattr(store, "MAX_POSTS", 500)
    ids = [FIRST_ID + number * 10 for number in range(400, 0, -1)]
    for reader_id in range(readers):
        store.start_build(reader_id, 0)
        store.finish_build(reader_id, 0, ids, keep_seconds=1_000)
    late = ids[200] + 5
    valkey.timelines().config_resetstat()

    pushed = store.push(late, [(reader_id, 0) for reader_id in range(readers)])

    calls = valkey.timelines().info("commandstats")["cmdstat_evalsha"]["calls"]
    assert pushed == readers
    assert readers / calls < 60
    assert all(store.all_ids(reader_id) == sorted([*ids, late], reverse=True) for reader_id in range(readers))
