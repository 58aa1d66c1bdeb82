"""The API compared with its own description: every answer to any request is one that the description allows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection, transaction
from django.test import Client
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as hypothesis_settings
from hypothesis.errors import Unsatisfiable

from accounts.models import User
from api_access.actions.tokens import create_token
from instagram.api import api
from instagram.wsgi import application
from posts.actions.comments import add_comment
from posts.actions.likes import like_post
from posts.models import Collection, Comment, Media, Post
from social.actions.privacy import change_privacy
from social.models import FollowRequest
from tests.visibility.world import rows_written

pytestmark = pytest.mark.django_db

EXAMPLES = 1
"""Valid requests for each operation with the first seed, and as many invalid ones."""
MORE_EXAMPLES = 12
"""The same for each of the other seeds."""


@pytest.fixture(autouse=True)
def _without_limits(settings: Any) -> Iterator[None]:
    """Turn off rate limits, and keep the database connection open after a request: its transaction is the test's."""
    settings.RATE_LIMITS = False
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture
def bearer(author: User, follower: User, stranger: User, post: Any) -> dict[str, str]:
    """Return the token header of an author who has a post, likes, comments and a follow request."""
    like_post(post, liker=follower)
    add_comment(post, author=follower, text="lovely")
    Collection.objects.create(owner=author, name="Trees")
    change_privacy(author, is_private=True)
    FollowRequest.objects.create(requester=stranger, target=author)
    _, secret = create_token(author, name="all", may_write=True, days=1)
    return {"Authorization": f"Bearer {secret}"}


def real_id(path: str, post: Any) -> str | None:
    """Return an existing object for `{id}` in a path, so that valid requests succeed."""
    of_kind = {
        "posts": lambda: post.shortcode,
        "users": lambda: "@follower",
        "feed": lambda: "@author",
        "comments": lambda: str(Comment.objects.get().pk),
        "follow-requests": lambda: "@stranger",
        "collections": lambda: str(Collection.objects.get().pk),
        "tags": lambda: "sun",
        "explore": lambda: post.shortcode,
        "suggestions": lambda: "@follower",
        "media": lambda: str(Media.objects.first().pk),
    }
    return of_kind[path.split("/")[2]]() if "{id}" in path else None


def cases(schema: Any, post: Any, number: int, run: Any) -> None:
    """Call `run` with generated requests for every operation, and with the boundary cases of the description."""
    from schemathesis import GenerationMode

    for found in schema.get_all_operations():
        operation = found.ok()
        known = real_id(operation.path, post)
        for mode in GenerationMode:
            strategies = []
            if known and mode.is_positive:
                strategies.append(operation.as_strategy(generation_mode=mode, path_parameters={"id": known}))
            if not strategies or number > 1:
                strategies.append(operation.as_strategy(generation_mode=mode))
            for strategy in strategies:
                ask = given(strategy)(run)
                ask = seed(number)(ask)
                ask = hypothesis_settings(
                    max_examples=EXAMPLES if number == 1 else MORE_EXAMPLES,
                    deadline=None, database=None, phases=[Phase.generate],
                    suppress_health_check=list(HealthCheck),
                )(ask)  # fmt: skip
                try:
                    ask()
                except Unsatisfiable:
                    assert mode.is_negative, operation.label
        if number == 2:
            config = schema.config.generation_for(operation=operation)
            for case in schema.iter_coverage_cases(
                operation, generation_modes=list(GenerationMode), generation_config=config
            ):
                run(case)


@pytest.mark.promise("U11")
@pytest.mark.parametrize("number", [1, *(pytest.param(number, marks=pytest.mark.deep) for number in (2, 3, 4, 5))])
def test_every_answer_matches_the_description(number: int, bearer: dict[str, str], post: Any) -> None:
    # Imported here, because it takes seconds, and every worker imports this file.
    import schemathesis
    from schemathesis.specs.openapi.checks import positive_data_acceptance

    asked = 0

    def run(case: Any) -> None:
        nonlocal asked
        asked += 1
        with transaction.atomic():
            response = case.call(headers=bearer | {"Accept-Encoding": "identity"})
            # Rules that a schema cannot express, such as at most 30 tags in a caption, give a 422 with a path.
            is_refused = case.method != "GET" and response.status_code == 422 and response.json()["errors"]
            excluded = [positive_data_acceptance] if is_refused else []
            case.validate_response(response, headers=bearer, excluded_checks=excluded)
            transaction.set_rollback(True)

    cases(schemathesis.openapi.from_wsgi("/api/openapi.json", application), post, number, run)
    assert asked > 100


# --- Limits and injections --------------------------------------------------------------------------------------------

INJECTIONS = ["' OR '1'='1", "'; DROP TABLE posts_post; --", "1) UNION SELECT password FROM accounts_user --"]
INJECTIONS += ["1; SELECT pg_sleep(30) --", "$$; SELECT 1; $$", "%' OR 1=1 --", "\\'; SELECT 1 --", '" OR ""="']
ODD_VALUES: list[Any] = [10**400, -1, None, [], {}, "\0", "\ud800", "é" * 5000, 1e308, True]


@contextmanager
def rolled_back() -> Iterator[None]:
    """Roll back everything inside. A statement timeout ends an injected `pg_sleep`."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = '20s'")
        yield
        transaction.set_rollback(True)


@dataclass
class Field:
    """A value of a request, with its schema in the description."""

    place: str
    """ "path", "query" or "body"."""
    name: str
    schema: dict[str, Any]


@dataclass
class Operation:
    path: str
    method: str
    fields: list[Field]
    body: dict[str, Any] | None
    """A valid body; None if the operation takes no JSON."""
    needs_body: bool

    def ask(self, client: Client, post: Any, field: Field | None = None, value: Any = None) -> Any:
        """Send a valid request with `value` in one field, and roll back its effects."""
        url = self.path.replace(
            "{id}", quote(str(value) if field and field.place == "path" else _known(self.path, post))
        )
        body = dict(self.body or {})
        if field and field.place == "query":
            url += f"?{urlencode({field.name: value})}"
        if field and field.place == "body":
            body[field.name] = value
        with rolled_back():
            answer = client.generic(self.method, url, json.dumps(body), "application/json")
        assert answer.status_code < 500, (self.method, url[:200], str(body)[:200])
        return answer


def _known(path: str, post: Any) -> str:
    return real_id(path, post) or ""


def operations() -> Iterator[Operation]:
    """Yield the operations of the description that take JSON or no body."""
    schema = api.get_openapi_schema()

    def resolved(of: dict[str, Any]) -> dict[str, Any]:
        name = of.get("$ref") or next((one.get("$ref") for one in of.get("allOf", ())), None)
        return schema["components"]["schemas"][name.rsplit("/", 1)[1]] if name else of

    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            fields = [Field(one["in"], one["name"], one["schema"]) for one in operation["parameters"]]
            fields = [one for one in fields if one.place in {"path", "query"}]
            content = operation.get("requestBody", {}).get("content", {})
            body = None
            if "application/json" in content:
                model = resolved(content["application/json"]["schema"])
                properties = {name: resolved(of) for name, of in model.get("properties", {}).items()}
                body = {name: _sample(properties[name]) for name in model.get("required", ())}
                fields += [Field("body", name, of) for name, of in properties.items()]
            needs_body = operation.get("requestBody", {}).get("required", False)
            yield Operation(path, method.upper(), fields, body, needs_body)


def writes() -> list[Operation]:
    return [one for one in operations() if one.method != "GET"]


def _sample(schema: dict[str, Any]) -> Any:
    if "enum" in schema:
        return schema["enum"][0]
    return {"string": "word", "integer": 1, "boolean": True, "array": [], "object": {}}.get(
        schema.get("type", ""), "word"
    )


@pytest.fixture
def client(bearer: dict[str, str]) -> Client:
    return Client(headers=bearer)


@pytest.mark.promise("U10")
@pytest.mark.parametrize("every", [6, pytest.param(1, marks=pytest.mark.deep)], ids=["some", "all"])
def test_every_field_at_its_limit_one_above_and_a_thousand_times_above(every: int, client: Client, post: Any) -> None:
    """Each field also gets every `every`-th odd value, beginning with another one."""
    tried = number = 0
    for operation in operations():
        for field in operation.fields:
            limits = [field.schema, *field.schema.get("anyOf", ())]
            longest = max((one.get("maxLength", 0) for one in limits), default=0)
            largest = max((one.get("maximum", 0) for one in limits), default=0)
            for limit, of in ((longest, lambda count: "x" * count), (largest, lambda number: number)):
                if not limit:
                    continue
                tried += 1
                operation.ask(client, post, field, of(limit))
                for too_much in (limit + 1, limit * 1000):
                    answer = operation.ask(client, post, field, of(too_much))
                    assert answer.status_code >= 400, (operation, field, too_much)
            number += 1
            for value in ODD_VALUES[number % every :: every]:
                operation.ask(client, post, field, value if value != "\ud800" or field.place == "body" else "\ufffd")
    assert tried > 5


@pytest.mark.promise("U10")
@pytest.mark.parametrize("text", ["[" * 10_000, '{"a":' * 10_000, "[" * 10_000 + "]" * 10_000, "", "nul", "\ufeff{}"])
def test_deeply_nested_and_invalid_json_is_refused(text: str, client: Client, post: Any) -> None:
    for operation in operations():
        if operation.body is None:
            continue
        url = operation.path.replace("{id}", _known(operation.path, post))
        with rolled_back():
            answer = client.generic(operation.method, url, text, "application/json")
        is_nothing = text == "\ufeff{}" or (text == "" and not operation.needs_body)
        assert (200 if is_nothing else 400) <= answer.status_code < 500, (operation.path, text[:10], answer.text)


@pytest.mark.promise("H3")
def test_a_session_needs_its_csrf_token_and_origin_to_write(author: User, post: Any, bearer: dict[str, str]) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(author)
    for operation in writes():
        url = operation.path.replace("{id}", _known(operation.path, post))
        for headers in ({}, {"Origin": "https://evil.example"}, {"X-CSRFToken": "x" * 64}):
            before = rows_written()
            answer = browser.generic(
                operation.method, url, json.dumps(operation.body or {}), "application/json", headers=headers
            )
            assert (answer.status_code, answer.json()["code"]) == (403, "csrf"), url
            assert rows_written() == before
        answer = browser.generic(operation.method, url, "{}", "text/plain")
        assert (answer.status_code, answer.json()["code"]) == (415, "content-type"), url


@pytest.mark.promise("A1")
def test_a_read_only_token_cannot_write(author: User, post: Any, bearer: dict[str, str]) -> None:
    _, secret = create_token(author, name="reads", may_write=False, days=1)
    reader = Client(headers={"Authorization": f"Bearer {secret}"})
    for operation in writes():
        url = operation.path.replace("{id}", _known(operation.path, post))
        before = rows_written()
        answer = reader.generic(operation.method, url, json.dumps(operation.body or {}), "application/json")
        assert (answer.status_code, answer.json()["code"]) == (403, "scope"), url
        assert set(rows_written()) - set(before) <= {"api_access_personaltoken"}


EXTRA = {"author": "1", "author_id": 1, "is_staff": True, "is_superuser": True, "folded_likes": 9, "like_count": 9}
EXTRA |= {"folded_followers": 9, "removed_at": None, "published_at": "2020-01-01T00:00:00Z", "state": "published"}
EXTRA |= {"suspended_at": "2020-01-01T00:00:00Z", "hidden_until_approved": False, "pinned_at": "2020-01-01T00:00:00Z"}


@pytest.mark.promise("A11")
def test_unknown_fields_are_refused_by_every_operation(author: User, post: Any, client: Client) -> None:
    people = ("is_staff", "is_superuser", "suspended_at", "folded_followers", "folded_posts")
    posts = ("author_id", "published_at", "removed_at", "folded_likes")

    def kept() -> Any:
        comments = Comment.objects.values_list("pk", "author_id", "pinned_at", "folded_likes").order_by("pk")
        of_people = User.objects.values_list("pk", *people).order_by("pk")
        return [
            list(of_people),
            list(Post.objects.filter(pk=post.pk).values_list(*posts)),
            list(comments.filter(post=post)),
        ]

    before = kept()
    for operation in writes():
        if operation.method == "DELETE":
            continue
        url = operation.path.replace("{id}", _known(operation.path, post))
        with transaction.atomic():
            answer = client.generic(
                operation.method, url, json.dumps(EXTRA | (operation.body or {})), "application/json"
            )
            after = kept()
            transaction.set_rollback(True)
        assert answer.status_code < 500, url
        assert after[:2] == before[:2], url
        assert after[2][: len(before[2])] == before[2], url


@pytest.mark.promise("U12")
@pytest.mark.parametrize("every", [8, pytest.param(1, marks=pytest.mark.deep)], ids=["some", "all"])
def test_sql_in_a_parameter_is_treated_as_text(every: int, client: Client, post: Any) -> None:
    """Each field gets every `every`-th injection, beginning with another one."""
    number = 0
    for operation in operations():
        for field in operation.fields:
            number += 1
            nothing = operation.ask(client, post, field, "nothing of ours")
            for text in INJECTIONS[number % every :: every]:
                answer = operation.ask(client, post, field, text)
                assert answer.status_code == nothing.status_code, (operation.path, field.name, text, answer.text)
    assert Post.objects.filter(pk=post.pk).exists()
