import re

import pytest
from django.urls import get_resolver

from accounts.models import USERNAME_PATTERN
from accounts.reserved import RESERVED_USERNAMES
from accounts.usernames import username_format_error
from tests.accounts.conftest import text_of


def top_level_segments():
    """Return the first segment of every URL of the project."""
    segments = set()

    def walk(patterns, before):
        for pattern in patterns:
            route = before + str(pattern.pattern).lstrip("^")
            first, slash, _ = route.partition("/")
            if first and (slash or not hasattr(pattern, "url_patterns")):
                segments.add(first.rstrip("$"))
            elif hasattr(pattern, "url_patterns"):
                walk(pattern.url_patterns, route)

    walk(get_resolver().url_patterns, "")
    return {segment for segment in segments if "<" not in segment and "(" not in segment}


def test_the_first_segment_of_every_url_is_reserved():
    segments = top_level_segments()

    assert {"accounts", "admin", "create", "explore", "p", "search", "healthz"} <= segments
    assert segments - RESERVED_USERNAMES - {".well-known"} == set(), "no username begins with a dot"


@pytest.mark.parametrize("name", ["about", "api", "healthz", "help", "login", "null", "p", "support", "www"])
def test_misleading_names_are_reserved(name):
    assert "reserved" in username_format_error(name)


def test_every_reserved_name_is_a_valid_username():
    assert {name for name in RESERVED_USERNAMES if not re.fullmatch(USERNAME_PATTERN, name)} == set()


def ask(client, username, **headers):
    return client.get("/accounts/username-available/", {"username": username}, **headers)


def test_the_availability_of_a_typed_username_is_shown(client, anna):
    assert text_of(ask(client, "carla")) == "“carla” is available."
    assert text_of(ask(client, "Anna")) == "“anna” is already taken. Choose another."
    assert text_of(ask(client, "car la")) == "Use only letters from a to z, digits, dots and underscores."
    assert text_of(ask(client, "settings")) == "“settings” is reserved for the site itself. Choose another."
    assert text_of(ask(client, "")) == ""


@pytest.mark.parametrize("typed", ["<script>alert(1)</script>", "a\0b", "a" * 10_000, "'; DROP TABLE--", "😀"])
def test_odd_text_gets_a_message(client, db, typed):
    response = ask(client, typed)

    assert response.status_code == 200
    assert b"<script" not in response.content


def test_checking_a_username_costs_at_most_one_query(client, db, django_assert_num_queries):
    with django_assert_num_queries(1):
        ask(client, "carla")
    with django_assert_num_queries(0):
        ask(client, "..")


def test_the_sign_up_form_checks_the_username_while_typing(client, db):
    page = client.get("/accounts/signup/").content.decode()

    assert 'hx-get="/accounts/username-available/"' in page
    assert 'id="username-status"' in page
