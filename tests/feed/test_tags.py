"""Followed tags add posts of all authors to the home page, and muted tags remove them. Both respect visibility."""

import pytest

from feed import home
from feed.home import home_posts
from feed.models import TagFollow, TagMute
from posts.actions.archiving import archive_post
from posts.actions.editing import delete_post, edit_post
from posts.actions.requests import EditRequest
from social.actions.blocks import block
from social.actions.mutes import mute
from social.actions.privacy import change_privacy
from tests.conftest import HTMX


def home_of(reader, before=None, count=12):
    return [post.pk for post in home_posts(reader, before=before, count=count)[0]]


def press(browser, tag, verb, **options):
    return browser.post(f"/explore/tags/{tag}/{verb}/", **options)


@pytest.fixture
def browser(signed_in, stranger):
    return signed_in(stranger)


def test_a_followed_tag_adds_posts_to_home_with_the_reason(browser, stranger, post):
    assert home_of(stranger) == []

    answer = press(browser, "Sun", "follow", headers=HTMX)
    assert 'action="/explore/tags/sun/unfollow/"' in answer.text
    page = browser.get("/").text
    assert f'data-post="{post.shortcode}"' in page
    assert 'You follow <a href="/explore/tags/sun/"><bdi>#sun</bdi></a>' in page

    assert press(browser, "sun", "unfollow").status_code == 302
    assert home_of(stranger) == []


def test_a_post_of_a_followee_has_no_reason(signed_in, follower, post):
    browser = signed_in(follower)
    press(browser, "sun", "follow", headers=HTMX)

    page = browser.get("/").text
    assert page.count(f'data-post="{post.shortcode}"') == 1
    assert "You follow" not in page


def test_tagged_posts_are_merged_by_time_without_gap_or_repeat(
    author, follower, stranger, person, share, signed_in, monkeypatch
):
    monkeypatch.setattr(home, "WINDOW", 5)
    press(signed_in(follower), "sea", "follow")
    hidden = person("hidden")
    posts = []
    for number in range(30):
        posts.append(share(author) if number % 3 else share(stranger, caption="#sea"))
        share(hidden, caption="#sea")
    change_privacy(hidden, is_private=True)

    shown, before = [], None
    for _ in range(40):
        found, before, _ = home_posts(follower, before=before, count=4)
        shown += [post.pk for post in found]
        if before is None:
            break

    assert shown == [post.pk for post in reversed(posts)]


@pytest.mark.promise("A7")
def test_a_followed_tag_shows_no_hidden_posts(browser, stranger, author, person, share):
    press(browser, "secret", "follow")
    locked, blocker, blocked, muted = (person(name) for name in ("locked", "blocker", "blocked", "muted"))
    seen = share(author, caption="#secret")
    for owner in (locked, blocker, blocked, muted):
        share(owner, caption="#secret")
    for act, one in ((archive_post, share(author, caption="#secret")), (delete_post, share(author, caption="#secret"))):
        act(one)
    close = share(author, caption="#secret")
    slides = [(medium.pk, medium.alt) for medium in close.slides]
    texts = {"caption": close.caption, "location": "", "audience": "close_friends"}
    edit_post(close, EditRequest(version=close.version, slides=slides, **texts))
    change_privacy(locked, is_private=True)
    block(blocker, blocked=stranger)
    block(stranger, blocked=blocked)
    mute(stranger, muted=muted)
    stranger.refresh_from_db()

    assert home_of(stranger) == [seen.pk]


def test_a_muted_tag_is_hidden_at_home_and_in_explore_but_not_on_its_page(
    signed_in, author, follower, stranger, post, share
):
    browser = signed_in(follower)
    strange = [share(stranger, caption=caption) for caption in ("#sun", "#moon")]
    other = share(author, caption="#moon")
    own = share(follower, caption="#sun")
    press(browser, "sun", "mute")

    assert home_of(follower) == [own.pk, other.pk]
    assert [one.pk for one in browser.get("/explore/").context["page"]] == [strange[1].pk]
    assert f'data-post="{post.shortcode}"' in browser.get("/explore/tags/sun/").text
    assert f'data-post="{post.shortcode}"' in browser.get("/author/").text


def test_following_and_muting_a_tag_exclude_each_other(browser, stranger):
    press(browser, "sun", "follow")
    press(browser, "sun", "mute")
    press(browser, "sun", "mute")
    assert (TagFollow.objects.count(), TagMute.objects.count()) == (0, 1)

    press(browser, "sun", "follow")
    assert (TagFollow.objects.count(), TagMute.objects.count()) == (1, 0)


@pytest.mark.parametrize(("verb", "limit"), [("follow", "MAX_FOLLOWED_TAGS"), ("mute", "MAX_MUTED_TAGS")])
def test_the_limit_of_tags_is_a_message(verb, limit, browser, stranger, monkeypatch):
    monkeypatch.setattr(f"feed.actions.{limit}", 2)
    for tag in ("one", "two", "two"):
        assert press(browser, tag, verb, headers=HTMX).status_code == 200

    answer = press(browser, "three", verb, headers=HTMX)
    assert answer.status_code == 422
    assert f"You {verb} 2 tags, which is the limit." in answer.text
    assert "which is the limit" in press(browser, "three", verb, follow=True).text
    assert TagFollow.objects.count() + TagMute.objects.count() == 2


@pytest.mark.promise("A7")
def test_hidden_posts_do_not_change_the_page_of_a_tag(browser, author, share):
    change_privacy(author, is_private=True)
    share(author, caption="#hushhush")

    used, unused = (browser.get(f"/explore/tags/{tag}/").text for tag in ("hushhush", "neverever"))
    assert used.count("Follow") == unused.count("Follow") > 0
    assert press(browser, "neverever", "follow").status_code == 302
    assert press(browser, "12", "follow").status_code == 404


@pytest.mark.promise("O7")
@pytest.mark.parametrize(("url", "verb"), [("/accounts/tags/", "follow"), ("/accounts/tags/muted/", "mute")])
@pytest.mark.parametrize("size", [2, 20])
def test_the_list_of_own_tags_costs_the_same_queries_for_any_size(url, verb, size, browser, django_assert_num_queries):
    for number in range(size):
        press(browser, f"tag{number}", verb)

    # The session, the tags.
    with django_assert_num_queries(2):
        page = browser.get(url).text
    assert page.count('class="tag-item"') == size
    assert page.index("#tag1<") < page.index("#tag0<"), "the newest first"


@pytest.mark.promise("O7")
def test_home_reads_any_number_of_followed_tags_at_once(browser, stranger, author, share, django_assert_num_queries):
    for number in range(20):
        press(browser, f"tag{number}", "follow")
        share(author, caption=f"#tag{number} #tag0")
    home_of(stranger)

    # Followed tags, the posts.
    with django_assert_num_queries(2):
        assert len(home_of(stranger)) == 12
