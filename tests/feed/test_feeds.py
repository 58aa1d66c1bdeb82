"""The feeds of the home page: Following by time, Favourites, and For you in an order that pages keep."""

import html
import re
import time
from datetime import timedelta

import pytest
from django.utils import timezone
from redis.exceptions import ConnectionError as ValkeyDownError

from accounts.models import Feed
from common import valkey
from common.ids import first_id_at
from feed.actions import follow_tag
from feed.contacts import contacts_of
from feed.explore import remember_seen
from feed.feeds import feed_of, feed_states
from feed.for_you import ForYouCursor, ranking_key, read_for_you
from feed.home import home_states
from feed.ranking import Contacts, Kind
from feed.volume import RECENT, within_volume
from posts.actions.comments import add_comment
from posts.actions.likes import like_post, unlike_post
from posts.models import Audience, Post
from social.actions.blocks import block
from social.actions.feed_choices import add_favourite, change_volume
from social.actions.follows import follow
from social.actions.mutes import mute
from social.models import Volume

pytestmark = pytest.mark.django_db


@pytest.fixture
def posts_by(share):
    """Create posts of an author without their files."""

    def create(author, number, *, hours=0.0, **fields):
        first = first_id_at(timezone.now() - timedelta(hours=hours))
        return [
            Post.objects.create(id=first + at * 1024 * 8192, author=author, published_at=timezone.now(), **fields)
            for at in range(number)
        ]

    return create


def walk(reader, feed, count=3):
    """Return the pages of a feed from the first to the last one."""
    pages, cursor = [], ""
    reader.refresh_from_db()
    while True:
        page = feed_states(reader, feed, cursor=cursor, count=count)
        pages.append(page)
        if not (cursor := page.next_cursor):
            return pages


def ids(pages):
    return [post.pk for page in pages for post in page.posts]


@pytest.fixture
def anna(person, follower):
    found = person("anna")
    follow(follower, followee=found)
    return found


def newest_first(*lists):
    return sorted((post.pk for posts in lists for post in posts), reverse=True)


# --- Favourites -------------------------------------------------------------------------------------------------------


def test_favourites_have_all_posts_of_favourites_and_of_nobody_else(author, anna, follower, posts_by):
    favourites = posts_by(anna, 7, hours=1)
    posts_by(author, 3)
    add_favourite(follower, followee=anna)
    change_volume(follower, followee=anna, volume=Volume.FEWER)

    assert ids(walk(follower, Feed.FAVOURITES)) == newest_first(favourites)


@pytest.mark.parametrize("hide", [lambda a, f: mute(f, muted=a), lambda a, f: block(a, blocked=f)])
def test_no_feed_has_hidden_posts(author, anna, follower, posts_by, hide):
    posts_by(anna, 4, hours=1)
    shown = posts_by(author, 2)
    posts_by(author, 1, audience=Audience.CLOSE_FRIENDS)
    for one in (anna, author):
        add_favourite(follower, followee=one)
    walk(follower, Feed.FOR_YOU)
    hide(anna, follower)

    for feed in Feed:
        assert set(ids(walk(follower, feed))) == {post.pk for post in shown}, feed


def test_a_kept_ranking_does_not_show_what_is_hidden_since(anna, follower, posts_by):
    posts_by(anna, 6)
    first = feed_states(follower, Feed.FOR_YOU, cursor="", count=2)
    block(anna, blocked=follower)

    assert feed_states(follower, Feed.FOR_YOU, cursor=first.next_cursor, count=2).posts == []


# --- Volume -----------------------------------------------------------------------------------------------------------


def shown(reader, author):
    return newest_first(Post.objects.filter(within_volume(reader), author=author))


def test_fewer_means_the_first_post_of_each_day(author, follower, posts_by):
    noon = timezone.now().replace(hour=12, minute=0)
    start = (timezone.now() - noon).total_seconds() / 3600
    today = posts_by(author, 3, hours=start)
    before = posts_by(author, 3, hours=start + 24)
    change_volume(follower, followee=author, volume=Volume.FEWER)

    assert shown(follower, author) == newest_first(today[:1], before[:1])


def test_a_post_for_close_friends_does_not_take_the_place_of_another(author, follower, posts_by):
    noon = timezone.now().replace(hour=12, minute=0)
    start = (timezone.now() - noon).total_seconds() / 3600
    posts_by(author, 1, hours=start + 1, audience=Audience.CLOSE_FRIENDS)
    public = posts_by(author, 1, hours=start)
    change_volume(follower, followee=author, volume=Volume.FEWER)

    assert public[0].pk in shown(follower, author)


def test_highlights_are_the_better_liked_half(author, follower, posts_by):
    posts = posts_by(author, RECENT, hours=30)
    old_hit, old_miss = posts_by(author, 2, hours=90)
    for likes, post in enumerate(posts):
        Post.objects.filter(pk=post.pk).update(folded_likes=likes)
    Post.objects.filter(pk=old_hit.pk).update(folded_likes=RECENT)
    change_volume(follower, followee=author, volume=Volume.HIGHLIGHTS)

    assert shown(follower, author) == newest_first(posts[RECENT // 2 :], [old_hit])
    assert old_miss.pk not in shown(follower, author)


def test_all_posts_of_people_with_few_posts_are_highlights(author, follower, posts_by):
    posts = posts_by(author, RECENT // 2 - 1)
    change_volume(follower, followee=author, volume=Volume.HIGHLIGHTS)

    assert shown(follower, author) == newest_first(posts)


def test_the_volume_is_that_of_one_reader_for_one_person(author, anna, follower, person, posts_by):
    other = person()
    follow(other, followee=author)
    by_author, by_anna = posts_by(author, 3), posts_by(anna, 3)
    change_volume(follower, followee=author, volume=Volume.FEWER)

    assert len(shown(follower, author)) < 3
    assert shown(follower, anna) == newest_first(by_anna)
    assert shown(other, author) == newest_first(by_author)


# --- For you ----------------------------------------------------------------------------------------------------------


def test_contacts_are_counted_from_likes_and_comments(author, anna, follower, posts_by):
    posts = posts_by(author, 3)
    for post in posts:
        like_post(post, liker=follower)
    add_comment(posts_by(anna, 1)[0], author=follower, text="Lovely")
    assert contacts_of(follower) == {author.pk: Contacts(likes=3), anna.pk: Contacts(comments=1)}

    unlike_post(posts[0], liker=follower)

    assert contacts_of(follower)[author.pk] == Contacts(likes=2)


def test_often_liked_authors_come_first_with_the_reason(author, anna, follower, posts_by):
    for post in posts_by(anna, 3, hours=50):
        like_post(post, liker=follower)
    close, other = posts_by(anna, 1, hours=2)[0], posts_by(author, 1, hours=1)[0]

    page = feed_states(follower, Feed.FOR_YOU, cursor="", count=5)

    assert [post.pk for post in page.posts][:2] == [close.pk, other.pk]
    assert page.reasons[close.pk].kind is Kind.LIKES
    assert page.reasons[other.pk].kind is Kind.FOLLOW


def test_the_reason_names_the_followed_tag(person, follower, share):
    tagged = share(person("stranger2"), caption="A #sunny day")
    follow_tag(follower, name="sunny")

    page = feed_states(follower, Feed.FOR_YOU, cursor="", count=5)

    assert page.reasons[tagged.pk] == (Kind.TAG, "sunny")


@pytest.mark.parametrize("is_kept", [True, False])
def test_pages_neither_repeat_nor_skip_while_things_change(author, anna, follower, posts_by, monkeypatch, is_kept):
    monkeypatch.setattr("feed.for_you.MAX_CANDIDATES", 10)
    posts = posts_by(author, 9, hours=5) + posts_by(anna, 8, hours=3)
    follower.refresh_from_db()
    seen, cursor = [], ""
    while True:
        page = feed_states(follower, Feed.FOR_YOU, cursor=cursor, count=4)
        seen += [post.pk for post in page.posts]
        if not (cursor := page.next_cursor):
            break
        remember_seen(follower, [post.pk for post in page.posts])
        posts_by(anna, 1)
        if is_kept:
            like_post(Post.objects.get(pk=page.posts[0].pk), liker=follower)
        else:
            valkey.timelines().delete(ranking_key(follower.pk))

    assert len(seen) == len(set(seen))
    assert set(seen) == {post.pk for post in posts}


def test_seen_posts_come_last(author, follower, posts_by):
    posts = posts_by(author, 6)
    remember_seen(follower, [posts[5].pk, posts[4].pk])
    started = int(timezone.now().timestamp() * 1000) + 1
    follower.refresh_from_db()

    page = read_for_you(follower, cursor=ForYouCursor(started), count=6, load=home_states)

    assert [post.pk for post in page.posts][-2:] == [posts[5].pk, posts[4].pk]
    assert page.seen_from == 4


def test_a_cursor_survives_its_text_and_strange_texts_begin_a_new_walk():
    for cursor in (ForYouCursor(5), ForYouCursor(5, 12), ForYouCursor(5, 0, 1 << 62)):
        assert ForYouCursor.parse(str(cursor)) == cursor
    for text in ("", "x", "5", "5_x", "5_1000", f"5_before_{1 << 63}", "999999999999999_1", "٥_1"):
        assert ForYouCursor.parse(text).started_ms > 5


def test_without_valkey_the_feed_is_ranked_for_every_page(author, follower, posts_by, monkeypatch):
    def refuse():
        raise ValkeyDownError("connection refused")

    monkeypatch.setattr(valkey, "client", refuse)
    monkeypatch.setattr(valkey, "timelines", refuse)
    posts = posts_by(author, 7)

    assert sorted(ids(walk(follower, Feed.FOR_YOU))) == sorted(post.pk for post in posts)


@pytest.mark.parametrize("size", [3, 12])
@pytest.mark.parametrize(("feed", "queries"), [(Feed.FAVOURITES, 3), (Feed.FOR_YOU, 7)])
def test_a_feed_costs_the_same_queries_at_every_size(
    author, follower, posts_by, django_assert_max_num_queries, feed, queries, size
):
    posts_by(author, size)
    add_favourite(follower, followee=author)
    feed_states(follower, feed, cursor="", count=size)

    with django_assert_max_num_queries(queries):
        assert len(feed_states(follower, feed, cursor="", count=size).posts) == size


def test_the_first_feed_is_the_readers_choice(follower):
    assert feed_of("", follower) == Feed.FOLLOWING
    follower.first_feed = Feed.FOR_YOU
    assert feed_of("", follower) == Feed.FOR_YOU
    assert feed_of("loudest", follower) == Feed.FOR_YOU
    assert feed_of("following", follower) == Feed.FOLLOWING


def test_the_api_lists_each_feed(signed_in, author, anna, follower, posts_by):
    by_anna, by_author = posts_by(anna, 2, hours=2), posts_by(author, 1)
    add_favourite(follower, followee=anna)
    browser = signed_in(follower)

    def listed(kind):
        return browser.get(f"/api/feed/@follower?kind={kind}").json()["items"]

    assert [int(one["id"]) for one in listed("favourites")] == newest_first(by_anna)
    assert [int(one["id"]) for one in listed("following")] == newest_first(by_anna, by_author)
    assert {one["reason"] for one in listed("for-you")} == {"favourite", "follow"}
    assert browser.get("/api/feed/@follower?kind=loudest").status_code == 422


def test_the_api_walks_through_for_you(signed_in, author, follower, posts_by):
    posts, browser, found, cursor = posts_by(author, 5), signed_in(follower), [], ""
    while cursor is not None:
        answer = browser.get(f"/api/feed/@follower?kind=for-you&limit=2&cursor={cursor}").json()
        found += [int(one["id"]) for one in answer["items"]]
        cursor = answer["next"]

    assert sorted(found) == sorted(post.pk for post in posts)


# --- The page ---------------------------------------------------------------------------------------------------------


def current_tab(page):
    return re.findall(r'<a class="tab" href="([^"]+)" aria-current="page">([^<]+)</a>', page.text)


def test_the_tabs_link_to_the_feeds(signed_in, author, anna, follower, share):
    share(anna)
    by_author = share(author)
    add_favourite(follower, followee=author)
    browser = signed_in(follower)

    assert current_tab(browser.get("/")) == [("/", "Following")]
    favourites = browser.get("/?feed=favourites")
    assert current_tab(favourites) == [("/?feed=favourites", "Favourites")]
    assert re.findall(r'class="post-card" data-post="([^"]+)"', favourites.text) == [by_author.shortcode]
    for_you = browser.get("/?feed=for-you")
    assert "Because <bdi>author</bdi> is one of your favourites" in for_you.text
    assert "Because you follow <bdi>anna</bdi>" in for_you.text


def test_the_reader_chooses_the_first_feed(signed_in, follower):
    browser = signed_in(follower)
    assert "Open For you first" in browser.get("/?feed=for-you").text

    answer = browser.post("/accounts/home/", {"feed": "for-you"}, follow=True)

    assert "Your home page now opens with For you." in answer.text
    assert current_tab(answer) == [("/", "For you")]
    assert "Open For you first" not in answer.text
    assert current_tab(browser.get("/?feed=following")) == [("/?feed=following", "Following")]
    assert 'value="for-you" checked' in browser.get("/accounts/home/").text
    assert browser.post("/accounts/home/", {"feed": "loudest"}).status_code == 422


def test_the_next_page_of_for_you_comes_by_its_link(signed_in, author, follower, share, monkeypatch):
    monkeypatch.setattr("feed.views.home.POSTS_PER_PAGE", 1)
    posts = [share(author), share(author)]
    browser = signed_in(follower)
    url, found = "/?feed=for-you", []
    while url:
        page = browser.get(url)
        found += re.findall(r'class="post-card" data-post="([^"]+)"', page.text)
        link = re.search(r'class="more-link" href="([^"]+)"', page.text)
        url = link and html.unescape(link[1])

    assert sorted(found) == sorted(post.shortcode for post in posts)


def test_favourites_without_posts_say_what_to_do(signed_in, follower):
    assert "Add to favourites" in signed_in(follower).get("/?feed=favourites").text


def test_the_volume_applies_to_the_home_page(signed_in, author, follower, share):
    first, second = share(author), share(author)
    change_volume(follower, followee=author, volume=Volume.FEWER)
    browser = signed_in(follower)

    for feed in ("following", "for-you"):
        page = browser.get(f"/?feed={feed}").text
        assert f'data-post="{second.shortcode}"' not in page, feed
        assert f'data-post="{first.shortcode}"' in page, feed


def test_the_seen_divider_comes_once(signed_in, author, follower, share):
    post = share(author)
    remember_seen(follower, [post.pk])
    time.sleep(0.002)

    page = signed_in(follower).get("/?feed=for-you").text

    assert page.count("You may have seen these already.") == 1
