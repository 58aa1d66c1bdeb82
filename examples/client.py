"""A small client of the JSON API, in one file. It needs only Python 3.11.

    export EVERYFRAME_SITE=https://everyframe.example EVERYFRAME_TOKEN=efp_…
    python client.py share cup.jpg --caption "Morning light" --alt "A cup in the sun"
    python client.py feed

Create a token at Settings → Access tokens. `docs/api.md` introduces the API, and `/api/docs` is its reference.
"""

from __future__ import annotations

import argparse
import json
import mimetypes
import os
import sys
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

ATTEMPTS: Final = 5
TIMEOUT_SECONDS: Final = 60
PASSES: Final = frozenset({429, 503})
"""Statuses after which a repeated request may succeed."""


@dataclass
class ApiError(Exception):
    """An error response of the site, as problem details (RFC 9457)."""

    status: int
    code: str
    detail: str
    errors: Sequence[Mapping[str, str]] = ()

    def __str__(self) -> str:
        places = "".join(f"\n  {error['path']}: {error['message']}" for error in self.errors)
        return f"{self.detail} ({self.status} {self.code}){places}"


@dataclass(frozen=True)
class Post:
    """A post, as far as this client needs to know it; `raw` is all that the site told."""

    id: str
    url: str
    author: str
    caption: str
    state: str
    like_count: int | None
    raw: Mapping[str, Any]

    @property
    def reasons(self) -> list[str]:
        """Why files of the post failed, a sentence for each."""
        media = enumerate(self.raw["media"], start=1)
        return [f"file {number}: {medium['error']}" for number, medium in media if medium["error"]]

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Post:
        author, counted = raw["author"]["username"], raw["like_count"]
        return cls(raw["id"], raw["url"], author, raw["caption"], raw["state"], counted, raw)


class Client:
    """One person at one site. Methods raise ApiError, or OSError if the site cannot be reached.

    A request that got no answer is sent again, as is one that came too early (429, 503). What makes something new is
    sent with an Idempotency-Key, so that it is done once however often it is sent.
    """

    def __init__(self, site: str, token: str) -> None:
        if not site.startswith(("https://", "http://")):
            raise ValueError("A site is an address such as https://everyframe.example.")
        self.site = site.rstrip("/")
        self.token = token

    # --- Reading ---

    def me(self) -> dict[str, Any]:
        return dict(self._ask("GET", "/user/profile/"))

    def person(self, ref: str) -> dict[str, Any]:
        """`ref` is a number or "@username"."""
        return dict(self._ask("GET", f"/users/{quote(ref)}"))

    def post(self, ref: str) -> Post:
        """`ref` is a number or a shortcode."""
        return Post.of(self._ask("GET", f"/posts/{quote(ref)}"))

    def feed(self) -> Iterator[Post]:
        """Yield the posts of the home page, newest first; requests each page when it is needed."""
        return (Post.of(raw) for raw in self._list(f"/feed/{self.me()['id']}"))

    def posts_of(self, ref: str) -> Iterator[Post]:
        return (Post.of(raw) for raw in self._list(f"/users/{quote(ref)}/posts"))

    # --- Writing ---

    def share(self, files: Sequence[Path], *, caption: str = "", alts: Sequence[str] = (), location: str = "") -> Post:
        """Share 1 to 20 photos and videos. The post is "processing" first: see `wait_until_final`."""
        form = [("caption", caption), ("location", location), *(("alt", alt) for alt in alts)]
        return Post.of(self._ask("POST", "/posts", form=form, files=[("files", path) for path in files]))

    def wait_until_final(self, post: Post, *, seconds: float = 120) -> Post:
        """Return `post` once it is published or has failed: `reasons` says why."""
        deadline = time.monotonic() + seconds
        while post.state == "processing":
            if time.monotonic() > deadline:
                raise TimeoutError(f"{post.url} is still being processed.")
            time.sleep(1)
            post = self.post(post.id)
        return post

    def comment(self, post_id: str, text: str) -> str:
        """Returns the number of the new comment."""
        return str(self._ask("POST", f"/posts/{post_id}/comment", body={"comment": text}, once=True)["id"])

    def like(self, post_id: str) -> None:
        self._ask("POST", f"/posts/{post_id}/like")

    def unlike(self, post_id: str) -> None:
        self._ask("POST", f"/posts/{post_id}/unlike")

    def follow(self, ref: str) -> str:
        """Returns "following" or, of a private account, "requested"."""
        return str(self._ask("POST", f"/users/{quote(ref)}/follow")["standing"])

    def delete(self, post_id: str) -> None:
        self._ask("DELETE", f"/posts/{post_id}")

    # --- The wire ---

    def _list(self, path: str) -> Iterator[dict[str, Any]]:
        cursor: str | None = ""
        while cursor is not None:
            page = self._ask("GET", f"{path}?{urlencode({'cursor': cursor})}" if cursor else path)
            yield from page["items"]
            cursor = page["next"]

    def _ask(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        form: Sequence[tuple[str, str]] = (),
        files: Sequence[tuple[str, Path]] = (),
        once: bool = False,
    ) -> Any:
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "application/json"}
        data = None
        if files:
            boundary = uuid.uuid4().hex
            headers["Content-Type"] = f"multipart/form-data; boundary={boundary}"
            data = _multipart(boundary, form, files)
        elif body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(body).encode()
        if files or once:
            headers["Idempotency-Key"] = uuid.uuid4().hex
        request = Request(f"{self.site}/api{path}", data, headers, method=method)
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
                    return json.loads(answer.read() or b"null")
            except HTTPError as error:
                if error.code not in PASSES or attempt == ATTEMPTS:
                    raise _api_error(error) from None
                time.sleep(float(error.headers.get("Retry-After", 2**attempt)))
            except (URLError, TimeoutError, ConnectionError):
                if attempt == ATTEMPTS:
                    raise
                time.sleep(2**attempt)
        raise AssertionError("the last attempt returns or raises")


def _multipart(boundary: str, form: Sequence[tuple[str, str]], files: Sequence[tuple[str, Path]]) -> bytes:
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'.encode()
        for name, text in form
    ]
    for name, path in files:
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        file_name = path.name.replace('"', "%22")
        head = f'Content-Disposition: form-data; name="{name}"; filename="{file_name}"\r\nContent-Type: {kind}'
        parts.append(f"--{boundary}\r\n{head}\r\n\r\n".encode() + path.read_bytes() + b"\r\n")
    return b"".join(parts) + f"--{boundary}--\r\n".encode()


def _api_error(error: HTTPError) -> ApiError:
    try:
        told = json.loads(error.read())
        return ApiError(error.code, told["code"], told["detail"], told["errors"])
    except (ValueError, KeyError, TypeError):
        return ApiError(error.code, "error", f"The site answered {error.code} {error.reason}.")


def main() -> int:
    parser = argparse.ArgumentParser(description="Everyframe from the command line.")
    commands = parser.add_subparsers(dest="command", required=True)
    share = commands.add_parser("share", help="share photos and videos as one post")
    share.add_argument("files", nargs="+", type=Path)
    share.add_argument("--caption", default="")
    share.add_argument("--location", default="")
    share.add_argument("--alt", action="append", default=[], help="what is on a file, in the order of the files")
    commands.add_parser("feed", help="the newest posts of one's home page")
    asked = parser.parse_args()
    try:
        client = Client(os.environ["EVERYFRAME_SITE"], os.environ["EVERYFRAME_TOKEN"])
        if asked.command == "share":
            post = client.share(asked.files, caption=asked.caption, alts=asked.alt, location=asked.location)
            post = client.wait_until_final(post)
            print(f"{post.state}: {post.url}")
            for reason in post.reasons:
                print(reason, file=sys.stderr)
            return 0 if post.state == "published" else 1
        for post, _ in zip(client.feed(), range(20), strict=False):
            print(f"@{post.author}: {post.caption or '…'}  {post.url}")
    except KeyError as error:
        print(f"Set {error.args[0]} in the environment.", file=sys.stderr)
        return 2
    except (ApiError, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
