"""Register, edit and delete apps, and their redirect URIs."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from api_access.actions.apps import delete_app, register_app
from api_access.models import OAuthApp, OAuthGrant
from api_access.redirect_uris import redirect_uri_problem
from common.limits import MAX_APPS
from tests.accounts.conftest import errors_of
from tests.api_access.oauth_client import (
    BACK,
    authorize_url,
    exchange,
    get_code,
    get_profile,
)


def test_a_developer_registers_edits_and_deletes_an_app(window, anna):
    made = window.post(
        "/accounts/apps/own/",
        {"name": " My  app ", "redirect_uris": f"{BACK}\norg.example.app:/back", "kind": "confidential"},
    )
    app = OAuthApp.objects.get()
    secret = re.search(r"efs_[\w-]+", made.text)[0]
    assert app.has_secret(secret)
    assert "no-store" in made["Cache-Control"]
    assert (app.name, app.redirect_uris) == ("My app", [BACK, "org.example.app:/back"])
    assert secret not in window.get(f"/accounts/apps/own/{app.pk}/").text

    window.post(f"/accounts/apps/own/{app.pk}/", {"name": "Better", "redirect_uris": BACK})
    another = re.search(r"efs_[\w-]+", window.post(f"/accounts/apps/own/{app.pk}/secret/").text)[0]
    app.refresh_from_db()
    assert (app.name, app.redirect_uris) == ("Better", [BACK])
    assert app.has_secret(another)
    assert not app.has_secret(secret)

    assert "Delete “<bdi>Better</bdi>”?" in window.get(f"/accounts/apps/own/{app.pk}/delete/").text
    window.post(f"/accounts/apps/own/{app.pk}/delete/")
    assert not OAuthApp.objects.exists()


@pytest.mark.promise("A10")
def test_apps_of_another_developer_are_not_found(window, app, anna):
    for path in ("", "secret/", "delete/"):
        for response in (
            window.post(f"/accounts/apps/own/{app.pk}/{path}"),
            window.post(f"/accounts/apps/own/1/{path}"),
        ):
            assert response.status_code == 404
    assert window.get(f"/accounts/apps/own/{app.pk}/").status_code == 404
    assert OAuthApp.objects.filter(name="Frames").exists()


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 51}, "name"),
        ({"redirect_uris": ""}, "redirect_uris"),
        ({"redirect_uris": "http://client.example/"}, "redirect_uris"),
        ({"redirect_uris": "\n".join(f"https://client.example/{n}" for n in range(6))}, "redirect_uris"),
        ({"kind": "other"}, "kind"),
    ],
)
def test_invalid_apps_are_rejected_with_an_error_at_the_field(fields, field, window):
    response = window.post("/accounts/apps/own/", {"name": "App", "redirect_uris": BACK, "kind": "public"} | fields)

    assert response.status_code == 422
    assert errors_of(response, field)
    assert not OAuthApp.objects.exists()


def test_duplicate_names_and_too_many_apps_are_rejected(window, app, ben):
    own = Client()
    own.force_login(ben)
    fields = {"name": "Frames", "redirect_uris": BACK, "kind": "public"}
    assert "You already have an app with this name" in own.post("/accounts/apps/own/", fields).text
    assert "You already have an app with this name" not in window.post("/accounts/apps/own/", fields).text
    for number in range(MAX_APPS - 1):
        register_app(ben, name=f"App {number}", redirect_uris=[BACK], is_confidential=False)
    assert "the maximum" in own.post("/accounts/apps/own/", fields | {"name": "One more"}).text


@pytest.mark.parametrize(
    "uri",
    [
        "https://client.example/back?a=1",
        "https://xn--bcher-kva.example:8443/;a,b'",
        "https://192.0.2.1/",
        "https://[2001:db8::1]/",
        "http://127.0.0.1/back",
        "http://[::1]:8000/",
        "org.example.app:/back",
    ],
)
def test_valid_redirect_uris(uri):
    assert redirect_uri_problem(uri) == ""


@pytest.mark.parametrize(
    "uri",
    [
        "http://client.example/", "http://localhost/", "https://client.example/#a", "https://me@client.example/",
        "https://*.example/", "https://client.example\\@evil.example/", "javascript:alert(1)", "data:text/html,x",
        "https://ok.example;sandbox/cb", "https://ok.example,evil.example/", "https://ok'.example/", 'https://ok".example/',
        "https://ok.example(1)/", "https://-ok.example/", "https://ok..example/", "https://ok_.example/", "https://o%6b.example/",
        "https://[::1;sandbox]/", "https://" + "a" * 64 + ".example/", "http://127.0.0.1;x/", "https://ok.example!/",
        "myapp:/back", "org.example.app://host/", "/back", "https://", "https://client.example/ü", "https://[",
        "x" * 501,
    ],
)  # fmt: skip
def test_invalid_redirect_uris(uri):
    assert redirect_uri_problem(uri)


def test_loopback_redirect_uris_match_at_any_port(window, ben):
    app, _ = register_app(ben, name="Local", redirect_uris=["http://127.0.0.1/back"], is_confidential=False)

    response = window.post(authorize_url(app, redirect_uri="http://127.0.0.1:51234/back"), {"allow": "yes"})

    assert response["Location"].startswith("http://127.0.0.1:51234/back?code=")
    for other in ("http://127.0.0.1:51234/other", "http://127.0.0.1.evil.example/back", "http://localhost:1/back"):
        assert window.get(authorize_url(app, redirect_uri=other)).status_code == 400


def test_a_redirect_uri_may_use_a_private_scheme(window, ben):
    app, _ = register_app(ben, name="Phone", redirect_uris=["org.example.app:/back"], is_confidential=False)

    response = window.post(authorize_url(app, redirect_uri="org.example.app:/back"), {"allow": "yes"})

    assert response["Location"].startswith("org.example.app:/back?code=")
    assert (
        "org.example.app:"
        in window.get(authorize_url(app, redirect_uri="org.example.app:/back"))["Content-Security-Policy"]
    )


def test_deleting_an_app_revokes_its_grants(window, app):
    tokens = exchange(app, get_code(window, app)).json()

    assert delete_app(app)

    assert get_profile(tokens["access_token"]).status_code == 401
    assert not OAuthGrant.objects.exists()
