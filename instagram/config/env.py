"""Typed readers of environment variables. Invalid values raise ImproperlyConfigured with the name of the variable."""

import environ
from django.core.exceptions import ImproperlyConfigured

env = environ.Env()


def flag(name: str, *, default: bool) -> bool:
    """Read a switch: 1, on, yes, true or 0, off, no, false."""
    text = env.str(name, default="on" if default else "off").strip().lower()
    if text in {"1", "on", "yes", "true"}:
        return True
    if text in {"", "0", "off", "no", "false"}:
        return False
    raise ImproperlyConfigured(f"{name} must be on or off, not {text!r}.")


def count(name: str, *, default: int, least: int = 0) -> int:
    """Read a whole number of at least `least`."""
    text = env.str(name, default=str(default)).strip() or str(default)
    if not text.isdigit() or int(text) < least:
        raise ImproperlyConfigured(f"{name} must be a whole number of at least {least}, not {text!r}.")
    return int(text)


def choices(name: str, *, of: set[str]) -> frozenset[str]:
    """Read a list, separated by commas, of words from the set `of`."""
    words = frozenset(word.strip().lower() for word in env.list(name, default=[]) if word.strip())
    if words - of:
        raise ImproperlyConfigured(
            f"{name} must be some of {', '.join(sorted(of))}, not {', '.join(sorted(words - of))}."
        )
    return words
