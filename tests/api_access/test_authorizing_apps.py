"""The consent page of OAuth 2, and its errors."""

from __future__ import annotations

import pytest
from django.core import mail
from django.test import Client

from api_access.models import OAuthApp, OAuthGrant
from tests.api_access.oauth_client import (
    BACK,
    authorize_url,
    exchange,
    get_code,
    get_profile,
    redirect_params,
)


def test_a_user_authorizes_an_app_and_it_acts_for_them(window, app, anna, django_capture_on_commit_callbacks):
    page = window.get(authorize_url(app))
    assert page.status_code == 200
    assert "Allow “<bdi>Frames</bdi>” to use your account?" in page.text
    assert "client.example" in page.text
    assert "Act for you" in page.text
    assert "no-store" in page["Cache-Control"]

    with django_capture_on_commit_callbacks(execute=True):
        params = redirect_params(window.post(authorize_url(app), {"allow": "yes"}))

    assert params.keys() == {"code", "state"}
    assert params["state"] == "xyz"
    assert [one.to for one in mail.outbox] == [[anna.email]]
    assert "Frames" in mail.outbox[0].body
    response = exchange(app, params["code"])
    assert response.status_code == 200, response.text
    assert response["Cache-Control"] == "no-store"
    tokens = response.json()
    assert (tokens["token_type"], tokens["expires_in"], tokens["scope"]) == ("Bearer", 3600, "read write")
    assert get_profile(tokens["access_token"]).json()["username"] == "anna"
    grant = OAuthGrant.objects.get()
    assert grant.last_used_at is not None
    for column in (grant.code_digest, grant.access_digest, grant.refresh_digest):
        assert column not in {params["code"], tokens["access_token"], tokens["refresh_token"]}
        assert len(column or "") == 64


def test_form_action_allows_only_the_app(window, app):
    policy = window.get(authorize_url(app))["Content-Security-Policy"]

    assert "form-action 'self' https://client.example" in policy
    assert "client.example" not in window.get("/accounts/apps/")["Content-Security-Policy"]


def test_an_old_unchecked_redirect_uri_cannot_inject_a_csp_directive(window, app):
    back = "https://client.example;sandbox/back"
    OAuthApp.objects.update(redirect_uris=[back])

    response = window.get(authorize_url(app, redirect_uri=back))

    assert response.status_code == 400
    assert "sandbox" not in response["Content-Security-Policy"]


def test_the_read_scope_does_not_allow_writes(window, app, ben):
    tokens = exchange(app, get_code(window, app, scope="read")).json()

    assert tokens["scope"] == "read"
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert Client().get("/api/users/@ben", headers=headers).status_code == 200
    response = Client().post("/api/users/@ben/follow", headers=headers)
    assert (response.status_code, response.json()["code"]) == (403, "scope")


def test_the_default_scope_is_read(window, app):
    assert "Act for you" not in window.get(authorize_url(app, scope=None)).text
    assert exchange(app, get_code(window, app, scope=None)).json()["scope"] == "read"


def test_a_refusal_redirects_with_access_denied(window, app):
    params = redirect_params(window.post(authorize_url(app), {"allow": "no"}))

    assert (params["error"], params["state"]) == ("access_denied", "xyz")
    assert not OAuthGrant.objects.exists()


def test_authorization_needs_a_session_and_a_csrf_token(client, app, anna):
    response = client.get(authorize_url(app))
    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/?next=/oauth/authorize/")
    forged = Client(enforce_csrf_checks=True)
    forged.force_login(anna)
    assert forged.post(authorize_url(app), {"allow": "yes"}).status_code == 403
    assert not OAuthGrant.objects.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "unknown"},
        {"client_id": None},
        {"client_id": "\0"},
        {"redirect_uri": "https://evil.example/"},
        {"redirect_uri": f"{BACK}/more"},
        {"redirect_uri": f"{BACK}?more=1"},
        {"redirect_uri": "javascript:alert(1)"},
        {"redirect_uri": "no address"},
    ],
)
@pytest.mark.parametrize("allow", [None, "yes", "no"])
def test_an_unknown_app_or_redirect_uri_gets_an_error_page_and_no_redirect(changes, allow, window, app):
    url = authorize_url(app, **changes)

    response = window.get(url) if allow is None else window.post(url, {"allow": allow})

    assert response.status_code == 400
    assert "This app can’t be connected" in response.text
    assert "Location" not in response
    assert not OAuthGrant.objects.exists()


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"scope": "admin"}, "invalid_scope"),
        ({"scope": "write"}, "invalid_scope"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
    ],
)
def test_an_invalid_request_redirects_with_an_error(changes, error, window, app):
    for response in (
        window.get(authorize_url(app, **changes)),
        window.post(authorize_url(app, **changes), {"allow": "yes"}),
    ):
        params = redirect_params(response)
        assert (params["error"], params["state"]) == (error, "xyz")
    assert not OAuthGrant.objects.exists()


def test_odd_characters_in_the_url_cause_no_server_error(window, app):
    for extra in ("&x=%", "&x=ü", "&state=%00", "&scope=%ff", "&client_id=twice"):
        assert window.get(authorize_url(app) + extra).status_code in {200, 302, 400}, extra
