"""Health checks for load balancers and `manage.py up`."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from common import valkey
from instagram.celery import app

log = logging.getLogger(__name__)

KEPT_SECONDS = 1.0

_last: tuple[float, dict[str, str]] = (float("-inf"), {})


@require_safe
@login_not_required
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer 200 as long as this process works. Checks nothing else."""
    return HttpResponse("ok\n", content_type="text/plain", headers={"Cache-Control": "no-store"})


@require_safe
@login_not_required
def readyz(request: HttpRequest) -> HttpResponse:
    """Report the state of each part as JSON: {"database": "ok", …}. 503 if one is unavailable.

    Cost: a query, a ping, one small file written and deleted in each storage, and one round trip to a worker. The
    result is reused for KEPT_SECONDS, so frequent requests cost little. nginx does not expose this URL.
    """
    global _last
    asked_at, parts = _last
    if (now := time.monotonic()) - asked_at > KEPT_SECONDS:
        parts = {name: _try(name, check) for name, check in CHECKS.items()}
        # Counted from the start of the checks, however long they took.
        _last = now, parts
    ready = all(answer == "ok" for answer in parts.values())
    return JsonResponse(parts, status=200 if ready else 503, headers={"Cache-Control": "no-store"})


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM django_migrations LIMIT 1")


def _valkey() -> None:
    for url in {settings.REDIS_URL, settings.TIMELINE_URL, settings.CACHE_URL}:
        valkey.connect(url).ping()


def _storage() -> None:
    for alias in ("default", "originals"):
        storage = storages[alias]
        name = storage.save(f"ready/{secrets.token_hex(8)}", ContentFile(b"ok"))
        storage.delete(name)


def _worker() -> None:
    if not app.control.ping(timeout=1.5, limit=1):
        raise RuntimeError("no worker answered within 1.5 seconds")


CHECKS: dict[str, Callable[[], None]] = {
    "database": _database,
    "valkey": _valkey,
    "storage": _storage,
    "worker": _worker,
}


def _try(name: str, check: Callable[[], None]) -> str:
    try:
        check()
    except Exception as error:
        # Only the log has the details, as anyone may read the response.
        log.warning("%s is not ready: %s", name, error)
        return "unavailable"
    return "ok"
