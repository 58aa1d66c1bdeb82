"""Codes, access tokens and refresh tokens: exchange, expiry and revocation."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.actions.moderation import restore_person, suspend_person
from accounts.models import User
from api_access.actions import grants
from api_access.actions.apps import register_app
from api_access.models import OAuthGrant
from api_access.tasks import sweep
from common.limits import MAX_GRANTS_OF_APP
from personal_data.actions.deactivation import deactivate, reactivate
from tests.accounts.conftest import PASSWORD
from tests.api_access.oauth_client import (
    BACK,
    authorize_url,
    basic_auth,
    exchange,
    get_code,
    get_profile,
    post_as_app,
    refresh,
)


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"code_verifier": "b" * 64}, 400, "invalid_grant"),
        ({"code_verifier": None}, 400, "invalid_request"),
        ({"redirect_uri": "https://client.example/other"}, 400, "invalid_request"),
        ({"client_id": "unknown"}, 401, "invalid_client"),
        ({"client_id": None}, 401, "invalid_client"),
        ({"code": "efc_unknown"}, 400, "invalid_grant"),
        ({"code": None}, 400, "invalid_request"),
        ({"grant_type": "password", "username": "anna", "password": PASSWORD}, 400, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, 400, "unsupported_grant_type"),
        ({"client_secret": "guess"}, 401, "invalid_client"),
    ],
)
def test_a_code_needs_the_right_verifier_client_and_redirect_uri(changes, status, error, window, app):
    response = exchange(app, get_code(window, app), **changes)

    assert (response.status_code, response.json()["error"]) == (status, error)
    assert not OAuthGrant.objects.exclude(access_digest=None).exists()


def test_a_code_works_only_for_its_app(window, app, ben):
    other, _ = register_app(ben, name="Other", redirect_uris=[BACK], is_confidential=False)

    assert exchange(other, get_code(window, app)).json()["error"] == "invalid_grant"


def test_using_a_code_twice_revokes_the_grant(window, app):
    code = get_code(window, app)
    tokens = exchange(app, code).json()
    assert get_profile(tokens["access_token"]).status_code == 200

    assert exchange(app, code).json()["error"] == "invalid_grant"

    assert get_profile(tokens["access_token"]).status_code == 401
    assert refresh(app, tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_a_code_expires_after_a_minute(window, app):
    code = get_code(window, app)
    past = timezone.now() - timedelta(seconds=1)
    OAuthGrant.objects.update(code_expires_at=past, expires_at=past)

    assert exchange(app, code).json()["error"] == "invalid_grant"
    sweep()
    assert not OAuthGrant.objects.exists()


@pytest.mark.parametrize("body", ["grant_type=%", "ü=1", "a=1&a=2", "", "{}"])
def test_unreadable_bodies_are_rejected(body, db):
    for path in ("/oauth/token/", "/oauth/revoke/"):
        response = Client().post(path, body, content_type="application/x-www-form-urlencoded")
        assert response.status_code in {400, 401}, (path, response.text)
        assert response.json()["error"]
        assert Client().post(path, body, content_type="application/json").status_code == 400


def test_a_confidential_app_authenticates_by_body_or_header(window, secret_app):
    app, secret = secret_app

    by_body = exchange(app, get_code(window, app), client_secret=secret)
    by_header = exchange(app, get_code(window, app), client_id=None, headers=basic_auth(app.client_id, secret))

    assert (by_body.status_code, by_header.status_code) == (200, 200)
    assert secret not in app.secret_digest


def test_a_confidential_app_needs_its_secret(window, secret_app):
    app, _ = secret_app
    for changes in (
        {}, {"client_secret": "efs_wrong"}, {"headers": basic_auth(app.client_id, "wrong")},
        {"headers": {"Authorization": "Basic !"}}, {"headers": basic_auth(app.client_id, "")},
    ):  # fmt: skip
        response = exchange(app, get_code(window, app), **changes)
        assert (response.status_code, response.json()["error"]) == (401, "invalid_client"), changes


def test_a_refresh_token_works_once_and_is_replaced(window, app):
    first = exchange(app, get_code(window, app)).json()

    second = refresh(app, first["refresh_token"]).json()

    assert second["scope"] == "read write"
    assert get_profile(second["access_token"]).status_code == 200
    assert get_profile(first["access_token"]).status_code == 401
    third = refresh(app, second["refresh_token"], scope="read").json()
    assert third["scope"] == "read"
    headers = {"Authorization": f"Bearer {third['access_token']}"}
    assert Client().post("/api/users/@ben/follow", headers=headers).status_code == 403


def test_using_a_refresh_token_twice_revokes_the_grant(window, app):
    first = exchange(app, get_code(window, app)).json()
    second = refresh(app, first["refresh_token"]).json()

    assert refresh(app, first["refresh_token"]).json()["error"] == "invalid_grant"

    assert get_profile(second["access_token"]).status_code == 401
    assert refresh(app, second["refresh_token"]).json()["error"] == "invalid_grant"


def test_a_refresh_token_works_only_for_its_app_and_scope(window, app, ben):
    tokens = exchange(app, get_code(window, app, scope="read")).json()
    other, _ = register_app(ben, name="Other", redirect_uris=[BACK], is_confidential=False)

    assert refresh(other, tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert refresh(app, tokens["refresh_token"], scope="read write").json()["error"] == "invalid_scope"
    assert refresh(app, tokens["refresh_token"]).status_code == 200


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_an_app_revokes_only_its_own_tokens(kind, window, app, ben):
    tokens = exchange(app, get_code(window, app)).json()
    other, _ = register_app(ben, name="Other", redirect_uris=[BACK], is_confidential=False)

    assert post_as_app("/oauth/revoke/", token=tokens[kind], client_id=other.client_id).status_code == 200
    assert get_profile(tokens["access_token"]).status_code == 200
    assert post_as_app("/oauth/revoke/", token=tokens[kind], client_id=app.client_id).status_code == 200
    assert get_profile(tokens["access_token"]).status_code == 401
    assert post_as_app("/oauth/revoke/", token="efa_unknown", client_id=app.client_id).status_code == 200


def test_an_access_token_expires_after_an_hour(window, app):
    tokens = exchange(app, get_code(window, app)).json()
    OAuthGrant.objects.update(access_expires_at=timezone.now() - timedelta(seconds=1))

    assert get_profile(tokens["access_token"]).status_code == 401
    assert refresh(app, tokens["refresh_token"]).status_code == 200


def change_password(person):
    person.set_password("another-good-password")
    person.save()


SESSION_ENDINGS = {
    "a new password": change_password,
    "suspension": lambda person: suspend_person(person, reason="spam"),
    "deactivation": deactivate,
}


@pytest.mark.parametrize("end", SESSION_ENDINGS)
def test_ending_all_sessions_revokes_apps(end, window, app, anna):
    tokens = exchange(app, get_code(window, app)).json()
    code = get_code(window, app)

    SESSION_ENDINGS[end](anna)

    assert get_profile(tokens["access_token"]).status_code == 401
    assert refresh(app, tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert exchange(app, code).json()["error"] == "invalid_grant"
    anna = User.objects.get(pk=anna.pk)
    {"suspension": restore_person, "deactivation": reactivate}.get(end, lambda person: None)(anna)
    if end == "a new password":
        assert get_profile(tokens["access_token"]).status_code == 401


def test_apps_of_a_suspended_developer_do_not_work(window, app, ben):
    tokens = exchange(app, get_code(window, app)).json()

    suspend_person(ben, reason="spam")

    assert get_profile(tokens["access_token"]).status_code == 401
    assert window.get(authorize_url(app)).status_code == 400
    assert refresh(app, tokens["refresh_token"]).json()["error"] == "invalid_client"


def test_a_user_lists_and_revokes_apps(window, app, client, ben):
    assert "No connected apps" in window.get("/accounts/apps/").text
    tokens = [exchange(app, get_code(window, app)).json() for _ in range(2)]
    page = window.get("/accounts/apps/").text
    assert page.count("Frames</bdi></dt>") == 1
    assert "Read and write" in page
    other = Client()
    other.force_login(ben)
    assert other.post(f"/accounts/apps/{app.pk}/revoke/").status_code == 404

    assert "no longer has access to your account" in window.post(f"/accounts/apps/{app.pk}/revoke/", follow=True).text

    assert [get_profile(one["access_token"]).status_code for one in tokens] == [401, 401]


@pytest.mark.promise("O7")
@pytest.mark.parametrize("size", [2, 10])
def test_the_list_of_apps_costs_a_constant_number_of_queries(size, window, ben, django_assert_num_queries):
    for number in range(size):
        app, _ = register_app(ben, name=f"App {number}", redirect_uris=[BACK], is_confidential=False)
        exchange(app, get_code(window, app))

    with django_assert_num_queries(2):  # The session, the apps.
        assert window.get("/accounts/apps/").text.count("Remove access</button>") == size


def test_the_oldest_grant_of_an_app_is_replaced_beyond_the_limit(window, app, monkeypatch):
    monkeypatch.setattr(grants, "MAX_GRANTS_OF_APP", 2)
    tokens = [exchange(app, get_code(window, app)).json()["access_token"] for _ in range(3)]

    assert [get_profile(one).status_code for one in tokens] == [401, 200, 200]
    assert MAX_GRANTS_OF_APP == 20


def test_the_sweeper_deletes_expired_grants(window, app):
    exchange(app, get_code(window, app))
    OAuthGrant.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    sweep()

    assert not OAuthGrant.objects.exists()
