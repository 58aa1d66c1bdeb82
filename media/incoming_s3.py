"""Parts in a bucket (`media.incoming` states what is done with them): browsers send them to the store itself.

A part is one POST whose signed policy fixes its key, its exact size and its type, and ends in POLICY_SECONDS. Nothing
is believed of it before it is there with its size, and what it holds is probed through ranged reads. Parts become an
original inside the store: no byte of a video comes through the site.
"""

from __future__ import annotations

import contextlib
import io
import os
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, BinaryIO, Final, TypeVar, cast

from django.core.files.base import File
from django.core.files.storage import storages

from media.errors import MediaError
from media.incoming import Target, part_key
from media.s3 import ATTEMPTS, Bucket
from media.storage import CONTENT_TYPES, new_key, transient_storage_error

POLICY_SECONDS: Final = 60 * 60
PART_TYPE: Final = "application/octet-stream"
AT_ONCE: Final = 8
"""Requests at once where one upload needs many."""

LEAST_AHEAD_BYTES: Final = 64 * 1024
MOST_AHEAD_BYTES: Final = 4 * 1024 * 1024
MAX_READS: Final = 300
"""A real file takes below 40; one that sends its reader back and forth is given up."""

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Part:
    key: str
    """In the bucket."""
    size: int
    etag: str
    """Of the content that was checked: who sends the part again meanwhile changes nothing."""


class IncomingBucket(Bucket):
    """The storage "incoming" in the bucket of the originals, below a prefix that a lifecycle rule empties."""

    is_direct = True

    def direct_target(self, prefix: str, number: int, size: int) -> Target:
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
        return {number: part.size for number, part in self._parts(prefix).items()}

    def open_parts(self, prefix: str, sizes: Sequence[int]) -> BinaryIO:
        return cast("BinaryIO", io.BufferedReader(RangeReader(self, self._checked(prefix, sizes))))

    def assemble(self, prefix: str, sizes: Sequence[int], extension: str, key: str) -> str:
        """One part is copied, several are put together by copying; either way the store does it.

        Cost: four requests, and one a part where there are several, AT_ONCE at a time; 38 for the largest video.
        """
        parts = self._checked(prefix, sizes)
        key = key or new_key(extension)
        target = {"Bucket": storages["originals"].bucket_name, "Key": key}  # type: ignore[attr-defined]
        try:
            if len(parts) == 1:
                self._copy(parts[0], target, CONTENT_TYPES[extension])
            else:
                self._join(parts, target, CONTENT_TYPES[extension])
            made = self.client.head_object(**target)["ContentLength"]
            if made != sum(sizes):
                raise OSError(f"parts of {sum(sizes)} bytes made an original of {made}")
        except BaseException as error:
            # Nobody knows its key. A copy in pieces may have begun though nobody heard of it.
            with contextlib.suppress(Exception):
                self.client.delete_object(**target)
                self._abort(key)
            if isinstance(error, Exception):
                raise transient_storage_error(error) from error
            raise
        return key

    def discard(self, prefix: str) -> None:
        try:
            keys = [part.key for part in self._listed(prefix)]
            _all_at_once(lambda key: self.client.delete_object(Bucket=self.bucket_name, Key=key), keys)
        except Exception as error:
            raise transient_storage_error(error) from error

    def read(self, part: Part, start: int, end: int) -> bytes:
        """The bytes of a part from `start` to before `end`; of that part and no other that has its key since."""
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
                # The client has tried a request again that got no answer; an answer that broke off is tried again here.
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

        copied = _all_at_once(copy, list(enumerate(parts, start=1)))
        self.client.complete_multipart_upload(**upload, MultipartUpload={"Parts": copied})

    def _abort(self, key: str) -> None:
        """What is not aborted takes space that no listing shows, until a rule of the bucket finds it (make_buckets)."""
        begun = self.client.list_multipart_uploads(Bucket=self.bucket_name, Prefix=key)
        for upload in begun.get("Uploads", ()):
            self.client.abort_multipart_upload(Bucket=self.bucket_name, Key=key, UploadId=upload["UploadId"])

    def _source(self, part: Part) -> dict[str, Any]:
        return {"CopySource": {"Bucket": self.bucket_name, "Key": part.key}, "CopySourceIfMatch": part.etag}

    def _checked(self, prefix: str, sizes: Sequence[int]) -> list[Part]:
        """The parts in order, each with the size that it must have."""
        there = self._parts(prefix)
        parts = [there[number] for number in range(1, len(sizes) + 1) if number in there]
        if [part.size for part in parts] != list(sizes):
            raise transient_storage_error(OSError(f"parts of {prefix} are missing or have another size"))
        return parts

    def _parts(self, prefix: str) -> dict[int, Part]:
        try:
            listed = self._listed(prefix)
        except Exception as error:
            raise transient_storage_error(error) from error
        named = {part.key.rpartition("/")[2]: part for part in listed}
        return {int(name): part for name, part in named.items() if name.isdigit()}

    def _listed(self, prefix: str) -> list[Part]:
        """What lies below `prefix`: one request tells the sizes of all parts, as the store has them."""
        return [Part(one["Key"], one["Size"], one["ETag"]) for one in self.listed(f"{self.location}{prefix}/")]

    def _key(self, prefix: str, number: int) -> str:
        return f"{self.location}{part_key(prefix, number)}"


class RangeReader(io.RawIOBase):
    """The parts one after the other, as one file to read, of which only what is asked for is fetched.

    Reads ahead, twice as far each time as long as its reader goes forward: a few requests for who reads it all, and
    little in vain for who looks here and there.
    """

    def __init__(self, bucket: IncomingBucket, parts: Sequence[Part]) -> None:
        self._bucket, self._parts = bucket, parts
        self._starts = [0, *accumulate(part.size for part in parts)]
        self._position = 0
        self._window, self._window_start = b"", 0
        self._ahead = LEAST_AHEAD_BYTES
        self.reads = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._starts[-1]}[whence]
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if self._position >= self._starts[-1]:
            return 0
        at = self._position - self._window_start
        if not 0 <= at < len(self._window):
            self._fetch(len(buffer))
            at = 0
        data = self._window[at : at + len(buffer)]
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)

    def _fetch(self, wanted: int) -> None:
        self.reads += 1
        if self.reads > MAX_READS:
            raise MediaError("too-complex", "This file is stored in too many pieces. Save it again and try that.")
        forward = self._position >= self._window_start + len(self._window)
        self._ahead = min(MOST_AHEAD_BYTES, 2 * self._ahead) if forward else LEAST_AHEAD_BYTES
        number = bisect_right(self._starts, self._position) - 1
        part, offset = self._parts[number], self._position - self._starts[number]
        end = min(part.size, offset + max(wanted, self._ahead))
        try:
            self._window = self._bucket.read(part, offset, end)
        except Exception as error:
            raise transient_storage_error(error) from error
        self._window_start = self._position


def _all_at_once(do: Callable[[T], R], things: Iterable[T]) -> list[R]:
    """`do` for each, AT_ONCE at a time; the first error ends it, once those under way have ended too."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(do, things))
