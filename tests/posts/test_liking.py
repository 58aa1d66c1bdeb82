"""Everyone who may see a post may like it, once. The count is exact."""

import threading

import pytest
from django.db import connections

from common.counters import CountDelta
from common.tasks import fold_counters
from posts.actions.likes import like_post, unlike_post
from posts.models import Like, Post
from tests.concurrency import run_concurrently
from tests.conftest import HTMX


def count_of(post, viewer):
    return Post.objects.with_viewer_state(viewer).get(pk=post.pk).like_count


def test_a_like_counts_at_once(signed_in, follower, post):
    answer = signed_in(follower).post(f"/p/{post.shortcode}/like/", headers=HTMX)

    assert answer.status_code == 200
    assert "1 like" in answer.text
    assert count_of(post, follower) == 1
    assert 'aria-pressed="true"' in signed_in(follower).get(f"/p/{post.shortcode}/").text


def test_without_javascript_a_like_leads_back_to_the_post(signed_in, follower, post):
    answer = signed_in(follower).post(f"/p/{post.shortcode}/like/")

    assert answer.status_code == 302
    assert answer["Location"] == f"/p/{post.shortcode}/"


def test_liking_twice_is_liking_once(signed_in, follower, post):
    browser = signed_in(follower)
    for _ in range(2):
        browser.post(f"/p/{post.shortcode}/like/")

    assert count_of(post, follower) == 1


def test_unliking_takes_the_like_back_and_a_second_time_changes_nothing(signed_in, follower, post):
    browser = signed_in(follower)
    browser.post(f"/p/{post.shortcode}/like/")
    for _ in range(2):
        assert browser.post(f"/p/{post.shortcode}/unlike/").status_code == 302

    assert count_of(post, follower) == 0


def test_a_like_needs_post_and_a_session(client, signed_in, follower, post):
    assert client.post(f"/p/{post.shortcode}/like/")["Location"].startswith("/accounts/login/")
    assert signed_in(follower).get(f"/p/{post.shortcode}/like/").status_code == 405
    assert not Like.objects.exists()


def test_an_expired_session_sends_htmx_to_sign_in_and_swaps_nothing(client, post):
    answer = client.post(f"/p/{post.shortcode}/like/", headers=HTMX)

    assert answer["HX-Redirect"].startswith("/accounts/login/")
    assert not answer.content


@pytest.mark.promise("A2")
def test_a_forbidden_post_looks_like_a_missing_one(signed_in, stranger, post):
    Post.objects.update(published_at=None)
    browser = signed_in(stranger)

    forbidden = browser.post(f"/p/{post.shortcode}/like/")
    missing = browser.post("/p/AAAAAAAAAAB/like/")

    assert forbidden.status_code == missing.status_code == 404
    assert not Like.objects.exists()


def test_the_list_of_likers_shows_people(signed_in, follower, post):
    like_post(post, liker=follower)

    assert "follower" in signed_in(follower).get(f"/p/{post.shortcode}/likes/").text


def test_a_further_page_of_likers_is_rows_and_no_page(signed_in, person, post, follower):
    for _ in range(32):
        like_post(post, liker=person())
    browser = signed_in(follower)

    page = browser.get(f"/p/{post.shortcode}/likes/").context["page"]
    fragment = browser.get(page.next_url, headers=HTMX)

    assert "<html" not in fragment.text
    assert fragment.text.count('class="person"') == 2


@pytest.mark.promise("O7")
@pytest.mark.parametrize("size", [2, 20])
def test_the_list_of_likers_costs_the_same_queries_whatever_its_size(
    size, signed_in, person, post, follower, django_assert_num_queries
):
    for _ in range(size):
        like_post(post, liker=person())
    browser = signed_in(follower)
    browser.get(f"/p/{post.shortcode}/likes/")

    with django_assert_num_queries(4):  # the session, the post, the likes, the people
        browser.get(f"/p/{post.shortcode}/likes/")


def test_folding_moves_the_count_and_does_not_change_it(follower, stranger, post):
    like_post(post, liker=follower)
    like_post(post, liker=stranger)
    unlike_post(post, liker=stranger)
    before = count_of(post, follower)

    assert fold_counters() > 0

    assert before == count_of(post, follower) == post.likes.count() == 1
    assert not CountDelta.objects.exists()
    assert Post.objects.get(pk=post.pk).folded_likes == 1


@pytest.mark.promise("D13")
@pytest.mark.django_db(transaction=True)
def test_two_simultaneous_likes_by_one_person_count_one(follower, post):
    new = run_concurrently(*[lambda: like_post(post, liker=follower)] * 8)

    assert sorted(new) == [False] * 7 + [True]
    assert count_of(post, follower) == post.likes.count() == 1


@pytest.mark.promise("D13")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("count", [24, pytest.param(1_000, marks=pytest.mark.deep)])
def test_many_people_like_one_post_at_once_while_counts_are_folded(count, person, post):
    people = [person() for _ in range(count)]
    together = threading.Barrier(9)

    def like(some):
        together.wait()
        for one in some:
            like_post(post, liker=one)
        connections.close_all()

    threads = [threading.Thread(target=like, args=(people[start::8],)) for start in range(8)]
    for thread in threads:
        thread.start()
    together.wait()
    seen = []
    while any(thread.is_alive() for thread in threads):
        fold_counters()
        seen.append(count_of(post, people[0]))
    for thread in threads:
        thread.join()

    assert seen == sorted(seen), "a count never went back while it was folded"
    assert count_of(post, people[0]) == post.likes.count() == count
    fold_counters()
    assert Post.objects.get(pk=post.pk).folded_likes == count
