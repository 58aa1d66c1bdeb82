"""Tell browsers that something has changed, and hubs that they must ask again who may listen.

All messages are sent when the transaction commits, at once if there is none. They may be lost: while Valkey is away
nothing is sent, and after it returns the hubs tell every page to look again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from django.db import transaction

from common import valkey
from realtime.channels import CHECK, author_channel, person_channel, post_channel

_CHUNK: Final = 500
"""Messages per round trip."""


def tell(people: Iterable[int], text: str) -> None:
    """Send `text`, from `realtime.channels.message`, to all open sockets of these people, given by id.

    Cost: one round trip for every 500 people, and 20 µs each in Valkey.
    """
    _send_on_commit([(person_channel(person), text) for person in people])


def tell_readers(post_ids: Iterable[int], text: str) -> None:
    """Send `text` to all pages that show one of these posts. Cost: as `tell`."""
    _send_on_commit([(post_channel(post), text) for post in post_ids])


def check_people(people: Iterable[int]) -> None:
    """Make the hubs ask again about all sockets of these people: a session has ended, or they see other people's posts.

    The hubs ask about everybody every few seconds anyway, so a lost message only makes it slower.
    """
    tell(people, CHECK)


def check_readers_of(author_id: int) -> None:
    """Make the hubs ask again about all pages that show a post of this author."""
    _send_on_commit([(author_channel(author_id), CHECK)])


def _send_on_commit(messages: list[tuple[str, str]]) -> None:
    if messages:
        # Robust: the change is committed, so an error here must not reach its caller.
        transaction.on_commit(lambda: _send(messages), robust=True)


def _send(messages: list[tuple[str, str]]) -> None:
    with valkey.optional("open pages are not told of changes") as is_available:
        if is_available:
            for start in range(0, len(messages), _CHUNK):
                commands = [("PUBLISH", *each) for each in messages[start : start + _CHUNK]]
                valkey.send(valkey.client(), *commands)
