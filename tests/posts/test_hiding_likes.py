"""Authors can hide the likes of a post from others, and viewers can hide like counts from themselves."""

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
    return f"{LIKES} likes" in text or f"</i>{LIKES}</span>" in text or f'="{LIKES}"' in text


def test_like_counts_are_shown_by_default(liked, signed_in, follower):
    assert told(signed_in(follower), "/p/{code}/", liked)
    assert told(signed_in(follower), "/author/", liked)


@pytest.mark.parametrize("url", PAGES)
def test_hidden_like_counts_appear_nowhere(url, liked, signed_in, follower, stranger):
    set_likes_hidden(liked, hide=True)

    assert not told(signed_in(stranger if "explore" in url else follower), url, liked)


def test_the_author_sees_the_count_and_that_it_is_hidden(liked, signed_in, author):
    set_likes_hidden(liked, hide=True)

    assert told(signed_in(author), "/p/{code}/", liked)
    assert told(signed_in(author), "/author/", liked)
    assert "Only you can see this." in signed_in(author).get(liked.get_absolute_url()).text


@pytest.mark.promise("A2")
def test_only_the_author_lists_hidden_likers(liked, signed_in, author, follower):
    set_likes_hidden(liked, hide=True)
    url = f"{liked.get_absolute_url()}likes/"

    assert signed_in(author).get(url).status_code == 200
    assert signed_in(follower).get(url).status_code == 404


def test_a_like_responds_without_a_count_if_likes_are_hidden(liked, signed_in, follower):
    set_likes_hidden(liked, hide=True)
    browser = signed_in(follower)

    answer = browser.post(f"{liked.get_absolute_url()}like/", headers=HTMX)

    assert "Like count hidden" in answer.text
    assert 'aria-pressed="true"' in browser.get(liked.get_absolute_url()).text


@pytest.mark.parametrize("url", PAGES[:-1])
def test_viewers_can_hide_like_counts_of_others(url, liked, signed_in, follower, stranger):
    for person in (follower, stranger):
        change_hide_like_counts(person, hide=True)

    assert not told(signed_in(stranger if "explore" in url else follower), url, liked)


def test_authors_see_the_likes_of_their_own_posts(liked, signed_in, author):
    change_hide_like_counts(author, hide=True)

    assert told(signed_in(author), "/author/", liked)


def test_the_menu_hides_and_shows_likes(liked, signed_in, author, follower):
    browser, url = signed_in(author), liked.get_absolute_url()

    assert "Hide like count" in browser.get(url).text
    assert browser.post(f"{url}likes/hide/").url == url
    assert Post.objects.get(pk=liked.pk).hide_likes
    assert "Show like count" in browser.get(url).text
    browser.post(f"{url}likes/show/")
    assert told(signed_in(follower), "/p/{code}/", liked)


@pytest.mark.parametrize(("sent", "status", "hidden"), [("1", 302, True), ("0", 302, False), ("x", 422, False)])
def test_the_switch_of_the_privacy_page(sent, status, hidden, signed_in, follower):
    answer = signed_in(follower).post("/accounts/privacy/likes/", {"hide": sent})

    assert answer.status_code == status
    follower.refresh_from_db()
    assert follower.hide_like_counts is hidden
