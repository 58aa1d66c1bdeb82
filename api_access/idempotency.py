"""Support the `Idempotency-Key` header: a repeated request gets the first response and has no further effect."""

from __future__ import annotations

import hashlib
import json
from typing import Final

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Schema
from ninja.responses import NinjaJSONEncoder

from accounts.http import MemberRequest
from api_access.models import IdempotencyRecord
from api_access.models.idempotency_record import MAX_KEY_CHARS
from common.api import FieldError, Problem

HEADER: Final = "Idempotency-Key"
CHUNK_BYTES: Final = 64 * 1024


class IdempotentRequest:
    """A request that takes effect once, if it has a key; without a key nothing is stored or replayed.

    Call `replay` first, which saves the work. Then, in the transaction of the action: `claim`, the action, `answer`.
    """

    def __init__(self, request: MemberRequest) -> None:
        self.person_id = request.user.pk
        self.key = request.headers.get(HEADER, "")
        self.address = f"{request.method} {request.path}"[:200]
        if HEADER in request.headers and not _is_key(self.key):
            message = f"A key has 1 to {MAX_KEY_CHARS} visible ASCII characters."
            error = FieldError(path=f"header.{HEADER}", code="invalid", message=message)
            raise Problem(422, "invalid", message, errors=[error])
        self.digest = _digest(request) if self.key else ""

    def replay(self) -> HttpResponse | None:
        """Return the stored response, or None. Raises Problem if it belongs to a different request."""
        if not self.key:
            return None
        kept = IdempotencyRecord.objects.unexpired().filter(person_id=self.person_id, key=self.key).first()
        if kept is None:
            return None
        if (kept.address, kept.digest) != (self.address, self.digest):
            raise Problem(422, "idempotency-key-reused", "This Idempotency-Key was used for a different request.")
        response = _response(kept.body, kept.status, kept.location)
        response.headers["Idempotency-Replayed"] = "true"
        return response

    def claim(self) -> HttpResponse | None:
        """Lock the key until the transaction ends, then `replay`: of two concurrent requests, the second waits."""
        if not self.key:
            return None
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_lock_name(self.person_id, self.key)])
        return self.replay()

    def answer(self, out: Schema, *, status: int = 201, location: str = "") -> HttpResponse:
        """Return `out` as the response, and store it in the transaction of the action."""
        body = json.dumps(out.model_dump(), cls=NinjaJSONEncoder)
        if self.key:
            # Replaces an expired record.
            IdempotencyRecord.objects.update_or_create(
                person_id=self.person_id,
                key=self.key,
                defaults={
                    "address": self.address,
                    "digest": self.digest,
                    "status": status,
                    "body": body,
                    "location": location,
                    "created_at": timezone.now(),
                },
            )
        return _response(body, status, location)


def _response(body: str, status: int, location: str) -> HttpResponse:
    headers = {"Location": location} if location else {}
    return HttpResponse(body, status=status, content_type="application/json; charset=utf-8", headers=headers)


def _is_key(text: str) -> bool:
    return 1 <= len(text) <= MAX_KEY_CHARS and all("!" <= char <= "~" for char in text)


def _lock_name(person_id: int, key: str) -> int:
    """Return a negative 64-bit number for an advisory lock; locks on rows use their ids, which are positive."""
    digest = hashlib.sha256(f"{person_id}:{key}".encode()).digest()
    return -1 - int.from_bytes(digest[:8], "big") // 2


def _digest(request: HttpRequest) -> str:
    """Hash the body; of a multipart form the fields and files, because its boundary differs each time."""
    hashed = hashlib.sha256()
    if request.content_type != "multipart/form-data":
        hashed.update(request.body)
        return hashed.hexdigest()
    hashed.update(json.dumps(sorted(request.POST.lists())).encode())
    for field, files in sorted(request.FILES.lists()):
        for file in files:
            hashed.update(json.dumps([field, file.name, file.size]).encode())
            for chunk in file.chunks(CHUNK_BYTES):
                hashed.update(chunk)
            file.seek(0)
    return hashed.hexdigest()
