"""Messages of `manage.py up` itself: one line for each step, and a block at the end."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from launcher import addresses


class Step:
    """A step of the start. `detail` is printed in brackets when the step is done."""

    detail = ""


@contextmanager
def step(name: str) -> Iterator[Step]:
    """Print the name and duration of a step when it has succeeded."""
    current = Step()
    begun = time.monotonic()
    yield current
    print_done(f"{name}{f' ({current.detail})' if current.detail else ''}", time.monotonic() - begun)


def print_done(text: str, seconds: float | None = None) -> None:
    print(f"✓ {text:<58} {f'{seconds:5.1f} s' if seconds is not None else ''}".rstrip(), flush=True)


def site_address() -> str:
    """Return the address to open in a browser on this machine."""
    host = settings.HOST if settings.HOST not in {"127.0.0.1", "0.0.0.0", "::", "::1", ""} else "localhost"  # noqa: S104  (compared, not bound)
    return f"http://{host}:{settings.PORT}"


def print_welcome(seconds: float) -> None:
    """Print the block that says the site is ready `seconds` after the command, and how to use it."""
    mail = f"printed here and kept in {settings.EMAIL_FILE_PATH}" if not settings.EMAIL_URL else "sent by EMAIL_URL"
    admin = site_address() + addresses.ADMIN
    rows = [("Open", site_address())]
    if settings.DEMO and not settings.PRODUCTION:
        rows += [("Sign in as", "demo / demo-everyframe"), ("Admin", f"{admin}  admin / admin-everyframe")]
    else:
        rows += [
            ("Sign up", site_address() + addresses.SIGN_UP),
            ("Admin", f"{admin}  (make an account: {_short(sys.executable)} manage.py createsuperuser)"),
        ]
    rows += [("Mail", mail), ("Stop", "Ctrl-C")]
    line = "─" * 78
    print(f"\n{line}\n {settings.SITE_NAME} is ready after {seconds:.1f} s\n", flush=True)
    for name, text in rows:
        print(f" {name:<11}{text}")
    print(f"{line}\n", flush=True)


def _short(path: str) -> str:
    """Return the path relative to the project's folder, if it is inside."""
    try:
        return str(Path(path).relative_to(settings.BASE_DIR))
    except ValueError:
        return path
