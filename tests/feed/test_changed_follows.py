"""Follows, unfollows, mutes and blocks change a warm timeline, which is not rebuilt."""

from __future__ import annotations

import pytest
from django.utils import timezone

from accounts.models import User
from feed import tasks, timelines
from feed import timeline_store as store
from feed.tasks import fan_out_post
from posts.models import Post
from social.actions.blocks import block
from social.actions.follows import follow, unfollow
from social.actions.mutes import mute, unmute
from tests.feed.reading import home_of


@pytest.fixture
def no_rebuild(monkeypatch):
    """Return a function after which a timeline must not be rebuilt from the database."""

    def forbid():
        def fail(*args, **kwargs):
            raise AssertionError("the timeline is rebuilt")

        monkeypatch.setattr(timelines, "newest_ids", fail)

    return forbid


def test_a_follow_adds_recent_posts_to_the_timeline_without_a_rebuild(
    author, follower, person, share, tasks_run, no_rebuild
):
    other = person("other")
    first, second, third = share(other), share(author), share(other)
    assert home_of(follower) == [second.pk]
    no_rebuild()

    with tasks_run():
        follow(follower, followee=other)

    assert home_of(follower) == [third.pk, second.pk, first.pk]
    fourth = share(other)
    fan_out_post(fourth.pk)
    assert home_of(follower) == [fourth.pk, third.pk, second.pk, first.pk]


@pytest.mark.parametrize(
    "end",
    [
        lambda follower, other: unfollow(follower, followee=other),
        lambda follower, other: mute(follower, muted=other),
        lambda follower, other: block(follower, blocked=other),
        lambda follower, other: block(other, blocked=follower),
    ],
    ids=["unfollow", "mute", "block", "blocked"],
)
def test_the_end_of_a_follow_takes_posts_out_of_the_timeline_without_a_rebuild(
    end, author, follower, person, share, tasks_run, no_rebuild
):
    other = person("other")
    follow(follower, followee=other)
    share(other)
    kept = share(author)
    share(other)
    assert len(home_of(follower)) == 3
    no_rebuild()

    with tasks_run():
        end(follower, other)

    assert home_of(follower) == [kept.pk]
    assert store.all_ids(follower.pk) == [kept.pk]


def test_unmuting_puts_posts_back_without_a_rebuild(author, follower, post, tasks_run, no_rebuild):
    home_of(follower)
    no_rebuild()
    with tasks_run():
        mute(follower, muted=author)
    with tasks_run():
        unmute(follower, muted=author)

    assert home_of(follower) == [post.pk]


def test_archived_posts_leave_the_timeline_at_an_unfollow_too(author, follower, share, tasks_run):
    """Otherwise they would be shown again when they return."""
    share(author)
    home_of(follower)
    Post.objects.update(archived_at=timezone.now())
    with tasks_run():
        unfollow(follower, followee=author)
    Post.objects.update(archived_at=None)

    assert home_of(follower) == []


def test_messages_in_the_wrong_order_or_repeated_leave_a_correct_home(author, follower, person, share, tasks_run):
    one, two = person("one"), person("two")
    posts = [share(one), share(two), share(author)]
    home_of(follower)
    version = User.objects.get(pk=follower.pk).follows_version
    follow(follower, followee=one)
    follow(follower, followee=two)

    for person_id, after in [(two.pk, 2), (one.pk, 1), (one.pk, 1)]:
        tasks.change_timelines(person_id, [(follower.pk, version + after)])

    assert home_of(follower) == [post.pk for post in reversed(posts)]


@pytest.mark.parametrize(
    ("change", "number_shown"), [(unfollow, 0), (follow, 1)], ids=["an unfollow", "a follow of another person"]
)
def test_a_fan_out_that_read_its_followers_before_a_change_leaves_a_correct_home(
    change, number_shown, author, follower, person, share, tasks_run, monkeypatch
):
    followee = author if change is unfollow else person("other")
    home_of(follower)
    post = share(author)
    pushing = store.pushing

    def change_and_push(post_id, readers):
        if readers[0][0] == follower.pk:
            with tasks_run():
                change(follower, followee=followee)
        return pushing(post_id, readers)

    monkeypatch.setattr(store, "pushing", change_and_push)
    fan_out_post(post.pk)

    assert home_of(follower) == [post.pk][:number_shown]


@pytest.mark.parametrize("number", [1, 3])
def test_a_follow_of_a_reader_without_a_timeline_costs_no_query(number, author, person, django_assert_num_queries):
    readers = [(person().pk, 1) for _ in range(number)]

    with django_assert_num_queries(0):
        tasks.change_timelines(author.pk, readers)
