"""The API against its own description: what it describes is all that it answers, whatever it is sent."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.conf import settings
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from django.middleware.csrf import _get_new_csrf_string
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as hypothesis_settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from accounts.models import User
from instagram.api import api
from instagram.wsgi import application
from posts.actions import add_comment, like_post
from posts.models import Comment, Media
from social.actions import change_privacy
from social.models import FollowRequest

pytestmark = pytest.mark.django_db

EXAMPLES = 6
"""Of each operation, for each seed, of what fits the description and of what does not."""


@pytest.fixture(autouse=True)
def _without_limits(settings: Any) -> Iterator[None]:
    """Nor does the end of a request close the connection, whose transaction is the test's."""
    settings.RATE_LIMITS = False
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture
def session(author: User, follower: User, stranger: User, post: Any, as_: Any) -> dict[str, Any]:
    """Cookies and headers of somebody who has shared, was liked, and is asked."""
    like_post(post, liker=follower)
    add_comment(post, author=follower, text="lovely")
    change_privacy(author, is_private=True)
    FollowRequest.objects.create(requester=stranger, target=author)
    secret = _get_new_csrf_string()
    key = as_(author).cookies[settings.SESSION_COOKIE_NAME].value
    cookies = {settings.SESSION_COOKIE_NAME: key, settings.CSRF_COOKIE_NAME: secret}
    return {"cookies": cookies, "headers": {"X-CSRFToken": secret}}


def real_id(path: str, post: Any) -> str | None:
    """What `{id}` of an address may be, so that the request comes to something."""
    of_kind = {
        "posts": lambda: post.shortcode,
        "users": lambda: "@follower",
        "feed": lambda: "@author",
        "comments": lambda: str(Comment.objects.get().pk),
        "follow-requests": lambda: "@stranger",
        "media": lambda: str(Media.objects.first().pk),
    }
    return of_kind[path.split("/")[2]]() if "{id}" in path else None


def cases(schema: Any, post: Any, number: int, run: Any) -> None:
    """Have `run` ask what the seed gives, of every operation, and what is at the edges of its description."""
    for found in schema.get_all_operations():
        operation = found.ok()
        known = real_id(operation.path, post)
        for mode in GenerationMode:
            strategies = [operation.as_strategy(generation_mode=mode)]
            if known and mode.is_positive:
                strategies.append(operation.as_strategy(generation_mode=mode, path_parameters={"id": known}))
            for strategy in strategies:
                ask = given(strategy)(run)
                ask = seed(number)(ask)
                ask = hypothesis_settings(
                    max_examples=EXAMPLES, deadline=None, database=None, phases=[Phase.generate],
                    suppress_health_check=list(HealthCheck),
                )(ask)  # fmt: skip
                try:
                    ask()
                except Unsatisfiable:
                    assert mode.is_negative, operation.label
        if number == 1:
            config = schema.config.generation_for(operation=operation)
            for case in schema.iter_coverage_cases(
                operation, generation_modes=list(GenerationMode), generation_config=config
            ):
                run(case)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_U11_whatever_is_sent_is_answered_as_described(number: int, session: dict[str, Any], post: Any) -> None:
    asked = 0

    def run(case: Any) -> None:
        nonlocal asked
        asked += 1
        with transaction.atomic():
            case.call_and_validate(**session)
            transaction.set_rollback(True)

    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", application)
    # A wrong token is refused before anything is looked at.
    schema.config.generation.update(with_security_parameters=False)
    cases(schema, post, number, run)
    assert asked > 100
