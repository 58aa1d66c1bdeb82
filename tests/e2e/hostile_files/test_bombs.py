"""Files that are small to send and large to decode cost neither memory nor other people's time."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager

import psutil
import pytest

from tests.e2e.hostile_files.uploads import (
    SMALL,
    delete_all,
    is_a_sentence,
    processes_of,
    share,
    wait_until_final,
)
from tests.media.pictures import (
    BAD,
    jpeg_of_many_scans,
)
from tests.visitors import Visitor

pytestmark = pytest.mark.timeout(600)

BOMBS = ["declared-65500x65500.jpg", "bomb-60000x60000-1bit.png", "large-12000x12000-1bit.png", "one-by-100000.png"]


@contextmanager
def repeating(step: Callable[[], None], *, pause_seconds: float):
    """Call `step` repeatedly in a thread until the block ends."""
    stop = threading.Event()

    def run():
        while not stop.wait(pause_seconds):
            step()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@contextmanager
def reading_pages(port: int):
    """Have a user read pages all the time; yield the list of the seconds that each page took."""
    visitor, seconds = Visitor(port).sign_up("reader"), []

    def read():
        seconds.extend(visitor.get(url).seconds for url in ("/explore/", "/", "/search/?q=a"))

    with repeating(read, pause_seconds=0.02):
        yield seconds
    assert max(visitor.statuses) < 400


def p99(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=100)[-1]


@contextmanager
def memory_watched(process: psutil.Process):
    """Yield a list that receives, when the block ends, the peak growth in bytes of the process and its children."""

    def resident() -> int:
        return sum(each.memory_info().rss for each in [process, *process.children(recursive=True)])

    growth: list[int] = []
    samples = [resident()]
    with repeating(lambda: samples.append(resident()), pause_seconds=0.005):
        yield growth
    growth.append(max(samples) - samples[0])


@pytest.mark.promise("U3")
@pytest.mark.parametrize("name", BOMBS)
def test_a_decompression_bomb_is_refused_without_using_memory(name, site):
    cleo = Visitor(site.port).sign_up("cleo")
    content = (BAD / name).read_bytes()
    share(cleo, name, b"GIF89a")

    with memory_watched(psutil.Process(site.parts()["web"])) as growth:
        for _ in range(3):
            share(cleo, name, content)

    assert cleo.statuses[-3:] == [422] * 3
    assert growth[0] < 50 * 2**20


@pytest.mark.promise("U4")
@pytest.mark.parametrize("count", [1, pytest.param(2, marks=pytest.mark.deep)])
def test_pages_are_served_while_photos_that_take_long_to_decode_are_rendered(count, site):
    dora, emil = Visitor(site.port).sign_up("dora"), Visitor(site.port).sign_up("emil")
    bomb = jpeg_of_many_scans(95, side=5000).getvalue()
    thousands = jpeg_of_many_scans(3000).getvalue()
    with reading_pages(site.port) as quiet:
        time.sleep(0.5)

    before = processes_of(site)
    with reading_pages(site.port) as busy:
        bombs = [share(dora, f"{n}.jpg", bomb) for n in range(count)]
        refused = share(dora, "thousands.jpg", thousands)
        mine = wait_until_final(site, emil, share(emil, "mine.jpg", SMALL), seconds=60)
        for one in bombs:
            wait_until_final(site, dora, one, seconds=90)

    assert refused.status == 422
    assert is_a_sentence(refused.message)
    assert mine.state == "published"
    assert all(one.state in {"published", "failed"} for one in bombs)
    assert processes_of(site) == before
    print(
        f"p99 of reads: {1000 * p99(quiet):.0f} ms quiet, {1000 * p99(busy):.0f} ms during the bombs "
        f"({p99(busy) / p99(quiet):.1f} ×); a photo queued behind {count} bombs took {mine.seconds:.1f} s"
    )
    assert len(busy) >= 9, "other users got no pages meanwhile"
    delete_all(dora, bombs)
    delete_all(emil, [mine])
