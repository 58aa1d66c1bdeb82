"""The hub: an ASGI application that holds the sockets of many browsers and tells them that something has changed.

A message carries no content. The page fetches what changed through its own request, which asks `visible_to`, so a
message that comes too early, too late or never shows nothing to anybody. Any hub serves anybody: all of them listen to
Valkey, and PostgreSQL is the only memory.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any, Final

from django.conf import settings

from realtime.batches import Batches
from realtime.channels import CHECK, LOOK, author_channel, message, person_channel, post_channel
from realtime.origins import is_own_origin
from realtime.sockets import POLICY_VIOLATION, SIGNED_OUT, TRY_AGAIN_LATER, Socket
from realtime.subscriber import Subscriber

_logger = logging.getLogger(__name__)

CHECK_SECONDS: Final = 4.0
"""Time between two checks of all sockets: what a lost CHECK or an absent Valkey costs."""
MAX_UNCHECKED_SECONDS: Final = 30.0
"""If PostgreSQL cannot be asked for this long, sockets are closed: nobody knows who may listen."""
SIGN_IN_SECONDS: Final = 10.0
SPREAD_SECONDS: Final = 3.0
"""After a gap, pages are told to look again at a random moment of this time."""
MAX_SOCKETS: Final = 10
"""Sockets of one person."""
MAX_POSTS: Final = 10
"""Posts that one socket listens to."""

HELLO: Final = message("hello")
"""The first message: from now on nothing is missed."""

Pair = tuple[int, int]
"""(id of a post, id of a person)."""


@dataclass(frozen=True)
class Questions:
    """What a hub asks PostgreSQL. Both functions are called in a thread, and take one query each."""

    signed_in: Callable[[Collection[str]], Mapping[str, int]]
    """From session keys to the id of the person, for valid sessions of active people."""
    visible: Callable[[Collection[Pair]], Mapping[Pair, int]]
    """From pairs to the id of the post's author, for posts that the person may see."""


class Hub:
    """An ASGI application for WebSockets at `/ws/`, and `/healthz`.

    A browser may send `{"posts": ["<id>", …]}`: the posts whose changes it wants to know of. `check_seconds` is for
    tests.
    """

    def __init__(self, questions: Questions, *, check_seconds: float = CHECK_SECONDS) -> None:
        thread = ThreadPoolExecutor(1, "questions")
        self.sessions = Batches(questions.signed_in, thread)
        self.pairs = Batches(questions.visible, thread)
        self.subscriber = Subscriber(
            settings.REDIS_URL, on_message=self._on_message, on_gap=lambda: self._start(self._look_again())
        )
        self.sockets: set[Socket] = set()
        self._by_channel: dict[str, set[Socket]] = {}
        self._authors: dict[int, int] = {}
        """From posts that a socket listens to, to their authors."""
        self._check_seconds = check_seconds
        self._tasks: set[asyncio.Task[Any]] = set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "websocket":
            await self._serve(scope, receive, send)
        else:
            await self._answer(scope, send)

    # --- Starting, stopping, health ----------------------------------------------------------------------------------

    async def _lifespan(self, receive: Any, send: Any) -> None:
        await receive()
        self._start(self.subscriber.run())
        self._start(self._check_regularly())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for task in self._tasks:
            task.cancel()
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, scope: Any, send: Any) -> None:
        """Answer a plain request: `/healthz` with the state of the hub, everything else with 404."""
        status = 200 if scope["path"] == "/healthz" else 404
        state = {
            "sockets": len(self.sockets),
            "posts": sum(len(socket.posts) for socket in self.sockets),
            "hears_valkey": self.subscriber.is_connected,
            "queries": self.sessions.queries + self.pairs.queries,
        }
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(state).encode() if status == 200 else b"{}"})

    def _start(self, work: Any) -> None:
        """Run a coroutine as a task that is kept until it ends."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # --- One socket --------------------------------------------------------------------------------------------------

    async def _serve(self, scope: Any, receive: Any, send: Any) -> None:
        await receive()
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        key = _session_key(headers.get(b"cookie", ""))
        is_own = is_own_origin(headers.get(b"origin", ""), headers.get(b"host", ""))
        if scope["path"] != "/ws/" or not is_own or not key:
            # Before the handshake: answered with 403.
            await send({"type": "websocket.close"})
            return
        try:
            async with asyncio.timeout(SIGN_IN_SECONDS):
                person = (await self.sessions.answers([key])).get(key)
        except Exception as error:
            _logger.warning("Nobody can open a socket: %s", error or "PostgreSQL does not answer")
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.close", "code": TRY_AGAIN_LATER})
            return
        if person is None:
            await send({"type": "websocket.close"})
            return
        await send({"type": "websocket.accept"})
        if len(self._by_channel.get(person_channel(person), ())) >= MAX_SOCKETS:
            await send({"type": "websocket.close", "code": TRY_AGAIN_LATER})
            return
        socket = Socket(key, person, send, scope["extensions"]["abort"])
        try:
            await self._open(socket)
            await self._listen(socket, receive)
        finally:
            await self._forget(socket)

    async def _open(self, socket: Socket) -> None:
        self.sockets.add(socket)
        await self._add_channels(socket, {person_channel(socket.person)})
        # The session may have ended between the question and the subscription.
        self._start(self._check([socket]))
        socket.tell(HELLO)

    async def _listen(self, socket: Socket, receive: Any) -> None:
        """Read until the browser leaves."""
        while (event := await receive())["type"] != "websocket.disconnect":
            posts = _wanted_posts(event.get("text")) if socket.may_send_more() else None
            if posts is None:
                socket.close(POLICY_VIOLATION)
            elif not socket.is_closing:
                await self._listen_to(socket, posts)

    async def _listen_to(self, socket: Socket, wanted: frozenset[int]) -> None:
        """Listen to exactly these posts, as far as the person may see them."""
        try:
            found = await self.pairs.answers((post, socket.person) for post in wanted)
        except Exception as error:
            _logger.warning("A socket cannot listen to posts: %s", error)
            found = {}
        self._authors |= {post: author for (post, _), author in found.items()}
        await self._set_posts(socket, frozenset(post for post, _ in found))
        # What changed between the page and the subscription was not told.
        for post in socket.posts:
            socket.tell(message("post", id=str(post)))

    async def _forget(self, socket: Socket) -> None:
        socket.is_closing = True
        self.sockets.discard(socket)
        await self._set_posts(socket, frozenset())
        await self._remove_channels(socket, {person_channel(socket.person)})

    # --- Channels ----------------------------------------------------------------------------------------------------

    async def _set_posts(self, socket: Socket, posts: frozenset[int]) -> None:
        before, after = self._channels_of(socket.posts), self._channels_of(posts)
        socket.posts = posts
        await self._remove_channels(socket, before - after)
        await self._add_channels(socket, after - before)

    def _channels_of(self, posts: Iterable[int]) -> set[str]:
        return {name for post in posts for name in (post_channel(post), author_channel(self._authors[post]))}

    async def _add_channels(self, socket: Socket, channels: set[str]) -> None:
        for channel in channels:
            self._by_channel.setdefault(channel, set()).add(socket)
        await self.subscriber.add(channels)

    async def _remove_channels(self, socket: Socket, channels: set[str]) -> None:
        for channel in channels:
            self._by_channel[channel].discard(socket)
        empty = [channel for channel in channels if not self._by_channel[channel]]
        for channel in empty:
            del self._by_channel[channel]
        await self.subscriber.remove(empty)

    def _on_message(self, channel: str, text: str) -> None:
        sockets = self._by_channel.get(channel, ())
        if text == CHECK:
            self._start(self._check(list(sockets)))
        else:
            for socket in sockets:
                socket.tell(text)

    # --- Who may listen ----------------------------------------------------------------------------------------------

    async def _check_regularly(self) -> None:
        loop = asyncio.get_running_loop()
        checked_at = loop.time()
        while True:
            began = loop.time()
            try:
                async with asyncio.timeout(SIGN_IN_SECONDS):
                    await self._ask(list(self.sockets))
                checked_at = began
            except Exception as error:
                _logger.warning("Sockets cannot be checked: %s", error or "PostgreSQL does not answer")
                if loop.time() > checked_at + MAX_UNCHECKED_SECONDS:
                    for socket in list(self.sockets):
                        socket.close(TRY_AGAIN_LATER)
            self._authors = {post: self._authors[post] for socket in self.sockets for post in socket.posts}
            await asyncio.sleep(max(0.0, began + self._check_seconds - loop.time()))

    async def _check(self, sockets: list[Socket]) -> None:
        """Ask about these sockets at once; a failure is left to the regular check."""
        try:
            async with asyncio.timeout(SIGN_IN_SECONDS):
                await self._ask(sockets)
        except Exception as error:
            _logger.warning("Some sockets cannot be checked: %s", error)

    async def _ask(self, sockets: list[Socket]) -> None:
        """Close sockets whose session has ended, and end listening to posts that their person may not see."""
        signed_in = await self.sessions.answers(socket.key for socket in sockets)
        for socket in sockets:
            if signed_in.get(socket.key) != socket.person:
                socket.close(SIGNED_OUT)
        listening = [(socket, socket.posts) for socket in sockets if socket.posts and not socket.is_closing]
        visible = await self.pairs.answers((post, socket.person) for socket, posts in listening for post in posts)
        for socket, posts in listening:
            hidden = {post for post in posts if (post, socket.person) not in visible}
            if hidden and socket in self.sockets:
                await self._set_posts(socket, socket.posts - hidden)

    async def _look_again(self) -> None:
        """After an interruption of Valkey: check everybody, then tell all to look again, over SPREAD_SECONDS."""
        sockets = list(self.sockets)
        await self._check(sockets)
        loop = asyncio.get_running_loop()
        for socket in sockets:
            loop.call_later(random.uniform(0, SPREAD_SECONDS), socket.tell, LOOK)  # noqa: S311  (spreads load)


def _session_key(cookies: str) -> str:
    """Return the session key of a Cookie header, or ""."""
    try:
        morsel = SimpleCookie(cookies).get(settings.SESSION_COOKIE_NAME)
    except CookieError:
        return ""
    return morsel.value if morsel and len(morsel.value) <= 100 else ""


def _wanted_posts(text: str | None) -> frozenset[int] | None:
    """Return the posts of a message from a browser, or None if it is malformed."""
    try:
        posts = json.loads(text or "")["posts"]
        wanted = frozenset(int(post) for post in posts if isinstance(post, str) and post.isdecimal())
    except (ValueError, TypeError, KeyError):
        return None
    is_valid = (
        isinstance(posts, list) and len(wanted) == len(posts) <= MAX_POSTS and all(post < 2**63 for post in wanted)
    )
    return wanted if is_valid else None
