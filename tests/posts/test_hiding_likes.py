"""How many like a post is nobody's business but the author's, where they say so; or not told to whom it tires."""

import pytest

from accounts.actions.profile import change_hide_like_counts
from posts.actions.likes import like_post, set_likes_hidden
from posts.models import Post
from tests.conftest import HTMX

LIKES = 7
PAGES = ["/p/{code}/", "/", "/author/", "/explore/", "/explore/tags/sun/", "/search/?q=sun", "/p/{code}/embed/"]


@pytest.fixture
def liked(post, person):
    for number in range(LIKES):
        like_post(post, liker=person(f"fan{number}"))
    return post


def told(browser, url, post):
    """Whether the page says how many like it."""
    answer = browser.get(url.format(code=post.shortcode))
    assert answer.status_code == 200
    text = " ".join(answer.text.split())
    return f"{LIKES} likes" in text or f"</svg>{LIKES}</span>" in text or f'="{LIKES}"' in text


def test_without_a_wish_everybody_is_told(liked, as_, follower):
    assert told(as_(follower), "/p/{code}/", liked)
    assert told(as_(follower), "/author/", liked)


@pytest.mark.parametrize("url", PAGES)
def test_whose_author_hides_it_tells_nobody_anywhere(url, liked, as_, follower, stranger):
    set_likes_hidden(liked, hide=True)

    assert not told(as_(stranger if "explore" in url else follower), url, liked)


def test_the_author_is_told_and_told_to_be_alone(liked, as_, author):
    set_likes_hidden(liked, hide=True)

    assert told(as_(author), "/p/{code}/", liked)
    assert told(as_(author), "/author/", liked)
    assert "Only you can see this." in as_(author).get(liked.get_absolute_url()).text


@pytest.mark.promise("A2")
def test_who_likes_it_is_for_the_author_alone_too(liked, as_, author, follower):
    set_likes_hidden(liked, hide=True)
    url = f"{liked.get_absolute_url()}likes/"

    assert as_(author).get(url).status_code == 200
    assert as_(follower).get(url).status_code == 404


def test_a_like_of_a_hidden_count_still_answers_at_once(liked, as_, follower):
    set_likes_hidden(liked, hide=True)
    browser = as_(follower)

    answer = browser.post(f"{liked.get_absolute_url()}like/", headers=HTMX)

    assert 'aria-pressed="true"' in answer.text
    assert "Like count hidden" in answer.text


@pytest.mark.parametrize("url", PAGES[:-1])
def test_who_does_not_want_to_know_is_not_told_of_others(url, liked, as_, follower, stranger):
    for person in (follower, stranger):
        change_hide_like_counts(person, hide=True)

    assert not told(as_(stranger if "explore" in url else follower), url, liked)


def test_of_ones_own_posts_one_is_told_all_the_same(liked, as_, author):
    change_hide_like_counts(author, hide=True)

    assert told(as_(author), "/author/", liked)


def test_the_author_hides_and_shows_by_the_menu(liked, as_, author, follower):
    browser, url = as_(author), liked.get_absolute_url()

    assert "Hide like count" in browser.get(url).text
    assert browser.post(f"{url}likes/hide/").url == url
    assert Post.objects.get(pk=liked.pk).hide_likes
    assert "Show like count" in browser.get(url).text
    browser.post(f"{url}likes/show/")
    assert told(as_(follower), "/p/{code}/", liked)


@pytest.mark.parametrize(("sent", "status", "hidden"), [("1", 302, True), ("0", 302, False), ("x", 422, False)])
def test_the_switch_of_the_privacy_page(sent, status, hidden, as_, follower):
    answer = as_(follower).post("/accounts/privacy/likes/", {"hide": sent})

    assert answer.status_code == status
    follower.refresh_from_db()
    assert follower.hide_like_counts is hidden
