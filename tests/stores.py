"""Storages for tests, and functions to inspect them: a local folder, or buckets of an S3 server (moto).

A test file with `pytestmark = pytest.mark.both_storages` runs once with each, and inspects files by these functions.
"""

from __future__ import annotations

import logging
import os
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from django.core.files.storage import FileSystemStorage, storages

ALIASES = ("default", "originals", "incoming")
FOLDERS = {"default": "media", "originals": "originals", "incoming": "incoming"}
KEY, SECRET, REGION = "test-key", "test-secret", "us-east-1"
FORM_SECONDS = 20.0
_numbers = count(1)


@cache
def moto_server() -> str:
    """Return the URL of an S3 server in this process, started at the first call and stopped with the process."""
    os.environ |= {
        # Small parts, so that tests need not send eight megabytes; test_incoming_s3.py checks the real limits.
        "S3_UPLOAD_PART_MIN_SIZE": "1",
        "MOTO_S3_DEFAULT_KEY_BUFFER_SIZE": str(1024 * 1024),
        # Only the CORS rules of a bucket decide which origins may read its answers.
        "MOTO_DISABLE_GLOBAL_CORS": "true",
    }
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    return f"http://{host}:{port}"


def local_storages(folder: Path, settings: Any) -> dict[str, Any]:
    """Return the storages of the settings, each in a folder of its own below `folder`."""
    found = {alias: dict(options) for alias, options in settings.STORAGES.items()}
    for alias in ALIASES:
        found[alias]["OPTIONS"] = found[alias]["OPTIONS"] | {"location": folder / FOLDERS[alias]}
    return found


def s3_storages(endpoint: str, *, name: str = "", **options: Any) -> dict[str, Any]:
    """Return the S3 storages of the settings, with two buckets that do not exist yet."""
    from instagram.config.storage import s3_storages as production_storages

    name = name or f"photos-{os.getpid()}-{next(_numbers)}"
    keys = {"access_key": KEY, "secret_key": SECRET, "region_name": REGION}
    return production_storages(name, f"{name}-originals", endpoint_url=endpoint, **keys, **options)


def client(endpoint: str) -> Any:
    """Return an S3 client that is independent of the site."""
    import boto3

    return boto3.client(
        "s3", endpoint_url=endpoint, aws_access_key_id=KEY, aws_secret_access_key=SECRET, region_name=REGION
    )


@cache
def _client() -> Any:
    return client(moto_server())


def make_buckets(found: dict[str, Any]) -> None:
    for alias in ("default", "originals"):
        _client().create_bucket(Bucket=found[alias]["OPTIONS"]["bucket_name"])


def drop_buckets(found: dict[str, Any]) -> None:
    backend = _backend()
    for alias in ("default", "originals"):
        with suppress(KeyError):
            bucket = backend.buckets.pop(found[alias]["OPTIONS"]["bucket_name"])
            for key in bucket.keys.values():
                key.dispose()


def _backend() -> Any:
    """Return the memory of the server, which runs in this process."""
    from moto.core.models import DEFAULT_ACCOUNT_ID
    from moto.s3.models import s3_backends

    return s3_backends[DEFAULT_ACCOUNT_ID]["aws"]


def post_form(url: str, fields: dict[str, str], data: bytes, *, origin: str = "") -> int:
    """Send a form as a browser does, the fields in order and then the file; return the status."""
    boundary = secrets.token_hex(16)
    body = b"".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    )
    body += f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="blob"\r\n'.encode()
    body += b"Content-Type: application/octet-stream\r\n\r\n" + data + f"\r\n--{boundary}--\r\n".encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"} | ({"Origin": origin} if origin else {})
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=FORM_SECONDS) as answer:
            status: int = answer.status
    except urllib.error.HTTPError as error:
        status = error.code
    return status


# --- Inspecting either kind of storage ----------------------------------------------------------------------------


def storage(alias: str) -> Any:
    """Return a storage, untyped, because Django's type lacks what S3 storages have in addition."""
    return storages[alias]


def is_local(alias: str = "default") -> bool:
    return isinstance(storages[alias], FileSystemStorage)


def _bucket_and_prefix(alias: str) -> tuple[Any, str]:
    """Return the bucket of a storage in the server's memory, and the prefix of its keys."""
    storage: Any = storages[alias]
    return _backend().buckets[storage.bucket_name], storage.location


def keys_in(alias: str) -> set[str]:
    """Return the keys of a storage; files that are still being uploaded belong to "incoming", not to "originals"."""
    storage: Any = storages[alias]
    if is_local(alias):
        folder = Path(storage.location)
        return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    bucket, prefix = _bucket_and_prefix(alias)
    found = {key.removeprefix(prefix) for key in bucket.keys if key.startswith(prefix)}
    return found if prefix else {key for key in found if not key.startswith("incoming/")}


def stored_files() -> set[str]:
    """Return the files of all storages as "alias/key"."""
    return {f"{alias}/{key}" for alias in ALIASES for key in keys_in(alias)}


def content(alias: str, key: str) -> bytes:
    with storages[alias].open(key) as file:
        data: bytes = file.read()
        return data


def put(alias: str, key: str, data: bytes = b"x") -> None:
    """Store a file under exactly this key."""
    storage: Any = storages[alias]
    if is_local(alias):
        path = Path(storage.path(key))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    else:
        _backend().put_object(storage.bucket_name, f"{storage.location}{key}", data)


def lose(alias: str, key: str) -> None:
    """Delete a file without the site's knowledge."""
    assert key in keys_in(alias)
    storages[alias].delete(key)


def age(alias: str, key: str, seconds: float) -> None:
    """Backdate a file by so many seconds."""
    then = time.time() - seconds
    if is_local(alias):
        os.utime(storages[alias].path(key), (then, then))
    else:
        bucket, prefix = _bucket_and_prefix(alias)
        bucket.keys[f"{prefix}{key}"].last_modified = datetime.fromtimestamp(then, UTC).replace(tzinfo=None)


def unfinished_uploads() -> Iterator[str]:
    """Yield the keys of multipart uploads that were neither completed nor aborted."""
    if not is_local():
        for alias in ("default", "originals"):
            for upload in _bucket_and_prefix(alias)[0].multiparts.values():
                yield upload.key_name
