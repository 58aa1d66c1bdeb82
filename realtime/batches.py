"""Ask the database about many sockets with one query, in a thread of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Generic, TypeVar

from django.db import close_old_connections

Key = TypeVar("Key")
Answer = TypeVar("Answer")

GATHER_SECONDS: Final = 0.05
"""Questions of this time go into one query, so that 2,000 browsers that reconnect together cause few of them."""
MAX_KEYS: Final = 2_000


class Batches(Generic[Key, Answer]):
    """A function from keys to answers that gathers the keys of concurrent callers.

    `ask` runs in `thread`, with a database connection of its own. `queries` counts its calls.
    """

    def __init__(self, ask: Callable[[Collection[Key]], Mapping[Key, Answer]], thread: ThreadPoolExecutor) -> None:
        self._ask = ask
        self._thread = thread
        self._waiting: dict[Key, asyncio.Future[Answer | None]] = {}
        self._task: asyncio.Task[None] | None = None
        self.queries = 0

    async def answers(self, keys: Iterable[Key]) -> dict[Key, Answer]:
        """Return the answers of those keys that have one. Raises the error of the database."""
        loop = asyncio.get_running_loop()
        futures = {key: self._waiting.setdefault(key, loop.create_future()) for key in keys}
        if not futures:
            return {}
        if self._task is None:
            self._task = loop.create_task(self._run())
        await asyncio.wait(futures.values())
        found = {key: future.result() for key, future in futures.items()}
        return {key: answer for key, answer in found.items() if answer is not None}

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            await asyncio.sleep(GATHER_SECONDS)
            keys = list(self._waiting)[:MAX_KEYS]
            futures = {key: self._waiting.pop(key) for key in keys}
            self.queries += 1
            try:
                found = await loop.run_in_executor(self._thread, self._query, keys)
            except Exception as error:
                for future in futures.values():
                    future.set_exception(error)
                    future.exception()  # Those who asked may be gone.
            else:
                for key, future in futures.items():
                    future.set_result(found.get(key))
        self._task = None

    def _query(self, keys: Collection[Key]) -> Mapping[Key, Answer]:
        close_old_connections()
        try:
            return self._ask(keys)
        finally:
            close_old_connections()
