"""A small world in which every text of a user is a unique planted word, so that leaks can be found by searching."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from django.db import connection, transaction
from django.test import Client

from accounts.models import User
from common.ids import encode_shortcode
from tests.visibility.tables import COMMENTS, PEOPLE, POSTS, ROLES

PLANTED = re.compile(r"planted\d{4}", re.IGNORECASE)
MISSING = 1 << 60


@dataclass(frozen=True)
class Target:
    """An object that requests are about: `kwargs` fill its URLs, `owner` is the name of its owner in `World.people`."""

    label: str
    owner: str
    kwargs: dict[str, Any]
    pk: int
    column: str = ""
    """The column of the tables; for a comment its kind."""
    writer: str = ""
    """The name of the author of a comment."""
    post: Target | None = None
    """The post of a comment or a place."""


@dataclass
class World:
    """The people and objects, the words planted in them, and the rules of the tables."""

    people: dict[str, User] = field(default_factory=dict)
    """People by their role in the tables; the authors are "public" and "private"."""
    targets: dict[str, list[Target]] = field(default_factory=dict)
    planted: dict[str, tuple[str, Target]] = field(default_factory=dict)
    """The kind, such as "caption", and the target of each planted word."""
    clients: dict[str, Client] = field(default_factory=dict)
    captions: dict[str, str] = field(default_factory=dict)
    """Texts of caption files by storage key."""

    @property
    def actors(self) -> list[str]:
        return [*ROLES, "public", "private"]

    def plant(self, kind: str, target: Target | None = None) -> str:
        """Return a new unique word and record where it is put."""
        word = f"planted{len(self.planted):04}"
        self.planted[word] = (kind, target)  # type: ignore[assignment]  # people are planted before they are targets
        return word

    # --- The rules --------------------------------------------------------------------------------------------------

    def role(self, actor: str, owner: str) -> str:
        """Return the role of `actor` towards `owner`: a row of the tables."""
        if actor == owner:
            return "author"
        if actor in {"anonymous", "suspended", "deactivated"}:
            return actor
        if {actor, owner} <= {"public", "private"}:
            return "stranger"
        if owner in {"public", "private"}:
            return actor
        if actor in {"public", "private"} and owner in {"blocked", "blocker"}:
            return "blocker" if owner == "blocked" else "blocked"
        return "stranger"

    def post_cell(self, actor: str, post: Target) -> str:
        return POSTS[self.role(actor, post.owner), post.column]

    def sees(self, actor: str, post: Target) -> bool:
        return self.post_cell(actor, post) == "+"

    def can_open(self, actor: str, post: Target) -> bool:
        return self.post_cell(actor, post) != "."

    def sees_profile(self, actor: str, owner: str) -> bool:
        return owner not in {"suspended", "deactivated"} and PEOPLE[self.role(actor, owner), "profile"] == "+"

    def sees_username(self, actor: str, owner: str) -> bool:
        """Return True if `actor` sees the profile of `owner`, or has blocked them and may see the username."""
        return owner not in {"suspended", "deactivated"} and PEOPLE[self.role(actor, owner), "profile"] != "."

    def sees_lists(self, actor: str, owner: str) -> bool:
        column = "lists-private" if owner == "private" else "lists-public"
        return self.sees_profile(actor, owner) and PEOPLE[self.role(actor, owner), column] == "+"

    def reads(self, actor: str, comment: Target) -> bool:
        readers = COMMENTS[comment.column].split()
        assert comment.post
        allowed = "everybody" in readers or self.role(actor, comment.owner) in readers
        return allowed and self.sees(actor, comment.post) and self.sees_profile(actor, comment.writer)

    def may_read(self, actor: str, word: str) -> bool:
        """Return True if any answer to `actor` may contain this planted word."""
        kind, target = self.planted[word]
        if kind in {"caption", "alt", "location", "key", "track"}:
            return self.can_open(actor, target)
        if kind in {"file name", "reason"}:
            return actor == target.owner and self.can_open(actor, target)
        if kind == "comment":
            return self.reads(actor, target)
        if kind in {"username", "name"}:
            return self.sees_username(actor, target.owner)
        if kind == "bio":
            return self.sees_profile(actor, target.owner)
        return actor == target.owner and actor not in {"suspended", "deactivated"}

    # --- Requests ----------------------------------------------------------------------------------------------------

    def request(
        self,
        actor: str,
        url: str,
        data: dict[str, Any] | None = None,
        *,
        method: str = "post",
        headers: dict[str, str] | None = None,
    ) -> Any:
        """Send a GET, or `method` with `data`; cookies set by the answer are dropped."""
        client = self.clients[actor]
        cookies = dict(client.cookies)
        if data is None:
            answer = client.get(url, headers=headers)
        elif url.startswith("/api/"):
            answer = getattr(client, method)(url, data, content_type="application/json", headers=headers)
        else:
            answer = client.post(url, data, headers=headers)
        client.cookies.clear()
        client.cookies.update(cookies)
        return answer

    def leaks(self, actor: str, answer: Any, url: str) -> list[str]:
        """Describe each planted word in the answer that `actor` may not read."""
        text = text_of(answer)
        text += "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
        words = {word.lower() for word in PLANTED.findall(text)} - set(PLANTED.findall(url.lower()))
        bad = sorted(word for word in words if not self.may_read(actor, word))
        return [f"{actor} reads the {self.planted[w][0]} of {self.planted[w][1].label} at {url}" for w in bad]


def text_of(answer: Any) -> str:
    """Return the text of the answer; a streamed file is read once and kept on the answer."""
    if answer.streaming:
        answer.was_read = getattr(answer, "was_read", None) or b"".join(answer).decode(errors="replace")
        return str(answer.was_read)
    # `answer.text` cannot decode photos.
    return str(answer.content.decode(errors="replace"))


def comparable(answer: Any, url: str) -> tuple[int, dict[str, str], str]:
    """Return status, headers and body without the URL of the request and one-time tokens, to compare answers."""
    body = re.sub(r'(csrfmiddlewaretoken" value=|form_key" value=|X-CSRFToken": )"[^"]+"', "", text_of(answer))
    headers = {name: value.replace(quote(url), "URL") for name, value in answer.headers.items()}
    headers.pop("Content-Length", None)
    headers["Content-Security-Policy"] = re.sub(r"'nonce-[^']+'", "", headers.get("Content-Security-Policy", ""))
    return answer.status_code, headers, body.replace(quote(url), "URL").replace(url, "URL")


def rows_written() -> dict[str, int]:
    """Count inserted, updated and deleted rows of each table in this transaction so far, except sessions."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, n_tup_ins + n_tup_upd + n_tup_del AS written FROM pg_stat_xact_user_tables"
            " WHERE relname <> 'accounts_session' AND n_tup_ins + n_tup_upd + n_tup_del > 0"
        )
        return dict(cursor.fetchall())


def missing_kwargs(kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return kwargs of an object that does not exist."""
    nothing = {"shortcode": encode_shortcode(MISSING), "username": "nobody.here", "slug": "no-such-place"}
    return {name: nothing.get(name, MISSING if isinstance(value, int) else value) for name, value in kwargs.items()}


@contextmanager
def rolled_back() -> Iterator[None]:
    """Roll back all that the block writes."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
