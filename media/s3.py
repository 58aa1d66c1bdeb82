"""Files in a bucket of an S3-compatible object store, for `media.storage`; `media.incoming.s3` receives uploads.

If the store hangs, every call would block its request for the full timeout, including calls that clean up. Therefore,
after a timeout, all calls of this process fail immediately for PAUSE_SECONDS.
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
"""Attempts per call. Both timeouts apply to each, with up to a second between them: a call ends within 10 seconds."""
PAUSE_SECONDS: Final = 5.0

BLOCK_BYTES: Final = 1024 * 1024

INCOMING: Final = "incoming/"
"""Prefix of uploaded parts in the bucket of the originals (`media.incoming.s3`)."""

_paused_until = 0.0
_connect_lock = threading.Lock()


class PausedError(HTTPClientError):
    """Raised without a request during the pause after a timeout."""

    fmt = "the object store timed out a moment ago and is not called again yet"


class Bucket(S3Storage):
    """A private bucket: django-storages' S3 storage with short timeouts and one client per process.

    Writes without checking first whether a key exists, since keys are random. Files have no permanent URLs.
    """

    upload_url: str
    """URL to which browsers post uploads (`media.incoming.s3`)."""

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
            with _connect_lock:
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
            # Many compatible stores do not support checksums in trailers yet.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        resource = _session(self.access_key, self.secret_key, self.security_token).resource(
            "s3", region_name=self.region_name, endpoint_url=self.endpoint_url, config=config
        )
        events = resource.meta.client.meta.events
        # "Expect: 100-continue" costs a round trip per upload, and another second if the store hangs.
        events.unregister("before-call.s3", add_expect_header)
        events.register("before-call.s3", _refuse_while_paused)
        events.register("after-call-error.s3", _pause_if_hung)
        return resource

    # Replaces boto3's transfers, which django-storages uses: they hung if a connection broke within a response's head.

    def _open(self, name: str, mode: str = "rb") -> File:
        """Return a copy in a temporary file, whose descriptor can be passed to another process.

        Raises FileNotFoundError, or exceptions of botocore after ATTEMPTS failures.
        """
        if mode != "rb":
            raise ValueError("Files in a bucket can only be opened for reading.")
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
                    # The client repeats requests that fail; a body that breaks off is requested again here.
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
        # Wrapped, because botocore skips a body that is false, which a Django file without a name is.
        body = ReadBytesWrapper(content)
        self.client.put_object(Bucket=self.bucket_name, Key=self._normalize_name(name), Body=body, **parameters)
        return name

    def url(self, name: str, *args: Any, **options: Any) -> str:
        raise ValueError("This file is not accessible via a URL.")

    def signed_url(self, name: str, *, seconds: int, download_as: str = "") -> str:
        """Return a URL at which anybody can get one file for `seconds`; shared caches must not keep the response.

        With `download_as`, browsers save the file under this name. Sends no request.
        """
        wanted = {
            "Bucket": self.bucket_name,
            "Key": self._normalize_name(name),
            "ResponseCacheControl": f"private, max-age={seconds}",
        }
        if download_as:
            wanted["ResponseContentDisposition"] = f'attachment; filename="{download_as}"'
        return str(self.client.generate_presigned_url("get_object", Params=wanted, ExpiresIn=seconds))

    def walk(self) -> Iterator[tuple[str, int, datetime]]:
        """Yield (key, size in bytes, time of writing) of each file. Cost: one request per thousand."""
        for found in self.listed(self.location):
            if self.location or not found["Key"].startswith(INCOMING):
                yield found["Key"].removeprefix(self.location), found["Size"], found["LastModified"]

    def listed(self, prefix: str) -> Iterator[dict[str, Any]]:
        """Yield the listing entry of each object whose key begins with `prefix`, sorted by key.

        Raises OSError if a response is incomplete. Cost: one request per thousand.
        """
        for page in self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket_name, Prefix=prefix):
            if "IsTruncated" not in page:
                raise OSError("the response of the object store is incomplete")
            yield from page.get("Contents", ())

    def abort_unfinished(self, begun_before: datetime) -> int:
        """Abort multipart uploads that were initiated before this time, which frees their space; return how many."""
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
    """Return a session, shared by all clients with these credentials.

    Creating one takes 80 ms, for reading the description of the S3 API from disk.
    """
    if credentials not in _sessions:
        key, secret, token = credentials
        _sessions[credentials] = boto3.Session(
            aws_access_key_id=key, aws_secret_access_key=secret, aws_session_token=token
        )
    return _sessions[credentials]


def resume() -> None:
    """End the pause after a timeout."""
    global _paused_until
    _paused_until = 0.0


def _refuse_while_paused(**_: Any) -> None:
    if time.monotonic() < _paused_until:
        raise PausedError


def _pause_if_hung(exception: Exception, **_: Any) -> None:
    global _paused_until
    if isinstance(exception, (ConnectTimeoutError, ReadTimeoutError)):
        log.warning("the object store timed out; calls fail without a request for %s seconds", PAUSE_SECONDS)
        _paused_until = time.monotonic() + PAUSE_SECONDS
