"""Apps of others: let in by a person, given tokens for a code once, and shut out by whatever ends sessions."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.actions import restore_person, suspend_person
from accounts.deactivation import deactivate, reactivate
from accounts.models import User
from api_access.actions import grants
from api_access.actions.apps import delete_app, register_app
from api_access.models import OAuthApp, OAuthGrant
from api_access.redirect_uris import redirect_uri_problem
from api_access.tasks import sweep
from common.limits import MAX_APPS, MAX_GRANTS_OF_APP
from tests.accounts.conftest import PASSWORD, errors_of

BACK = "https://client.example/back"
VERIFIER = "a" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


@pytest.fixture
def app(ben):
    return register_app(ben, name="Frames", redirect_uris=[BACK], is_confidential=False)[0]


@pytest.fixture
def secret_app(ben):
    return register_app(ben, name="Server", redirect_uris=[BACK], is_confidential=True)


def address(app, **changes):
    asked = {
        "response_type": "code", "client_id": app.client_id, "redirect_uri": BACK, "scope": "read write",
        "state": "xyz", "code_challenge": CHALLENGE, "code_challenge_method": "S256",
    } | changes  # fmt: skip
    return "/oauth/authorize/?" + urlencode({name: value for name, value in asked.items() if value is not None})


@pytest.fixture
def window(client, anna):
    client.force_login(anna)
    return client


def led_back(answer):
    """What the app is told, by the address that the window is led to."""
    assert answer.status_code == 302, answer.text
    assert answer["Location"].startswith(f"{BACK}?"), answer["Location"]
    return {name: one for name, [one] in parse_qs(urlsplit(answer["Location"]).query).items()}


def code_for(window, app, **changes):
    return led_back(window.post(address(app, **changes), {"allow": "yes"}))["code"]


def ask(path="/oauth/token/", headers=None, **fields):
    """By the app, which has no session and no token of a form."""
    body = urlencode({name: value for name, value in fields.items() if value is not None})
    client = Client(enforce_csrf_checks=True, headers=headers or {})
    return client.post(path, body, content_type="application/x-www-form-urlencoded")


def exchange(app, code_given, **changes):
    fields = {"grant_type": "authorization_code", "code": code_given, "redirect_uri": BACK, "client_id": app.client_id}
    return ask(**fields | {"code_verifier": VERIFIER} | changes)


def refresh(app, token, **changes):
    return ask(**{"grant_type": "refresh_token", "refresh_token": token, "client_id": app.client_id} | changes)


def profile_by(access):
    return Client().get("/api/user/profile/", headers={"Authorization": f"Bearer {access}"})


# --- The whole dance --------------------------------------------------------------------------------------------------


def test_a_person_lets_an_app_in_and_it_acts_as_them(window, app, anna, django_capture_on_commit_callbacks):
    page = window.get(address(app))
    assert page.status_code == 200
    assert "Let “<bdi>Frames</bdi>” in?" in page.text
    assert "client.example" in page.text
    assert "act for you" in page.text
    assert "no-store" in page["Cache-Control"]

    with django_capture_on_commit_callbacks(execute=True):
        told = led_back(window.post(address(app), {"allow": "yes"}))

    assert told.keys() == {"code", "state"}
    assert told["state"] == "xyz"
    assert [one.to for one in mail.outbox] == [[anna.email]]
    assert "Frames" in mail.outbox[0].body
    answer = exchange(app, told["code"])
    assert answer.status_code == 200, answer.text
    assert answer["Cache-Control"] == "no-store"
    tokens = answer.json()
    assert (tokens["token_type"], tokens["expires_in"], tokens["scope"]) == ("Bearer", 3600, "read write")
    assert profile_by(tokens["access_token"]).json()["username"] == "anna"
    grant = OAuthGrant.objects.get()
    assert grant.last_used_at is not None
    for column in (grant.code_digest, grant.access_digest, grant.refresh_digest):
        assert column not in {told["code"], tokens["access_token"], tokens["refresh_token"]}
        assert len(column or "") == 64


def test_the_form_may_lead_to_the_app_and_nowhere_else(window, app):
    policy = window.get(address(app))["Content-Security-Policy"]

    assert "form-action 'self' https://client.example" in policy
    assert "client.example" not in window.get("/accounts/apps/")["Content-Security-Policy"]


def test_an_address_of_before_hosts_were_judged_writes_no_directive(window, app):
    back = "https://client.example;sandbox/back"
    OAuthApp.objects.update(redirect_uris=[back])

    answer = window.get(address(app, redirect_uri=back))

    assert answer.status_code == 400
    assert "sandbox" not in answer["Content-Security-Policy"]


def test_what_may_only_read_changes_nothing(window, app, ben):
    tokens = exchange(app, code_for(window, app, scope="read")).json()

    assert tokens["scope"] == "read"
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert Client().get("/api/users/@ben", headers=headers).status_code == 200
    answer = Client().post("/api/users/@ben/follow", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "scope")


def test_without_a_scope_it_is_reading(window, app):
    assert "act for you" not in window.get(address(app, scope=None)).text
    assert exchange(app, code_for(window, app, scope=None)).json()["scope"] == "read"


def test_a_person_says_no(window, app):
    told = led_back(window.post(address(app), {"allow": "no"}))

    assert (told["error"], told["state"]) == ("access_denied", "xyz")
    assert not OAuthGrant.objects.exists()


def test_nobody_is_asked_without_a_session_nor_let_in_without_the_forms_token(client, app, anna):
    asked = client.get(address(app))
    assert asked.status_code == 302
    assert asked["Location"].startswith("/accounts/login/?next=/oauth/authorize/")
    forged = Client(enforce_csrf_checks=True)
    forged.force_login(anna)
    assert forged.post(address(app), {"allow": "yes"}).status_code == 403
    assert not OAuthGrant.objects.exists()


# --- What apps get wrong ----------------------------------------------------------------------------------------------


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
def test_whoever_is_not_an_app_or_leads_elsewhere_is_told_nothing(changes, allow, window, app):
    url = address(app, **changes)

    answer = window.get(url) if allow is None else window.post(url, {"allow": allow})

    assert answer.status_code == 400
    assert "This app can’t be connected" in answer.text
    assert "Location" not in answer
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
def test_an_app_that_asks_wrongly_is_told_so(changes, error, window, app):
    for answer in (window.get(address(app, **changes)), window.post(address(app, **changes), {"allow": "yes"})):
        told = led_back(answer)
        assert (told["error"], told["state"]) == (error, "xyz")
    assert not OAuthGrant.objects.exists()


def test_odd_characters_in_the_address_are_no_500(window, app):
    for extra in ("&x=%", "&x=ü", "&state=%00", "&scope=%ff", "&client_id=twice"):
        assert window.get(address(app) + extra).status_code in {200, 302, 400}, extra


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
def test_a_code_is_worth_nothing_to_whoever_cannot_prove_it(changes, status, error, window, app):
    answer = exchange(app, code_for(window, app), **changes)

    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert not OAuthGrant.objects.exclude(access_digest=None).exists()


def test_a_code_is_of_the_app_that_got_it(window, app, ben):
    other, _ = register_app(ben, name="Other", redirect_uris=[BACK], is_confidential=False)

    assert exchange(other, code_for(window, app)).json()["error"] == "invalid_grant"


def test_a_code_works_once_and_a_second_time_ends_what_it_gave(window, app):
    code = code_for(window, app)
    tokens = exchange(app, code).json()
    assert profile_by(tokens["access_token"]).status_code == 200

    assert exchange(app, code).json()["error"] == "invalid_grant"

    assert profile_by(tokens["access_token"]).status_code == 401
    assert refresh(app, tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_a_code_works_for_a_minute(window, app):
    code = code_for(window, app)
    past = timezone.now() - timedelta(seconds=1)
    OAuthGrant.objects.update(code_expires_at=past, expires_at=past)

    assert exchange(app, code).json()["error"] == "invalid_grant"
    sweep()
    assert not OAuthGrant.objects.exists()


@pytest.mark.parametrize("body", ["grant_type=%", "ü=1", "a=1&a=2", "", "{}"])
def test_what_cannot_be_read_is_refused(body, db):
    for path in ("/oauth/token/", "/oauth/revoke/"):
        answer = Client().post(path, body, content_type="application/x-www-form-urlencoded")
        assert answer.status_code in {400, 401}, (path, answer.text)
        assert answer.json()["error"]
        assert Client().post(path, body, content_type="application/json").status_code == 400


# --- Apps with a secret -----------------------------------------------------------------------------------------------


def basic(name, secret):
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()}


def test_an_app_with_a_secret_proves_it_in_either_way(window, secret_app):
    app, secret = secret_app

    by_body = exchange(app, code_for(window, app), client_secret=secret)
    by_header = exchange(app, code_for(window, app), client_id=None, headers=basic(app.client_id, secret))

    assert (by_body.status_code, by_header.status_code) == (200, 200)
    assert secret not in app.secret_digest


def test_an_app_with_a_secret_gets_nothing_without_it(window, secret_app):
    app, _ = secret_app
    for changes in (
        {}, {"client_secret": "efs_wrong"}, {"headers": basic(app.client_id, "wrong")},
        {"headers": {"Authorization": "Basic !"}}, {"headers": basic(app.client_id, "")},
    ):  # fmt: skip
        answer = exchange(app, code_for(window, app), **changes)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client"), changes


# --- Refreshing, revoking ---------------------------------------------------------------------------------------------


def test_a_refresh_token_works_once_and_the_new_ones_go_on(window, app):
    first = exchange(app, code_for(window, app)).json()

    second = refresh(app, first["refresh_token"]).json()

    assert second["scope"] == "read write"
    assert profile_by(second["access_token"]).status_code == 200
    assert profile_by(first["access_token"]).status_code == 401
    third = refresh(app, second["refresh_token"], scope="read").json()
    assert third["scope"] == "read"
    headers = {"Authorization": f"Bearer {third['access_token']}"}
    assert Client().post("/api/users/@ben/follow", headers=headers).status_code == 403


def test_a_refresh_token_that_comes_again_ends_all_of_its_line(window, app):
    first = exchange(app, code_for(window, app)).json()
    second = refresh(app, first["refresh_token"]).json()

    assert refresh(app, first["refresh_token"]).json()["error"] == "invalid_grant"

    assert profile_by(second["access_token"]).status_code == 401
    assert refresh(app, second["refresh_token"]).json()["error"] == "invalid_grant"


def test_a_refresh_token_is_of_its_app_and_gives_no_more_than_it_had(window, app, ben):
    tokens = exchange(app, code_for(window, app, scope="read")).json()
    other, _ = register_app(ben, name="Other", redirect_uris=[BACK], is_confidential=False)

    assert refresh(other, tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert refresh(app, tokens["refresh_token"], scope="read write").json()["error"] == "invalid_scope"
    assert refresh(app, tokens["refresh_token"]).status_code == 200


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_an_app_ends_its_own_tokens_and_nobody_elses(kind, window, app, ben):
    tokens = exchange(app, code_for(window, app)).json()
    other, _ = register_app(ben, name="Other", redirect_uris=[BACK], is_confidential=False)

    assert ask("/oauth/revoke/", token=tokens[kind], client_id=other.client_id).status_code == 200
    assert profile_by(tokens["access_token"]).status_code == 200
    assert ask("/oauth/revoke/", token=tokens[kind], client_id=app.client_id).status_code == 200
    assert profile_by(tokens["access_token"]).status_code == 401
    assert ask("/oauth/revoke/", token="efa_unknown", client_id=app.client_id).status_code == 200


def test_an_access_token_works_for_an_hour(window, app):
    tokens = exchange(app, code_for(window, app)).json()
    OAuthGrant.objects.update(access_expires_at=timezone.now() - timedelta(seconds=1))

    assert profile_by(tokens["access_token"]).status_code == 401
    assert refresh(app, tokens["refresh_token"]).status_code == 200


# --- What ends them ---------------------------------------------------------------------------------------------------


def change_password(person):
    person.set_password("another-good-password")
    person.save()


ENDS = {
    "a new password": change_password,
    "suspension": lambda person: suspend_person(person, reason="spam"),
    "deactivation": deactivate,
}


@pytest.mark.parametrize("end", ENDS)
def test_what_ends_sessions_ends_apps(end, window, app, anna):
    tokens = exchange(app, code_for(window, app)).json()
    code = code_for(window, app)

    ENDS[end](anna)

    assert profile_by(tokens["access_token"]).status_code == 401
    assert refresh(app, tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert exchange(app, code).json()["error"] == "invalid_grant"
    anna = User.objects.get(pk=anna.pk)
    {"suspension": restore_person, "deactivation": reactivate}.get(end, lambda person: None)(anna)
    if end == "a new password":
        assert profile_by(tokens["access_token"]).status_code == 401


def test_apps_of_a_developer_who_is_suspended_do_nothing(window, app, ben):
    tokens = exchange(app, code_for(window, app)).json()

    suspend_person(ben, reason="spam")

    assert profile_by(tokens["access_token"]).status_code == 401
    assert window.get(address(app)).status_code == 400
    assert refresh(app, tokens["refresh_token"]).json()["error"] == "invalid_client"


def test_a_person_sees_their_apps_and_shuts_one_out(window, app, client, ben):
    assert "No connected apps" in window.get("/accounts/apps/").text
    tokens = [exchange(app, code_for(window, app)).json() for _ in range(2)]
    page = window.get("/accounts/apps/").text
    assert page.count("Frames</bdi></dt>") == 1
    assert "Read and write" in page
    other = Client()
    other.force_login(ben)
    assert other.post(f"/accounts/apps/{app.pk}/revoke/").status_code == 404

    assert "use your account any more" in window.post(f"/accounts/apps/{app.pk}/revoke/", follow=True).text

    assert [profile_by(one["access_token"]).status_code for one in tokens] == [401, 401]


@pytest.mark.promise("O7")
@pytest.mark.parametrize("size", [2, 10])
def test_the_list_of_apps_costs_the_same_queries(size, window, ben, django_assert_num_queries):
    for number in range(size):
        app, _ = register_app(ben, name=f"App {number}", redirect_uris=[BACK], is_confidential=False)
        exchange(app, code_for(window, app))

    with django_assert_num_queries(4):  # Session, viewer, the bell, the apps.
        assert window.get("/accounts/apps/").text.count("Remove access</button>") == size


def test_of_one_app_so_many_devices_and_the_oldest_is_out(window, app, monkeypatch):
    monkeypatch.setattr(grants, "MAX_GRANTS_OF_APP", 2)
    tokens = [exchange(app, code_for(window, app)).json()["access_token"] for _ in range(3)]

    assert [profile_by(one).status_code for one in tokens] == [401, 200, 200]
    assert MAX_GRANTS_OF_APP == 20


def test_the_sweeper_forgets_what_is_over(window, app):
    exchange(app, code_for(window, app))
    OAuthGrant.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    sweep()

    assert not OAuthGrant.objects.exists()


# --- Developers -------------------------------------------------------------------------------------------------------


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
        for answer in (
            window.post(f"/accounts/apps/own/{app.pk}/{path}"),
            window.post(f"/accounts/apps/own/1/{path}"),
        ):
            assert answer.status_code == 404
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
def test_what_is_no_app_is_refused_at_its_field(fields, field, window):
    answer = window.post("/accounts/apps/own/", {"name": "App", "redirect_uris": BACK, "kind": "public"} | fields)

    assert answer.status_code == 422
    assert errors_of(answer, field)
    assert not OAuthApp.objects.exists()


def test_two_apps_of_one_name_and_too_many_are_refused(window, app, ben):
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
def test_where_an_app_may_be_led_back_to(uri):
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
def test_where_an_app_may_not_be_led_back_to(uri):
    assert redirect_uri_problem(uri)


def test_on_the_device_itself_the_port_is_free(window, ben):
    app, _ = register_app(ben, name="Local", redirect_uris=["http://127.0.0.1/back"], is_confidential=False)

    answer = window.post(address(app, redirect_uri="http://127.0.0.1:51234/back"), {"allow": "yes"})

    assert answer["Location"].startswith("http://127.0.0.1:51234/back?code=")
    for other in ("http://127.0.0.1:51234/other", "http://127.0.0.1.evil.example/back", "http://localhost:1/back"):
        assert window.get(address(app, redirect_uri=other)).status_code == 400


def test_an_app_on_a_phone_is_led_back_by_its_own_scheme(window, ben):
    app, _ = register_app(ben, name="Phone", redirect_uris=["org.example.app:/back"], is_confidential=False)

    answer = window.post(address(app, redirect_uri="org.example.app:/back"), {"allow": "yes"})

    assert answer["Location"].startswith("org.example.app:/back?code=")
    assert (
        "org.example.app:" in window.get(address(app, redirect_uri="org.example.app:/back"))["Content-Security-Policy"]
    )


def test_deleting_an_app_ends_all_it_may_do(window, app):
    tokens = exchange(app, code_for(window, app)).json()

    assert delete_app(app)

    assert profile_by(tokens["access_token"]).status_code == 401
    assert not OAuthGrant.objects.exists()
