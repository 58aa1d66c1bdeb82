"""Measure the memory of a web worker: `python -m bench.memory`.

The worker is one of the site's own server (`instagram.web`) that has answered all kinds of pages; RSS and USS are of
the largest worker.
"""

from __future__ import annotations

import argparse

from bench import load
from bench.home_data import Session, Site, Size, filled_site
from bench.load import Request, Server
from bench.report import Table

PATHS = ("/", "/explore/", "/notifications/", "/search/?q=author", "/saved/", "/accounts/settings/", "/create/")
GOAL_MB = 130


def requests_of(readers: list[Session], posts: int) -> list[Request]:
    """Return requests for all kinds of pages and the newest `posts`, each by up to four readers."""
    from posts.models import Post

    newest = [post.get_absolute_url() for post in Post.objects.order_by("-pk")[:posts]]
    paths = [*PATHS, *newest, *(f"/author{n}/" for n in range(12))]
    return [Request(path, reader.cookie) for reader in readers[:4] for path in paths]


def measure(site: Site, *, seconds: float = 10, posts: int = 50) -> list[Table]:
    server = Server()
    try:
        load.warm_up(server, requests_of(site.readers, posts), seconds=seconds)
        found = [worker.memory_full_info() for worker in server.workers]
    finally:
        server.stop()
    largest = max(found, key=lambda one: one.rss)
    row = ["a web worker", f"{largest.rss / 1e6:.0f}", f"{largest.uss / 1e6:.0f}", str(GOAL_MB)]
    intro = f"After {seconds:.0f} s of home, profile, post and other pages, the largest of {len(found)} workers."
    return [Table("Memory", ["process", "RSS, MB", "of these not shared, MB", "goal, MB"], intro, [row])]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=15)
    options = parser.parse_args()
    with filled_site(Size(readers=200)) as site:
        for table in measure(site, seconds=options.seconds):
            table.print()


if __name__ == "__main__":
    main()
