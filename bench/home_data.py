"""The people, posts and sessions of the benchmarks that share one small site: home, pages, hot and memory."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from bench.scratch import scratch_site

COLD_FOLLOWEES = 500


@dataclass(frozen=True)
class Size:
    """Numbers of people and rows. Readers must follow authors with at least twelve posts in all."""

    readers: int = 1_000
    authors: int = 600
    posts_each: int = 8
    followed: int = 30
    likes_each: int = 20
    cold_readers: int = 5


SMALL = Size(readers=12, authors=20, posts_each=4, followed=10, likes_each=5, cold_readers=2)


@dataclass(frozen=True)
class Session:
    person_id: int
    username: str
    key: str
    cookie: str


@dataclass(frozen=True)
class Site:
    """A filled scratch site: `readers` have warm timelines, `cold` follow COLD_FOLLOWEES people and have none.

    `postgres_pid` and `valkey_pid` are the processes of the servers, to measure their CPU.
    """

    readers: list[Session]
    cold: list[Session]
    postgres_pid: int
    valkey_pid: int


@contextmanager
def filled_site(size: Size) -> Iterator[Site]:
    """Start PostgreSQL and Valkey with durable settings, and fill them."""
    with scratch_site(durable=True, with_valkey=True, RATE_LIMITS="off"):
        from django.core.management import call_command

        call_command("collectstatic", verbosity=0, interactive=False)
        yield fill_site(size)


def fill_site(size: Size) -> Site:
    """Fill the current database, and warm the timelines and suggestions."""
    import psutil
    from django.db import connection

    from common import valkey

    readers, cold = fill(size)
    with connection.cursor() as cursor:
        # Counting updated all rows of two tables, which doubled their size.
        cursor.execute("VACUUM (FULL) accounts_user, posts_post, search_postdocument")
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("SELECT pg_backend_pid()")
        postgres_pid = psutil.Process(cursor.fetchone()[0]).ppid()
    warm(readers)
    return Site(readers, cold, postgres_pid, int(valkey.client().info("server")["process_id"]))


def fill(size: Size) -> tuple[list[Session], list[Session]]:
    """Create people, posts, follows, likes and sessions; return the sessions of readers and of cold readers."""
    from django.utils import timezone

    from accounts.models import User
    from posts.models import Like, Media, Post
    from social.models import Follow

    rng = random.Random(1)

    def people(prefix: str, number: int, **fields: Any) -> list[User]:
        User.objects.bulk_create(
            User(
                username=f"{prefix}{n}", email=f"{prefix}{n}@example.org", name=f"{prefix.title()} {n}", password="!",
                **fields,
            )
            for n in range(number)
        )  # fmt: skip
        return list(User.objects.filter(username__startswith=prefix).order_by("pk"))

    authors = people("author", size.authors, folded_posts=size.posts_each)
    readers, cold = people("reader", size.readers), people("cold", size.cold_readers)
    now = timezone.now()
    Post.objects.bulk_create(
        Post(
            author=author, caption=f"Number {n} of a long series #bench @{author}", published_at=now, fanned_out_at=now
        )
        for n in range(size.posts_each)
        for author in authors
    )
    posts = list(Post.objects.all())
    widths = [(320, 240), (640, 480), (1080, 810), (1440, 1080)]
    Media.objects.bulk_create(
        Media(
            post=post, owner_id=post.author_id, position=position, alt="A photograph", original="aa/bb/c.jpg",
            width=1440, height=1080, state="ready", placeholder="data:image/webp;base64," + "A" * 160,
            renditions=[
                {"width": w, "height": h, "webp": f"aa/bb/{post.pk:028d}.webp", "jpeg": f"aa/bb/{post.pk:028d}.jpg"}
                for w, h in widths
            ],
        )
        for post in posts
        for position in range(1 + post.pk % 4 // 3)
    )  # fmt: skip
    for group, number in ((readers, size.followed), (cold, min(COLD_FOLLOWEES, size.authors))):
        for reader in group:  # One transaction each: every follow takes a lock until its end.
            Follow.objects.bulk_create(
                Follow(follower=reader, followee=author) for author in rng.sample(authors, number)
            )
    Like.objects.bulk_create(
        Like(post=post, liker=reader) for reader in readers for post in rng.sample(posts, size.likes_each)
    )
    count_rows()
    return [sign_in(reader) for reader in readers], [sign_in(reader) for reader in cold]


def count_rows() -> None:
    """Set the counters that the inserted rows did not move."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE posts_post AS post SET folded_likes = (SELECT count(*) FROM posts_like WHERE post_id = post.id);"
            "UPDATE accounts_user AS person SET"
            " folded_followers = (SELECT count(*) FROM social_follow WHERE followee_id = person.id),"
            " folded_following = (SELECT count(*) FROM social_follow WHERE follower_id = person.id)"
        )


def sign_in(person: Any) -> Session:
    """Create a session of `person`, as signing in does."""
    from importlib import import_module

    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.utils.crypto import get_random_string

    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(person.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    session.save()
    key = str(session.session_key)
    # The browser has seen a page before, so it has the cookie of the CSRF check, too.
    cookies = f"{settings.SESSION_COOKIE_NAME}={key}; {settings.CSRF_COOKIE_NAME}={get_random_string(32)}"
    return Session(person.pk, person.username, key, cookies)


def warm(sessions: list[Session]) -> None:
    """Build the timelines and the lists of suggestions of these readers."""
    from accounts.models import User
    from feed import suggestions, timelines

    for reader in User.objects.filter(pk__in=[session.person_id for session in sessions]):
        timelines.read(reader, before=None, count=1)
        suggestions.candidates_for(reader, 0, 1)
