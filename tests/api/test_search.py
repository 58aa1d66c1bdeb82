"""GET /api/search finds the same as the page."""

import pytest

from accounts.actions.users import create_user
from common.tasks import fold_counters
from social.actions.blocks import block


def search(browser, **asked):
    answer = browser.get("/api/search", asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_each_kind_of_result_has_the_fields_of_its_other_answers(signed_in, author, stranger, share):
    post = share(author, caption="Sunny day #authors", location="Author Street")
    fold_counters()
    browser = signed_in(stranger)

    (found,) = search(browser, q="auth")["items"]
    assert (found["id"], found["username"], found["standing"]) == (str(author.pk), "author", "none")
    (found,) = search(browser, q="sunny -rain from:author", type="posts")["items"]
    assert (found["shortcode"], found["author"]["username"]) == (post.shortcode, "author")
    (found,) = search(browser, q="#auth", type="tags")["items"]
    tag = {"tag": "authors", "url": "http://testserver/explore/tags/authors/", "post_count": 1, "more": False}
    assert found == tag
    (found,) = search(browser, q="author str", type="places")["items"]
    assert (found["place"], found["post_count"]) == ("Author Street", 1)
    assert browser.get(found["url"]).status_code == 200
    assert search(browser, q="zzzzzz") == {"items": [], "next": None}


@pytest.mark.parametrize("kind", ["users", "posts", "tags", "places"])
def test_results_continue_by_cursor_and_link_at_the_same_cost(
    kind, signed_in, author, share, stranger, django_assert_num_queries
):
    for number in range(5):
        create_user(username=f"sunny{number}", email=f"sunny{number}@example.org", password="x")
        share(author, caption=f"sunny #sunny{number}", location=f"Sunny {number}")
    browser, seen = signed_in(stranger), []
    cursor: str | None = ""
    search(browser, q="sunny", type=kind)
    while cursor is not None:
        answer = browser.get("/api/search", {"q": "sunny", "type": kind, "limit": 2, "cursor": cursor})
        seen += [one.get("url") for one in answer.json()["items"]]
        cursor = answer.json()["next"]
        assert (cursor is None) == ("Link" not in answer)
    assert len(seen) == len(set(seen)) == 5

    costs = {"users": 5, "posts": 5, "tags": 3, "places": 3}
    for limit in (2, 20):
        with django_assert_num_queries(costs[kind]):
            search(browser, q="sunny", type=kind, limit=limit)


def test_invalid_parameters_and_missing_authentication_are_refused(signed_in, stranger, client):
    browser = signed_in(stranger)
    for asked, field in (
        ({}, "query.asked.q"),
        ({"q": "a", "type": "songs"}, "type"),
        ({"q": "a", "limit": 101}, "limit"),
    ):
        answer = browser.get("/api/search", asked)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["path"].endswith(field.rsplit(".", 1)[-1])
    assert client.get("/api/search?q=a").status_code == 401


@pytest.mark.promise("A7")
def test_the_api_finds_no_more_than_the_page(signed_in, author, person, share):
    blocked = person("blocked")
    share(author, caption="Hidden #hidden", location="Hidden")
    block(author, blocked=blocked)

    for kind in ("users", "posts", "tags", "places"):
        text = str(search(signed_in(blocked), q="hidden" if kind != "users" else "author", type=kind))
        assert "author" not in text.replace("/author", "")
        assert "idden" not in text
