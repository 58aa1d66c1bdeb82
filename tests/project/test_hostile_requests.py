"""Requests that no browser sends are refused with a 4xx, never a 500."""

import pytest

from common import valkey
from tests.conftest import PASSWORD

PAGES = ["/", "/explore/", "/author/", "/healthz", "/p/{post}/", "/search/", "/create/", "/author/followers/"]


@pytest.mark.promise("U10")
@pytest.mark.parametrize(
    "url", ["/explore/tags/%00/", "/explore/tags/a%00b/", "/explore/tags/%F0%9F%92%A9/", "/%00/", "/p/%00/"]
)
def test_an_unusual_path_is_a_page_or_not_found(url, client, db):
    assert client.get(url).status_code in {200, 404}


@pytest.mark.promise("U10")
@pytest.mark.parametrize("charset", ["zlib", "hex", "idna", "unicode_escape", "utf-16", "nonsense"])
def test_other_charsets_are_refused(charset, client, author):
    content_type = f"application/x-www-form-urlencoded; charset={charset}"

    assert client.generic("POST", "/accounts/login/", b"login=x", content_type=content_type).status_code == 400


@pytest.mark.promise("U10")
def test_a_broken_session_cookie_is_no_server_error(client, db, settings):
    client.cookies[settings.SESSION_COOKIE_NAME] = "abc\\000def"

    assert client.get("/").status_code in {200, 400}


@pytest.mark.promise("U10")
def test_a_tag_that_grows_when_normalized_is_no_error(signed_in, author, photo):
    answer = signed_in(author).post("/create/", {"files": [photo()], "caption": "#" + "\ufdfa" * 60 + " #kept"})

    assert answer.status_code == 302
    assert signed_in(author).get("/explore/tags/" + "\ufdfa" * 60 + "/").status_code == 200


@pytest.mark.parametrize("tag", ["हिन्दी", "தமிழ்", "বাংলা", "ไทย"])
def test_tags_keep_vowel_signs(tag, signed_in, author, share):
    post = share(author, caption=f"#{tag} and more")

    assert f'data-post="{post.shortcode}"' in signed_in(author).get(f"/explore/tags/{tag}/").text


@pytest.mark.parametrize("url", PAGES)
def test_head_is_answered_like_get(url, signed_in, author, post):
    answer = signed_in(author).head(url.format(post=post.shortcode))

    assert answer.status_code == 200
    assert not answer.content


@pytest.mark.promise("S7")
def test_logging_out_without_valkey_ends_the_session(client, author, settings):
    client.post("/accounts/login/", {"login": "author", "password": PASSWORD})
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    assert client.get("/accounts/edit/").status_code == 200

    valkey.pause(ConnectionError(), "paused by a test")
    client.post("/accounts/logout/")
    valkey.resume()
    client.cookies[settings.SESSION_COOKIE_NAME] = cookie

    assert client.get("/accounts/edit/").status_code == 302


@pytest.mark.promise("S4")
def test_password_attempts_are_limited_without_valkey_too(client, author, settings, monkeypatch):
    settings.RATE_LIMITS = True
    monkeypatch.setattr(valkey, "is_paused", lambda url="": True)

    for _ in range(12):
        client.post("/accounts/login/", {"login": "author", "password": "wrong"})
    answer = client.post("/accounts/login/", {"login": "author", "password": PASSWORD})

    assert answer.status_code != 302
    assert client.get("/accounts/edit/").status_code == 302


def test_changing_a_password_keeps_fields_changed_meanwhile(author):
    from accounts.actions.moderation import suspend_person
    from accounts.adapter import AccountAdapter
    from accounts.models import User

    stale = User.objects.get(pk=author.pk)
    suspend_person(author, reason="Spam")
    AccountAdapter().set_password(stale, "another-long-password")

    author.refresh_from_db()
    assert author.suspended_reason == "Spam"
    assert author.check_password("another-long-password")


@pytest.mark.parametrize("query", ["@", "#", "a", "an"])
def test_short_searches_find_prefixes_only(query, signed_in, person):
    anna, hannah = person("anna"), person("hannah")

    people = [row.person for row in signed_in(anna).get("/search/", {"q": query}).context["people"]]

    assert hannah not in people
    assert (anna in people) == query.isalpha()
