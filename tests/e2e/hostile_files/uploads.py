"""Share hostile files with the running site, and collect their messages and public files."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path

import psutil

from common.ids import decode_shortcode
from media.storage import CONTENT_TYPES
from tests.media.pictures import (
    BAD,
)
from tests.visitors import Visitor

SMALL = (BAD / "name-test.jpg").read_bytes()
SECONDS = 30
"""The time within which a file must be published or fail, unless the test says otherwise."""
KEY = r"[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{28}[/a-z0-9.]*"
"""Storage keys of renditions, and of the files in the folder of a video."""


@dataclass
class Sent:
    """An uploaded file, the answers to it and, once it is published, its public files."""

    name: str | bytes
    content: bytes
    sent_at: float = 0.0
    """On the monotonic clock."""
    status: int = 0
    url: str = ""
    """The URL of the post, if the file was shared in one request."""
    medium_id: str = ""
    """The id of the medium, if the file was uploaded in parts."""
    message: str = ""
    """The reason for which it was refused, at once or later."""
    state: str = ""
    """One of "published", "ready", "failed" or "refused"; empty while it is not known."""
    seconds: float = 0.0
    """The time until the state was known."""
    page: str = ""
    served: dict[str, bytes] = field(default_factory=dict)
    """The contents of its public files by URL."""

    @property
    def post_id(self) -> int:
        return decode_shortcode(self.url.split("/")[2])

    @property
    def outcome(self) -> str:
        return "accept" if self.state in {"published", "ready"} else "reject"


def share(visitor: Visitor, name: str | bytes, content: bytes) -> Sent:
    """Share the file in one request."""
    sent = Sent(name, content, sent_at=time.monotonic())
    answer = visitor.share((name, content))
    sent.status = answer.status
    if answer.status == 201:
        sent.url = answer.json["url"]
        return sent
    sent.state, sent.seconds = "refused", time.monotonic() - sent.sent_at
    errors = answer.json
    sent.message = "; ".join([one["message"] for one in errors["file_errors"]] or errors["errors"].get("files", []))
    return sent


def wait_until_final(site, visitor: Visitor, sent: Sent, *, seconds: float = SECONDS) -> Sent:
    """Wait until the post is published or has failed, and fetch all its public files, also those not on its page."""
    if not sent.url or sent.state:
        return sent
    while site.sql("SELECT 1 FROM posts_media WHERE post_id = %s AND state IN ('pending', 'processing')", sent.post_id):
        assert time.monotonic() - sent.sent_at < seconds, f"{sent.name!r} is still processing"
        time.sleep(0.1)
    sent.seconds = time.monotonic() - sent.sent_at
    sent.state, sent.page = visitor.wait_for(sent.url, seconds=5)
    if sent.state == "failed":
        notice = re.search(r"be shared\.</strong></p>\s*<p>(.*?)</p>", sent.page, re.DOTALL)
        sent.message = unescape(notice[1]) if notice else ""
        return sent
    [(medium_id, renditions, video)] = site.sql(
        "SELECT id, renditions, video FROM posts_media WHERE post_id = %s", sent.post_id
    )
    keys = re.findall(KEY, json.dumps([renditions, video]))
    short_names = {key.replace("/", "")[:8] + Path(key).suffix for key in keys}
    assert set(re.findall(rf"/media/{medium_id}/([0-9a-z/]+\.\w+)", sent.page)) <= set(keys) | short_names
    for url in [f"/media/{medium_id}/{key}" for key in keys]:
        answer = visitor.get(url)
        assert answer.status == 200
        assert answer.headers["content-type"] == CONTENT_TYPES[Path(url).suffix]
        assert answer.headers["x-content-type-options"] == "nosniff"
        sent.served[url] = answer.body
    return sent


def upload(visitor: Visitor, name: str, content: bytes) -> Sent:
    """Upload the file in parts, without sharing it."""
    sent = Sent(name, content, sent_at=time.monotonic())
    answer = visitor.upload(name, content)
    sent.status = answer.status
    if answer.status == 201:
        sent.medium_id = answer.json["id"]
    else:
        sent.state, sent.seconds = "refused", time.monotonic() - sent.sent_at
        sent.message = answer.json["error"]["message"]
    return sent


def wait_until_uploads_final(visitor: Visitor, uploads: list[Sent]) -> None:
    """Wait until each file uploaded in parts is ready or has failed."""
    while waiting := [one for one in uploads if not one.state]:
        items = {item["id"]: item for item in visitor.get("/create/media/").json["items"]}
        for one in waiting:
            item = items[one.medium_id]
            if item["state"] in {"ready", "failed"}:
                one.state, one.message = item["state"], item["error"]
                one.seconds = time.monotonic() - one.sent_at
            assert time.monotonic() - one.sent_at < 2 * SECONDS, f"{one.name!r} is still processing"
        time.sleep(0.3)


def processes_of(site) -> set[int]:
    """Return the ids of all processes of the web server and the workers, except child processes that decode files."""
    found = set()
    for part in ("web", "media", "video", "feed", "default"):
        process = psutil.Process(site.parts()[part])
        found |= {process.pid, *(child.pid for child in process.children())}
    programs = {"media.photo.renderer", "media.rlimits"}
    decoders = {process.pid for process in site.processes() if programs & set(cmdline(process))}
    return found - decoders


def cmdline(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def wait_until_quiet(site, *, seconds: float = 60) -> None:
    """Wait until nothing is being rendered or deleted, so that files can be counted."""
    deadline = time.monotonic() + seconds
    while site.sql(
        "SELECT 1 FROM posts_media WHERE state IN ('pending', 'processing') UNION ALL "
        "SELECT 1 FROM posts_post WHERE deleted_at IS NOT NULL UNION ALL SELECT 1 FROM common_pendingfile"
    ):
        assert time.monotonic() < deadline, "the site is still rendering or deleting"
        time.sleep(0.2)


def delete_all(visitor: Visitor, sent: list[Sent]) -> None:
    for one in sent:
        if one.url:
            assert visitor.post(f"{one.url}delete/").status == 302


def is_a_sentence(text: str) -> bool:
    """Return True if `text` can be an error message for people: a short sentence without program output."""
    return text.endswith(".") and len(text) < 400 and "rror" not in text and "Traceback" not in text
