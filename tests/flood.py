"""Twenty uploads at once, and what must be true of them whatever was killed meanwhile."""

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
from tests.servers import PROJECT, RunningSite
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
TEMPORARY = "could not be processed just now. Try again in a few minutes."
GIVEN_UP = "Something went wrong on our side while we processed this file. Try again."


@dataclass
class Flood:
    """One person who shares twenty files one after the other, each under a caption of its own."""

    site: RunningSite
    visitor: Visitor
    urls: dict[str, str] = field(default_factory=dict)
    """Of the posts that the site has said it took, by caption."""
    broken: list[str] = field(default_factory=list)
    """Captions whose request was cut off, or answered without a database: whether the site took them is open."""
    refused: dict[str, int] = field(default_factory=dict)
    """Statuses of the others."""

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
        """As a person does who sees that it is away."""
        while not self.stopping.is_set():
            with suppress(OSError, HTTPException):
                self.visitor.get("/healthz")
                return
            time.sleep(0.2)

    def wait_for(self, count: int, *, seconds: float = 60) -> None:
        """Until so many have been taken."""
        deadline = time.monotonic() + seconds
        while len(self.urls) < count:
            assert time.monotonic() < deadline, f"only {len(self.urls)} were taken"
            time.sleep(0.01)

    def media(self) -> list[tuple[int, str, str, int]]:
        """(id, state, error, attempts) of each."""
        return self.site.sql(
            "SELECT m.id, m.state, m.error, m.attempts FROM posts_media m JOIN accounts_user u ON u.id = m.owner_id "
            "WHERE u.username = %s",
            self.visitor.username,
        )

    def wait_until_final(self, *, seconds: float = 120) -> None:
        """Until nothing is left to do. The sweeper's half minute is not waited for: each is overdue already."""
        deadline = time.monotonic() + seconds
        while True:
            left = [medium for medium in self.media() if medium[1] in {"pending", "processing"}]
            if not left and not self.unpublished():
                return
            assert time.monotonic() < deadline, left
            make_overdue(self.site)
            time.sleep(1)

    def unpublished(self) -> list[tuple[int]]:
        """Posts whose media are all ready, and which are not published yet."""
        return self.site.sql(
            "SELECT p.id FROM posts_post p JOIN accounts_user u ON u.id = p.author_id WHERE u.username = %s AND "
            "p.published_at IS NULL AND NOT EXISTS "
            "(SELECT 1 FROM posts_media m WHERE m.post_id = p.id AND m.state <> 'ready')",
            self.visitor.username,
        )

    def check(self) -> None:
        """Each is published, or failed with a reason; none is there twice, or without having been sent."""
        taken = self.site.sql(
            "SELECT p.caption, p.published_at IS NOT NULL, m.state, m.error FROM posts_post p "
            "JOIN accounts_user u ON u.id = p.author_id JOIN posts_media m ON m.post_id = p.id WHERE u.username = %s",
            self.visitor.username,
        )
        captions = [caption for caption, *_ in taken]
        assert len(captions) == len(set(captions)), "one is there twice"
        assert set(self.urls) <= set(captions) <= {*self.urls, *self.broken}, "one was lost, or comes from nowhere"
        for caption, is_published, state, error in taken:
            assert is_published is (state == "ready"), caption
            assert is_published or (state == "failed" and error.endswith((TEMPORARY, GIVEN_UP))), (caption, error)
        assert all(attempts <= 3 for *_, attempts in self.media())

        published = {self.urls[caption] for caption, is_published, *_ in taken if is_published and caption in self.urls}
        shown, page = [], self.visitor.get("/").text
        while page:
            shown += re.findall(r'data-post="([^"]+)"(?! data-state)', page)
            following = re.search(r'<a class="more-link" href="([^"]+)"', page)
            page = self.visitor.get(unescape(following[1])).text if following else ""
        assert len(shown) == len(set(shown)), "the home page shows one twice"
        assert {f"/p/{code}/" for code in shown} >= published
        for url in self.urls.values():
            state, page = self.visitor.outcome(url)
            assert state == "published" or TEMPORARY in page or GIVEN_UP in page


def make_overdue(site: RunningSite) -> None:
    """What a killed worker had in its hands is the sweeper's from now on, and not in half a minute."""
    site.sql(
        "UPDATE posts_media SET queued_at = now() - interval '31 seconds' "
        "WHERE state IN ('pending', 'processing') AND queued_at > now() - interval '25 seconds' "
        "AND queued_at < now() - interval '5 seconds'"
    )


def sweep_files(site: RunningSite) -> None:
    """As an hour later."""
    site.sql("UPDATE common_pendingfile SET since = since - interval '2 hours'")
    site.manage("shell", "--no-imports", "-c", "from common.tasks import sweep_files; sweep_files()")


def check_nothing_is_left(site: RunningSite) -> None:
    """Files and rows agree once the sweeper has been here; nothing temporary is left."""
    sweep_files(site)
    assert site.sql("SELECT count(*) FROM common_pendingfile") == [(0,)]
    said = site.manage("media_doctor", "--grace-hours", "0")
    assert "mend" not in said
    assert "without a row" not in said
    deadline = time.monotonic() + 20
    while left := temporary_files(site):
        assert time.monotonic() < deadline, left
        time.sleep(0.5)


def temporary_files(site: RunningSite) -> list[str]:
    found = []
    with suppress(FileNotFoundError):  # Folders come and go while one looks.
        found = [str(path) for path in site.temporary.rglob("*") if path.is_file()]
    return found
