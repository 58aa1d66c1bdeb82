"""Rules of all URLs below /api/: authentication, caching, rate limits, errors and the OpenAPI description."""

import json
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.db import OperationalError
from django.test import Client

from common.api_codes import CODES
from instagram.api import api
from social.models import Follow

pytestmark = pytest.mark.django_db


def test_a_person_is_found_by_id_and_by_username(client, author):
    by_number, by_name = client.get(f"/api/users/{author.pk}"), client.get(f"/api/users/@{author.username}")

    assert by_number.status_code == by_name.status_code == 200
    assert by_number.json() == by_name.json()
    assert by_number.json()["id"] == str(author.pk)


@pytest.mark.parametrize("path", ["/api/users/1", "/api/users/@nobody", "/api/users/x", "/api/nothing", "/api/"])
def test_a_missing_object_is_a_problem(client, path):
    answer = client.get(path)

    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "not-found"


def test_another_method_is_a_problem(client, author):
    answer = client.delete(f"/api/users/{author.pk}")

    assert (answer.status_code, answer.json()["code"]) == (405, "method")
    assert answer.headers["Allow"] == "GET, HEAD"


def test_writes_need_a_session_or_a_token(client, author):
    answer = client.post(f"/api/users/{author.pk}/follow")

    assert (answer.status_code, answer.json()["code"]) == (401, "signed-out")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_an_invalid_token_is_refused_even_with_a_session(client, author, follower):
    client.force_login(follower)

    answer = client.get(f"/api/users/{author.pk}", headers={"Authorization": "Bearer nonsense"})

    assert (answer.status_code, answer.json()["code"]) == (401, "token")


@pytest.mark.promise("H3")
def test_a_session_needs_its_csrf_token_to_write(author, follower):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(follower)
    Follow.objects.all().delete()

    answer = browser.post(f"/api/users/{author.pk}/follow")
    as_text = browser.post(f"/api/users/{author.pk}/follow", json.dumps({}), content_type="text/plain")

    assert (answer.status_code, answer.json()["code"]) == (403, "csrf")
    assert (as_text.status_code, as_text.json()["code"]) == (415, "content-type")
    assert not Follow.objects.exists()


def test_an_unchanged_answer_is_304(client, author):
    first = client.get(f"/api/users/{author.pk}")
    again = client.get(f"/api/users/{author.pk}", headers={"If-None-Match": first.headers["ETag"]})

    assert (again.status_code, again.content) == (304, b"")
    assert {"Authorization", "Cookie"} <= set(first.headers["Vary"].split(", "))


def test_every_answer_has_the_headers_of_the_rate_limit(client, author):
    answer = client.get(f"/api/users/{author.pk}")

    assert int(answer.headers["RateLimit-Remaining"]) <= int(answer.headers["RateLimit-Limit"])
    assert int(answer.headers["RateLimit-Reset"]) >= 0


def test_the_description_is_openapi_3_1(client):
    description = client.get("/api/openapi.json").json()

    assert description["openapi"] == "3.1.0"
    person = description["paths"]["/api/users/{id}"]["get"]
    assert {} in person["security"]
    assert set(person["responses"]["404"]["content"]) == {"application/problem+json"}


def test_head_is_get_without_the_body(client, author):
    got, asked = client.get("/api/users/@author"), client.head("/api/users/@author")

    assert (asked.status_code, asked.content) == (200, b"")
    assert asked.headers["ETag"] == got.headers["ETag"]
    assert asked.headers["Content-Length"] == str(len(got.content))
    assert client.head("/api/users/@nobody").status_code == 404


# --- The description --------------------------------------------------------------------------------------------------


def test_every_operation_has_a_unique_name_and_a_description(client):
    operations = [one for methods in api.get_openapi_schema()["paths"].values() for one in methods.values()]
    names = [one["operationId"] for one in operations]

    assert len(names) == len(set(names))
    assert not [one["operationId"] for one in operations if not one.get("description")]
    assert not [one["operationId"] for one in operations if not one.get("tags")]


def test_operations_share_one_response_model_per_schema(client):
    operations = [
        one
        for router in api._get_bound_routers()
        for view in router.path_operations.values()
        for one in view.operations
    ]
    models = [model for one in operations for model in one.response_models.values() if model is not None]
    schemas = {model.model_fields["response"].annotation for model in models}

    assert len(models) > 10 * len(schemas), "every operation lists its problems"
    assert len(set(models)) == len(schemas)


def test_fields_and_parameters_are_described_unless_their_names_suffice(client):
    schema = api.get_openapi_schema()
    plain = {"username", "name", "caption", "location", "text", "email", "kind", "audience", "author", "id", "url"}
    plain |= {"height", "created_at", "edited_at", "person", "items", "title", "status", "code", "detail", "errors"}
    plain |= {"post_id", "comment_count", "like_count", "unread", "viewer", "video", "standing", "bio", "message"}
    plain |= {"follows_you", "muted", "restricted", "following_count", "follower_count"}
    silent = {
        f"{name}.{field}"
        for name, model in schema["components"]["schemas"].items()
        for field, of in model.get("properties", {}).items()
        if not of.get("description") and field not in plain
    }

    assert not silent


def test_the_description_lists_the_headers_of_answers(client, author):
    answers = client.get("/api/openapi.json").json()["paths"]["/api/users/{id}/followers"]["get"]["responses"]

    assert {"ETag", "Link", "RateLimit-Remaining"} <= set(answers["200"]["headers"])
    assert "Retry-After" in answers["429"]["headers"]
    assert "304" in answers


def test_the_description_is_public_and_304_if_unchanged(client):
    first = client.get("/api/openapi.json")

    assert first.status_code == 200
    assert client.get("/api/openapi.json", headers={"If-None-Match": first.headers["ETag"]}).status_code == 304


CODE = re.compile(r"""(?:Problem\(\s*\d+, |ValidationFailed\([^)]*code=|_unavailable\(request, )"(?P<code>[a-z-]+)\"""")


def test_every_error_code_is_explained_at_its_type_url(client):
    apps = ("accounts", "common", "feed", "instagram", "notifications", "posts", "search", "social")
    files = [path for app in apps for path in Path(settings.BASE_DIR, app).rglob("*.py")]
    used = {found["code"] for path in files for found in CODE.finditer(path.read_text())}

    assert {"csrf", "scope", "not-yours", "database"} <= used <= set(CODES)
    page = client.get("/api/docs").text
    type_ = client.get("/api/nothing").json()["type"]
    assert type_ == "/api/docs#not-found"
    assert all(f'id="{code}"' in page for code in CODES)


# --- Errors -----------------------------------------------------------------------------------------------------------


def is_problem(answer, status, code):
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert answer.json() | {"code": code, "status": status} == answer.json()
    return True


def test_every_error_below_api_is_a_problem(client, signed_in, author, settings, monkeypatch):
    settings.DEBUG, settings.ALLOWED_HOSTS = False, ["testserver"]
    browser = signed_in(author)
    browser.raise_request_exception = False
    assert is_problem(client.get("/api/users/@author", headers={"Host": "evil.example"}), 400, "bad-request")
    latin = {"content_type": "application/json; charset=latin1"}
    assert is_problem(browser.post("/api/users/@author/follow", "{}", **latin), 400, "bad-request")
    assert is_problem(client.get("/api/users/@author/", headers={}), 404, "not-found")
    assert is_problem(browser.put("/api/users/@author"), 405, "method")

    def broken(*args):
        raise RuntimeError

    def away(*args):
        raise OperationalError

    for trouble, status, code in ((broken, 500, "server-error"), (away, 503, "database")):
        monkeypatch.setattr("feed.api.profiles.profiles_for", trouble)
        assert is_problem(browser.get("/api/users/@author"), status, code)
