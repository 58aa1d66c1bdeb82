"""Files and rows held against each other: what nobody needs any more, and what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from django.core.files.storage import storages

from accounts.actions import avatar_keys
from accounts.models import User
from accounts.records import Export
from media.storage import OURS, stored_files
from posts.models import Media, UploadSession

ROWS_AT_ONCE = 2_000


@dataclass
class Findings:
    """What one storage holds beyond the rows, and what the rows name beyond the storage."""

    files: int = 0
    bytes: int = 0
    orphans: dict[str, int] = field(default_factory=dict)
    """Keys of files that no row names, with their bytes."""
    too_young: int = 0
    """Files that no row names yet: an upload or a task may be on its way to it."""
    foreign: int = 0
    """Files whose names are not of our making: whoever put them there may want them."""
    missing: list[tuple[str, str]] = field(default_factory=list)
    """(what names it, key) of files that are not there."""


def public_keys() -> Iterator[tuple[str, str]]:
    """(what names it, key) of every public file."""
    for medium in Media.objects.only("id", "renditions", "video", "captions").iterator(ROWS_AT_ONCE):
        for key in medium.made_keys:
            yield f"medium {medium.pk}", key
        if medium.captions:
            yield f"captions of medium {medium.pk}", medium.captions
    for user in User.objects.exclude(avatar={}).only("id", "avatar").iterator(ROWS_AT_ONCE):
        for key in avatar_keys(user):
            yield f"person {user.pk}", key


def private_keys() -> Iterator[tuple[str, str]]:
    """(what names it, key) of every original."""
    for pk, key in Media.objects.values_list("pk", "original").iterator(ROWS_AT_ONCE):
        yield f"medium {pk}", key
    for pk, key in Export.objects.exclude(key="").values_list("pk", "key").iterator(ROWS_AT_ONCE):
        yield f"export {pk}", key
    with_picture = User.objects.exclude(avatar_original="")
    for pk, key in with_picture.values_list("pk", "avatar_original").iterator(ROWS_AT_ONCE):
        yield f"person {pk}", key


def examine(alias: str, keys: Iterable[tuple[str, str]], *, made_before: datetime) -> Findings:
    """Hold a storage against the rows that name its files.

    A file younger than `made_before` is no orphan: files come before their rows. Files are listed before rows are
    read, so that one whose row comes meanwhile is not taken for an orphan either.

    Cost: every key in memory (some 300 bytes), one listing of the storage (a request for a thousand files of a bucket),
    one question for each file that seems to be missing.
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
    """Hold the parts of uploads against their sessions: `orphans` are the prefixes of those that have none.

    A browser may send a part once more after its upload is done or given up; nobody would look for it again.
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
