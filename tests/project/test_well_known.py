"""Files that browsers, crawlers and password managers ask for by themselves."""

import pytest

from accounts.usernames import username_format_error
from common.converters import FILE_NAMES


def test_crawlers_learn_what_is_not_for_them(client, db):
    answer = client.get("/robots.txt")

    assert (answer.status_code, answer["Content-Type"]) == (200, "text/plain")
    lines = answer.text.splitlines()
    assert lines[0] == "User-agent: *"
    assert {"Disallow: /accounts/", "Disallow: /admin/", "Disallow: /api/"} <= set(lines)
    assert "Disallow: /" not in lines


def test_the_icon_is_there_for_those_who_ask_at_the_root(client, db):
    answer = client.get("/favicon.ico")

    assert (answer.status_code, answer.url) == (302, "/static/img/icon-192.png")
    assert client.get(answer.url).status_code == 200


def test_password_managers_find_the_form(client, as_, author):
    answer = client.get("/.well-known/change-password")

    assert (answer.status_code, answer.url) == (302, "/accounts/password/change/")
    assert as_(author).get(answer.url).status_code == 200


@pytest.mark.parametrize("name", sorted(FILE_NAMES - {"robots.txt", "favicon.ico", "site.webmanifest"}))
def test_a_file_at_the_root_is_no_profile(client, db, name, django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = client.get(f"/{name}")

    assert answer.status_code == 404
    assert "reserved" in username_format_error(name)
