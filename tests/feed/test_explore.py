"""Explore: which posts it shows, in which order, and that posts seen before come last."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from common import valkey
from common.tasks import fold_counters
from feed import explore
from feed.actions import hide_from_explore, show_in_explore
from feed.explore import MAX_SEEN, ExploreCursor, explore_page
from feed.models import NotInterested
from posts.actions.editing import delete_post
from posts.actions.likes import like_post
from posts.models import Post
from posts.models.post import explore_score
from social.actions.blocks import block
from social.actions.follows import follow
from social.actions.mutes import mute
from social.actions.privacy import change_privacy
from tests.conftest import HTMX

pytestmark = pytest.mark.django_db


def shown_by(browser, url="/explore/"):
    return [post.pk for post in browser.get(url).context["page"]]


def test_likes_raise_a_post_and_age_lowers_it(stranger, author, share):
    ago = timezone.now() - timedelta(days=9)
    fresh, liked, old, ancient_hit = share(author), share(author), share(author, at=ago), share(author, at=ago)
    for post, likes in ((liked, 3), (old, 3), (ancient_hit, 1_000)):
        Post.objects.filter(pk=post.pk).update(folded_likes=likes)

    page = explore_page(stranger, cursor=ExploreCursor(explore.now_ms()), count=10)

    # 1,000 likes after nine days weigh as much as 44 likes now; 3 likes weigh less than none now.
    assert [post.pk for post in page.posts] == [ancient_hit.pk, liked.pk, fresh.pk, old.pk]
    assert page.next is None


def test_explore_shows_visible_posts_of_people_the_reader_does_not_follow(signed_in, person, stranger, share):
    names = ("open", "followed", "muted", "blocker", "private", "gone")
    people = {name: person(name) for name in names}
    posts = {name: share(one) for name, one in people.items()}
    own = share(stranger)
    follow(stranger, followee=people["followed"])
    mute(stranger, muted=people["muted"])
    block(people["blocker"], blocked=stranger)
    change_privacy(people["private"], is_private=True)
    delete_post(posts["gone"])

    shown = shown_by(signed_in(stranger))

    assert shown == [posts["open"].pk]
    assert own.pk not in shown


def report_seen(browser, posts):
    return browser.post("/explore/seen/", {"post": [post.shortcode for post in posts]})


def test_posts_the_reader_has_seen_come_last_and_explore_is_never_empty(signed_in, author, stranger, share):
    posts = [share(author) for _ in range(5)]
    browser = signed_in(stranger)
    assert report_seen(browser, posts[2:]).status_code == 204

    page = browser.get("/explore/")

    assert [post.pk for post in page.context["page"]] == [posts[n].pk for n in (1, 0, 4, 3, 2)]
    assert page.context["seen_from"] == 2
    assert "You may have seen these already" in page.text
    report_seen(browser, posts)
    assert shown_by(browser) == [post.pk for post in reversed(posts)], "all seen: the usual order again"


def test_only_reported_posts_count_as_seen(signed_in, author, stranger, share):
    posts = [share(author) for _ in range(27)]
    browser = signed_in(stranger)

    first, again = browser.get("/explore/"), browser.get("/explore/")

    assert [post.pk for post in first.context["page"]] == [post.pk for post in again.context["page"]]
    assert len(first.context["page"]) == 24
    assert first.context["seen_from"] is None
    assert explore.seen_by(stranger) == {}
    rest = browser.get(first.context["page"].next_url, headers=HTMX)
    assert [post.pk for post in rest.context["page"]] == [post.pk for post in reversed(posts[:3])]
    assert rest.context["page"].next_url == ""


def test_a_walk_shows_every_post_once_while_tiles_are_reported_as_seen(signed_in, author, stranger, share):
    posts = [share(author) for _ in range(60)]
    browser = signed_in(stranger)
    report_seen(browser, posts[:20])

    url, walked = "/explore/", []
    while url:
        page = browser.get(url, headers=HTMX).context["page"]
        walked += page.items
        report_seen(browser, page.items)
        url = page.next_url

    assert [post.pk for post in walked] == [post.pk for post in [*reversed(posts[20:]), *reversed(posts[:20])]]


def test_seen_posts_are_forgotten_after_a_week(signed_in, author, stranger, share, monkeypatch):
    posts = [share(author) for _ in range(2)]
    browser = signed_in(stranger)
    report_seen(browser, posts[1:])
    assert shown_by(browser) == [posts[0].pk, posts[1].pk]

    later = time.time() + explore.SEEN_SECONDS + 1
    monkeypatch.setattr(time, "time", lambda: later)

    assert shown_by(browser) == [posts[1].pk, posts[0].pk]


def test_the_newest_reports_are_kept_up_to_a_limit(stranger, monkeypatch):
    monkeypatch.setattr(explore, "MAX_SEEN", 3)
    for number in range(1, 6):
        explore.remember_seen(stranger, [number])

    assert len(explore.seen_by(stranger)) == 3
    assert MAX_SEEN == 5_000


def test_a_report_ignores_posts_the_reader_may_not_see_and_nonsense(signed_in, person, author, stranger, share):
    hidden, seen = person("hidden"), share(author)
    secret = share(hidden)
    change_privacy(hidden, is_private=True)

    codes = [secret.shortcode, seen.shortcode, "nonsense!", "", "A" * 500, *["x"] * 60]
    answer = signed_in(stranger).post("/explore/seen/", {"post": codes})

    assert (answer.status_code, answer.content) == (204, b"")
    assert list(explore.seen_by(stranger)) == [seen.pk]


@pytest.mark.promise("D10")
def test_without_valkey_explore_keeps_its_order(signed_in, author, stranger, share, monkeypatch):
    posts = [share(author) for _ in range(2)]
    browser = signed_in(stranger)
    report_seen(browser, posts[1:])
    monkeypatch.setattr(valkey, "is_paused", lambda url="": True)

    assert report_seen(browser, posts).status_code == 204
    assert shown_by(browser) == [posts[1].pk, posts[0].pk]


def test_visitors_see_the_same_order_each_time(client, author, share):
    for _ in range(3):
        share(author)

    assert shown_by(client) == shown_by(client) != []
    assert "Not interested" not in client.get("/explore/").text


def test_a_hidden_post_never_comes_back(signed_in, author, stranger, share):
    post, other = share(author), share(author)
    browser = signed_in(stranger)

    answer = browser.post(f"/explore/posts/{post.shortcode}/hide/", headers=HTMX)

    assert "Undo" in answer.text
    assert shown_by(browser) == [other.pk]
    assert f'data-post="{post.shortcode}"' in browser.get("/author/").text, "elsewhere it is seen"
    tile = browser.post(f"/explore/posts/{post.shortcode}/show/", headers=HTMX)
    assert f'href="/p/{post.shortcode}/"' in tile.text
    assert shown_by(browser) == [other.pk, post.pk]


def test_without_scripts_hiding_shows_a_message_and_can_be_undone(signed_in, author, stranger, share):
    post = share(author)
    browser = signed_in(stranger)

    page = browser.post(f"/explore/posts/{post.shortcode}/hide/", follow=True).text

    assert "see this post in Explore again" in page
    assert f'action="/explore/posts/{post.shortcode}/show/"' in page
    browser.post(f"/explore/posts/{post.shortcode}/show/")
    assert not NotInterested.objects.exists()


def test_hiding_twice_is_harmless_and_the_row_is_deleted_with_the_post(author, stranger, share):
    post = share(author)

    assert [hide_from_explore(stranger, post=post) for _ in range(2)] == [True, False]
    assert [show_in_explore(stranger, post=post) for _ in range(2)] == [True, False]
    hide_from_explore(stranger, post=post)
    post.media.all().delete()
    post.delete()
    assert not NotInterested.objects.exists()
    with pytest.raises(Post.DoesNotExist):
        hide_from_explore(stranger, post=Post(pk=1))


def test_likes_between_two_pages_repeat_no_post(signed_in, author, follower, stranger, share):
    posts = [share(author) for _ in range(26)]
    browser = signed_in(stranger)
    page = browser.get("/explore/").context["page"]
    first = [post.pk for post in page]
    report_seen(browser, page.items)
    # The top post now ranks below the end of the first page.
    Post.objects.filter(pk=first[0]).update(folded_likes=0)
    like_post(posts[0], liker=follower)
    fold_counters()

    rest = [post.pk for post in browser.get(page.next_url, headers=HTMX).context["page"]]

    assert rest
    assert not set(first) & set(rest)


@pytest.mark.parametrize("seen", [0, 30])
def test_a_page_costs_the_same_queries_however_many_posts_were_seen(
    seen, signed_in, author, stranger, share, django_assert_num_queries
):
    posts = [share(author) for _ in range(32)]
    browser = signed_in(stranger)
    browser.get("/explore/")
    report_seen(browser, posts[:seen])
    cursor = ExploreCursor(explore.now_ms() + 1)

    with django_assert_num_queries(1 if not seen else 2):
        explore_page(stranger, cursor=cursor, count=24)


@pytest.mark.parametrize(
    "text",
    ["1", "1_old", "1_new_2", "9" * 16 + "_new", "1_new_1_" + "9" * 19, "٣_new", "", "'; --", "\0", "1_seen_x_1"],
)
def test_an_unreadable_cursor_starts_at_the_first_page(text, client, author, share):
    share(author)

    assert len(client.get("/explore/", {"cursor": text}).context["page"]) == 1
    assert ExploreCursor.parse(text).score is None


def test_a_cursor_reads_back_what_it_wrote():
    for cursor in (
        ExploreCursor(5),
        ExploreCursor(5, True),
        ExploreCursor(7, False, -3, 9),
        ExploreCursor(7, True, 3, -9),
    ):
        assert ExploreCursor.parse(str(cursor)) == cursor


def test_the_order_of_explore_comes_from_its_index(stranger, author, share):
    share(author)
    posts = explore._for_reader(stranger).order_by(explore_score("coarse_likes", "id").desc(), "-id")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")

    assert "posts_to_explore" in posts[:24].explain()
