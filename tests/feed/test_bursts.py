"""Bursts by one author are folded on the home page, and every post keeps its place."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from common.ids import EPOCH, first_id_at
from feed.bursts import group_bursts
from posts.models import Post


def post(author: int, minutes_ago: int) -> Post:
    return Post(pk=first_id_at(EPOCH + timedelta(days=30) - timedelta(minutes=minutes_ago)), author_id=author)


def shape(posts: list[Post]) -> list[tuple[int, bool]]:
    """Return (number of posts, whether they are folded) for each group."""
    return [(len(group.posts), group.is_folded) for group in group_bursts(posts)]


def test_a_page_without_posts_has_no_groups():
    assert group_bursts([]) == []


def test_three_posts_in_an_hour_are_shown():
    assert shape([post(1, minutes) for minutes in (0, 1, 2)]) == [(3, False)]


def test_the_fourth_and_further_posts_within_an_hour_are_folded():
    assert shape([post(1, minutes) for minutes in range(12)]) == [(3, False), (9, True)]


def test_posts_by_others_after_a_burst_are_shown():
    posts = [*(post(1, minutes) for minutes in range(6)), post(2, 7), post(3, 8)]

    assert shape(posts) == [(3, False), (3, True), (2, False)]


def test_two_bursts_are_folded_separately():
    posts = [*(post(1, minutes) for minutes in range(5)), *(post(2, minutes) for minutes in range(6, 11))]

    assert shape(posts) == [(3, False), (2, True), (3, False), (2, True)]


def test_four_posts_at_an_ordinary_pace_are_shown_also_to_readers_of_one_author():
    assert shape([post(1, minutes) for minutes in range(0, 600, 20)]) == [(30, False)]


def test_posts_by_another_author_in_between_end_a_burst():
    posts = [post(1, 0), post(1, 1), post(1, 2), post(2, 3), post(1, 4), post(1, 5)]

    assert shape(posts) == [(6, False)]


def test_a_post_exactly_an_hour_before_is_shown():
    assert shape([post(1, 0), post(1, 1), post(1, 2), post(1, 60)]) == [(4, False)]


@given(st.lists(st.tuples(st.integers(1, 2), st.integers(0, 40)), max_size=30))
def test_no_post_is_lost_repeated_or_moved(steps):
    ago = 0
    posts = [post(author, ago := ago + minutes) for author, minutes in steps]
    groups = group_bursts(posts)

    assert [one for group in groups for one in group.posts] == posts
    assert all(len({one.author_id for one in group.posts}) == 1 for group in groups if group.is_folded)
    assert not groups or not groups[0].is_folded
