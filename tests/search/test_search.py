"""The search page and the suggestions during typing."""

import re
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.models import User
from common.limits import MAX_RECENT_SEARCHES
from common.tasks import fold_counters
from posts.models import Hashtag, Post
from search.models import Place, PostDocument, RecentSearch
from search.rows import FoundPostRow, PersonRow
from social.actions.blocks import block
from tests.conftest import HTMX
from tests.markup import one_line

ODD = [
    *(
        "%",
        "_",
        "\\",
        "'",
        '"',
        "' OR 1=1 --",
        "%_\\'\"",
        "'; DROP TABLE posts_post; --",
        "x" * 300,
        "x " * 150,
        "🦊" * 100,
    ),
    *("Привет", "写真", "صباح الخير", "नमस्ते", "#", "@", "\x00", "a\x00b", "<script>", "a & b | !c", "a:*", "<->", "()"),
    *(
        "from:",
        "from:'",
        "#'\\",
        "before:9999",
        "after:0000-00-00",
        "-" * 50,
        '"' * 51,
        "é" * 5_000,
        "has:video has:photo",
    ),
]


def found(browser, query, **more):
    return browser.get("/search/", {"q": query, **more}).context


def test_each_kind_is_found_with_the_matching_words_marked(signed_in, author, stranger, share):
    User.objects.filter(pk=author.pk).update(name="Sunny Side")
    post = share(author, caption="Sunny day, sun and sand #sunnyday", location="Sunny Beach")
    browser = signed_in(stranger)

    page = browser.get("/search/", {"q": "sunny"})
    assert [row.person.username for row in page.context["people"]] == ["author"]
    assert [(tag.name, tag.post_count) for tag in page.context["tags"]] == [("sunnyday", 1)]
    assert [(place.name, place.post_count) for place in page.context["places"]] == [("Sunny Beach", 1)]
    assert [tile.pk for tile in page.context["posts"]] == [post.pk]
    assert "#<mark>sunny</mark>day" in page.text
    assert "<mark>Sunny</mark> Side" in page.text
    assert "<mark>Sunny</mark> day, sun and sand" in browser.get("/search/?q=sunny&tab=posts").text
    place = page.context["places"][0]
    assert [tile.pk for tile in browser.get(place.url).context["page"]] == [post.pk]


@pytest.mark.parametrize("query", ["#su", "sunsit", "snuset", "SUNSET", "unse", "sún"])
def test_tags_are_found_by_prefix_infix_and_typo_most_used_first(query, signed_in, author, share, stranger):
    for caption in ("#sunset", "#sunset #sunsets", "#moon"):
        share(author, caption=caption)
    fold_counters()

    tags = found(signed_in(stranger), query)["tags"]
    assert [(tag.name, tag.post_count) for tag in tags] == [("sunset", 2), ("sunsets", 1)]


@pytest.mark.parametrize("query", ["kotti", "CAFE", "café kot", "berlin kotti", "kotit", "caffee kotti"])
def test_places_are_found_in_any_spelling(query, signed_in, author, share, stranger):
    share(author, location="Cafe Kotti, Berlin")
    share(author, location="Café Kotti · Berlin")

    places = found(signed_in(stranger), query)["places"]
    assert [(place.name, place.post_count) for place in places] == [("Café Kotti · Berlin", 2)]


def test_without_exact_matches_partial_and_similar_ones_are_shown(signed_in, author, share, stranger):
    post = share(author, caption="Morning light")
    share(author, caption="#sunset")
    browser = signed_in(stranger)

    near = found(browser, "morning elephant")
    assert not near["posts"].items
    assert [tile.pk for tile in near["near_posts"]] == [post.pk]
    assert [tag.name for tag in found(browser, "sunsst")["tags"]] == ["sunset"]
    assert "No results for “<bdi>qqqqq</bdi>”" in browser.get("/search/?q=qqqqq").text


def row_key(row):
    match row:
        case PersonRow():
            return row.person.pk
        case FoundPostRow():
            return row.post.pk
    return row.name


@pytest.mark.parametrize("tab", ["accounts", "posts", "tags", "places"])
def test_every_tab_pages_by_cursor_without_repeat(tab, signed_in, author, person, share, stranger, monkeypatch):
    for name in ("PEOPLE_PER_PAGE", "TOPICS_PER_PAGE", "POSTS_PER_PAGE"):
        monkeypatch.setattr(f"search.views.results.{name}", 2)
    monkeypatch.setattr("search.posts.BATCH_SIZE", 3)
    for number in range(5):
        person(f"sunny{number}")
        share(author, caption=f"sunny day #sunny{number}", location=f"Sunny {number}")
    browser, seen, url = signed_in(stranger), [], f"/search/?q=sunny&tab={tab}"
    while url:
        page = browser.get(url).context["page"]
        seen += [row_key(row) for row in page]
        url = page.next_url
        share(author, caption="sunny newcomer")
        assert len(seen) < 20

    assert len(seen) == len(set(seen)) == 5
    rows = browser.get(f"/search/?q=sunny&tab={tab}&cursor=zzz", headers=HTMX)
    assert "<html" not in rows.text
    assert "HX-Request" in rows["Vary"]


def test_the_place_of_a_post_links_to_the_page_of_the_place(signed_in, author, client, share, stranger):
    post, other = share(author, location="Graz, Austria"), share(author)
    link = f"/search/places/of/{post.shortcode}/"
    browser = signed_in(stranger)

    place = f'<a class="post-location" href="{link}"><bdi>Graz, Austria</bdi></a>'
    assert place in client.get(post.get_absolute_url()).text
    answer = browser.get(link)
    assert answer.status_code == 302
    assert "Graz, Austria" in browser.get(answer["Location"]).text
    assert browser.get(f"/search/places/of/{other.shortcode}/").status_code == 404
    block(author, blocked=stranger)
    assert browser.get(link).status_code == 404


@pytest.mark.promise("A7")
def test_tags_places_and_suggestions_reveal_no_hidden_posts(signed_in, author, follower, person, share):
    blocked = person("blocked")
    share(author, caption="#hiddentag", location="Hidden Place")
    block(author, blocked=blocked)

    def seen_by(viewer):
        browser = signed_in(viewer)
        urls = ("/search/?q=hidden", "/search/suggest/?q=hidden", "/search/?q=hiddne")
        text = "".join(browser.get(url).text for url in urls)
        status = browser.get("/search/places/hidden-place/").status_code
        return "hiddentag" in text, "Hidden Place" in text, status

    assert seen_by(follower) == (True, True, 200)
    assert seen_by(blocked) == (False, False, 404)
    for hide in ({"audience": "close_friends"}, {"audience": "everyone", "archived_at": timezone.now()}):
        Post.objects.update(**hide)
        assert seen_by(follower) == (False, False, 404)


def test_suggestions_appear_during_typing(signed_in, author, share, stranger):
    share(author, caption="#authors", location="Author Street")
    answer = signed_in(stranger).get("/search/suggest/", {"q": "auth"}, headers=HTMX)

    assert "<html" not in answer.text
    assert answer.text.count('role="option"') == 4  # a person, a tag, a place, and the search itself
    only = signed_in(stranger).get("/search/suggest/", {"q": "auth", "only": "people"}).text
    assert only.count('role="option"') == 2
    assert signed_in(stranger).get("/search/suggest/").text.strip() == ""


def test_recent_searches_are_saved_and_deleted(signed_in, stranger, author):
    browser = signed_in(stranger)
    for text in ("morning", "light", "  morning ", ""):
        answer = browser.post("/search/recent/", {"q": text})
    assert answer["Location"] == "/search/"
    assert browser.post("/search/recent/", {"q": "a&b"})["Location"] == "/search/?q=a%26b"
    assert browser.post("/search/recent/", {"q": "a&b"}, headers=HTMX).status_code == 204

    recent = browser.get("/search/").context["recent"]
    assert [one.text for one in recent] == ["a&b", "morning", "light"]
    assert signed_in(author).post(f"/search/recent/{recent[0].pk}/remove/").status_code == 404
    assert browser.post(f"/search/recent/{recent[0].pk}/remove/")["Location"] == "/search/"
    redrawn = browser.post(f"/search/recent/{recent[1].pk}/remove/", headers=HTMX).text
    assert "light" in redrawn
    assert "morning" not in redrawn
    browser.post("/search/recent/clear/")
    assert not RecentSearch.objects.exists()
    for number in range(MAX_RECENT_SEARCHES + 3):
        browser.post("/search/recent/", {"q": str(number)}, headers=HTMX)
    assert RecentSearch.objects.count() == MAX_RECENT_SEARCHES


@pytest.mark.promise("U12")
@pytest.mark.parametrize("every", [3, pytest.param(1, marks=pytest.mark.deep)], ids=["some", "all"])
def test_queries_are_escaped(every, signed_in, stranger, post):
    """Each query goes to every `every`-th URL, beginning with another one."""
    browser = signed_in(stranger)
    for number, query in enumerate(ODD):
        urls = [("/search/", {}), ("/search/", {"tab": "posts"}), ("/search/suggest/", {})]
        urls += [("/api/search", {"type": kind}) for kind in ("users", "posts", "tags", "places")]
        for url, more in urls[number % every :: every]:
            answer = browser.get(url, {"q": query[:2_000], **more})
            assert answer.status_code == 200, (query, url)
            assert "<script>" not in answer.text
    assert Post.objects.count() == 1


@pytest.mark.promise("O7")
@pytest.mark.parametrize("size", [2, 20])
def test_search_costs_the_same_queries_for_any_number_of_results(
    size, signed_in, author, person, share, stranger, django_assert_max_num_queries
):
    for number in range(size):
        person(f"sunny{number}")
        share(author, caption=f"sunny day #sunny{number}", location=f"Sunny {number}")
    browser = signed_in(stranger)
    browser.get("/search/?q=sunny")

    costs = {"/search/?q=sunny": 17, "/search/suggest/?q=sunny": 10, "/search/?q=sunny&tab=posts": 9}
    costs |= {"/search/?q=sunny&tab=accounts": 7, "/search/?q=sunny&tab=tags": 5, "/search/?q=sunny&tab=places": 5}
    for url, number in costs.items():
        with django_assert_max_num_queries(number):
            browser.get(url)


def test_a_rebuild_gives_the_same_index(author, share):
    share(author, caption="Morning #sun", location="Kotti")
    before = PostDocument.objects.values_list("document", "place__words").get()
    PostDocument.objects.all().delete()
    Place(words=" nowhere").save()
    out = StringIO()
    call_command("rebuild_search", stdout=out)

    assert PostDocument.objects.values_list("document", "place__words").get() == before
    assert list(Place.objects.values_list("words", flat=True)) == [" kotti"]
    assert re.search(r"posts: 1 in \d+ s", out.getvalue())


@pytest.mark.promise("D13")
def test_uses_of_tags_and_places_are_counted_exactly(author, share):
    posts = [share(author, caption="#sun", location="Kotti") for _ in range(3)]
    posts[0].tagged.all().delete()
    Post.objects.filter(pk=posts[0].pk).update(location="")
    fold_counters()

    assert Hashtag.objects.get(name="sun").folded_uses == 2
    assert Place.objects.get().folded_uses == 2


def test_fields_for_names_or_tags_get_only_these_suggestions(signed_in, author, share, stranger):
    share(author, caption="#authority", location="Authoria")
    browser = signed_in(stranger)

    def offered(only):
        page = browser.get("/search/suggest/", {"q": "author", "only": only}).text
        return re.findall(r'id="option-(person|tag|place)-\d+".*?data-words="([^"]+)"', one_line(page))

    assert offered("people") == [("person", "author")]
    assert offered("tags") == [("tag", "#authority")]
    assert {kind for kind, _ in offered("")} == {"person", "tag", "place"}
    block(author, blocked=stranger)
    assert offered("people") == offered("tags") == []
