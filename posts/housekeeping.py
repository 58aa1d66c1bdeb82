"""Comparison of the stored files with the database: orphaned and missing files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from django.core.files.storage import storages

from accounts.models import User
from media.storage import OURS, stored_files
from personal_data.models import Export
from posts.models import Media, UploadSession

ROWS_AT_ONCE = 2_000


@dataclass
class Findings:
    """Differences between one storage and the rows that refer to its files."""

    files: int = 0
    bytes: int = 0
    orphans: dict[str, int] = field(default_factory=dict)
    """Files without a row: key to size in bytes."""
    too_young: int = 0
    """Number of young files without a row, whose upload or task may still be running."""
    foreign: int = 0
    """Number of files with names that the site does not generate. They were put there on purpose, and are kept."""
    missing: list[tuple[str, str]] = field(default_factory=list)
    """Missing files: (description of the row, key)."""


def public_keys() -> Iterator[tuple[str, str]]:
    """Yield (description of the row, key) of every file in the storage "default"."""
    for medium in Media.objects.only("id", "renditions", "video", "captions").iterator(ROWS_AT_ONCE):
        for key in medium.made_keys:
            yield f"medium {medium.pk}", key
        if medium.captions:
            yield f"captions of medium {medium.pk}", medium.captions
    for user in User.objects.exclude(avatar={}).only("id", "avatar").iterator(ROWS_AT_ONCE):
        for key in user.avatar_keys:
            yield f"person {user.pk}", key


def private_keys() -> Iterator[tuple[str, str]]:
    """Yield (description of the row, key) of every file in the storage "originals"."""
    for pk, key in Media.objects.values_list("pk", "original").iterator(ROWS_AT_ONCE):
        yield f"medium {pk}", key
    for pk, key in Export.objects.exclude(key="").values_list("pk", "key").iterator(ROWS_AT_ONCE):
        yield f"export {pk}", key
    with_picture = User.objects.exclude(avatar_original="")
    for pk, key in with_picture.values_list("pk", "avatar_original").iterator(ROWS_AT_ONCE):
        yield f"person {pk}", key


def examine(alias: str, keys: Iterable[tuple[str, str]], *, made_before: datetime) -> Findings:
    """Compare a storage with the rows that refer to its files.

    Files written after `made_before` are not orphans, because files are stored before their rows. Files are listed
    before rows are read, so a file whose row is created in the meantime is not an orphan either.

    Cost: all keys in memory (about 300 bytes each), one listing of the storage (a request per thousand files of a
    bucket), and one request for each file that seems to be missing.
    """
    storage, findings = storages[alias], Findings()
    there = {file.key: file for file in stored_files(alias)}
    named = set()
    for owner, key in keys:
        named.add(key)
        if key and key not in there and not storage.exists(key):
            findings.missing.append((owner, key))
    findings.files, findings.bytes = len(there), sum(file.bytes for file in there.values())
    for key in there.keys() - named:
        if not OURS.fullmatch(key):
            findings.foreign += 1
        elif there[key].written_at < made_before:
            findings.orphans[key] = there[key].bytes
        else:
            findings.too_young += 1
    return findings


def examine_incoming(*, made_before: datetime) -> Findings:
    """Compare the parts of uploads with the sessions; `orphans` are the prefixes of parts without a session.

    Such parts exist if a browser repeats a part after its upload was completed or deleted.
    """
    findings = Findings()
    there = list(stored_files("incoming"))
    wanted = set(UploadSession.objects.values_list("prefix", flat=True))
    findings.files, findings.bytes = len(there), sum(file.bytes for file in there)
    for file in there:
        prefix = file.key.partition("/")[0]
        if prefix in wanted:
            continue
        if file.written_at < made_before:
            findings.orphans[prefix] = findings.orphans.get(prefix, 0) + file.bytes
        else:
            findings.too_young += 1
    return findings
