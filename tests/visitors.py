"""Users of the running site over plain HTTP, as a browser without scripts sends it. Each may run in a thread."""

from __future__ import annotations

import http.client
import json
import re
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

PASSWORD = "correct-horse-battery"
_numbers = count(1)

SIGNING_UP: dict[int, Callable[[str], dict[str, str]]] = {}
"""By port of a site, a quick way to sign up: called with a username, it returns the cookies of the new session."""

Files = Sequence[tuple[str | bytes, bytes]]
"""Pairs of file name and content. A name given as bytes is sent unchanged."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Visitor:
    """A session of one user. `statuses` records the status of every answer."""

    port: int
    username: str = ""
    cookies: dict[str, str] = field(default_factory=dict)
    statuses: list[int] = field(default_factory=list)

    def request(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        connection = http.client.HTTPConnection("localhost", self.port, timeout=60)
        sent = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())} | (headers or {})
        began = time.perf_counter()
        try:
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        for line in response.headers.get_all("Set-Cookie") or ():
            for name, morsel in SimpleCookie(line).items():
                self.cookies[name] = morsel.value
        self.statuses.append(response.status)
        heads = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status, heads, content, time.perf_counter() - began)

    def get(self, path: str, headers: dict[str, str] | None = None) -> Answer:
        return self.request("GET", path, headers=headers)

    def post(self, path: str, fields: dict[str, str] | None = None, headers: dict[str, str] | None = None) -> Answer:
        """Send a form without files."""
        body = urlencode(self._with_token(fields)).encode()
        return self.request("POST", path, body, {"Content-Type": "application/x-www-form-urlencoded"} | (headers or {}))

    def send(
        self,
        path: str,
        files: Files,
        fields: dict[str, str] | None = None,
        *,
        name: str = "files",
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Send a form with files."""
        boundary = secrets.token_hex(16)
        body = multipart(boundary, self._with_token(fields).items(), name, files)
        return self.request(
            "POST", path, body, {"Content-Type": f"multipart/form-data; boundary={boundary}"} | (headers or {})
        )

    def _with_token(self, fields: dict[str, str] | None) -> dict[str, str]:
        return {"csrfmiddlewaretoken": self.csrf} | (fields or {})

    @property
    def csrf(self) -> str:
        return next((value for name, value in self.cookies.items() if "csrf" in name), "")

    def sign_up(self, name: str = "person") -> Visitor:
        """Sign up a new user, whose username begins with `name`; return self."""
        self.username = f"{name}{next(_numbers)}{secrets.token_hex(2)}"
        if self.port in SIGNING_UP:
            self.cookies |= SIGNING_UP[self.port](self.username)
            return self
        self.get("/accounts/signup/")
        fields = {"email": f"{self.username}@example.org", "username": self.username, "password1": PASSWORD}
        answer = self.post("/accounts/signup/", fields)
        assert answer.status == 302, answer.text
        return self

    def share(self, *files: tuple[str | bytes, bytes], caption: str = "") -> Answer:
        """Share a post through the form, with the JSON answer that scripts get."""
        return self.send("/create/", files, {"caption": caption}, headers={"Accept": "application/json"})

    def share_file(self, path: Path, caption: str = "") -> Answer:
        return self.share((path.name, path.read_bytes()), caption=caption)

    def begin_upload(self, name: str, size: int) -> Answer:
        """Start an upload in parts, as the composer does."""
        return self.post("/create/uploads/", {"name": name, "size": str(size)})

    def upload(self, name: str, content: bytes) -> Answer:
        """Upload a file in parts; return the answer to the first refused request, or to the last request."""
        answer = self.begin_upload(name, len(content))
        if answer.status != 201:
            return answer
        session = answer.json
        for part in session["parts"]:
            data = content[part["offset"] : part["offset"] + part["size"]]
            answer = self.send(part["url"], [("blob", data)], part["fields"], name="file")
            if answer.status != 204:
                return answer
        return self.post(f"/create/uploads/{session['id']}/complete/")

    def outcome(self, url: str) -> tuple[str, str]:
        """Return the state of one of the user's posts ("published", "processing" or "failed") and its page."""
        page = self.get(url).text
        found = re.search(r'<article class="post-card"[^>]*?(?: data-state="(\w+)")', page)
        return (found[1] if found else "published"), page

    def wait_for(self, url: str, *, seconds: float = 60) -> tuple[str, str]:
        """Wait until the post is published or failed; return its `outcome`. Polls the card, because that is cheaper."""
        deadline = time.monotonic() + seconds
        while 'data-state="processing"' in self.get(f"{url}state/", headers={"HX-Request": "true"}).text:
            assert time.monotonic() < deadline, f"{url} is still processing"
            time.sleep(0.2)
        return self.outcome(url)


def multipart(boundary: str, fields: Iterable[tuple[str, str]], name: str, files: Files) -> bytes:
    """Return the body of a multipart form, with all files in the field `name`."""
    lines = []
    for key, value in fields:
        lines += [f"--{boundary}", f'Content-Disposition: form-data; name="{key}"', "", value]
    body = "".join(f"{line}\r\n" for line in lines).encode()
    for file_name, content in files:
        raw = file_name if isinstance(file_name, bytes) else escape_file_name(file_name)
        body += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="'.encode() + raw
        body += b'"\r\nContent-Type: application/octet-stream\r\n\r\n' + content + b"\r\n"
    return body + f"--{boundary}--\r\n".encode()


def escape_file_name(file_name: str) -> bytes:
    """Escape a file name as Chrome, Firefox and Safari do: these three characters only."""
    return file_name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A").encode()
