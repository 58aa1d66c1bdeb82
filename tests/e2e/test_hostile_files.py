"""Hostile, broken and odd files through the door of the running site, while others go about their business."""

from __future__ import annotations

import json
import re
import socket
import statistics
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path

import psutil
import pytest

from common.ids import decode_shortcode
from media.storage import CONTENT_TYPES, PUBLIC
from tests.hostile import TOKEN, files_that_name_others, odd_videos, photo_of_an_owner, video_of_an_owner
from tests.media.clips import CLIPS
from tests.media.pictures import (
    BAD,
    EXPECTED,
    HOSTILE_NAMES,
    ORIGINALS,
    corner_colours,
    decoded,
    jpeg_of_many_scans,
    quarters,
)
from tests.media.test_rendering import metadata
from tests.servers import PROJECT
from tests.visitors import Visitor

pytestmark = pytest.mark.timeout(600)

DEMO = sorted((PROJECT / "demo" / "photos").glob("*.jpg"))
PANORAMA = "sunset-hills-panorama-6to1.jpg"
"""Refused by our rule of shapes, as the set allows."""
GOOD = [*sorted(path for path in ORIGINALS.iterdir() if path.suffix != ".md" and path.name != PANORAMA)]
GOOD += sorted(path for path in CLIPS.iterdir() if path.suffix in {".mov", ".mp4", ".webm"})
SMALL = (BAD / "name-test.jpg").read_bytes()
SECONDS = 30
SOME_BAD = {
    "truncated.jpg",
    "declared-65500x65500.jpg",
    "php-in-comment.php.jpg",
    "png-named.jpg",
    "garbage-tail.jpg",
    "bomb-60000x60000-1bit.png",
    "three-hours-black.mp4",
    "broken-icc-profile.jpg",
}
"""Sent in the siege of `make test`: one of each kind. tests/media/test_limits.py has all of them decoded."""
SOME_GOOD = [*DEMO[:3], ORIGINALS / "wildflower-iphone.heic", ORIGINALS / "wisteria-portrait-orientation-6-gps.jpg"]
SOME_ODD = {"thousand-frames-a-second.mp4", "too-wide.mp4", "index-only.mp4"}
KEYS = r"[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{28}[/a-z0-9.]*"


@dataclass
class Sent:
    """A file that somebody shared, and what became of it."""

    name: str | bytes
    content: bytes
    at: float = 0.0
    status: int = 0
    url: str = ""
    """Of the post, if it was shared at once."""
    medium_id: str = ""
    """If it was uploaded in parts."""
    message: str = ""
    """Why it was refused, at once or later."""
    state: str = ""
    seconds: float = 0.0
    page: str = ""
    served: dict[str, bytes] = field(default_factory=dict)
    """What is public of it, by address."""

    @property
    def post_id(self) -> int:
        return decode_shortcode(self.url.split("/")[2])

    @property
    def outcome(self) -> str:
        return "accept" if self.state in {"published", "ready"} else "reject"


def share(visitor: Visitor, name: str | bytes, content: bytes) -> Sent:
    sent = Sent(name, content, at=time.monotonic())
    answer = visitor.share((name, content))
    sent.status = answer.status
    if answer.status == 201:
        sent.url = answer.json["url"]
        return sent
    sent.state, sent.seconds = "refused", time.monotonic() - sent.at
    errors = answer.json
    sent.message = "; ".join([one["message"] for one in errors["file_errors"]] or errors["errors"].get("files", []))
    return sent


def follow(site, visitor: Visitor, sent: Sent, *, seconds: float = SECONDS) -> Sent:
    """Wait until it is published or has failed, and fetch every public file of it, whether its page shows it or not."""
    if not sent.url or sent.state:
        return sent
    while site.sql("SELECT 1 FROM posts_media WHERE post_id = %s AND state IN ('pending', 'processing')", sent.post_id):
        assert time.monotonic() - sent.at < seconds, f"{sent.name!r} is still processing"
        time.sleep(0.1)
    sent.seconds = time.monotonic() - sent.at
    sent.state, sent.page = visitor.wait_for(sent.url, seconds=5)
    if sent.state == "failed":
        notice = re.search(r"could not be shared\.</strong></p><p>(.*?)</p>", sent.page, re.DOTALL)
        sent.message = unescape(notice[1]) if notice else ""
        return sent
    [(medium_id, renditions, video)] = site.sql(
        "SELECT id, renditions, video FROM posts_media WHERE post_id = %s", sent.post_id
    )
    keys = re.findall(KEYS, json.dumps([renditions, video]))
    assert set(re.findall(rf"/media/{medium_id}/([0-9a-z/]+\.\w+)", sent.page)) <= set(keys)
    for url in [f"/media/{medium_id}/{key}" for key in keys]:
        answer = visitor.get(url)
        assert answer.status == 200
        assert answer.headers["content-type"] == CONTENT_TYPES[Path(url).suffix]
        assert answer.headers["x-content-type-options"] == "nosniff"
        sent.served[url] = answer.body
    return sent


def upload(visitor: Visitor, name: str, content: bytes) -> Sent:
    """`share` through the other door: in parts, to be shared later."""
    sent = Sent(name, content, at=time.monotonic())
    answer = visitor.upload(name, content)
    sent.status = answer.status
    if answer.status == 201:
        sent.medium_id = answer.json["id"]
    else:
        sent.state, sent.seconds = "refused", time.monotonic() - sent.at
        sent.message = answer.json["error"]["message"]
    return sent


def follow_uploads(visitor: Visitor, uploads: list[Sent]) -> None:
    """Wait until each is ready or has failed."""
    while waiting := [one for one in uploads if not one.state]:
        items = {item["id"]: item for item in visitor.get("/create/media/").json["items"]}
        for one in waiting:
            item = items[one.medium_id]
            if item["state"] in {"ready", "failed"}:
                one.state, one.message = item["state"], item["error"]
                one.seconds = time.monotonic() - one.at
            assert time.monotonic() - one.at < 2 * SECONDS, f"{one.name!r} is still processing"
        time.sleep(0.3)


def processes_of(site) -> set[int]:
    """All that web and workers run, but for the children that decode."""
    found = set()
    for part in ("web", "media", "video", "feed", "default"):
        process = psutil.Process(site.parts()[part])
        found |= {process.pid, *(child.pid for child in process.children())}
    decoders = {process.pid for process in site.processes() if {"media.child", "media.rlimits"} & set(cmdline(process))}
    return found - decoders


def cmdline(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def wait_until_quiet(site, *, seconds: float = 60) -> None:
    """Until nothing is being rendered or deleted, so that files can be counted."""
    deadline = time.monotonic() + seconds
    while site.sql(
        "SELECT 1 FROM posts_media WHERE state IN ('pending', 'processing') UNION ALL "
        "SELECT 1 FROM posts_post WHERE deleted_at IS NOT NULL UNION ALL SELECT 1 FROM common_pendingfile"
    ):
        assert time.monotonic() < deadline, "something is never finished"
        time.sleep(0.2)


def delete_all(visitor: Visitor, sent: list[Sent]) -> None:
    for one in sent:
        if one.url:
            assert visitor.post(f"{one.url}delete/").status == 302


@contextmanager
def reader(port: int):
    """Somebody who reads pages all the time; hands out the list of how long each took."""
    visitor, seconds, stop = Visitor(port).sign_up("reader"), [], threading.Event()

    def read():
        while not stop.is_set():
            seconds.extend(visitor.get(url).seconds for url in ("/explore/", "/", "/search/?q=a"))
            stop.wait(0.02)

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield seconds
    finally:
        stop.set()
        thread.join()
    assert max(visitor.statuses) < 400


def p99(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=100)[-1]


# --- The siege: everything bad from one person, everything good from another, at the same time --------------------


@dataclass
class Siege:
    attacker: Visitor
    neighbour: Visitor
    patient: Visitor
    """Sends in parts what is bad."""
    bad: dict[str, Sent] = field(default_factory=dict)
    in_parts: dict[str, Sent] = field(default_factory=dict)
    named: dict[str, Sent] = field(default_factory=dict)
    odd: dict[str, Sent] = field(default_factory=dict)
    fetching: dict[str, Sent] = field(default_factory=dict)
    good: dict[str, Sent] = field(default_factory=dict)
    sent_good: list[Path] = field(default_factory=list)
    meanwhile: int = 0
    """How many of the good files were published before the last bad one had ended."""
    asked: int = 0
    """How many connections came to the address that the files name."""
    processes: tuple[set[int], set[int]] = (set(), set())
    files: tuple[dict[str, set[str]], dict[str, set[str]]] = ({}, {})
    secret: bytes = b""
    originals: dict[str, str] = field(default_factory=dict)
    """Key of the original by the name of each accepted file."""

    @property
    def hostile(self) -> list[Sent]:
        return [one for group in (self.bad, self.named, self.odd, self.fetching) for one in group.values()]


@pytest.fixture(scope="module", params=["some", pytest.param("all", marks=pytest.mark.deep)])
def siege(request, site, tmp_path_factory):
    folder = tmp_path_factory.mktemp("siege")
    secret = folder / "secret.txt"
    secret.write_text("the-password-is-" + "swordfish" * 20)
    wait_until_quiet(site)
    people = [Visitor(site.port).sign_up(name) for name in ("mallory", "gudrun", "morgan")]
    it = Siege(*people, secret=secret.read_bytes())
    is_whole = request.param == "all"
    bad = [one["file"] for one in EXPECTED if is_whole or one["file"] in SOME_BAD]
    it.sent_good = [*DEMO[:10], *GOOD, *DEMO[10:]] if is_whole else SOME_GOOD
    names = [one for one in HOSTILE_NAMES if is_whole or one in HOSTILE_NAMES[::4]]
    before_files, before_processes = site.files(), processes_of(site)
    odd = {name: content for name, content in odd_videos(folder).items() if is_whole or name in SOME_ODD}
    over = threading.Event()

    def live_next_door():
        for path in it.sent_good:
            it.good[path.name] = follow(
                site, it.neighbour, share(it.neighbour, path.name, path.read_bytes()), seconds=120
            )
            it.meanwhile += not over.is_set()

    thread = threading.Thread(target=live_next_door)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread.start()
        for name in bad:
            content = (BAD / name).read_bytes()
            it.bad[name] = share(it.attacker, name, content)
            it.in_parts[name] = upload(it.patient, name, content)
        for name, content in files_that_name_others(listener.getsockname()[1], secret, folder).items():
            it.fetching[name] = share(it.attacker, name, content)
        for name, content in odd.items():
            it.odd[name] = share(it.attacker, name, content)
        for one in it.bad.values():
            follow(site, it.attacker, one)
        follow_uploads(it.patient, list(it.in_parts.values()))
        for one in names:
            it.named[one["case"]] = share(it.attacker, one["filename"], SMALL)
        for one in it.hostile:
            follow(site, it.attacker, one, seconds=120)
        over.set()
        listener.settimeout(0.1)
        while True:
            try:
                listener.accept()[0].close()
            except TimeoutError:
                break
            it.asked += 1
    thread.join()
    it.originals = dict(
        site.sql(
            "SELECT original_name, original FROM posts_media WHERE owner_id IN "
            "(SELECT id FROM accounts_user WHERE username IN (%s, %s))",
            it.attacker.username,
            it.neighbour.username,
        )
    )
    it.processes = before_processes, processes_of(site)
    delete_all(it.attacker, it.hostile)
    delete_all(it.neighbour, list(it.good.values()))
    for one in it.in_parts.values():
        if one.medium_id:
            assert it.patient.post(f"/create/media/{one.medium_id}/delete/").status == 204
    wait_until_quiet(site)
    it.files = before_files, site.files()
    return it


def is_a_sentence(text: str) -> bool:
    return text.endswith(".") and len(text) < 400 and "rror" not in text and "Traceback" not in text


@pytest.mark.promise("U1")
def test_every_bad_file_ends_as_expected_with_its_message(siege):
    expected = {one["file"]: one["expect"] for one in EXPECTED}
    for name, shared in siege.bad.items():
        in_parts = siege.in_parts[name]
        for sent in (shared, in_parts):
            assert expected[name] in {sent.outcome, "either"}, (name, sent.message)
            assert sent.outcome == "accept" or is_a_sentence(sent.message), (name, sent.message)
        assert shared.outcome == in_parts.outcome, name
        if shared.state == "failed":
            assert shared.message.startswith(name)
    assert len(siege.bad) >= len(SOME_BAD)


@pytest.mark.promise("U1")
def test_the_set_of_bad_files_is_complete():
    assert {path.name for path in BAD.iterdir()} == {one["file"] for one in EXPECTED} | {
        "README.md",
        "expected.json",
        "hostile-names.json",
    }


@pytest.mark.promise("U1")
def test_no_answer_is_an_error_of_ours_and_no_process_has_died(siege):
    assert max(siege.attacker.statuses + siege.patient.statuses) < 500
    assert max(siege.neighbour.statuses) < 400
    before, after = siege.processes
    assert after == before


@pytest.mark.promise("U1")
def test_nothing_is_left_of_what_was_deleted(siege, site):
    before, after = siege.files
    assert after == before
    owners = "SELECT id FROM accounts_user WHERE username IN (%s, %s, %s)"
    names = siege.attacker.username, siege.neighbour.username, siege.patient.username
    for table in ("posts_media", "posts_uploadsession"):
        assert site.sql(f"SELECT count(*) FROM {table} WHERE owner_id IN ({owners})", *names) == [(0,)], table
    assert site.sql(f"SELECT count(*) FROM posts_post WHERE author_id IN ({owners})", *names) == [(0,)]
    assert "mend" not in site.manage("media_doctor", "--grace-hours", "0")
    assert not [path for path in site.temporary.rglob("*") if path.is_file()]


@pytest.mark.promise("U2")
def test_every_good_file_is_published_also_meanwhile(siege):
    assert {name: one.message for name, one in siege.good.items() if one.state != "published"} == {}
    assert len(siege.good) == len(siege.sent_good)
    assert all(len(one.served) >= 2 for one in siege.good.values())
    slowest = max(siege.good.values(), key=lambda one: one.seconds)
    print(f"{siege.meanwhile} good files amid the siege; the slowest, {slowest.name}, took {slowest.seconds:.1f} s")
    assert siege.meanwhile >= 2


@pytest.mark.promise("U5")
def test_odd_videos_come_to_an_end(siege):
    assert set(siege.odd) >= SOME_ODD
    for name, sent in siege.odd.items():
        assert sent.state in {"published", "failed", "refused"}, name
        assert sent.state == "published" or is_a_sentence(sent.message), name
        # What only the length or the size makes odd is told at once.
        assert (sent.status == 422) is (name in {"four-hours.mp4", "too-wide.mp4", "cut.webm"}), (name, sent.message)
    assert siege.odd["thousand-frames-a-second.mp4"].state == "published"


@pytest.mark.promise("U6")
def test_nothing_is_fetched_and_no_file_of_ours_is_read(siege):
    assert siege.asked == 0
    assert len(siege.fetching) == 8
    for name, sent in siege.fetching.items():
        # Its index names another place, but its pictures are in it.
        assert (sent.state == "published") is (name == "elsewhere-by-address.mov"), name
        assert sent.state == "published" or is_a_sentence(sent.message)
        assert siege.secret[:20].decode() not in sent.message
    everything = b"".join(data for one in siege.hostile for data in one.served.values())
    assert siege.secret[:20] not in everything


@pytest.mark.promise("U7")
def test_what_is_served_is_ours_whatever_was_sent(siege):
    published = [one for one in [*siege.bad.values(), *siege.good.values()] if one.state == "published"]
    assert {"php-in-comment.php.jpg", "png-named.jpg", "garbage-tail.jpg"} <= {one.name for one in published}
    for one in published:
        assert one.served
        for url, data in one.served.items():
            start = {".jpg": b"\xff\xd8\xff", ".webp": b"RIFF", ".mp4": b"\0\0\0"}[Path(url).suffix]
            assert data.startswith(start)
            if url.endswith(".jpg"):
                assert data.endswith(b"\xff\xd9")
            for trace in (b"<?php", b"<script", b"<html", b"PK\x03\x04", one.content[-1000:]):
                assert trace not in data, (one.name, trace[:10])


@pytest.mark.promise("U8")
def test_a_hostile_name_decides_nothing(siege):
    assert siege.named
    for case, sent in siege.named.items():
        assert sent.status in {201, 422}, case
        if sent.status == 422:
            assert is_a_sentence(sent.message), case
            continue
        assert sent.state == "published", case
        assert all(PUBLIC.fullmatch(re.sub(r"^/media/\d+/", "", url)) for url in sent.served), case
        assert "onerror=alert" not in sent.page, case


@pytest.mark.promise("U8")
def test_a_hostile_name_of_an_upload_in_parts_decides_nothing(site):
    visitor = Visitor(site.port).sign_up("nora")
    for one in HOSTILE_NAMES:
        answer = visitor.begin_upload(one["filename"], len(SMALL))

        assert answer.status == 201, one["case"]
        [(prefix,)] = site.sql("SELECT prefix FROM posts_uploadsession WHERE id = %s", answer.json["id"])
        assert re.fullmatch(r"[0-9a-f]{32}", prefix), one["case"]
        assert not set(answer.json["name"]) & set("\0\r\n\u202e"), one["case"]
        assert visitor.post(f"/create/uploads/{answer.json['id']}/delete/").status == 204


@pytest.mark.promise("U8")
def test_every_key_of_every_original_is_our_own(siege):
    assert len(siege.originals) >= len(siege.sent_good)
    for key in siege.originals.values():
        assert re.fullmatch(r"[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{28}\.[a-z0-9]{3,4}", key)


@pytest.mark.promise("P2")
def test_no_address_gives_an_original(siege, site, tmp_path):
    """Of a living post; those of the siege are deleted, and gone from the disk as the count of files says."""
    anna, path = Visitor(site.port).sign_up("anna"), ORIGINALS / "wisteria-portrait-orientation-6-gps.jpg"
    sent = follow(site, anna, share(anna, path.name, path.read_bytes()))
    [(medium_id, key)] = site.sql(
        "SELECT m.id, m.original FROM posts_media m JOIN accounts_user u ON u.id = m.owner_id WHERE u.username = %s",
        anna.username,
    )
    original = site.data_dir / "originals" / key
    assert original.read_bytes() == path.read_bytes()
    assert original.stat().st_mode & 0o077 == 0

    stranger = Visitor(site.port)
    for url in (
        f"/media/{medium_id}/{key}",
        f"/media/{key}",
        f"/originals/{key}",
        f"/media/originals/{key}",
        f"/media/{medium_id}/../../originals/{key}",
        f"/media/%2e%2e/originals/{key}",
        f"/media/{medium_id}/..%2f..%2foriginals%2f{key}",
        f"/static/../originals/{key}",
        f"/static/..%2f..%2foriginals/{key}",
    ):
        for visitor in (anna, stranger):
            assert visitor.get(url).status in {302, 400, 404}, url
    assert path.read_bytes() not in sent.served.values()

    delete_all(anna, [sent])
    wait_until_quiet(site)
    assert not original.exists()
    assert {stranger.get(url).status for url in sent.served} == {404}


# --- What a photo says of its owner ------------------------------------------------------------------------------


@pytest.mark.promise("P1")
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIC", "AVIF", "MOV"])
def test_nothing_of_the_owner_is_in_what_is_served(kind, site, tmp_path):
    content = video_of_an_owner(tmp_path) if kind == "MOV" else photo_of_an_owner(kind)
    assert TOKEN.encode() in content
    bea = Visitor(site.port).sign_up("bea")

    sent = follow(site, bea, share(bea, f"{TOKEN}.{kind.lower()}", content))

    assert sent.state == "published", sent.message
    assert len(sent.served) == (3 if kind == "MOV" else 4)
    for url, data in sent.served.items():
        assert TOKEN.encode() not in data
        assert TOKEN.encode("utf-16-le") not in data
        for trace in (b"Exif", b"GPS", b"xmpmeta", b"8BIM", b"Lavf", b"com.apple", b"ICC_PROFILE"):
            assert trace not in data, (url, trace)
        if not url.endswith(".mp4"):
            assert metadata(data) == {}
            if kind != "MOV":
                assert corner_colours(decoded(data)) == corner_colours(quarters()), "not upright"
    # Its name is in no page of others either.
    assert TOKEN not in Visitor(site.port).get(sent.url).text
    delete_all(bea, [sent])


# --- Bombs -------------------------------------------------------------------------------------------------------

BOMBS = ["declared-65500x65500.jpg", "bomb-60000x60000-1bit.png", "large-12000x12000-1bit.png", "one-by-100000.png"]


@contextmanager
def memory_watched(process: psutil.Process):
    """Hands out a list that gets, at its end, by how many bytes the process and its children grew at most."""
    grown, stop = [], threading.Event()

    def now() -> int:
        return sum(each.memory_info().rss for each in [process, *process.children(recursive=True)])

    before = most = now()

    def watch():
        nonlocal most
        while not stop.wait(0.005):
            most = max(most, now())

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield grown
    finally:
        stop.set()
        thread.join()
        grown.append(most - before)


@pytest.mark.promise("U3")
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_of_pixels_is_refused_at_once_and_takes_no_memory(name, site):
    cleo = Visitor(site.port).sign_up("cleo")
    content = (BAD / name).read_bytes()
    share(cleo, name, b"GIF89a")

    with memory_watched(psutil.Process(site.parts()["web"])) as grown:
        for _ in range(3):
            share(cleo, name, content)

    assert cleo.statuses[-3:] == [422] * 3
    assert grown[0] < 50 * 2**20


@pytest.mark.promise("U4")
def test_others_read_on_while_bombs_of_cpu_are_taken_apart(site):
    dora, emil = Visitor(site.port).sign_up("dora"), Visitor(site.port).sign_up("emil")
    bomb = jpeg_of_many_scans(95, side=5000).getvalue()
    thousands = jpeg_of_many_scans(3000).getvalue()
    with reader(site.port) as quiet:
        time.sleep(2)

    before = processes_of(site)
    with reader(site.port) as busy:
        bombs = [share(dora, f"{n}.jpg", bomb) for n in range(2)]
        refused = share(dora, "thousands.jpg", thousands)
        mine = follow(site, emil, share(emil, "mine.jpg", SMALL), seconds=60)
        for one in bombs:
            follow(site, dora, one, seconds=90)

    assert refused.status == 422
    assert is_a_sentence(refused.message)
    assert mine.state == "published"
    assert all(one.state in {"published", "failed"} for one in bombs)
    assert processes_of(site) == before
    print(
        f"p99 of reads: {1000 * p99(quiet):.0f} ms quiet, {1000 * p99(busy):.0f} ms amid bombs "
        f"({p99(busy) / p99(quiet):.1f} ×); a photo behind two bombs took {mine.seconds:.1f} s"
    )
    assert len(busy) >= 9, "others get their pages meanwhile"
    delete_all(dora, bombs)
    delete_all(emil, [mine])
