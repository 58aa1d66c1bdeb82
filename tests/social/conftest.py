from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from accounts.models import User
from social.actions.blocks import block
from social.actions.privacy import change_privacy


@pytest.fixture
def private_author(author: User) -> User:
    change_privacy(author, is_private=True)
    return author


@pytest.fixture
def blocked(person: Callable[..., User], author: User) -> User:
    """A person that the author has blocked."""
    found = person("blocked")
    block(author, blocked=found)
    return found


@pytest.fixture
def blocker(person: Callable[..., User], author: User) -> User:
    """A person who has blocked the author."""
    found = person("blocker")
    block(found, blocked=author)
    return found


def same(answer, url):
    """Return status, headers and body of a response, without the tokens that differ each time, for comparison."""
    body = re.sub(r'(csrfmiddlewaretoken" value=|X-CSRFToken": )"[^"]+"', "", answer.text)
    headers = {name: value for name, value in answer.headers.items() if name not in {"Content-Length", "Vary"}}
    headers["Content-Security-Policy"] = re.sub(r"'nonce-[^']+'", "", headers.get("Content-Security-Policy", ""))
    return answer.status_code, headers, body.replace(url, "URL")


def counts(person):
    person = User.objects.with_counts().get(pk=person.pk)
    return person.followers_count, person.following_count
