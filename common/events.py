"""Events: how an app tells the apps above it what happened, without importing them.

An event is a frozen dataclass of plain values (ids, never instances). `instagram/subscriptions.py` says which tasks
follow which event, and is the only place that does.
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
    """What we use of a Celery task."""

    name: str

    def apply_async(self, *, kwargs: dict[str, Any]) -> object: ...


_subscribers: dict[type, tuple[Subscriber, ...]] = {}


def subscribe(event_type: type, *tasks: Subscriber) -> None:
    """Let `tasks` run after every `event_type`, each with the event's fields as keyword arguments."""
    _subscribers[event_type] = tasks


def emit(event: DataclassInstance) -> None:
    """Queue the subscribers of `event` once the transaction has committed; a rolled-back action emits nothing.

    A broker that is down or hangs costs one request at most its socket timeout (two seconds) and fails none: the row
    that the action wrote is state enough for a sweeper to do the work later.
    """
    # Robust: whatever goes wrong from here on, the action has happened and its caller must not undo the rest of it.
    transaction.on_commit(lambda: _publish(event), robust=True)


def publish(task: Subscriber, **kwargs: Any) -> bool:
    """Queue one run of `task`; False if the broker is not to be had just now."""
    with valkey.optional(f"{task.name} is left to the sweeper", OperationalError) as is_available:
        if is_available:
            task.apply_async(kwargs=kwargs)
            return True
    return False


def _publish(event: DataclassInstance) -> None:
    for task in _subscribers.get(type(event), ()):
        publish(task, **asdict(event))
