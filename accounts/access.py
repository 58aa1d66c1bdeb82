"""Who a program speaks for."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest

from accounts.models import User


@dataclass(frozen=True)
class Access:
    """What a token lets its bearer do."""

    user: User
    scopes: frozenset[str]
    key: str
    """Who is counted for rate limits: "token:12"."""


def authenticate(request: HttpRequest) -> Access | None:
    """What the token in `Authorization: Bearer …` allows; None if it is none of ours, too old or revoked."""
    return None
