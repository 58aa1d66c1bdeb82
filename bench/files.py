"""Measure the permission check of a photo's file: CPU milliseconds for a request through Django, without a network.

`python -m bench.files [--requests 2000]`. Starts its own PostgreSQL, whose time is not in the figures. The
baseline in the same run is a file that everyone may read, through the same middleware.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from typing import Any

from bench.scratch import scratch_site

ROUNDS = 5


def cpu_milliseconds(client: Any, url: str, number: int) -> float:
    """Return CPU milliseconds for one request of each kind: medians over ROUNDS, whose order rotates."""
    rounds = []
    for _ in range(ROUNDS):
        start = time.process_time()
        for _ in range(number // ROUNDS):
            answer = client.get(url)
            assert answer.status_code == 200, url
            b"".join(answer)
        rounds.append((time.process_time() - start) / (number // ROUNDS) * 1000)
    return statistics.median(rounds)


def measure(number: int) -> None:
    from django.contrib.auth.decorators import login_not_required
    from django.core.files.base import ContentFile
    from django.core.files.storage import storages
    from django.test import Client
    from django.urls import path
    from django.utils import timezone

    from accounts.models import User
    from instagram import urls
    from media.storage import new_key
    from media.views import serve_rendition
    from posts.models import Media, Post
    from social.models import Follow

    def unasked(request: Any, key: str) -> Any:
        return serve_rendition(request, key, is_public=True)

    urls.urlpatterns.insert(0, path("bench/<path:key>", login_not_required(unasked)))
    key = new_key(".webp")
    storages["default"].save(key, ContentFile(os.urandom(60_000)))

    def picture(username: str, *, is_private: bool) -> tuple[User, str]:
        author = User.objects.create(username=username, email=f"{username}@example.org", is_private=is_private)
        post = Post.objects.create(author=author, published_at=timezone.now())
        rendition = {"width": 640, "height": 480, "webp": key, "jpeg": key}
        size = {"width": 640, "height": 480}
        medium = Media.objects.create(post=post, owner_id=author.pk, renditions=[rendition], state="ready", **size)
        return author, medium.url_of(key)

    _, public = picture("open", is_private=False)
    closed, private = picture("closed", is_private=True)
    reader = User.objects.create(username="reader", email="reader@example.org")
    Follow.objects.create(follower=reader, followee=closed)
    member = Client()
    member.force_login(reader)
    print(f"{'a picture of 60 kB':<44} {'CPU ms':>8} {'of the baseline':>16}")
    cpu_milliseconds(Client(), f"/bench/{key}", 50)
    bare = cpu_milliseconds(Client(), f"/bench/{key}", number)
    for name, client, url in (
        ("baseline: nobody is asked", None, ""),
        ("public, without a session", Client(), public),
        ("public, signed in", member, public),
        ("of a private account, to a follower", member, private),
    ):
        cost = cpu_milliseconds(client, url, number) if client else bare
        print(f"{name:<44} {cost:>8.2f} {cost / bare:>15.1f}×")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=2000)
    options = parser.parse_args()

    with scratch_site(ALLOWED_HOSTS="*"):
        measure(options.requests)


if __name__ == "__main__":
    main()
