import pytest


def choose(client, theme="dark", **extra):
    return client.post("/accounts/theme/", {"theme": theme, **extra.pop("data", {})}, **extra)


@pytest.mark.parametrize("theme", ["light", "dark", "system"])
def test_the_page_uses_the_chosen_theme(client, db, theme):
    assert choose(client, theme).status_code == 302

    assert f'data-theme="{theme}"' in client.get("/accounts/login/").content.decode()


def test_the_theme_is_stored_in_a_cookie_for_a_year(client, db):
    cookie = choose(client).cookies["theme"]

    assert cookie["max-age"] == 365 * 24 * 60 * 60
    assert cookie["samesite"] == "Lax"


def test_htmx_gets_an_empty_response(client, db):
    assert choose(client, HTTP_HX_REQUEST="true").status_code == 204


def test_the_form_redirects_to_the_previous_page(client, db):
    assert choose(client, data={"next": "/explore/"}).url == "/explore/"
    assert choose(client, HTTP_REFERER="http://testserver/anna/").url == "http://testserver/anna/"


@pytest.mark.promise("H9")
@pytest.mark.parametrize("url", ["//evil.example", "https://evil.example/", "javascript:alert(1)"])
def test_the_form_never_redirects_to_another_site(client, db, url):
    assert choose(client, data={"next": url}, HTTP_REFERER=url).url == "/"


@pytest.mark.parametrize("theme", ["", "pink", "dark; Path=/"])
def test_there_are_three_themes(client, db, theme):
    response = choose(client, theme)

    assert response.status_code == 400
    assert "theme" not in response.cookies


def test_an_invalid_cookie_is_ignored(client, db):
    client.cookies["theme"] = '"><script>'

    page = client.get("/accounts/login/").content.decode()

    assert 'data-theme="system"' in page


def test_choosing_a_theme_needs_post(client, db):
    assert client.get("/accounts/theme/").status_code == 405
