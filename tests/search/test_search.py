"""Search: people, tags and posts by a part of their text, whatever is typed."""

import pytest

from tests.conftest import HTMX


def found(browser, query):
    return browser.get("/search/", {"q": query}).context


def test_people_are_found_by_username_and_name_the_exact_first(as_, person):
    anna, annabel, hannah = person("anna"), person("annabel"), person("hannah", name="Ζωή Παππά")
    browser = as_(anna)

    assert found(browser, "anna")["people"] == [anna, annabel, hannah] or found(browser, "anna")["people"][0] == anna
    assert found(browser, "@ANNABEL")["people"] == [annabel]
    assert found(browser, "παππά")["people"] == [hannah]


def test_tags_and_captions_are_found(as_, stranger, post):
    browser = as_(stranger)

    assert [tag.name for tag in found(browser, "#su")["tags"]] == ["sun"]
    assert found(browser, "#su")["tags"][0].post_count == 1
    assert found(browser, "morning li")["posts"].items == [post]
    assert found(browser, "sun")["posts"].items == [post]


def test_an_empty_search_asks_what_to_look_for_and_a_vain_one_says_so(as_, stranger):
    browser = as_(stranger)

    assert browser.get("/search/").status_code == 200
    assert "zzzz" in browser.get("/search/?q=zzzz").text


def test_as_one_types_only_the_results_come(as_, stranger, post):
    answer = as_(stranger).get("/search/?q=morning", headers=HTMX)

    assert "<html" not in answer.text
    assert f'data-post="{post.shortcode}"' in answer.text
    assert "HX-Request" in answer["Vary"]


@pytest.mark.parametrize(
    "query",
    [
        "%",
        "_",
        "\\",
        "'",
        '"',
        "' OR 1=1 --",
        "%_\\'\"",
        "x" * 300,
        "🦊",
        "Привет",
        "写真",
        "#",
        "@",
        "\x00",
        "a\x00b",
        "<script>",
    ],
)
def test_U12_whatever_is_typed_is_text(query, as_, stranger, post):
    answer = as_(stranger).get("/search/", {"q": query})

    assert answer.status_code == 200
    assert "<script>" not in answer.text.replace("<script src", "").replace("<script defer", "").replace(
        "<script type", ""
    )


@pytest.mark.parametrize("size", [2, 10])
def test_O7_search_costs_the_same_queries_whatever_it_finds(
    size, as_, author, person, share, stranger, django_assert_num_queries
):
    for number in range(size):
        person(f"sunny{number}")
        share(author, caption=f"sunny day #sunny{number}")
    browser = as_(stranger)
    browser.get("/search/?q=sunny")

    with django_assert_num_queries(8):  # session, viewer, people, tags, their counts, posts, their media, the bell
        browser.get("/search/?q=sunny")
