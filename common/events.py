"""Events: an app notifies the apps above it without importing them.

An event is a frozen dataclass of plain values (ids, never instances). `instagram/subscriptions.py` is the only place
that maps events to tasks.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Protocol

from django.db import transaction
from kombu.exceptions import OperationalError

from common import valkey

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


class Subscriber(Protocol):
    """The part of a Celery task that this module uses."""

    name: str

    def apply_async(self, *, kwargs: dict[str, Any]) -> object: ...


_subscribers: dict[type, tuple[Subscriber, ...]] = {}


def subscribe(event_type: type, *tasks: Subscriber) -> None:
    """Run `tasks` after every `event_type`, with the event's fields as keyword arguments."""
    _subscribers[event_type] = tasks


def emit(event: DataclassInstance) -> None:
    """Queue the subscribers of `event` once the transaction has committed; a rolled-back action emits nothing.

    A broker that is down or hangs fails no request, and delays at most one by its socket timeout (two seconds): a
    sweeper does the work later, from the row that the action wrote.
    """
    # Robust: the action is committed, so an error here must not reach its caller.
    transaction.on_commit(lambda: _publish(event), robust=True)


def publish(task: Subscriber, **kwargs: Any) -> bool:
    """Queue one run of `task`; return False if the broker is unavailable."""
    with valkey.optional(f"{task.name} is left to the sweeper", OperationalError) as is_available:
        if is_available:
            task.apply_async(kwargs=kwargs)
            return True
    return False


def _publish(event: DataclassInstance) -> None:
    for task in _subscribers.get(type(event), ()):
        publish(task, **asdict(event))
