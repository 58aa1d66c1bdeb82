"""One user uploads every hostile file, in one request and in parts, while another uploads good ones."""

from __future__ import annotations

import re
import socket
import threading
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from media.storage import PUBLIC
from tests.e2e.hostile_files.uploads import (
    SMALL,
    Sent,
    delete_all,
    is_a_sentence,
    processes_of,
    share,
    upload,
    wait_until_final,
    wait_until_quiet,
    wait_until_uploads_final,
)
from tests.hostile import files_with_references, odd_videos
from tests.media.clips import CLIPS
from tests.media.pictures import (
    BAD,
    EXPECTED,
    HOSTILE_NAMES,
    ORIGINALS,
)
from tests.servers import PROJECT
from tests.visitors import Visitor

pytestmark = pytest.mark.timeout(600)

DEMO = sorted((PROJECT / "demo" / "photos").glob("*.jpg"))
PANORAMA = "sunset-hills-panorama-6to1.jpg"
"""Refused for its aspect ratio, as its README allows."""
GOOD = [*sorted(path for path in ORIGINALS.iterdir() if path.suffix != ".md" and path.name != PANORAMA)]
GOOD += sorted(path for path in CLIPS.iterdir() if path.suffix in {".mov", ".mp4", ".webm"})
SOME_BAD = {
    "truncated.jpg",
    "php-in-comment.php.jpg",
    "png-named.jpg",
    "garbage-tail.jpg",
    "three-hours-black.mp4",
    "broken-icc-profile.jpg",
}
"""A file of each kind, for `make test`. test_bombs.py sends bombs, and tests/media/test_limits.py decodes all files."""
SOME_GOOD = [DEMO[0], ORIGINALS / "wildflower-iphone.heic", ORIGINALS / "wisteria-portrait-orientation-6-gps.jpg"]
SOME_ODD = {"too-wide.mp4", "index-only.mp4"}
"""tests/media/test_videos.py and test_unusual_videos.py convert the others."""


@dataclass
class Siege:
    """The users of the siege, the files that they sent, and the state of the site before and after."""

    attacker: Visitor
    neighbour: Visitor
    patient: Visitor
    """Uploads the bad files in parts."""
    bad: dict[str, Sent] = field(default_factory=dict)
    in_parts: dict[str, Sent] = field(default_factory=dict)
    hostile_names: dict[str, Sent] = field(default_factory=dict)
    odd_videos: dict[str, Sent] = field(default_factory=dict)
    references: dict[str, Sent] = field(default_factory=dict)
    good: dict[str, Sent] = field(default_factory=dict)
    sent_good: list[Path] = field(default_factory=list)
    published_meanwhile: int = 0
    """The number of good files that were published before the last bad one was finished."""
    connections: int = 0
    """The number of connections to the address that the files in `references` name."""
    processes: tuple[set[int], set[int]] = (set(), set())
    """Process ids before and after."""
    files: tuple[dict[str, set[str]], dict[str, set[str]]] = ({}, {})
    """Keys by storage before and after."""
    secret: bytes = b""
    originals: dict[str, str] = field(default_factory=dict)
    """The key of the original by the name of each accepted file."""

    @property
    def hostile(self) -> list[Sent]:
        groups = (self.bad, self.hostile_names, self.odd_videos, self.references)
        return [one for group in groups for one in group.values()]


@pytest.fixture(scope="module", params=["some", pytest.param("all", marks=pytest.mark.deep)])
def siege(request, site, tmp_path_factory):
    """Send all files, wait for the results, delete everything again, and return a record."""
    folder = tmp_path_factory.mktemp("siege")
    secret = folder / "secret.txt"
    secret.write_text("the-password-is-" + "swordfish" * 20)
    wait_until_quiet(site)
    attacker, neighbour, patient = (Visitor(site.port).sign_up(name) for name in ("mallory", "gudrun", "morgan"))
    result = Siege(attacker, neighbour, patient, secret=secret.read_bytes())
    is_whole = request.param == "all"
    bad = [one["file"] for one in EXPECTED if is_whole or one["file"] in SOME_BAD]
    result.sent_good = [*DEMO[:10], *GOOD, *DEMO[10:]] if is_whole else SOME_GOOD
    names = [one for one in HOSTILE_NAMES if is_whole or one in HOSTILE_NAMES[::6]]
    before_files, before_processes = site.files(), processes_of(site)
    odd = {name: content for name, content in odd_videos(folder).items() if is_whole or name in SOME_ODD}
    is_over = threading.Event()

    def share_good_files():
        for path in result.sent_good:
            result.good[path.name] = wait_until_final(
                site, result.neighbour, share(result.neighbour, path.name, path.read_bytes()), seconds=120
            )
            result.published_meanwhile += not is_over.is_set()

    thread = threading.Thread(target=share_good_files)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread.start()
        for name in bad:
            content = (BAD / name).read_bytes()
            result.bad[name] = share(result.attacker, name, content)
            result.in_parts[name] = upload(result.patient, name, content)
        for name, content in files_with_references(listener.getsockname()[1], secret, folder).items():
            result.references[name] = share(result.attacker, name, content)
        for name, content in odd.items():
            result.odd_videos[name] = share(result.attacker, name, content)
        for one in result.bad.values():
            wait_until_final(site, result.attacker, one)
        wait_until_uploads_final(result.patient, list(result.in_parts.values()))
        for one in names:
            result.hostile_names[one["case"]] = share(result.attacker, one["filename"], SMALL)
        for one in result.hostile:
            wait_until_final(site, result.attacker, one, seconds=120)
        is_over.set()
        listener.settimeout(0.1)
        while True:
            try:
                listener.accept()[0].close()
            except TimeoutError:
                break
            result.connections += 1
    thread.join()
    result.originals = dict(
        site.sql(
            "SELECT original_name, original FROM posts_media WHERE owner_id IN "
            "(SELECT id FROM accounts_user WHERE username IN (%s, %s))",
            result.attacker.username,
            result.neighbour.username,
        )
    )
    result.processes = before_processes, processes_of(site)
    delete_all(result.attacker, result.hostile)
    delete_all(result.neighbour, list(result.good.values()))
    for one in result.in_parts.values():
        if one.medium_id:
            assert result.patient.post(f"/create/media/{one.medium_id}/delete/").status == 204
    wait_until_quiet(site)
    result.files = before_files, site.files()
    return result


@pytest.mark.promise("U1")
def test_every_bad_file_is_accepted_or_refused_as_expected_with_a_message(siege):
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
def test_every_file_in_the_folder_is_listed_as_expected():
    assert {path.name for path in BAD.iterdir()} == {one["file"] for one in EXPECTED} | {
        "README.md",
        "expected.json",
        "hostile-names.json",
    }


@pytest.mark.promise("U1")
def test_no_answer_is_a_server_error_and_no_process_died(siege):
    assert max(siege.attacker.statuses + siege.patient.statuses) < 500
    assert max(siege.neighbour.statuses) < 400
    before, after = siege.processes
    assert after == before


@pytest.mark.promise("U1")
def test_deleting_the_posts_leaves_no_file_and_no_row(siege, site):
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
def test_every_good_file_is_published_also_during_the_siege(siege):
    assert {name: one.message for name, one in siege.good.items() if one.state != "published"} == {}
    assert len(siege.good) == len(siege.sent_good)
    assert all(len(one.served) >= 2 for one in siege.good.values())
    slowest = max(siege.good.values(), key=lambda one: one.seconds)
    count = siege.published_meanwhile
    print(f"{count} good files during the siege; the slowest, {slowest.name}, took {slowest.seconds:.1f} s")
    assert siege.published_meanwhile >= 2


@pytest.mark.promise("U5")
def test_unusual_videos_are_published_or_refused(siege):
    assert set(siege.odd_videos) >= SOME_ODD
    for name, sent in siege.odd_videos.items():
        assert sent.state in {"published", "failed", "refused"}, name
        assert sent.state == "published" or is_a_sentence(sent.message), name
        # Length and dimensions are in the header, so they are refused at once.
        assert (sent.status == 422) is (name in {"four-hours.mp4", "too-wide.mp4", "cut.webm"}), (name, sent.message)
        assert name != "thousand-frames-a-second.mp4" or sent.state == "published"


@pytest.mark.promise("U6")
def test_references_to_urls_and_server_files_are_not_followed(siege):
    assert siege.connections == 0
    assert len(siege.references) == 8
    for name, sent in siege.references.items():
        # The index names another address, but the pictures are in the file.
        assert (sent.state == "published") is (name == "elsewhere-by-address.mov"), name
        assert sent.state == "published" or is_a_sentence(sent.message)
        assert siege.secret[:20].decode() not in sent.message
    everything = b"".join(data for one in siege.hostile for data in one.served.values())
    assert siege.secret[:20] not in everything


@pytest.mark.promise("U7")
def test_served_files_are_rendered_again_without_embedded_payloads(siege):
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
def test_a_hostile_name_determines_no_key_and_no_markup(siege):
    assert siege.hostile_names
    for case, sent in siege.hostile_names.items():
        assert sent.status in {201, 422}, case
        if sent.status == 422:
            assert is_a_sentence(sent.message), case
            continue
        assert sent.state == "published", case
        assert all(PUBLIC.fullmatch(re.sub(r"^/media/\d+/", "", url)) for url in sent.served), case
        assert "onerror=alert" not in sent.page, case


@pytest.mark.promise("U8")
def test_a_hostile_name_of_an_upload_in_parts_determines_no_key(site):
    visitor = Visitor(site.port).sign_up("nora")
    for one in HOSTILE_NAMES:
        answer = visitor.begin_upload(one["filename"], len(SMALL))

        assert answer.status == 201, one["case"]
        [(prefix,)] = site.sql("SELECT prefix FROM posts_uploadsession WHERE id = %s", answer.json["id"])
        assert re.fullmatch(r"[0-9a-f]{32}", prefix), one["case"]
        assert not set(answer.json["name"]) & set("\0\r\n\u202e"), one["case"]
        assert visitor.post(f"/create/uploads/{answer.json['id']}/delete/").status == 204


@pytest.mark.promise("U8")
def test_the_keys_of_originals_are_random(siege):
    assert len(siege.originals) >= len(siege.sent_good)
    for key in siege.originals.values():
        assert re.fullmatch(r"[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{28}\.[a-z0-9]{3,4}", key)
