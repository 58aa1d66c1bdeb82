"""Many likes of one post at once, and more requests than the site can answer."""

from __future__ import annotations

import multiprocessing
import selectors
import socket
import time
from contextlib import suppress
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connections

from accounts.models import User
from bench.load import Request, send
from posts.actions.likes import like_post
from posts.models import LIKES, Like, Post
from tests.drills.conftest import size

pytestmark = pytest.mark.timeout(600)

PROCESSES = 8
GIVE_UP_SECONDS = 5
MOST_OPEN = 900
"""Connections that the load keeps open, below the usual limit of a process."""


def like_in_turn(post_id: int, likers: list[int], start: Any, done: Any) -> None:
    """Like the post as each of the people; put the seconds of each like, or the error, into `done`."""
    post, times = Post(pk=post_id), []
    try:
        Post.objects.exists()
        start.wait(60)
        for liker_id in likers:
            began = time.perf_counter()
            like_post(post, liker=User(pk=liker_id))
            times.append(time.perf_counter() - began)
        done.put(times)
    except Exception as error:
        done.put(repr(error))


@pytest.mark.promise("O9", "D13")
@pytest.mark.django_db(transaction=True)
def test_a_thousand_people_like_one_post_at_once(author, share, figure):
    """Like one post as thousands of people, from eight processes, while the counts are folded."""
    number = size(small=80, large=8_000)
    post = share(author)
    User.objects.bulk_create(
        User(username=f"liker{at}", email=f"liker{at}@example.org", password="!") for at in range(number)
    )
    people = list(User.objects.filter(username__startswith="liker").values_list("pk", flat=True))
    connections.close_all()
    context = multiprocessing.get_context("fork")
    start, done = context.Barrier(PROCESSES + 1), context.Queue()
    processes = [
        context.Process(target=like_in_turn, args=(post.pk, people[at::PROCESSES], start, done))
        for at in range(PROCESSES)
    ]
    for process in processes:
        process.start()
    start.wait(60)
    began = time.perf_counter()
    found: list[Any] = []
    while len(found) < PROCESSES:
        LIKES.fold()
        time.sleep(0.2)
        while not done.empty():
            found.append(done.get())
    seconds = time.perf_counter() - began
    for process in processes:
        process.join(60)

    errors = [each for each in found if isinstance(each, str)]
    assert not errors
    times = sorted(one for each in found for one in each)
    p99 = times[int(0.99 * (len(times) - 1))]
    figure(f"{number / seconds:,.0f} likes/s (goal 1,000)", is_kept=number / seconds >= 1_000)
    figure(f"p99 {p99 * 1000:.0f} ms (goal 500), 0 deadlocks", is_kept=p99 < 0.5)
    shown = Post.objects.with_viewer_state(AnonymousUser()).get(pk=post.pk)
    assert shown.like_count == Like.objects.filter(post=post).count() == number
    while LIKES.fold():
        continue
    assert Post.objects.get(pk=post.pk).folded_likes == number


class Arrivals:
    """Requests that arrive at a fixed rate, each on a connection of its own, whether earlier ones are answered or not.

    A visitor gives up after GIVE_UP_SECONDS. With MOST_OPEN connections open, further visitors are turned away at once.
    """

    def __init__(self, port: int, request: Request) -> None:
        self._address = ("127.0.0.1", port)
        self._request = request.encode()
        self._selector = selectors.DefaultSelector()
        self._open: dict[socket.socket, float] = {}
        self._heads: dict[socket.socket, bytes] = {}
        self.sent = 0
        self.statuses: list[int] = []
        """Statuses of complete answers."""

    def run(self, *, rate: float, seconds: float) -> None:
        began = time.perf_counter()
        while (now := time.perf_counter() - began) < seconds:
            while self.sent < now * rate:
                self.sent += 1
                if len(self._open) < MOST_OPEN:
                    self._connect()
            for key, _ in self._selector.select(0.01):
                self._continue(key.fileobj)  # type: ignore[arg-type]
            for one in [one for one, at in self._open.items() if time.perf_counter() - at > GIVE_UP_SECONDS]:
                self._close(one)
        for one in list(self._open):
            self._close(one)

    def _connect(self) -> None:
        one = socket.socket()
        one.setblocking(False)
        one.connect_ex(self._address)
        self._open[one] = time.perf_counter()
        self._selector.register(one, selectors.EVENT_WRITE)

    def _continue(self, one: socket.socket) -> None:
        try:
            if one not in self._heads:
                one.sendall(self._request)
                self._heads[one] = b""
                self._selector.modify(one, selectors.EVENT_READ)
                return
            data = one.recv(1 << 17)
        except OSError:
            self._close(one)
            return
        self._heads[one] = self._heads[one] or data[:12]
        if not data:
            with suppress(ValueError):
                self.statuses.append(int(self._heads[one][9:]))
            self._close(one)

    def _close(self, one: socket.socket) -> None:
        self._selector.unregister(one)
        self._open.pop(one)
        self._heads.pop(one, None)
        one.close()


def pages_per_second(port: int, request: Request, *, seconds: float) -> float:
    """Return the rate of eight connections that always wait for an answer."""
    return len(send(port, [request], seconds=seconds)[0]) / seconds


@pytest.mark.promise("O6")
def test_three_times_as_many_requests_as_the_site_can_answer(site, anna, figure):
    """Request home pages at three times the peak rate, on connections of their own."""
    seconds = size(small=2, large=60)
    cookie = "; ".join(f"{name}={value}" for name, value in anna.cookies.items())
    home = Request("/", cookie)
    pages_per_second(site.port, home, seconds=size(small=1, large=3))
    peak = pages_per_second(site.port, home, seconds=size(small=1, large=8))
    load = Arrivals(site.port, Request("/", cookie, "Connection: close\r\n"))

    load.run(rate=3 * peak, seconds=seconds)

    ended, rate = time.perf_counter(), 0.0
    while rate < 0.8 * peak:
        rate = pages_per_second(site.port, home, seconds=1)
        assert time.perf_counter() < ended + 60, "the site does not recover"
    recovered = time.perf_counter() - ended - 1
    good = load.statuses.count(200) / seconds
    errors = sum(status >= 500 for status in load.statuses)
    figure(
        f"peak {peak:.0f} pages/s; at {3 * peak:.0f}/s for {seconds} s {good:.0f}/s answered,"
        f" {good / peak:.2f} of the peak (goal 0.80), {errors} server errors",
        is_kept=good >= 0.8 * peak,
    )
    figure(f"back at the peak after {recovered:.0f} s (goal 10)", is_kept=recovered <= 10)
    assert load.statuses.count(200)
