"""Private accounts and follow requests: only approved followers have access."""

import pytest

from feed.home import home_posts
from posts.models import Post
from social import tasks
from social.actions import requests
from social.actions.follows import FollowState, follow, remove_follower
from social.actions.privacy import change_privacy
from social.actions.requests import approve_request, refuse_request
from social.models import Follow, FollowRequest
from tests.conftest import HTMX
from tests.social.conftest import counts, same

SECRET = "only for followers"


@pytest.fixture
def secret(private_author, share):
    return share(private_author, caption=f"{SECRET} #secrettag", location="secretplace")


def sees(browser, post):
    return browser.get(post.get_absolute_url()).status_code == 200


def test_following_a_private_account_sends_a_request(signed_in, private_author, stranger):
    browser = signed_in(stranger)
    for _ in range(2):
        answer = browser.post("/author/follow/", headers=HTMX)

    assert "Requested" in answer.text
    assert FollowRequest.objects.get().requester == stranger
    assert not Follow.objects.exists()
    assert counts(private_author) == (0, 0)
    assert counts(stranger) == (0, 0)


@pytest.mark.promise("A12")
def test_a_pending_request_gives_no_access(signed_in, private_author, stranger, secret):
    follow(stranger, followee=private_author)
    browser = signed_in(stranger)

    assert not sees(browser, secret)
    for url in (
        "/",
        "/author/",
        "/explore/",
        "/explore/tags/secrettag/",
        f"/search/?q={SECRET}",
        "/search/?q=secretpl",
    ):
        answer = browser.get(url)
        assert answer.status_code == 200
        assert f'data-post="{secret.shortcode}"' not in answer.text, url
    for rest in ("like", "unlike", "comment"):
        assert browser.post(f"/p/{secret.shortcode}/{rest}/", {"text": "hello"}).status_code == 404
    for rest in ("likes", "comments"):
        assert browser.get(f"/p/{secret.shortcode}/{rest}/").status_code == 404
    for rest in ("followers", "following"):
        assert browser.get(f"/author/{rest}/").status_code == 404


@pytest.mark.promise("A12")
def test_only_the_target_can_approve_a_request(signed_in, private_author, stranger, person):
    follow(stranger, followee=private_author)
    for other in (stranger, person("other")):
        browser = signed_in(other)
        browser.post("/accounts/requests/stranger/approve/")
        browser.post("/accounts/requests/author/approve/")
        browser.post("/accounts/requests/approve-all/")

    assert not Follow.objects.exists()
    assert FollowRequest.objects.count() == 1


def test_an_approved_request_becomes_a_follow_and_shows_posts_at_home(signed_in, private_author, stranger, secret):
    follow(stranger, followee=private_author)
    assert home_posts(stranger, before=None, count=5)[0] == []

    answer = signed_in(private_author).post("/accounts/requests/stranger/approve/", headers=HTMX)

    assert "stranger now follows you." in answer.text
    assert not FollowRequest.objects.exists()
    assert (counts(private_author), counts(stranger)) == ((1, 0), (0, 1))
    assert sees(signed_in(stranger), secret)
    stranger.refresh_from_db()
    assert [one.pk for one in home_posts(stranger, before=None, count=5)[0]] == [secret.pk]


def test_a_refused_request_is_deleted_and_can_be_sent_again(signed_in, private_author, stranger):
    follow(stranger, followee=private_author)
    signed_in(private_author).post("/accounts/requests/stranger/refuse/")
    assert not FollowRequest.objects.exists()
    assert not approve_request(private_author, requester=stranger), "a refused request cannot be approved"

    assert follow(stranger, followee=private_author) == FollowState.REQUESTED


def test_the_button_cancels_a_request(signed_in, private_author, stranger):
    browser = signed_in(stranger)
    browser.post("/author/follow/")
    answer = browser.post("/author/unfollow/", headers=HTMX)

    assert not FollowRequest.objects.exists()
    assert 'action="/author/follow/"' in answer.text


def test_repeating_an_answer_is_harmless(private_author, stranger):
    follow(stranger, followee=private_author)

    assert [approve_request(private_author, requester=stranger) for _ in range(2)] == [True, False]
    assert not refuse_request(private_author, requester=stranger)
    assert not requests.cancel_request(stranger, target=private_author)
    assert follow(stranger, followee=private_author) == FollowState.FOLLOWING
    assert counts(private_author) == (1, 0)
    assert [remove_follower(private_author, follower=stranger) for _ in range(2)] == [True, False]
    assert counts(private_author) == (0, 0)


def test_going_private_hides_old_posts_at_once_and_keeps_followers(client, signed_in, author, follower, stranger, post):
    assert sees(client, post)
    assert sees(signed_in(stranger), post)

    signed_in(author).post("/accounts/privacy/private/")

    assert not sees(client, post)
    assert not sees(signed_in(stranger), post)
    assert sees(signed_in(follower), post)
    assert sees(signed_in(author), post)
    page = signed_in(stranger).get("/author/")
    assert "This account is private" in page.text
    assert "</strong> post" not in page.text, "the number of posts is private, too"
    assert "data-post=" not in page.text


def test_going_public_accepts_pending_requests_as_the_page_says(
    signed_in, private_author, stranger, person, secret, client
):
    for one in (stranger, person("second")):
        follow(one, followee=private_author)
    browser = signed_in(private_author)
    assert "Your 2 follow requests will be accepted." in browser.get("/accounts/privacy/public/").text
    assert FollowRequest.objects.count() == 2, "the confirmation changes nothing"

    said = browser.post("/accounts/privacy/public/", follow=True)

    assert "2 follow requests were accepted." in said.text
    assert counts(private_author) == (2, 0)
    assert not FollowRequest.objects.exists()
    assert sees(client, secret)


def test_many_requests_are_accepted_in_several_runs(private_author, person, monkeypatch, tasks_run):
    monkeypatch.setattr(requests, "ACCEPTED_AT_ONCE", 2)
    people = [person() for _ in range(5)]
    for one in people:
        follow(one, followee=private_author)

    change_privacy(private_author, is_private=False)
    assert counts(private_author) == (2, 0)
    with tasks_run():
        assert tasks.sweep() == 1, "the sweep continues even if the message is lost"

    assert counts(private_author) == (5, 0)
    assert [counts(one) for one in people] == [(0, 1)] * 5
    assert tasks.sweep() == 0


def test_approving_all_skips_later_and_hidden_requests(signed_in, private_author, person):
    for name in ("first", "second"):
        follow(person(name), followee=private_author)
    signed_in(private_author).post("/accounts/requests/approve-all/")
    follow(person("third"), followee=private_author)

    assert counts(private_author) == (2, 0)
    assert [one.username for one in signed_in(private_author).get("/accounts/requests/").context["page"]] == ["third"]

    signed_in(private_author).post("/accounts/requests/refuse-all/")
    assert not FollowRequest.objects.exists()
    assert counts(private_author) == (2, 0)


def test_removing_a_follower_ends_their_access_without_a_notification(signed_in, private_author, stranger, secret):
    follow(stranger, followee=private_author)
    approve_request(private_author, requester=stranger)
    assert sees(signed_in(stranger), secret)
    browser = signed_in(private_author)
    assert "Remove stranger from your followers?" in browser.get("/stranger/remove-follower/").text

    browser.post("/stranger/remove-follower/")

    assert not sees(signed_in(stranger), secret)
    stranger.refresh_from_db()
    assert home_posts(stranger, before=None, count=5)[0] == []
    assert counts(private_author) == (0, 0)


@pytest.mark.promise("A2")
def test_a_private_post_has_the_response_of_a_missing_one(signed_in, client, stranger, secret):
    missing = "/p/AAAAAAAAAAB/"
    for browser in (client, signed_in(stranger)):
        for rest in ("", "comments/"):
            forbidden, unknown = (browser.get(f"{url}{rest}") for url in (secret.get_absolute_url(), missing))
            assert same(forbidden, secret.get_absolute_url()) == same(unknown, missing)


@pytest.mark.promise("A4")
def test_no_page_has_the_address_of_a_private_photo_for_non_followers(signed_in, client, stranger, follower, secret):
    address = f"/media/{secret.slides[0].pk}/"
    for url in ("/", "/author/", "/explore/", secret.get_absolute_url(), "/search/?q=secret"):
        assert address not in client.get(url).text
        assert address not in signed_in(stranger).get(url).text
    assert address in signed_in(follower).get(secret.get_absolute_url()).text


@pytest.mark.promise("A6")
def test_a_cached_home_page_hides_posts_after_a_follower_is_removed(follower, private_author, secret):
    follower.refresh_from_db()
    assert [one.pk for one in home_posts(follower, before=None, count=5)[0]] == [secret.pk]
    stale = type(follower).objects.get(pk=follower.pk)

    remove_follower(private_author, follower=follower)

    assert home_posts(stale, before=None, count=5)[0] == [], "not from the cached timeline either"


@pytest.mark.promise("A9")
def test_only_followers_see_counts_and_likes_of_a_private_account(signed_in, follower, secret):
    signed_in(follower).post(f"/p/{secret.shortcode}/like/")

    assert Post.objects.with_viewer_state(follower).get(pk=secret.pk).like_count == 1
    assert signed_in(follower).get(f"/p/{secret.shortcode}/likes/").status_code == 200


@pytest.mark.promise("O7")
@pytest.mark.parametrize("size", [2, 20])
def test_the_page_of_requests_costs_the_same_queries_at_every_size(
    size, signed_in, private_author, person, django_assert_num_queries
):
    for _ in range(size):
        follow(person(), followee=private_author)
    browser = signed_in(private_author)

    with django_assert_num_queries(4):  # the session, the requests, the people, how many wait
        assert len(browser.get("/accounts/requests/").context["page"]) == size


def test_requests_are_paginated_by_cursor(signed_in, private_author, person):
    for _ in range(32):
        follow(person(), followee=private_author)
    browser = signed_in(private_author)

    page = browser.get("/accounts/requests/").context["page"]
    fragment = browser.get(page.next_url, headers=HTMX)

    assert len(page) == 30
    assert "<html" not in fragment.text
    assert fragment.text.count('class="person request"') == 2


def test_the_frame_has_the_number_of_requests_without_a_query_for_public_accounts(signed_in, private_author, stranger):
    follow(stranger, followee=private_author)

    assert "1 pending" in signed_in(private_author).get("/").text
    assert "pending" not in signed_in(stranger).get("/").text


def test_empty_lists_have_a_text(signed_in, author):
    browser = signed_in(author)

    assert "No requests needed" in browser.get("/accounts/requests/").text
    change_privacy(author, is_private=True)
    assert "No requests" in signed_in(author).get("/accounts/requests/").text
