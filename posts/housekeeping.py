"""Files and rows held against each other: what nobody needs any more, and what is missing."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from django.core.files.storage import Storage, storages

from accounts.actions import avatar_keys
from accounts.models import User
from media.incoming import discard
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
    missing: list[tuple[str, str]] = field(default_factory=list)
    """(what names it, key) of files that are not there."""


def public_keys() -> Iterator[tuple[str, str]]:
    """(what names it, key) of every public file."""
    for medium in Media.objects.only("id", "renditions", "video", "captions").iterator(ROWS_AT_ONCE):
        for key in medium.rendered_keys:
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
    with_picture = User.objects.exclude(avatar_original="")
    for pk, key in with_picture.values_list("pk", "avatar_original").iterator(ROWS_AT_ONCE):
        yield f"person {pk}", key


def examine(alias: str, keys: Iterable[tuple[str, str]], *, made_before: datetime) -> Findings:
    """Hold a storage against the rows that name its files.

    A file younger than `made_before` is no orphan: files come before their rows. Files are listed before rows are
    read, so that one whose row comes meanwhile is not taken for an orphan either.

    Cost: every key in memory (some 150 bytes), one listing of the storage, one question for the age of each orphan.
    """
    storage, findings = storages[alias], Findings()
    there = dict(_walk(storage, ""))
    named = set()
    for owner, key in keys:
        named.add(key)
        if key and key not in there and not storage.exists(key):
            findings.missing.append((owner, key))
    _sort_out(storage, there, there.keys() - named, findings, made_before)
    return findings


def examine_incoming(*, made_before: datetime) -> Findings:
    """Hold the parts in "incoming" against the uploads whose prefix they have. None is missing: it may yet come.

    Cost: as `examine`.
    """
    storage, findings = storages["incoming"], Findings()
    there = dict(_walk(storage, ""))
    prefixes = set(UploadSession.objects.values_list("prefix", flat=True))
    nameless = {key for key in there if key.partition("/")[0] not in prefixes}
    _sort_out(storage, there, nameless, findings, made_before)
    return findings


def delete_incoming(keys: Iterable[str]) -> None:
    for prefix in {key.partition("/")[0] for key in keys}:
        discard(prefix)


def _sort_out(
    storage: Storage, there: dict[str, int], nameless: Iterable[str], findings: Findings, made_before: datetime
) -> None:
    """Note what is `there`, and which of the files that no row names are old enough to be orphans."""
    findings.files, findings.bytes = len(there), sum(there.values())
    for key in nameless:
        with contextlib.suppress(FileNotFoundError):
            if storage.get_modified_time(key) < made_before:
                findings.orphans[key] = there[key]
            else:
                findings.too_young += 1


def _walk(storage: Storage, folder: str) -> Iterator[tuple[str, int]]:
    """Every key of a storage with its bytes; nothing of a storage that was never written to."""
    try:
        folders, files = storage.listdir(folder)
    except FileNotFoundError:
        return
    prefix = f"{folder}/" if folder else ""
    for name in files:
        # One that goes while we look is of no interest.
        with contextlib.suppress(FileNotFoundError):
            yield f"{prefix}{name}", storage.size(f"{prefix}{name}")
    for name in folders:
        yield from _walk(storage, f"{prefix}{name}")
