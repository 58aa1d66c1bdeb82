"""The home page: posts of followees, newest first, equally from Valkey and from PostgreSQL."""

import re
from datetime import timedelta
from html import unescape

import pytest
from redis.exceptions import ConnectionError as ValkeyDownError

from accounts.actions.moderation import suspend_person
from common import valkey
from common.tasks import fold_counters
from feed import timeline_store as store
from feed import timelines
from feed.home import home_posts
from feed.tasks import fan_out_post, sweep
from posts.actions.editing import delete_post
from posts.actions.moderation import remove_post, restore_post
from posts.models import Post
from social.actions.follows import follow, unfollow
from tests.conftest import HTMX


def home_of(reader, before=None, count=12):
    reader.refresh_from_db()
    return [post.pk for post in home_posts(reader, before=before, count=count)[0]]


def articles(answer):
    return answer.text.count("<article")


def older_posts(answer):
    """Return the address of the next page; "" at the end."""
    found = re.search(r'class="more-link" href="([^"]+)"', answer.text)
    return unescape(found[1]) if found else ""


def shortcodes(answer):
    return re.findall(r'<article[^>]*\sdata-post="([^"]+)"', answer.text)


@pytest.fixture
def valkey_down(monkeypatch):
    def refuse():
        raise ValkeyDownError("connection refused")

    monkeypatch.setattr(valkey, "client", refuse)
    monkeypatch.setattr(valkey, "timelines", refuse)


def test_home_shows_own_and_followed_posts_newest_first(author, follower, stranger, share):
    shared = [share(author), share(author), share(follower)]
    share(stranger)

    assert home_of(follower) == [post.pk for post in reversed(shared)]


def test_a_published_post_is_pushed_to_existing_timelines(author, follower, share):
    assert home_of(follower) == []
    post = share(author)
    assert home_of(follower) == [], "the timeline is read, not the database"

    fan_out_post(post.pk)

    assert home_of(follower) == [post.pk]


@pytest.mark.promise("D11")
def test_a_repeated_fan_out_shows_a_post_once(author, follower, share):
    home_of(follower)
    post = share(author)
    for _ in range(3):
        fan_out_post(post.pk)

    assert home_of(follower) == [post.pk]


def test_a_post_rendered_late_is_sorted_by_time(author, follower, share):
    home_of(follower)
    first, second = share(author), share(author)
    fan_out_post(second.pk)
    fan_out_post(first.pk)

    assert home_of(follower) == [second.pk, first.pk]


def test_following_adds_posts_immediately_and_unfollowing_removes_them(author, stranger, post):
    assert home_of(stranger) == []
    follow(stranger, followee=author)
    assert home_of(stranger) == [post.pk]
    unfollow(stranger, followee=author)
    assert home_of(stranger) == []


@pytest.mark.promise("A6")
def test_a_timeline_shows_no_deleted_removed_or_suspended_posts(author, follower, person, share):
    other = person("other")
    follow(follower, followee=other)
    kept, deleted, removed, hidden = share(author), share(author), share(author), share(other)
    assert len(home_of(follower)) == 4

    delete_post(deleted)
    remove_post(removed, reason="spam")
    suspend_person(other, reason="spam")

    assert home_of(follower) == [kept.pk]
    assert hidden.pk not in home_of(follower)


def test_a_page_is_full_even_if_most_of_the_timeline_is_hidden(author, follower, share):
    posts = [share(author) for _ in range(12)]
    home_of(follower)
    for post in posts[3:]:
        remove_post(post, reason="spam")

    assert home_of(follower, count=3) == [post.pk for post in reversed(posts[:3])]


def test_a_restored_post_returns_to_timelines_built_without_it(author, follower, post, tasks_run):
    remove_post(post, reason="a mistake")
    assert home_of(follower) == []

    with tasks_run():
        restore_post(post)

    assert home_of(follower) == [post.pk]


def test_many_hidden_posts_cost_only_a_few_queries(author, follower, person, share, django_assert_max_num_queries):
    noisy = person("noisy")
    follow(follower, followee=noisy)
    shown = share(author)
    for _ in range(60):
        share(noisy)
    home_of(follower)
    suspend_person(noisy, reason="spam")
    follower.refresh_from_db()

    with django_assert_max_num_queries(1 + 3 * 2):
        assert [post.pk for post in home_posts(follower, before=None, count=3)[0]] == [shown.pk]
    valkey.client().flushdb()
    with django_assert_max_num_queries(1 + 5):  # one finds the pulled authors that the reader follows
        assert [post.pk for post in home_posts(follower, before=None, count=3)[0]] == [shown.pk]


@pytest.mark.promise("D9")
def test_home_is_the_same_after_flushing_valkey(author, follower, share):
    for _ in range(5):
        share(author)
    before = home_of(follower)
    valkey.client().flushdb()

    assert home_of(follower) == before
    assert len(before) == 5


@pytest.mark.promise("D10")
def test_without_valkey_home_comes_from_the_database(author, follower, share, valkey_down):
    posts = [share(author) for _ in range(5)]

    assert home_of(follower) == [post.pk for post in reversed(posts)]
    assert home_of(follower, before=posts[2].pk) == [posts[1].pk, posts[0].pk]


def test_a_post_published_during_a_build_is_not_missed(author, follower, share, monkeypatch):
    newest_ids = timelines.newest_ids
    late = []

    def newest_ids_just_before_a_post(*args, **kwargs):
        found = newest_ids(*args, **kwargs)
        if not late:
            late.append(share(author))
            fan_out_post(late[0].pk)
        return found

    monkeypatch.setattr(timelines, "newest_ids", newest_ids_just_before_a_post)

    assert home_of(follower) == [late[0].pk]


def test_a_timeline_is_capped_and_older_pages_come_from_the_database(author, follower, share, monkeypatch):
    monkeypatch.setattr(store, "MAX_POSTS", 5)
    posts = [share(author) for _ in range(9)]
    home_of(follower)
    for post in posts:
        fan_out_post(post.pk)

    assert len(store.all_ids(follower.pk)) == 5
    assert home_of(follower, count=9) == [post.pk for post in reversed(posts)]
    assert home_of(follower, before=posts[3].pk) == [post.pk for post in reversed(posts[:3])]


def test_the_sweeper_fans_out_posts_after_a_lost_message(author, share, monkeypatch):
    from feed import tasks

    post = share(author)
    asked = []
    monkeypatch.setattr(tasks, "publish", lambda task, **kwargs: asked.append(kwargs) or True)
    assert sweep() == 0, "not overdue yet"
    Post.objects.update(published_at=post.published_at - timedelta(minutes=1))

    assert sweep() == 1
    assert asked == [{"post_id": post.pk}]
    fan_out_post(post.pk)
    assert sweep() == 0


def test_a_reader_back_after_a_month_reads_from_the_database_and_then_has_a_timeline_again(
    signed_in, author, follower, share
):
    type(follower).objects.filter(pk=follower.pk).update(last_seen_at=follower.last_seen_at - timedelta(days=31))
    first = share(author)
    browser = signed_in(follower)
    key = store.timeline_key(follower.pk)

    assert shortcodes(browser.get("/")) == [first.shortcode]
    assert not valkey.client().exists(key), "nothing is pushed to this reader yet"

    second = share(author)
    fan_out_post(second.pk)
    assert shortcodes(browser.get("/")) == [second.shortcode, first.shortcode]
    assert valkey.client().exists(key)


def test_inactive_readers_are_not_pushed_to_and_miss_nothing(author, follower, share):
    home_of(follower)
    type(follower).objects.filter(pk=follower.pk).update(last_seen_at=follower.last_seen_at - timedelta(days=31))
    post = share(author)
    fan_out_post(post.pk)
    assert store.all_ids(follower.pk) == []

    store.delete(follower.pk)  # It expires before the 31 days are over.

    assert home_of(follower) == [post.pk]


def test_pages_have_no_gap_and_no_repeat(signed_in, author, follower, share):
    posts = [share(author) for _ in range(26)]
    browser = signed_in(follower)

    page, seen = browser.get("/"), []
    while True:
        seen += shortcodes(page)
        if not older_posts(page):
            break
        page = browser.get(older_posts(page), headers=HTMX)

    assert seen == [post.shortcode for post in reversed(posts)]
    assert "all caught up" in page.text
    assert "<html" not in page.text, "a further page is a fragment"


def test_without_javascript_older_posts_are_a_link_to_a_full_page(signed_in, author, follower, share):
    for _ in range(13):
        share(author)
    browser = signed_in(follower)

    page = browser.get("/")
    assert "Older posts" in page.text
    further = browser.get(older_posts(page))
    assert "<html" in further.text
    assert articles(further) == 1


@pytest.mark.promise("U10")
@pytest.mark.parametrize("cursor", ["x", "-1", "0", "9" * 30, "٣", "1.5", ""])
def test_an_invalid_cursor_gives_the_first_page(cursor, signed_in, follower, post):
    answer = signed_in(follower).get("/", {"cursor": cursor})

    assert answer.status_code == 200
    assert articles(answer) == 1


def test_a_member_who_follows_no_one_sees_suggestions(signed_in, stranger, post):
    fold_counters()
    answer = signed_in(stranger).get("/")

    assert answer.status_code == 200
    assert 'action="/author/follow/"' in answer.text


@pytest.mark.promise("O7")
@pytest.mark.parametrize("size", [2, 12])
def test_home_costs_the_same_queries_whatever_its_size(
    size, signed_in, author, follower, stranger, share, django_assert_num_queries
):
    share(stranger)
    fold_counters()
    for number in range(size):
        share(author, photos=1 + number % 3)
    browser = signed_in(follower)
    browser.get("/")

    # session with person and flags, the posts, suggestions
    with django_assert_num_queries(3):
        browser.get("/")


def test_visitors_see_the_landing_page(client, post):
    answer = client.get("/")

    assert answer.status_code == 200
    assert "/accounts/signup/" in answer.text


@pytest.mark.promise("O7")
@pytest.mark.parametrize("size", [2, 20])
def test_the_landing_page_costs_the_same_queries_for_any_number_of_posts(
    size, client, author, share, django_assert_num_queries
):
    for _ in range(size):
        share(author, photos=2)

    with django_assert_num_queries(3):  # the states of posts; posts and media, to draw the tiles
        assert client.get("/").status_code == 200
    with django_assert_num_queries(1):
        assert client.get("/").status_code == 200
