"""Fan-out reaches every active follower once, goes on after a kill, and leaves out authors whose posts are pulled."""

from __future__ import annotations

import faulthandler
import os
import random
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from accounts.models import User
from common import valkey
from feed import pulled_authors, tasks, timelines
from feed import timeline_store as store
from feed.models import PulledAuthor
from feed.tasks import fan_out_post, sweep
from posts.models import Post
from social.actions.follows import follow, unfollow
from social.actions.mutes import mute, unmute
from social.models import Follow
from tests.feed.reading import home_of


def followers_with_timelines(author: User, number: int) -> list[int]:
    """Create followers of `author` with empty timelines; return their ids."""
    people = [User(username=f"fan{at}", email=f"fan{at}@example.org", password="!") for at in range(number)]
    User.objects.bulk_create(people)
    ids = list(User.objects.filter(username__startswith="fan").order_by("pk").values_list("pk", flat=True))
    Follow.objects.bulk_create(Follow(follower_id=pk, followee=author) for pk in ids)
    for pk in ids:
        store.start_build(pk, 0)
        store.finish_build(pk, 0, [], keep_seconds=3_600)
    return ids


@pytest.fixture
def pushes(monkeypatch):
    """Record the readers of each push."""
    pushing, calls = store.pushing, []

    def pushing_and_record(post_id, readers):
        calls.append([reader_id for reader_id, _ in readers])
        return pushing(post_id, readers)

    monkeypatch.setattr(store, "pushing", pushing_and_record)
    return calls


# --- Kills ------------------------------------------------------------------------------------------------------------


def wait_until_locks_are_free() -> None:
    """Wait until PostgreSQL has noticed that the killed process is gone."""
    deadline = time.monotonic() + 60
    with connection.cursor() as cursor:
        while True:
            cursor.execute(
                "SELECT FROM pg_locks JOIN pg_database ON pg_database.oid = database"
                " WHERE locktype = 'advisory' AND datname = current_database()"
            )
            if not cursor.rowcount:
                return
            assert time.monotonic() < deadline, "a lock is still held"
            time.sleep(0.01)


def killed_while_fanning_out(post_id: int, *, after_pushes: int) -> None:
    """Fan out in a child process that kills itself with signal 9 right before or after a push."""
    connection.close()
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        wait_until_locks_are_free()
        return
    # A lock that a thread of the parent held stays held in the child, which then says where it waits, and ends.
    faulthandler.dump_traceback_later(30, exit=True, file=2)
    pushing, number = store.pushing, 0

    @contextmanager
    def pushing_or_die(pushed_id: int, readers: Sequence[tuple[int, int]]) -> Iterator[store.Pushed]:
        nonlocal number
        number += 1
        if number > after_pushes and after_pushes % 2:
            os.kill(os.getpid(), signal.SIGKILL)
        with pushing(pushed_id, readers) as pushed:
            yield pushed
        if number > after_pushes:
            os.kill(os.getpid(), signal.SIGKILL)

    store.pushing = pushing_or_die
    fan_out_post(post_id)
    os._exit(0)


@pytest.mark.promise("D3", "D4")
@pytest.mark.django_db(transaction=True)
def test_every_follower_gets_a_post_once_although_workers_are_killed_in_twenty_places(author, share, monkeypatch):
    monkeypatch.setattr(tasks, "FOLLOWERS_AT_ONCE", 40)
    monkeypatch.setattr(tasks, "publish", lambda task, **kwargs: task(**kwargs) or True)
    ids = followers_with_timelines(author, 1_000)
    random.seed(1)
    for kills in range(20):
        post = share(author)
        killed_while_fanning_out(post.pk, after_pushes=random.randrange(1, 25))
        assert Post.objects.get(pk=post.pk).fanned_out_at is None
        Post.objects.filter(pk=post.pk).update(published_at=timezone.now() - timedelta(minutes=1))

        assert sweep() == 1

        assert Post.objects.get(pk=post.pk).fanned_out_at is not None
        assert {store.all_ids(pk).count(post.pk) for pk in ids} == {1}
        assert {len(store.all_ids(pk)) for pk in ids} == {kills + 1}
        assert not valkey.timelines().exists(tasks.progress_key(post))


@pytest.mark.promise("D3", "D4")
@pytest.mark.django_db(transaction=True)
def test_a_fan_out_goes_on_where_a_killed_worker_stopped(author, share, monkeypatch, pushes):
    monkeypatch.setattr(tasks, "FOLLOWERS_AT_ONCE", 10)
    followers_with_timelines(author, 100)
    post = share(author)
    killed_while_fanning_out(post.pk, after_pushes=8)

    fan_out_post(post.pk)

    pushed_again = [len(readers) for readers in pushes if readers != [author.pk]]
    # Seven batches were recorded as done; the eighth was pushed, and killed before it was recorded.
    assert pushed_again == [10] * 3


@pytest.mark.django_db
def test_a_post_that_returns_during_its_fan_out_is_fanned_out_from_the_start(author, share, monkeypatch, pushes):
    monkeypatch.setattr(tasks, "FOLLOWERS_AT_ONCE", 10)
    followers_with_timelines(author, 30)
    post = share(author)
    valkey.timelines().set(tasks.progress_key(post), 1)
    Post.objects.update(version=post.version + 1)

    fan_out_post(post.pk)

    assert [len(readers) for readers in pushes] == [1, 10, 10, 10]


@pytest.mark.parametrize("size", [20, 40])
def test_a_fan_out_costs_the_same_queries_and_calls_for_each_batch(
    size, author, share, monkeypatch, pushes, django_assert_num_queries
):
    monkeypatch.setattr(tasks, "FOLLOWERS_AT_ONCE", 20)
    followers_with_timelines(author, size)
    post = share(author)

    # Lock, post, pulled author, update, unlock; the last batch is empty.
    with django_assert_num_queries(5 + size // 20 + 1):
        fan_out_post(post.pk)
    assert len(pushes) == 1 + size // 20


def test_followers_who_have_not_been_seen_lately_are_not_pushed_to(author, share, monkeypatch, pushes):
    """A page of follows that has only such followers does not end the fan-out."""
    monkeypatch.setattr(tasks, "FOLLOWERS_AT_ONCE", 10)
    followers_with_timelines(author, 40)
    ids = list(Follow.objects.order_by("pk").values_list("follower_id", flat=True))
    User.objects.filter(pk__in=ids[10:]).update(last_seen_at=timezone.now() - timedelta(days=31))
    post = share(author)

    fan_out_post(post.pk)

    assert [len(readers) for readers in pushes] == [1, 0, 0, 0, 10]
    assert {reader_id for reader_id in ids if post.pk in store.all_ids(reader_id)} == set(ids[:10])


@pytest.mark.django_db
def test_a_fan_out_goes_on_if_valkey_has_forgotten_its_scripts(author, share):
    ids = followers_with_timelines(author, 3)
    post = share(author)
    valkey.timelines().script_flush()

    fan_out_post(post.pk)

    assert {store.all_ids(pk).count(post.pk) for pk in ids} == {1}


@pytest.mark.django_db
def test_a_fan_out_that_fails_between_two_batches_leaves_a_usable_connection(author, share, monkeypatch):
    """Replies that were not read must not answer later commands."""
    monkeypatch.setattr(tasks, "FOLLOWERS_AT_ONCE", 10)
    ids = followers_with_timelines(author, 30)
    post = share(author)
    follows_below, pages = tasks._follows_below, []

    def fails_once(*args):
        pages.append(args)
        if len(pages) == 2:
            raise OperationalError
        return follows_below(*args)

    monkeypatch.setattr(tasks, "_follows_below", fails_once)
    with pytest.raises(OperationalError):
        tasks._fan_out(post.pk)
    valkey.timelines().set("written", "after the failure")
    assert valkey.timelines().get("written") == b"after the failure"

    fan_out_post(post.pk)

    assert {store.all_ids(pk).count(post.pk) for pk in ids} == {1}


# --- Authors whose posts are pulled -----------------------------------------------------------------------------------


@pytest.fixture
def pulled(author):
    """Make the author one whose posts have been pulled for long."""
    PulledAuthor.objects.create(author=author, since=timezone.now() - timedelta(days=1))
    return author


@pytest.mark.promise("O3")
def test_a_post_of_a_pulled_author_is_pushed_to_nobody_and_on_the_next_home_page(pulled, follower, share, pushes):
    """The work does not grow with the number of followers."""
    assert home_of(follower) == []
    followers_with_timelines(pulled, 50)
    post = share(pulled)
    assert home_of(follower) == [post.pk], "it need not even be fanned out"

    fan_out_post(post.pk)

    assert pushes == [[pulled.pk]]
    assert Post.objects.get().fanned_out_at is not None
    assert home_of(follower) == [post.pk]


def test_posts_of_pulled_authors_are_merged_in_order_on_all_pages(pulled, follower, person, share, monkeypatch):
    monkeypatch.setattr(store, "MAX_POSTS", 8)
    other = person("other")
    follow(follower, followee=other)
    home_of(follower)
    posts = [share([pulled, other, other][number % 3]) for number in range(30)]
    for post in posts:
        fan_out_post(post.pk)

    shown, before = [], None
    while page := home_of(follower, before=before, count=4):
        shown += page
        before = page[-1]

    assert shown == [post.pk for post in reversed(posts)]
    assert any(pk in store.all_ids(follower.pk) for pk in shown)
    assert not {post.pk for post in posts if post.author_id == pulled.pk} & set(store.all_ids(follower.pk))


def test_unfollowing_and_muting_a_pulled_author_take_effect_at_once(pulled, follower, share):
    post = share(pulled)
    assert home_of(follower) == [post.pk]

    mute(follower, muted=pulled)
    assert home_of(follower) == []
    unmute(follower, muted=pulled)
    assert home_of(follower) == [post.pk]
    unfollow(follower, followee=pulled)
    assert home_of(follower) == []


def test_an_author_with_enough_followers_becomes_pulled_and_is_pushed_until_readers_know(
    author, follower, share, settings, pushes
):
    settings.FAN_OUT_MAX_FOLLOWERS = 10
    home_of(follower)
    first = share(author)
    User.objects.filter(pk=author.pk).update(folded_followers=9)
    fan_out_post(first.pk)
    assert not PulledAuthor.objects.exists()

    User.objects.filter(pk=author.pk).update(folded_followers=10)
    second = share(author)
    fan_out_post(second.pk)
    assert PulledAuthor.objects.get().pk == author.pk
    assert pushes[-1] == [follower.pk], "readers may not know of the pulled author yet"
    assert home_of(follower) == [second.pk, first.pk]

    PulledAuthor.objects.update(since=timezone.now() - timedelta(seconds=pulled_authors.PUSHED_SECONDS + 1))
    valkey.timelines().delete(pulled_authors.pulled_key(follower.pk))  # It expires long before.
    User.objects.filter(pk=author.pk).update(folded_followers=5)
    third = share(author)
    fan_out_post(third.pk)
    assert pushes[-1] == [author.pk], "once pulled, always pulled"
    assert home_of(follower) == [third.pk, second.pk, first.pk]


def test_what_readers_remember_of_pulled_authors_expires_before_these_are_no_longer_pushed(pulled, follower):
    home_of(follower)

    remembered = valkey.timelines().ttl(pulled_authors.pulled_key(follower.pk))

    assert 0 < remembered <= pulled_authors.REMEMBERED_SECONDS < pulled_authors.PUSHED_SECONDS


@pytest.mark.promise("O7")
@pytest.mark.parametrize("number", [1, 5])
def test_pulled_authors_cost_one_query_whatever_their_number(
    number, follower, person, share, django_assert_num_queries
):
    for _ in range(number):
        large = person()
        PulledAuthor.objects.create(author=large, since=timezone.now() - timedelta(days=1))
        follow(follower, followee=large)
        share(large)
    home_of(follower)

    with django_assert_num_queries(1):
        assert len(timelines.read(follower, before=None, count=12)) == number
