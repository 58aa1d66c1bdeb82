"""Asks the site over HTTP whether it is ready."""

import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

from django.conf import settings

from launcher import addresses


def not_ready_because() -> str | None:
    """Return None if the readiness page answers 200, that is if the database, Valkey, the storage and a worker work.

    Otherwise return the reason.
    """
    host = settings.HOST if settings.HOST not in {"0.0.0.0", "::", ""} else "127.0.0.1"  # noqa: S104  (compared, not bound)
    name = next((name.lstrip(".") for name in settings.ALLOWED_HOSTS if name != "*"), "localhost")
    path = addresses.READY
    request = urllib.request.Request(
        f"http://{f'[{host}]' if ':' in host else host}:{settings.PORT}{path}", headers={"Host": name}
    )
    # Ignores proxies in the environment: the request must not leave this machine.
    opener: Callable[..., Any] = urllib.request.build_opener(urllib.request.ProxyHandler({})).open
    try:
        with opener(request, timeout=5) as answer:
            return None if answer.status == 200 else f"{path} answered {answer.status}"
    except urllib.error.HTTPError as error:
        return f"{path} answered {error.code}: {error.read(500).decode(errors='replace')}"
    except OSError as error:
        return f"the web process does not answer ({error})"
