"""Grids with a cursor: profiles, tags and Explore."""

import re

import pytest

from accounts.actions.moderation import suspend_person
from common.tasks import fold_counters
from posts.actions.likes import like_post
from posts.actions.moderation import remove_post
from tests.conftest import HTMX
from tests.markup import one_line


@pytest.mark.parametrize("name", ["author", "AUTHOR"])
def test_a_profile_shows_a_person_and_their_posts(name, client, author, post):
    answer = client.get(f"/{name}/", follow=True)

    assert answer.redirect_chain == ([] if name == "author" else [("/author/", 301)])
    assert f'data-post="{post.shortcode}"' in answer.text


@pytest.mark.promise("A2")
def test_the_profile_of_a_suspended_person_is_missing(client, author, post):
    suspend_person(author, reason="spam")

    assert client.get("/author/").status_code == client.get("/nobody.here/").status_code == 404
    assert client.get(post.get_absolute_url()).status_code == 404


def test_an_empty_profile_has_a_message_and_the_own_one_a_hint(client, signed_in, author):
    assert "No posts yet" in client.get("/author/").text
    assert "/create/" in signed_in(author).get("/author/").text


@pytest.mark.parametrize("tag", ["sun", "SUN"])
def test_a_tag_shows_its_posts_in_any_letter_case(tag, client, post):
    assert f'data-post="{post.shortcode}"' in client.get(f"/explore/tags/{tag}/").text


def test_an_unused_tag_has_an_empty_page(client, db):
    answer = client.get("/explore/tags/neverused/")

    assert answer.status_code == 200
    assert "data-post" not in answer.text


def test_explore_shows_the_most_liked_first_and_no_own_posts(signed_in, author, follower, stranger, share):
    plain, liked, own = share(author), share(author), share(stranger)
    like_post(liked, liker=follower)
    fold_counters()

    shown = [post.pk for post in signed_in(stranger).get("/explore/").context["page"]]

    assert shown == [liked.pk, plain.pk]
    assert own.pk not in shown


@pytest.mark.parametrize("url", ["/author/", "/explore/", "/explore/tags/sun/"])
def test_grids_page_by_cursor_without_gap_or_repeat(url, client, author, share):
    for _ in range(27):
        share(author, caption="#sun")

    page = client.get(url)
    first = [post.pk for post in page.context["page"]]
    rest = client.get(page.context["page"].next_url, headers=HTMX)
    second = [post.pk for post in rest.context["page"]]

    assert (len(first), len(second)) == (24, 3)
    assert not set(first) & set(second)
    assert "<html" not in rest.text
    assert rest["Vary"].count("HX-Request") == 1


@pytest.mark.promise("O7")
@pytest.mark.parametrize(("url", "queries"), [("/author/", 3), ("/explore/", 2), ("/explore/tags/sun/", 4)])
@pytest.mark.parametrize("size", [2, 20])
def test_grids_cost_the_same_queries_whatever_their_size(
    url, queries, size, signed_in, author, stranger, share, django_assert_num_queries
):
    for _ in range(size):
        share(author, caption="#sun")
    browser = signed_in(stranger)
    browser.get(url)

    # The session and the posts; and the person, or the tag and the count of its posts.
    with django_assert_num_queries(queries):
        browser.get(url)


@pytest.mark.promise("A7")
def test_removed_posts_are_in_no_grid(signed_in, author, stranger, post):
    remove_post(post, reason="spam")
    browser = signed_in(stranger)

    for url in ("/author/", "/explore/", "/explore/tags/sun/", "/search/?q=morning"):
        assert "data-post" not in browser.get(url).text


def test_the_count_of_a_tag_stops_with_a_plus(client, author, share, monkeypatch):
    monkeypatch.setattr("feed.views.tags.MAX_COUNTED_POSTS", 2)
    for count, said in (
        (1, "<strong>1</strong> post</p>"),
        (2, "<strong>2</strong> posts"),
        (3, "<strong>2+</strong> posts"),
    ):
        share(author, caption=f"#sun {count}")
        assert said in one_line(client.get("/explore/tags/sun/").text)


def test_only_the_own_profile_shows_settings_and_unfinished_posts(signed_in, client, author, stranger):
    tab = '<a class="tab" href="/saved/">'
    assert tab in signed_in(author).get("/author/").text
    assert tab not in signed_in(stranger).get("/author/").text
    assert tab not in client.get("/author/").text
    profile = signed_in(author).get("/author/").text.partition("<main")[2].partition("</main>")[0]
    assert 'href="/accounts/settings/"' in profile
    assert 'href="/archive/"' in profile
    for browser in (signed_in(author), signed_in(stranger), client):
        assert "Share profile" in browser.get("/author/").text


def test_counts_on_a_profile_are_numbers_in_bold_with_their_nouns(signed_in, author, follower, share):
    share(author)
    page = one_line(signed_in(follower).get("/author/").text)

    assert "<strong>1</strong> post<" in page
    assert re.search(r"<strong [^>]*data-followers-count=\"1\"[^>]*>1</strong> <span data-noun>follower</span>", page)
    assert "<strong>0</strong> following" in page


def test_tiles_have_a_srcset_and_the_first_row_is_not_lazy(client, author, share):
    for _ in range(27):
        share(author)

    page = client.get("/author/")
    tiles = re.findall(r'<img class="tile-photo"[^>]*>', one_line(page.text))
    assert [("loading=" in tile, "fetchpriority=" in tile) for tile in tiles[:5]] == [
        (False, True), (False, False), (False, False), (True, False), (True, False),
    ]  # fmt: skip
    assert all(re.search(r'srcset="/media/\d+/aabbc.webp 320w" sizes="[^"]+"', tile) for tile in tiles)
    more = client.get(page.context["page"].next_url, headers=HTMX).text
    assert all("loading=" in tile for tile in re.findall(r'<img class="tile-photo"[^>]*>', more))
