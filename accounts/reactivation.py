"""Hooks that run when a deactivated or suspended user becomes active again."""

from __future__ import annotations

from collections.abc import Callable

_hooks: list[Callable[[int], object]] = []


def on_reactivated(hook: Callable[[int], object]) -> None:
    """Call `hook` with the id of each reactivated or restored user, in the same transaction."""
    _hooks.append(hook)


def notify_reactivated(user_id: int) -> None:
    """Run the hooks of `on_reactivated`."""
    for hook in _hooks:
        hook(user_id)
