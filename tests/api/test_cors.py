"""Scripts of other sites can read answers to a bearer token or to no one, and never answers to a session."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from api_access.actions.tokens import create_token
from instagram.cors import EXPOSED_HEADERS
from social.models import Follow

pytestmark = pytest.mark.django_db

ORIGINS = [
    "https://evil.example",
    "null",
    "http://testserver.evil.example",
    "http://eviltestserver",
    "https://testserver",
    "http://testserver",
]


def cors_headers(answer: Any) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name.startswith("Access-Control-")}


def bearer(person: User) -> dict[str, str]:
    return {"Authorization": f"Bearer {create_token(person, name='app', may_write=True, days=1)[1]}"}


@pytest.mark.promise("H5")
@pytest.mark.parametrize("origin", ORIGINS)
def test_any_origin_reads_answers_to_a_token_without_credentials(origin: str, author: User, client: Client) -> None:
    headers = {"Origin": origin, **bearer(author)}
    for path, status in (("user/profile/", 200), ("users/@nobody", 404), ("user/profile/?limit=x", 200)):
        answer = client.get(f"/api/{path}", headers=headers)
        assert answer.status_code == status
        assert cors_headers(answer) == {
            "Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": EXPOSED_HEADERS,
        }  # fmt: skip
    refused = client.get("/api/user/profile/", headers={"Origin": origin, "Authorization": "Bearer wrong"})
    assert (refused.status_code, refused.headers["Access-Control-Allow-Origin"]) == (401, "*")


@pytest.mark.promise("H5")
@pytest.mark.parametrize("origin", ORIGINS)
@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
def test_a_preflight_needs_no_token_and_allows_no_credentials(
    origin: str, method: str, client: Client, settings: Any
) -> None:
    settings.RATE_LIMITS = True
    asked = {"Origin": origin, "Access-Control-Request-Method": method}
    asked["Access-Control-Request-Headers"] = "authorization,content-type,idempotency-key"

    answer = client.options("/api/posts", headers=asked)

    assert (answer.status_code, answer.content) == (204, b"")
    headers = cors_headers(answer)
    assert headers.keys() == {
        "Access-Control-Allow-Origin", "Access-Control-Allow-Methods", "Access-Control-Allow-Headers",
        "Access-Control-Max-Age",
    }  # fmt: skip
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert method in headers["Access-Control-Allow-Methods"].split(", ")
    allowed = headers["Access-Control-Allow-Headers"].lower().split(", ")
    assert {"authorization", "content-type", "idempotency-key"} <= set(allowed)


@pytest.mark.promise("H5")
@pytest.mark.parametrize("origin", ORIGINS[:4])
def test_no_other_site_reads_or_writes_with_a_session(origin: str, author: User, follower: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(follower)
    Follow.objects.all().delete()
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    for answer in (
        browser.get("/api/user/profile/", headers={"Origin": origin}),
        browser.options("/api/user/profile/", headers=asked),
        browser.post("/api/users/@author/follow", "{}", "application/json", headers={"Origin": origin}),
    ):
        assert cors_headers(answer) == {}
    assert not Follow.objects.exists()


@pytest.mark.promise("H5")
@pytest.mark.parametrize("path", ["/", "/accounts/login/", "/oauth/authorize/", "/apiary/", "/media/1/x", "/healthz"])
def test_pages_have_no_cors_headers(path: str, client: Client, author: User) -> None:
    asked = {"Origin": "https://app.example", "Access-Control-Request-Method": "GET"}
    for answer in (
        client.get(path, headers={"Origin": "https://app.example"}),
        client.get(path, headers={"Origin": "https://app.example", **bearer(author)}),
        client.options(path, headers=asked),
    ):
        assert cors_headers(answer) == {}


def test_an_app_in_a_browser_can_read_the_rate_limit_and_link_headers(author: User, client: Client, share: Any) -> None:
    for _ in range(2):
        share(author)

    answer = client.get("/api/users/@author/posts?limit=1", headers={"Origin": "https://app.example"})

    exposed = answer.headers["Access-Control-Expose-Headers"].split(", ")
    assert {"RateLimit-Remaining", "RateLimit-Reset", "Retry-After", "Link", "ETag", "Location"} <= set(exposed)
    assert answer.headers["Link"]


def test_an_app_in_a_browser_can_read_the_errors_of_the_token_endpoint(client: Client) -> None:
    form = "application/x-www-form-urlencoded"
    for path in ("/oauth/token/", "/oauth/revoke/"):
        answer = client.post(path, "grant_type=x", form, headers={"Origin": "https://app.example"})
        assert answer.status_code in {400, 401}
        assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_the_authorization_server_describes_itself(client: Client, settings: Any) -> None:
    settings.SITE_ORIGIN = "https://photos.example.org"

    answer = client.get("/.well-known/oauth-authorization-server", headers={"Host": "testserver"})

    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    told = answer.json()
    assert told["issuer"] == "https://photos.example.org"
    assert told["authorization_endpoint"] == "https://photos.example.org/oauth/authorize/"
    assert told["token_endpoint"] == "https://photos.example.org/oauth/token/"
    assert told["revocation_endpoint"] == "https://photos.example.org/oauth/revoke/"
    assert told["code_challenge_methods_supported"] == ["S256"]
    assert told["scopes_supported"] == ["read", "write"]
    assert set(told["token_endpoint_auth_methods_supported"]) == {"none", "client_secret_basic", "client_secret_post"}
