"""Support the `Idempotency-Key` header: a repeated request gets the first response and has no further effect."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Final

from django.db import connection, models, transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Schema
from ninja.responses import NinjaJSONEncoder

from accounts.http import MemberRequest
from common.api import FieldError, Problem

KEPT_HOURS: Final = 24
MAX_KEY_CHARS: Final = 255
HEADER: Final = "Idempotency-Key"
CHUNK_BYTES: Final = 64 * 1024


class IdempotencyRecord(models.Model):
    """The first response to a request with a key, written in the transaction of the request's effects."""

    person_id = models.BigIntegerField()
    key = models.CharField(max_length=MAX_KEY_CHARS)
    address = models.CharField(max_length=200)
    digest = models.CharField(max_length=64)
    """Of what was sent: another request with the same key is refused."""
    status = models.SmallIntegerField()
    body = models.TextField()
    location = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "accounts_keptanswer"
        constraints = [models.UniqueConstraint(fields=["person_id", "key"], name="answered_once")]
        # accounts.sweep: answers whose time is over.
        indexes = [models.Index(fields=["created_at"], name="answers_by_age")]

    def __str__(self) -> str:
        return f"{self.address} of {self.person_id}"


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
        kept = IdempotencyRecord.objects.filter(
            person_id=self.person_id, key=self.key, created_at__gt=_expiry_limit()
        ).first()
        if kept is None:
            return None
        if (kept.address, kept.digest) != (self.address, self.digest):
            raise Problem(422, "idempotency-key-reused", "This Idempotency-Key came with another request before.")
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
            # One that is too old for `replay` is replaced.
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


@transaction.atomic
def delete_expired_records() -> int:
    """Delete records older than KEPT_HOURS; return how many."""
    return IdempotencyRecord.objects.filter(created_at__lte=_expiry_limit()).delete()[0]


def _expiry_limit() -> object:
    return timezone.now() - timedelta(hours=KEPT_HOURS)


def _response(body: str, status: int, location: str) -> HttpResponse:
    headers = {"Location": location} if location else {}
    return HttpResponse(body, status=status, content_type="application/json; charset=utf-8", headers=headers)


def _is_key(text: str) -> bool:
    return 1 <= len(text) <= MAX_KEY_CHARS and all("!" <= char <= "~" for char in text)


def _lock_name(person_id: int, key: str) -> int:
    """64 bits, for a lock of PostgreSQL; the sign bit set, so that it is no id of a row, which are locked too."""
    digest = hashlib.sha256(f"{person_id}:{key}".encode()).digest()
    return -1 - int.from_bytes(digest[:8], "big") // 2


def _digest(request: HttpRequest) -> str:
    """Of a form its fields and files, for its bytes have another boundary each time; else of the bytes."""
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
