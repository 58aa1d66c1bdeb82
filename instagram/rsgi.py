"""The RSGI application for granian: an event loop reads requests and sends responses, threads render pages.

With granian's WSGI interface, a thread reads each body and cannot give up, so as many slow clients as threads would
stop the site. Here the event loop reads bodies, cheaply and with a deadline, and a request only takes a thread once it
is complete. Large bodies are read only after the site has checked that the sender may send them.
"""

from __future__ import annotations

import asyncio
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from importlib import import_module
from io import BytesIO
from typing import IO, Any, Final, TypeVar

from django.conf import settings

from common.body_limits import ONLY_CHECK, body_limit
from common.limits import MAX_FORM_BYTES
from instagram.wsgi import application as wsgi_application

# Django would import the views at the first request, which can take seconds. A worker accepts requests after that.
import_module(settings.ROOT_URLCONF)

GRACE_SECONDS: Final = 15.0
"""Time to send a body before its rate is checked."""
MIN_BYTES_PER_SECOND: Final = 2048
"""Bodies that arrive more slowly are refused."""
IN_MEMORY_BYTES: Final = 256 * 1024
"""Larger bodies are written to a temporary file."""
CHUNK_BYTES: Final = 256 * 1024
"""Size of the chunks in which files are read and sent."""

Returned = TypeVar("Returned")

_threads = ThreadPoolExecutor(settings.WEB_THREADS, thread_name_prefix="page")
_disk = ThreadPoolExecutor(2, thread_name_prefix="body")

# Each waiting client needs a file descriptor, and the usual soft limit is 1,024.
_, _most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
with suppress(ValueError, OSError):
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(_most_files, 65_536), _most_files))


@dataclass
class Answer:
    """The response of the WSGI application. `rest` yields further chunks of a file, after `body`."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    rest: Iterator[bytes] | None = None
    close: Callable[[], None] = lambda: None


class FileWrapper:
    """Reads a file in large chunks (`wsgi.file_wrapper`)."""

    streaming = True

    def __init__(self, file: IO[bytes], block_size: int = 0) -> None:
        self.file = file

    def __iter__(self) -> Iterator[bytes]:
        return iter(lambda: self.file.read(CHUNK_BYTES), b"")

    def close(self) -> None:
        self.file.close()


class SlowBodyError(Exception):
    """Raised if a body arrives too slowly."""


class LargeBodyError(Exception):
    """Raised if a body without a Content-Length is larger than its URL accepts."""


async def application(scope: Any, proto: Any) -> None:
    """Answer one HTTP request."""
    environ = environ_of(scope)
    try:
        answer = await _take_body(environ, proto)
        if answer is not None:
            answer.headers.append(("Connection", "close"))
        else:
            answer = await _in(_threads, answer_of, environ)
    finally:
        environ["wsgi.input"].close()
    await _send(answer, proto, is_head=environ["REQUEST_METHOD"] == "HEAD")


async def _take_body(environ: dict[str, Any], proto: Any) -> Answer | None:
    """Read the body into `wsgi.input`, or return the response that refuses it."""
    length = environ.get("CONTENT_LENGTH")
    is_chunked = length is None and "HTTP_TRANSFER_ENCODING" in environ
    if not is_chunked and length in {None, "", "0"}:
        return None
    if is_chunked:
        environ["CONTENT_LENGTH"] = str(body_limit(environ["PATH_INFO"]))
    size = int(environ["CONTENT_LENGTH"])
    if size > MAX_FORM_BYTES:
        answer = await _in(_threads, answer_of, environ | {ONLY_CHECK: True})
        if answer.status != HTTPStatus.NO_CONTENT:
            return answer
    try:
        body, received = await _read(proto, size)
    except SlowBodyError:
        return Answer(408, [("Content-Type", "text/plain")], b"The body of this request arrived too slowly.\n")
    except LargeBodyError:
        return await _in(_threads, answer_of, environ | {"CONTENT_LENGTH": str(size + 1)})
    if is_chunked:
        environ["CONTENT_LENGTH"] = str(received)
        environ.pop("HTTP_TRANSFER_ENCODING")
    environ["wsgi.input"] = body
    return None


async def _read(proto: Any, size: int) -> tuple[IO[bytes], int]:
    """Read at most `size` bytes; return a file with them and their number."""
    began, received, body = time.monotonic(), 0, tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES)  # noqa: SIM115
    chunks = aiter(proto)
    try:
        while True:
            left = began + GRACE_SECONDS + received / MIN_BYTES_PER_SECOND - time.monotonic()
            try:
                chunk = await asyncio.wait_for(_next(chunks), max(left, 0.001))
            except TimeoutError:
                raise SlowBodyError from None
            if chunk is None:
                break
            received += len(chunk)
            if received > size:
                raise LargeBodyError
            if received > IN_MEMORY_BYTES:
                await _in(_disk, body.write, chunk)
            else:
                body.write(chunk)
    except BaseException:
        body.close()
        raise
    body.seek(0)
    return body, received


async def _next(chunks: Any) -> bytes | None:
    try:
        return await anext(chunks)
    except StopAsyncIteration:
        return None


async def _in(pool: ThreadPoolExecutor, call: Callable[..., Returned], *arguments: Any) -> Returned:
    return await asyncio.get_running_loop().run_in_executor(pool, call, *arguments)


def answer_of(environ: dict[str, Any]) -> Answer:
    """Run the WSGI application and return its response, with the first chunk of a file."""
    started: list[tuple[int, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], error: Any = None, /) -> Callable[[bytes], object]:
        started.append((int(status[:3]), headers))
        return lambda _: None  # PEP 3333's write(), which Django does not use.

    response: Iterable[bytes] = wsgi_application(environ, start_response)
    close = getattr(response, "close", lambda: None)
    status, headers = started[-1]
    if not getattr(response, "streaming", False):
        try:
            return Answer(status, headers, b"".join(response))
        finally:
            close()
    rest = iter(response)
    first = next(rest, b"")
    if str(len(first)) == dict(headers).get("Content-Length"):
        close()
        return Answer(status, headers, first)
    return Answer(status, headers, first, rest, close)


async def _send(answer: Answer, proto: Any, *, is_head: bool) -> None:
    try:
        if is_head or answer.status in {204, 304}:
            proto.response_empty(answer.status, answer.headers)
        elif answer.rest is None:
            proto.response_bytes(answer.status, answer.headers, answer.body)
        else:
            transport = proto.response_stream(answer.status, answer.headers)
            chunk: bytes | None = answer.body
            while chunk:
                await transport.send_bytes(chunk)
                chunk = await _in(_threads, next, answer.rest, None)
    finally:
        if answer.rest is not None:
            await _in(_threads, answer.close)


def environ_of(scope: Any) -> dict[str, Any]:
    """Return the WSGI environ of an RSGI scope. Skips headers with "_" in their name, which could imitate others."""
    host, _, port = scope.server.rpartition(":")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scope.path.encode("utf-8", "replace").decode("latin-1"),
        "QUERY_STRING": scope.query_string.encode("utf-8", "replace").decode("latin-1"),
        "SERVER_NAME": host,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.file_wrapper": FileWrapper,
    }
    if scope.authority:
        environ["HTTP_HOST"] = scope.authority
    for name, value in scope.headers.items():
        if "_" in name:
            continue
        key = name.upper().replace("-", "_")
        key = key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"
        text = value.encode("utf-8", "replace").decode("latin-1")
        if key in environ and key != "HTTP_HOST":
            text = f"{environ[key]}{'; ' if key == 'HTTP_COOKIE' else ','}{text}"
        environ[key] = text
    return environ
