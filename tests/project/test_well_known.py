"""Files that browsers, crawlers and password managers request by convention."""

import pytest

from accounts.usernames import username_format_error
from common.converters import FILE_NAMES


def test_robots_txt_excludes_account_pages_admin_and_api(client, db):
    answer = client.get("/robots.txt")

    assert (answer.status_code, answer["Content-Type"]) == (200, "text/plain")
    lines = answer.text.splitlines()
    assert lines[0] == "User-agent: *"
    assert {"Disallow: /accounts/", "Disallow: /admin/", "Disallow: /api/"} <= set(lines)
    assert "Disallow: /" not in lines


def test_favicon_ico_redirects_to_the_icon(client, db):
    answer = client.get("/favicon.ico")

    assert (answer.status_code, answer.url) == (302, "/static/img/icon-192.png")
    assert client.get(answer.url).status_code == 200


def test_password_managers_are_redirected_to_the_form(client, signed_in, author):
    answer = client.get("/.well-known/change-password")

    assert (answer.status_code, answer.url) == (302, "/accounts/password/change/")
    assert signed_in(author).get(answer.url).status_code == 200


@pytest.mark.parametrize("name", sorted(FILE_NAMES - {"robots.txt", "favicon.ico", "site.webmanifest"}))
def test_file_names_at_the_root_are_not_profiles(client, db, name, django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = client.get(f"/{name}")

    assert answer.status_code == 404
    assert "reserved" in username_format_error(name)
