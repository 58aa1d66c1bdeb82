"""Each command of the walkthrough in docs/api.md is run against the site and must print the documented answer."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from api_access.actions.tokens import create_token
from posts.actions.comments import add_comment
from social.actions.follows import follow
from tests.conftest import FILES

pytestmark = pytest.mark.django_db

PAGE = settings.BASE_DIR / "docs" / "api.md"
ASSIGNED = re.compile(r"(?P<name>[A-Z]+)=(?:\$\((?P<command>.+) \| jq -r \.(?P<path>[\w.]+)\)|(?P<text>\S+))")


def blocks() -> Iterator[tuple[str, str]]:
    """Return the code blocks of the page as (language, text)."""
    for found in re.finditer(r"^```(\w+)\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL):
        yield found[1], found[2]


@dataclass
class Shell:
    """The subset of a shell, curl and jq that the page uses. `given` has variables whose values the page makes up."""

    given: dict[str, str]
    variables: dict[str, str] = field(default_factory=dict)

    def run(self, line: str) -> Any:
        """Run a command and return its output parsed as JSON; None for an assignment."""
        if not (assigned := ASSIGNED.fullmatch(line)):
            return self.curl(line)
        if assigned["command"]:
            value: Any = self.curl(assigned["command"])
            for step in assigned["path"].split("."):
                value = value[int(step)] if step.isdigit() else value[step]
        else:
            value = assigned["text"]
        self.variables[assigned["name"]] = self.given.get(assigned["name"], str(value))
        return None

    def curl(self, line: str) -> Any:
        name, *words = [self._filled(word) for word in shlex.split(line)]
        assert name == "curl", line
        method, headers, form, url, body = "", {}, {}, "", None
        rest = iter(words)
        for word in rest:
            if word == "-X":
                method = next(rest)
            elif word == "-H":
                key, _, value = next(rest).partition(": ")
                headers[key] = value
            elif word == "--json":
                body = next(rest)
            elif word == "-F":
                key, _, value = next(rest).partition("=")
                photo = (FILES / "bad" / "name-test.jpg").read_bytes()
                form[key] = SimpleUploadedFile(value[1:], photo, "image/jpeg") if value.startswith("@") else value
            elif word != "-s":
                url = word
        parts = urlsplit(url)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        client = Client(headers=headers)
        if form:
            return client.post(path, form).json()
        if body is not None:
            return client.generic(method or "POST", path, body, "application/json").json()
        answer = client.generic(method or "GET", path)
        return answer.json() if answer.content else None

    def _filled(self, word: str) -> str:
        return re.sub(r"\$([A-Z]+)", lambda found: self.variables[found[1]], word)


def differs(shown: Any, got: Any, where: str = "") -> list[str]:
    """Return the differences of `got` from `shown`: "…" matches any text, a list its beginning, a number its type."""
    if isinstance(shown, dict):
        if not isinstance(got, dict) or set(shown) - set(got):
            return [f"{where}: {got!r} lacks some of {sorted(shown)}"]
        return [wrong for key in shown for wrong in differs(shown[key], got[key], f"{where}.{key}")]
    if isinstance(shown, list):
        if not isinstance(got, list) or len(shown) > len(got):
            return [f"{where}: {got!r} is not {shown!r}"]
        return [wrong for n, one in enumerate(shown) for wrong in differs(one, got[n], f"{where}.{n}")]
    is_same = isinstance(got, str) if shown == "…" else got == shown
    if isinstance(shown, int) and not isinstance(shown, bool) and where != ".status":
        is_same = isinstance(got, int)
    return [] if is_same else [f"{where}: {got!r} is not {shown!r}"]


def test_the_walkthrough_works_as_documented(person, share):
    anna, me = person("anna"), person("me")
    follow(me, followee=anna)
    for number in range(2):
        post = share(anna, caption=f"Light {number}")
    add_comment(post, author=me, text="lovely")
    _, secret = create_token(me, name="walk", may_write=True, days=1)
    shell, printed, wrong = Shell({"TOKEN": secret, "SITE": "http://testserver"}), None, []

    for language, text in blocks():
        if language == "sh":
            for line in text.replace("\\\n", " ").splitlines():
                printed = shell.run(line.strip())
        elif language == "json":
            wrong += differs(json.loads(text), printed)

    assert not wrong, "\n".join(wrong)
