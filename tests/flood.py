"""Twenty posts shared in a row, and checks that none was lost or duplicated although processes were killed."""

from __future__ import annotations

import re
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from html import unescape
from http.client import HTTPException

from tests.media.clips import BEE, SPEECH
from tests.media.pictures import BAD, ORIGINALS
from tests.running_site import RunningSite
from tests.servers import PROJECT
from tests.visitors import Visitor

PHOTOS = [
    ORIGINALS / "hazel-dragonfly-display-p3-13mp.jpg",
    ORIGINALS / "wisteria-portrait-orientation-6-gps.jpg",
    ORIGINALS / "wildflower-iphone.heic",
    ORIGINALS / "lute-transparent.png",
    BAD / "name-test.jpg",
    *sorted((PROJECT / "demo" / "photos").glob("*.jpg"))[:13],
]
FILES = [*PHOTOS[:4], BEE, *PHOTOS[4:12], SPEECH, *PHOTOS[12:]]
TEMPORARY = "couldn’t be processed right now. Try again in a few minutes."
GIVEN_UP = "Something went wrong on our side while we processed this file. Try again."


@dataclass
class Flood:
    """A user who shares twenty files one after the other in a thread, each with a unique caption."""

    site: RunningSite
    visitor: Visitor
    urls: dict[str, str] = field(default_factory=dict)
    """URLs by caption of the posts that the site has confirmed."""
    broken: list[str] = field(default_factory=list)
    """Captions whose request was cut off or got 503, so that the post may or may not exist."""
    refused: dict[str, int] = field(default_factory=dict)
    """Statuses of all other answers, by caption."""

    def __post_init__(self) -> None:
        assert len(FILES) == 20
        self.thread = threading.Thread(target=self._share_all)
        self.stopping = threading.Event()

    def __enter__(self) -> Flood:
        self.thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        if any(error):
            self.stopping.set()
        self.thread.join()

    def _share_all(self) -> None:
        for number, path in enumerate(FILES):
            if self.stopping.is_set():
                return
            caption = f"{self.visitor.username} {number}"
            try:
                answer = self.visitor.share_file(path, caption)
            except (OSError, HTTPException):
                self.broken.append(caption)
                self._wait_for_the_site()
                continue
            if answer.status == 201:
                self.urls[caption] = answer.json["url"]
            elif answer.status == 503:
                self.broken.append(caption)
            else:
                self.refused[caption] = answer.status

    def _wait_for_the_site(self) -> None:
        """Wait until the site answers again."""
        while not self.stopping.is_set():
            with suppress(OSError, HTTPException):
                self.visitor.get("/healthz")
                return
            time.sleep(0.2)

    def wait_for(self, count: int, *, seconds: float = 60) -> None:
        """Wait until the site has confirmed `count` posts."""
        deadline = time.monotonic() + seconds
        while len(self.urls) < count:
            assert time.monotonic() < deadline, f"only {len(self.urls)} posts were confirmed"
            time.sleep(0.01)

    def media(self) -> list[tuple[int, str, str, int]]:
        """Return (id, state, error, attempts) of all media."""
        return self.site.sql(
            "SELECT m.id, m.state, m.error, m.attempts FROM posts_media m JOIN accounts_user u ON u.id = m.owner_id "
            "WHERE u.username = %s",
            self.visitor.username,
        )

    def wait_until_final(self, *, seconds: float = 120) -> None:
        """Wait until all posts are published or failed; the sweeper need not wait half a minute for lost work."""
        deadline = time.monotonic() + seconds
        while True:
            left = [medium for medium in self.media() if medium[1] in {"pending", "processing"}]
            if not left and not self.unpublished():
                return
            assert time.monotonic() < deadline, left
            make_overdue(self.site)
            time.sleep(1)

    def unpublished(self) -> list[tuple[int]]:
        """Return the ids of posts that are not published although all their media are ready."""
        return self.site.sql(
            "SELECT p.id FROM posts_post p JOIN accounts_user u ON u.id = p.author_id WHERE u.username = %s AND "
            "p.published_at IS NULL AND NOT EXISTS "
            "(SELECT 1 FROM posts_media m WHERE m.post_id = p.id AND m.state <> 'ready')",
            self.visitor.username,
        )

    def check(self) -> None:
        """Check that each post is published or failed with a reason, and that none is duplicated, lost or invented."""
        rows = self.site.sql(
            "SELECT p.caption, p.published_at IS NOT NULL, m.state, m.error FROM posts_post p "
            "JOIN accounts_user u ON u.id = p.author_id JOIN posts_media m ON m.post_id = p.id WHERE u.username = %s",
            self.visitor.username,
        )
        captions = [caption for caption, *_ in rows]
        assert len(captions) == len(set(captions)), "a post is duplicated"
        assert set(self.urls) <= set(captions) <= {*self.urls, *self.broken}, "a post was lost, or was never sent"
        for caption, is_published, state, error in rows:
            assert is_published is (state == "ready"), caption
            assert is_published or (state == "failed" and error.endswith((TEMPORARY, GIVEN_UP))), (caption, error)
        assert all(attempts <= 3 for *_, attempts in self.media())

        published = {self.urls[caption] for caption, is_published, *_ in rows if is_published and caption in self.urls}
        shown, page = [], self.visitor.get("/").text
        while page:
            shown += re.findall(r'data-post="([^"]+)"(?! data-state)', page)
            following = re.search(r'<a class="more-link" href="([^"]+)"', page)
            page = self.visitor.get(unescape(following[1])).text if following else ""
        assert len(shown) == len(set(shown)), "the home page shows a post twice"
        assert {f"/p/{code}/" for code in shown} >= published
        for url in self.urls.values():
            state, page = self.visitor.outcome(url)
            assert state == "published" or TEMPORARY in page or GIVEN_UP in page


def make_overdue(site: RunningSite) -> None:
    """Backdate media that a worker has held for over five seconds, so that the sweeper queues them again now."""
    site.sql(
        "UPDATE posts_media SET queued_at = now() - interval '31 seconds' "
        "WHERE state IN ('pending', 'processing') AND queued_at > now() - interval '25 seconds' "
        "AND queued_at < now() - interval '5 seconds'"
    )


def sweep_files(site: RunningSite) -> None:
    """Run the sweeper of files as if two hours had passed."""
    site.sql("UPDATE common_pendingfile SET since = since - interval '2 hours'")
    site.manage("shell", "--no-imports", "-c", "from common.tasks import sweep_files; sweep_files()")


def check_nothing_is_left(site: RunningSite) -> None:
    """Check that files and rows agree after the sweeper has run, and that no temporary file is left."""
    sweep_files(site)
    assert site.sql("SELECT count(*) FROM common_pendingfile") == [(0,)]
    report = site.manage("media_doctor", "--grace-hours", "0")
    assert "mend" not in report
    assert "without a row" not in report
    deadline = time.monotonic() + 20
    while left := temporary_files(site):
        assert time.monotonic() < deadline, left
        time.sleep(0.5)


def temporary_files(site: RunningSite) -> list[str]:
    found = []
    with suppress(FileNotFoundError):  # Folders may be deleted during the search.
        found = [str(path) for path in site.temporary.rglob("*") if path.is_file()]
    return found
