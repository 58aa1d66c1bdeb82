"""Files in a bucket of an S3-compatible store, as `media.storage` uses it; those on their way in: `media.incoming_s3`.

A store that hangs would cost a request its timeout for every call, those that tidy up included; so after one timed
out, all calls of this process fail at once for PAUSE_SECONDS.
"""

from __future__ import annotations

import contextlib
import logging
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from typing import IO, Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    HTTPClientError,
    IncompleteReadError,
    ReadTimeoutError,
)
from botocore.handlers import add_expect_header
from django.core.files.base import File
from storages.backends.s3 import S3Storage
from storages.utils import ReadBytesWrapper

log = logging.getLogger(__name__)

CONNECT_SECONDS: Final = 2
READ_SECONDS: Final = 4
ATTEMPTS: Final = 2
"""Both timeouts count for each attempt, and up to a second lies between two: a call ends within 10 seconds."""
PAUSE_SECONDS: Final = 5.0

BLOCK_BYTES: Final = 1024 * 1024

INCOMING: Final = "incoming/"
"""In the bucket of the originals, what is below this is no original yet: see `media.incoming_s3`."""

_paused_until = 0.0
_making = threading.Lock()


class PausedError(HTTPClientError):
    fmt = "the store hung a moment ago and is not asked again yet"


class Bucket(S3Storage):
    """django-storages' storage with timeouts, and one client a process.

    Keys are random, so a file is written without asking first whether there is one; no file has an address that lasts.
    """

    upload_url: str
    """Where browsers send files to (`media.incoming_s3`)."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._resource: Any = None

    def get_default_settings(self) -> dict[str, Any]:
        defaults: dict[str, Any] = super().get_default_settings()
        return defaults | {
            "upload_url": "",
            "file_overwrite": True,
            "default_acl": None,
        }

    @property
    def connection(self) -> Any:
        if self._resource is None:
            with _making:
                self._resource = self._resource or self._connect()
        return self._resource

    @property
    def client(self) -> Any:
        return self.connection.meta.client

    def _connect(self) -> Any:
        config = Config(
            signature_version="s3v4",
            s3={"addressing_style": self.addressing_style},
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            max_pool_connections=32,
            # Checksums in trailers are newer than many compatible stores.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        resource = _session(self.access_key, self.secret_key, self.security_token).resource(
            "s3", region_name=self.region_name, endpoint_url=self.endpoint_url, config=config
        )
        events = resource.meta.client.meta.events
        # Asking before a body is sent waits a second more for a store that hangs, and one round trip for any other.
        events.unregister("before-call.s3", add_expect_header)
        events.register("before-call.s3", _refuse_while_paused)
        events.register("after-call-error.s3", _pause_if_hung)
        return resource

    # Not boto3's transfers, which django-storages uses: one that broke off within the head of an answer never ended.

    def _open(self, name: str, mode: str = "rb") -> File:
        """A copy in a temporary file, which is never in memory whole, and which another process can be handed."""
        if mode != "rb":
            raise ValueError("Files in a bucket are opened to be read.")
        with contextlib.ExitStack() as on_failure:
            copy = on_failure.enter_context(tempfile.TemporaryFile())
            for attempt in range(1, ATTEMPTS + 1):
                try:
                    self._fetch(name, copy)
                    break
                except ClientError as error:
                    if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                        raise FileNotFoundError(name) from error
                    raise
                except (BotoCoreError, KeyError):
                    # The client tries a request again that got no answer; an answer that broke off is tried again here.
                    if attempt == ATTEMPTS:
                        raise
            copy.seek(0)
            on_failure.pop_all()
        return File(copy, name)

    def _fetch(self, name: str, copy: IO[bytes]) -> None:
        copy.seek(0)
        copy.truncate()
        answer = self.client.get_object(Bucket=self.bucket_name, Key=self._normalize_name(name))
        with answer["Body"] as body:
            while block := body.read(BLOCK_BYTES):
                copy.write(block)
        if copy.tell() != answer["ContentLength"]:
            raise IncompleteReadError(actual_bytes=copy.tell(), expected_bytes=answer["ContentLength"])

    def _save(self, name: str, content: File) -> str:
        content.seek(0)
        parameters = self._get_write_parameters(name, content)
        # Wrapped: a Django file without a name counts as false, and would be taken for nothing.
        body = ReadBytesWrapper(content)
        self.client.put_object(Bucket=self.bucket_name, Key=self._normalize_name(name), Body=body, **parameters)
        return name

    def url(self, name: str, *args: Any, **options: Any) -> str:
        raise ValueError("This file is not accessible via a URL.")

    def signed_url(self, name: str, *, seconds: int, download_as: str = "") -> str:
        """An address under which anybody can fetch one file for some seconds; no cache is to keep what it gives."""
        wanted = {
            "Bucket": self.bucket_name,
            "Key": self._normalize_name(name),
            "ResponseCacheControl": f"private, max-age={seconds}",
        }
        if download_as:
            wanted["ResponseContentDisposition"] = f'attachment; filename="{download_as}"'
        return str(self.client.generate_presigned_url("get_object", Params=wanted, ExpiresIn=seconds))

    def walk(self) -> Iterator[tuple[str, int, datetime]]:
        """(key, bytes, time of writing) of every file, a page of a thousand at a time."""
        for found in self.listed(self.location):
            if self.location or not found["Key"].startswith(INCOMING):
                yield found["Key"].removeprefix(self.location), found["Size"], found["LastModified"]

    def listed(self, prefix: str) -> Iterator[dict[str, Any]]:
        """What the store says of every object whose key begins so, in the order of keys."""
        for page in self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket_name, Prefix=prefix):
            if "IsTruncated" not in page:
                raise OSError("the store's answer broke off")
            yield from page.get("Contents", ())

    def abort_unfinished(self, begun_before: datetime) -> int:
        """Give up uploads in pieces that nobody will finish, and the space that they take; return how many."""
        aborted = 0
        for page in self.client.get_paginator("list_multipart_uploads").paginate(Bucket=self.bucket_name):
            for upload in page.get("Uploads", ()):
                if upload["Initiated"] < begun_before:
                    self.client.abort_multipart_upload(
                        Bucket=self.bucket_name, Key=upload["Key"], UploadId=upload["UploadId"]
                    )
                    aborted += 1
        return aborted


_sessions: dict[tuple[str | None, ...], Any] = {}


def _session(*credentials: str | None) -> Any:
    """One for all clients with the same credentials: making one reads the description of S3 from disk for 80 ms."""
    if credentials not in _sessions:
        key, secret, token = credentials
        _sessions[credentials] = boto3.Session(
            aws_access_key_id=key, aws_secret_access_key=secret, aws_session_token=token
        )
    return _sessions[credentials]


def resume() -> None:
    """Forget that the store hung."""
    global _paused_until
    _paused_until = 0.0


def _refuse_while_paused(**_: Any) -> None:
    if time.monotonic() < _paused_until:
        raise PausedError


def _pause_if_hung(exception: Exception, **_: Any) -> None:
    global _paused_until
    if isinstance(exception, (ConnectTimeoutError, ReadTimeoutError)):
        log.warning("the store does not answer; it is left alone for %s seconds", PAUSE_SECONDS)
        _paused_until = time.monotonic() + PAUSE_SECONDS
