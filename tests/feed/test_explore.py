"""Explore: what is in it, in which order, and that nothing comes twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from common import valkey
from common.tasks import fold_counters
from feed import explore
from feed.actions import hide_from_explore, show_in_explore
from feed.explore import MAX_SHOWN, Place, explore_posts
from feed.models import NotInterested
from posts.actions import delete_post, like_post
from posts.models import Post
from social.actions import block, change_privacy, follow, mute
from tests.conftest import HTMX

pytestmark = pytest.mark.django_db


def shown_by(browser, url="/explore/"):
    return [post.pk for post in browser.get(url).context["page"]]


def test_likes_lift_a_post_and_time_lowers_it(stranger, author, share):
    ago = timezone.now() - timedelta(days=9)
    fresh, liked, old, ancient_hit = share(author), share(author), share(author, at=ago), share(author, at=ago)
    for post, likes in ((liked, 3), (old, 3), (ancient_hit, 1_000)):
        Post.objects.filter(pk=post.pk).update(folded_likes=likes)

    posts, end = explore_posts(stranger, after=None, count=10)

    # A thousand likes nine days ago are worth what 44 are now; three are worth less than none yet.
    assert [post.pk for post in posts] == [ancient_hit.pk, liked.pk, fresh.pk, old.pk]
    assert end is None


def test_explore_is_of_people_one_does_not_follow_and_nothing_that_is_not_for_one(as_, person, stranger, share):
    names = ("open", "followed", "muted", "blocker", "private", "gone")
    people = {name: person(name) for name in names}
    posts = {name: share(one) for name, one in people.items()}
    own = share(stranger)
    follow(stranger, followee=people["followed"])
    mute(stranger, muted=people["muted"])
    block(people["blocker"], blocked=stranger)
    change_privacy(people["private"], is_private=True)
    delete_post(posts["gone"])

    shown = shown_by(as_(stranger))

    assert shown == [posts["open"].pk]
    assert own.pk not in shown


def test_nothing_comes_twice_in_a_week(as_, author, stranger, share, monkeypatch):
    posts = {share(author).pk for _ in range(27)}
    browser = as_(stranger)

    first, second, third = shown_by(browser), shown_by(browser), browser.get("/explore/")

    assert (len(first), len(second)) == (24, 3)
    assert {*first, *second} == posts
    assert "You’ve seen it all" in third.text
    new = share(author)
    assert shown_by(browser) == [new.pk]
    later = explore.time.time() + explore.SHOWN_SECONDS + 1
    monkeypatch.setattr(explore.time, "time", lambda: later)
    assert len(shown_by(browser)) == 24


def test_one_may_ask_for_all_again(as_, author, stranger, share):
    post = share(author)
    browser = as_(stranger)
    shown_by(browser)

    answer = browser.post("/explore/again/", follow=True)

    assert [one.pk for one in answer.context["page"]] == [post.pk]


def test_what_one_was_shown_is_remembered_of_so_many_posts_and_no_more(stranger, monkeypatch):
    monkeypatch.setattr(explore, "MAX_SHOWN", 3)
    explore.remember(stranger, [Post(pk=number) for number in range(1, 6)])

    assert len(explore.shown_to(stranger)) == 3
    assert MAX_SHOWN == 5_000


def test_R2_without_valkey_explore_repeats_itself_and_nothing_else(as_, author, stranger, share, monkeypatch):
    post = share(author)
    browser = as_(stranger)
    shown_by(browser)
    monkeypatch.setattr(valkey, "is_paused", lambda: True)

    assert shown_by(browser) == [post.pk]


def test_somebody_without_a_session_sees_the_same_each_time(client, author, share):
    for _ in range(3):
        share(author)

    assert shown_by(client) == shown_by(client) != []
    assert "Not interested" not in client.get("/explore/").text


def test_what_one_is_not_interested_in_never_comes_back(as_, author, stranger, share):
    post, other = share(author), share(author)
    browser = as_(stranger)

    answer = browser.post(f"/explore/posts/{post.shortcode}/hide/", headers=HTMX)

    assert "Undo" in answer.text
    assert shown_by(browser) == [other.pk]
    explore.forget(stranger)
    assert shown_by(browser) == [other.pk]
    assert f'data-post="{post.shortcode}"' in browser.get("/author/").text, "elsewhere it is seen"
    tile = browser.post(f"/explore/posts/{post.shortcode}/show/", headers=HTMX)
    assert f'href="/p/{post.shortcode}/"' in tile.text
    explore.forget(stranger)
    assert shown_by(browser) == [other.pk, post.pk]


def test_without_scripts_hiding_says_what_happened_and_can_be_undone(as_, author, stranger, share):
    post = share(author)
    browser = as_(stranger)

    page = browser.post(f"/explore/posts/{post.shortcode}/hide/", follow=True).text

    assert "not shown to you in Explore any more" in page
    assert f'action="/explore/posts/{post.shortcode}/show/"' in page
    browser.post(f"/explore/posts/{post.shortcode}/show/")
    assert not NotInterested.objects.exists()


def test_D1_hiding_again_is_harmless_and_goes_with_the_post(author, stranger, share):
    post = share(author)

    assert [hide_from_explore(stranger, post=post) for _ in range(2)] == [True, False]
    assert [show_in_explore(stranger, post=post) for _ in range(2)] == [True, False]
    hide_from_explore(stranger, post=post)
    post.media.all().delete()
    post.delete()
    assert not NotInterested.objects.exists()
    with pytest.raises(Post.DoesNotExist):
        hide_from_explore(stranger, post=Post(pk=1))


def test_likes_that_change_between_two_pages_repeat_nothing(as_, author, follower, stranger, share):
    posts = [share(author) for _ in range(26)]
    browser = as_(stranger)
    page = browser.get("/explore/").context["page"]
    first = [post.pk for post in page]
    # What was at the top falls below the place where the page ended.
    Post.objects.filter(pk=first[0]).update(folded_likes=0)
    like_post(posts[0], liker=follower)
    fold_counters()

    rest = [post.pk for post in browser.get(page.next_url, headers=HTMX).context["page"]]

    assert not set(first) & set(rest)


@pytest.mark.parametrize("text", ["1", "x_y", "1_2_3", "9" * 30 + "_1", "1_" + "9" * 19, "٣_٣", "", "'; --", "\0"])
def test_a_cursor_that_is_none_of_ours_is_the_first_page(text, client, author, share):
    share(author)

    assert len(client.get("/explore/", {"cursor": text}).context["page"]) == 1
    assert Place.read(text) is None


def test_the_order_of_explore_comes_from_its_index(stranger, author, share):
    share(author)
    posts = explore._for_reader(stranger).order_by(explore.ExploreScore("folded_likes", "id").desc(), "-id")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")

    assert "posts_to_explore" in posts[:24].explain()
