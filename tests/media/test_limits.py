"""The child process that decodes photos: for every file the worker gets a result or an error sentence."""

import io
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image

from media import child_process
from media.errors import MediaError, TransientMediaError
from media.photo.render import render_photo
from media.photo.renderer_process import Limits
from media.probe import probe
from media.probe.video import VideoInfo
from media.video.render import render_video
from tests.media.pictures import BAD, EXPECTED, encoded, jpeg_of_many_scans, quarters


@pytest.mark.promise("U1")
@pytest.mark.parametrize("one", EXPECTED, ids=lambda one: one["file"])
def test_every_bad_file_ends_as_expected(one):
    with measure_cpu_seconds() as used:
        outcome = outcome_of(BAD / one["file"])

    if one["expect"] == "accept":
        assert outcome == "rendered"
    elif one["expect"] == "reject":
        assert outcome != "rendered"
    # A sentence for users and not the message of a decoder.
    assert outcome == "rendered" or (outcome.endswith(".") and "rror" not in outcome)
    assert used[0] < 5


@contextmanager
def measure_cpu_seconds() -> Iterator[list[float]]:
    """Yield a list that holds, after the block, the CPU time of the children that ended in it.

    Wall-clock time would depend on the load of the machine.
    """
    used: list[float] = []
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    yield used
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def outcome_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            if isinstance(probe(file), VideoInfo):
                with render_video(file) as made:
                    return "rendered" if made.bytes else "nothing"
            return "rendered" if render_photo(file).renditions else "nothing"
    except TransientMediaError:
        raise
    except MediaError as error:
        return str(error)


def children() -> list[int]:
    """Return the ids of the renderers that this process has started."""
    pids = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [int(pid) for pid in pids if b"media.photo.renderer" in command_line(pid)]


def command_line(pid: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


@pytest.mark.promise("U4")
def test_decoding_stops_at_the_cpu_limit():
    bomb = jpeg_of_many_scans(95, side=6000)

    with measure_cpu_seconds() as used, pytest.raises(MediaError, match="takes too long to process") as caught:
        render_photo(bomb, limits=Limits(cpu_seconds=1))

    assert not isinstance(caught.value, TransientMediaError)
    # The bomb takes 5 seconds or more. The kernel counts slightly different ticks for the limit and for the report.
    assert 0.4 < used[0] < 2.5
    assert not children()


def test_decoding_stops_at_the_memory_limit():
    photo = encoded(Image.new("RGB", (6000, 6000)), "WEBP", quality=10, method=0)

    with pytest.raises(MediaError) as caught:
        render_photo(photo, limits=Limits(memory_bytes=200 * 1024 * 1024))

    assert not isinstance(caught.value, TransientMediaError)


def test_decoding_stops_at_the_wall_clock_limit_and_can_be_retried():
    with pytest.raises(TransientMediaError, match="Try again"):
        render_photo(encoded(Image.new("RGB", (4000, 4000)), "PNG"), limits=Limits(wall_seconds=0.05))

    assert not children()


def kill_child_soon(number: int) -> threading.Thread:
    def kill():
        until = time.monotonic() + 60
        while time.monotonic() < until:
            for pid in children():
                os.kill(pid, number)
                return
            time.sleep(0.002)

    thread = threading.Thread(target=kill)
    thread.start()
    return thread


@pytest.mark.promise("D5")
@pytest.mark.parametrize(
    ("number", "is_transient"), [(signal.SIGKILL, True), (signal.SIGSEGV, False), (signal.SIGABRT, False)]
)
def test_a_killed_or_crashed_child_gives_an_error_sentence(number, is_transient):
    bomb = jpeg_of_many_scans(95, side=6000)
    killer = kill_child_soon(number)

    with pytest.raises(MediaError) as caught:
        render_photo(bomb)

    killer.join()
    assert isinstance(caught.value, TransientMediaError) is is_transient
    assert str(caught.value).endswith(".")


def test_failing_to_start_a_process_is_a_transient_error(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")

    with pytest.raises(TransientMediaError):
        render_photo(encoded(quarters()))


def test_the_child_has_no_secrets_and_cannot_write_files(tmp_path):
    code = """
import os, sys
from media import rlimits
from media.photo import renderer
rlimits.set_limits(cpu_seconds=5, memory_bytes=1 << 30)
assert "SECRET_KEY" not in os.environ and "django" not in sys.modules
try:
    with open(sys.argv[1], "w") as file:
        file.write("x")
except OSError:
    sys.exit(0)
sys.exit("could write")
"""
    root = Path(child_process.__file__).resolve().parent.parent
    environment = {"PYTHONPATH": str(root)}

    subprocess.run([sys.executable, "-P", "-c", code, str(tmp_path / "file")], env=environment, check=True)


def test_the_child_dies_with_its_worker():
    code = """
import io, os, sys, threading, time, signal
from media.photo.render import render_photo
from media.probe import probe
from media.probe.video import VideoInfo
from media.photo.renderer_process import Limits
from media.video.render import render_video
from tests.media.pictures import jpeg_of_many_scans
bomb = jpeg_of_many_scans(100, side=7500)
threading.Thread(target=lambda: render_photo(bomb), daemon=True).start()
path = f"/proc/self/task/{os.getpid()}/children"
while True:
    tasks = os.listdir("/proc/self/task")
    pids = [pid for task in tasks for pid in open(f"/proc/self/task/{task}/children").read().split()]
    if pids:
        break
time.sleep(0.3)
print(pids[0], flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    root = Path(child_process.__file__).resolve().parent.parent
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False)

    pid = int(done.stdout)
    # It would run for another 8 seconds of CPU time.
    until = time.monotonic() + 6
    while time.monotonic() < until and is_running(pid):
        time.sleep(0.02)
    assert not is_running(pid)


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_invalid_output_of_the_child_is_an_error(monkeypatch, tmp_path):
    fake = tmp_path / "python"
    fake.write_text("#!/bin/sh\necho nonsense\n")
    fake.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(fake))

    with pytest.raises(MediaError, match="cannot be opened"):
        render_photo(io.BytesIO((BAD / "name-test.jpg").read_bytes()))
