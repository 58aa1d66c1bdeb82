"""Parts of uploads in a bucket, which browsers send to the object store itself.

Each part is one POST whose signed policy fixes its key, its exact size and its type for POLICY_SECONDS. The site checks
the size of the stored part and probes the content through range requests, whatever the browser claims. The store
assembles the parts into an original by copying, so that no byte of a video passes through the site.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, TypeVar, cast

from django.core.files.base import File
from django.core.files.storage import storages

from media.errors import MediaError
from media.incoming.protocol import Target, part_key
from media.incoming.reader import SeekableReader
from media.s3 import ATTEMPTS, Bucket
from media.storage import CONTENT_TYPES, new_key, transient_storage_error

POLICY_SECONDS: Final = 60 * 60
PART_TYPE: Final = "application/octet-stream"
MAX_CONCURRENT_REQUESTS: Final = 8
"""Maximum number of simultaneous requests for one upload."""

MIN_READ_AHEAD_BYTES: Final = 64 * 1024
MAX_READ_AHEAD_BYTES: Final = 4 * 1024 * 1024
MAX_READS: Final = 300
"""Maximum number of range requests to probe one file. Real files need fewer than 40; others make the reader jump."""

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Part:
    key: str
    """Key in the bucket."""
    size: int
    etag: str
    """ETag of the content that was checked. Requests name it, so a part that is replaced meanwhile is not used."""


class IncomingBucket(Bucket):
    """The storage "incoming": a prefix in the bucket of the originals, which a lifecycle rule empties."""

    is_direct = True

    def direct_target(self, prefix: str, number: int, size: int) -> Target:
        """Return a signed POST policy (AWS Signature Version 4) for one part. Sends no request."""
        try:
            post = self.client.generate_presigned_post(
                self.bucket_name,
                self._key(prefix, number),
                Fields={"Content-Type": PART_TYPE},
                Conditions=[{"Content-Type": PART_TYPE}, ["content-length-range", size, size]],
                ExpiresIn=POLICY_SECONDS,
            )
        except Exception as error:
            raise transient_storage_error(error) from error
        return Target(self.upload_url, post["fields"])

    def store_part(self, prefix: str, number: int, file: BinaryIO) -> None:
        try:
            self.save(part_key(prefix, number), file if isinstance(file, File) else File(file))
        except Exception as error:
            raise transient_storage_error(error) from error

    def stored_sizes(self, prefix: str) -> dict[int, int]:
        """Return the sizes of the stored parts by number. Cost: one listing request."""
        return {number: part.size for number, part in self._parts(prefix).items()}

    def open_parts(self, prefix: str, sizes: Sequence[int]) -> BinaryIO:
        return cast("BinaryIO", io.BufferedReader(RangeReader(self, self._checked_parts(prefix, sizes))))

    def assemble(self, prefix: str, sizes: Sequence[int], extension: str, key: str) -> str:
        """Have the store copy a single part, or join several with a multipart upload; return the original's key.

        Deletes the original and aborts the upload on failure. Cost: four requests, and one per part if there are
        several, MAX_CONCURRENT_REQUESTS at a time; 38 for the largest video.
        """
        parts = self._checked_parts(prefix, sizes)
        key = key or new_key(extension)
        originals: Any = storages["originals"]
        target = {"Bucket": originals.bucket_name, "Key": key}
        try:
            if len(parts) == 1:
                self._copy(parts[0], target, CONTENT_TYPES[extension])
            else:
                self._join(parts, target, CONTENT_TYPES[extension])
            assembled_bytes = self.client.head_object(**target)["ContentLength"]
            if assembled_bytes != sum(sizes):
                raise OSError(f"parts of {sum(sizes)} bytes were assembled to {assembled_bytes} bytes")
        except BaseException as error:
            # The key is not in use yet. A multipart upload may exist even if its creation seemed to fail.
            with contextlib.suppress(Exception):
                self.client.delete_object(**target)
                self._abort(key)
            if isinstance(error, Exception):
                raise transient_storage_error(error) from error
            raise
        return key

    def discard(self, prefix: str) -> None:
        """Delete all parts. Cost: one listing request, and one per part."""
        try:
            keys = [part.key for part in self._list_parts(prefix)]
            _map_concurrently(lambda key: self.client.delete_object(Bucket=self.bucket_name, Key=key), keys)
        except Exception as error:
            raise transient_storage_error(error) from error

    def read(self, part: Part, start: int, end: int) -> bytes:
        """Return the bytes from `start` to before `end` of `part`.

        Raises an exception of the client if the part was replaced (412) or the store fails ATTEMPTS times.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                answer = self.client.get_object(
                    Bucket=self.bucket_name, Key=part.key, Range=f"bytes={start}-{end - 1}", IfMatch=part.etag
                )
                with answer["Body"] as body:
                    data: bytes = body.read()
                if len(data) != end - start:
                    raise OSError(f"asked for {end - start} bytes, got {len(data)}")
                return data
            except Exception:
                # The client repeats requests that fail; a body that breaks off is requested again here.
                if attempt == ATTEMPTS:
                    raise
        raise AssertionError("unreachable")

    def _copy(self, part: Part, target: dict[str, str], content_type: str) -> None:
        self.client.copy_object(**target, **self._source(part), MetadataDirective="REPLACE", ContentType=content_type)

    def _join(self, parts: Sequence[Part], target: dict[str, str], content_type: str) -> None:
        upload = target | {
            "UploadId": self.client.create_multipart_upload(**target, ContentType=content_type)["UploadId"]
        }

        def copy(numbered: tuple[int, Part]) -> dict[str, Any]:
            number, part = numbered
            answer = self.client.upload_part_copy(**upload, **self._source(part), PartNumber=number)
            return {"PartNumber": number, "ETag": answer["CopyPartResult"]["ETag"]}

        copied = _map_concurrently(copy, list(enumerate(parts, start=1)))
        self.client.complete_multipart_upload(**upload, MultipartUpload={"Parts": copied})

    def _abort(self, key: str) -> None:
        """Abort the multipart uploads to `key`.

        Unfinished uploads take space that no listing of objects shows, until a lifecycle rule (`make_buckets`) ends
        them.
        """
        begun = self.client.list_multipart_uploads(Bucket=self.bucket_name, Prefix=key)
        for upload in begun.get("Uploads", ()):
            self.client.abort_multipart_upload(Bucket=self.bucket_name, Key=key, UploadId=upload["UploadId"])

    def _source(self, part: Part) -> dict[str, Any]:
        return {"CopySource": {"Bucket": self.bucket_name, "Key": part.key}, "CopySourceIfMatch": part.etag}

    def _checked_parts(self, prefix: str, sizes: Sequence[int]) -> list[Part]:
        """Return the parts in order. Raises TransientMediaError if one is missing or has another size."""
        stored = self._parts(prefix)
        parts = [stored[number] for number in range(1, len(sizes) + 1) if number in stored]
        if [part.size for part in parts] != list(sizes):
            raise transient_storage_error(OSError(f"parts of {prefix} are missing or have another size"))
        return parts

    def _parts(self, prefix: str) -> dict[int, Part]:
        try:
            listed = self._list_parts(prefix)
        except Exception as error:
            raise transient_storage_error(error) from error
        named = {part.key.rpartition("/")[2]: part for part in listed}
        return {int(name): part for name, part in named.items() if name.isdigit()}

    def _list_parts(self, prefix: str) -> list[Part]:
        return [Part(one["Key"], one["Size"], one["ETag"]) for one in self.listed(f"{self.location}{prefix}/")]

    def _key(self, prefix: str, number: int) -> str:
        return f"{self.location}{part_key(prefix, number)}"


class RangeReader(SeekableReader):
    """Reads the parts in a bucket as one file and fetches only the requested ranges and some bytes ahead.

    The read-ahead doubles while its user reads forward, so that a whole file takes few requests, and is small after
    a jump. Raises MediaError "too-complex" after MAX_READS requests.
    """

    def __init__(self, bucket: IncomingBucket, parts: Sequence[Part]) -> None:
        super().__init__([part.size for part in parts])
        self._bucket, self._parts = bucket, parts
        self._window, self._window_start = b"", 0
        self._read_ahead = MIN_READ_AHEAD_BYTES
        self._reads = 0

    def read_here(self, size: int) -> bytes:
        at = self.position - self._window_start
        if not 0 <= at < len(self._window):
            self._fetch(size)
            at = 0
        return self._window[at : at + size]

    def _fetch(self, wanted: int) -> None:
        self._reads += 1
        if self._reads > MAX_READS:
            raise MediaError("too-complex", "This file is stored in too many pieces. Save it again and try again.")
        forward = self.position >= self._window_start + len(self._window)
        self._read_ahead = min(MAX_READ_AHEAD_BYTES, 2 * self._read_ahead) if forward else MIN_READ_AHEAD_BYTES
        index, offset = self.locate()
        part = self._parts[index]
        end = min(part.size, offset + max(wanted, self._read_ahead))
        self._window = self._bucket.read(part, offset, end)
        self._window_start = self.position


def _map_concurrently(function: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """Apply `function` to each item, MAX_CONCURRENT_REQUESTS at a time.

    Raises the first error, after the running calls have ended.
    """
    with ThreadPoolExecutor(MAX_CONCURRENT_REQUESTS) as pool:
        return list(pool.map(function, items))
