"""Processes are killed with -9 during uploads: every post is published or fails with a reason, exactly once."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from functools import cache
from http.client import HTTPException

import psutil
import pytest

from tests.flood import GIVEN_UP, Flood, check_nothing_is_left, make_overdue, sweep_files, temporary_files
from tests.media.clips import STEEL
from tests.media.pictures import BAD, ORIGINALS, jpeg_of_many_scans
from tests.visitors import Visitor

pytestmark = pytest.mark.timeout(400)


@cache
def slow_photo() -> bytes:
    """Return a photo that takes some seconds to decode, so that a test can act meanwhile."""
    return jpeg_of_many_scans(95, side=4500).getvalue()


@pytest.fixture
def flood(site):
    return Flood(site, Visitor(site.port).sign_up("flo"))


def decoders(site) -> list[psutil.Process]:
    """Return the child processes that decode photos and convert videos."""
    found = []
    for part in ("media", "video"):
        with suppress(psutil.Error, KeyError):
            for process in psutil.Process(site.parts()[part]).children(recursive=True):
                with suppress(psutil.Error):
                    line = " ".join(process.cmdline())
                    if "media.photo.renderer" in line or "ffmpeg" in line:
                        found.append(process)
    return found


def pool_processes(site, part: str) -> list[psutil.Process]:
    """Return the processes in which a worker runs its tasks."""
    return psutil.Process(site.parts()[part]).children()


def wait_until(condition, *, seconds: float = 30, what: str):
    """Call `condition` until it returns something true, and return that; `what` names it in the error."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"{what} did not come"
        time.sleep(0.01)
    return answer


# --- During twenty uploads ----------------------------------------------------------------------------------------


@pytest.mark.promise("D5")
@pytest.mark.deep
def test_decoders_killed_during_twenty_uploads(site, flood):
    killed = 0
    with flood:
        while flood.thread.is_alive() or killed < 5:
            for process in decoders(site):
                with suppress(psutil.Error):
                    process.kill()
                    killed += 1
            assert killed or flood.thread.is_alive(), "no decoder was seen"
            time.sleep(0.7)
    flood.wait_until_final()

    assert not flood.refused
    assert not flood.broken
    assert len(flood.urls) == 20
    print(f"killed {killed} decoders; {sum(state == 'failed' for _, state, *_ in flood.media())} of 20 given up")
    flood.check()
    check_nothing_is_left(site)


@pytest.mark.promise("D5")
@pytest.mark.deep
def test_workers_killed_during_twenty_uploads(site, flood):
    with flood:
        for count in (4, 10, 16):
            flood.wait_for(count)
            for part in ("media", "video"):
                site.kill_part(part)
    site.wait_until_back("media", "video")
    flood.wait_until_final()

    assert not flood.refused
    assert not flood.broken
    assert len(flood.urls) == 20
    flood.check()
    check_nothing_is_left(site)


@pytest.mark.promise("D5")
@pytest.mark.deep
def test_the_web_server_killed_during_twenty_uploads(site, flood):
    """A request that was cut off may or may not have created a post; an answered one has."""
    with flood:
        for count in (5, 10):
            flood.wait_for(count)
            site.kill_part("web")
    flood.wait_until_final()

    assert 1 <= len(flood.broken) <= 4
    assert not flood.refused
    flood.check()
    check_nothing_is_left(site)


@pytest.mark.promise("D6")
def test_a_photo_that_kills_its_worker_fails_after_three_attempts_and_others_are_published(site):
    poisoner, other = Visitor(site.port).sign_up("poe"), Visitor(site.port).sign_up("otto")
    url = poisoner.share(("poison.jpg", slow_photo())).json["url"]
    others = [other.share_file(BAD / "name-test.jpg", str(number)).json["url"] for number in range(4)]

    def medium():
        return site.sql(
            "SELECT m.state, m.attempts, m.error FROM posts_media m JOIN accounts_user u ON u.id = m.owner_id "
            "WHERE u.username = %s",
            poisoner.username,
        )[0]

    deaths = 0
    while medium()[0] != "failed":
        assert deaths < 20
        state, attempts, _ = medium()
        if state == "processing" and attempts > deaths and decoders(site):
            for process in pool_processes(site, "media"):
                with suppress(psutil.Error):
                    process.kill()
            deaths += 1
        make_overdue(site)
        time.sleep(0.02)

    assert deaths == 3
    assert medium() == ("failed", 3, GIVEN_UP)
    assert GIVEN_UP in poisoner.get(url).text
    for one in others:
        assert other.wait_for(one)[0] == "published"
    assert poisoner.post(f"{url}delete/").status == 302
    wait_until(lambda: not site.sql("SELECT 1 FROM posts_post WHERE deleted_at IS NOT NULL"), what="the deletion")
    check_nothing_is_left(site)


@pytest.mark.promise("D5")
@pytest.mark.deep
def test_a_worker_killed_during_a_conversion_leaves_no_temporary_files(site):
    ida = Visitor(site.port).sign_up("ida")
    url = ida.share_file(STEEL).json["url"]
    wait_until(lambda: any(name.endswith("video.mp4") for name in temporary_files(site)), what="the converted film")
    site.kill_part("video")
    assert temporary_files(site)

    site.wait_until_back("video")
    wait_until_final(site, ida, url)
    assert ida.outcome(url)[0] == "published"
    check_nothing_is_left(site)


def wait_until_final(site, visitor, url: str, *, seconds: float = 90) -> None:
    """Wait until the post is published or failed, without waiting half a minute for the sweeper."""
    deadline = time.monotonic() + seconds
    while visitor.outcome(url)[0] == "processing":
        assert time.monotonic() < deadline
        make_overdue(site)
        time.sleep(0.5)


# --- Between a file and its row -------- -----------------------------------------------------------------------


@pytest.mark.promise("D5")
@pytest.mark.deep
def test_the_web_server_killed_between_storing_a_file_and_its_row(site):
    gail, path = Visitor(site.port).sign_up("gail"), ORIGINALS / "hazel-dragonfly-display-p3-13mp.jpg"
    before = site.files()
    with site.connect() as connection, connection.cursor() as cursor:
        # The lock allows reading only, so the request stops before it inserts its first row.
        cursor.execute("LOCK TABLE posts_post, posts_media IN SHARE MODE")
        broken = []

        def send():
            try:
                gail.share_file(path)
            except (OSError, HTTPException) as error:
                broken.append(error)

        request = threading.Thread(target=send)
        request.start()
        wait_until(lambda: site.files()["originals"] != before["originals"], what="the original")
        site.kill_part("web")
        request.join()
    assert len(broken) == 1
    site.wait_until_back("web")

    [left] = site.files()["originals"] - before["originals"]
    assert site.sql("SELECT storage, key FROM common_pendingfile") == [("originals", left)]
    sweep_files(site)
    assert site.files() == before
    check_nothing_is_left(site)


@pytest.mark.promise("D5")
def test_a_worker_killed_between_storing_its_files_and_their_row(site):
    gail = Visitor(site.port).sign_up("gail")
    before = site.files()
    url = gail.share(("slow.jpg", slow_photo())).json["url"]
    with site.connect() as connection, connection.cursor() as cursor:

        def being_rendered():
            cursor.execute(
                "SELECT m.id FROM posts_media m JOIN accounts_user u ON u.id = m.owner_id "
                "WHERE u.username = %s AND m.state = 'processing' FOR UPDATE OF m",
                [gail.username],
            )
            return cursor.fetchone()

        wait_until(being_rendered, what="the rendering")
        # The row is locked now: the worker stores its files and then waits to record them.
        wait_until(lambda: site.sql("SELECT 1 FROM common_pendingfile"), what="the files")
        wait_until(lambda: len(site.files()["media"] - before["media"]) >= 8, what="the files")
        site.kill_part("media")
    left = site.files()["media"] - before["media"]
    site.wait_until_back("media")
    wait_until_final(site, gail, url)
    assert gail.outcome(url)[0] == "published"
    assert left <= site.files()["media"], "files must be kept for an hour"
    sweep_files(site)
    assert not left & site.files()["media"]
    assert gail.post(f"{url}delete/").status == 302
    wait_until(lambda: not site.sql("SELECT 1 FROM posts_post WHERE deleted_at IS NOT NULL"), what="the deletion")
    assert site.files() == before
    check_nothing_is_left(site)
