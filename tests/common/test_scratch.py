"""Temporary files of a process are deleted after it ends, however it ends."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from common import scratch
from tests.servers import PROJECT

CODE = """
import sys, tempfile
from common import scratch
scratch.use()
file = tempfile.NamedTemporaryFile(delete=False)
print(file.name, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def base(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def processes(base):
    """Two processes, each with one temporary file: (process, path)."""
    started = []
    for _ in range(2):
        process = subprocess.Popen(
            [sys.executable, "-c", CODE],
            cwd=PROJECT,
            env=os.environ | {"TMPDIR": str(base)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append((process, Path(process.stdout.readline().strip())))
    yield started
    for process, _ in started:
        process.kill()
        process.communicate()


@pytest.mark.promise("D5")
def test_folders_of_killed_processes_are_deleted_and_those_of_living_ones_kept(base, processes):
    (killed, its_file), (_, other_file) = processes
    assert len(set(base.iterdir())) == 2

    killed.send_signal(signal.SIGKILL)
    killed.wait()
    scratch.sweep()

    assert not its_file.exists()
    assert other_file.exists()
    assert len(set(base.iterdir())) == 1


def test_creating_a_folder_deletes_abandoned_ones_and_can_be_repeated(base, processes):
    for process, _ in processes:
        process.kill()
        process.wait()

    scratch.use()
    first = Path(tempfile.gettempdir())
    scratch.use()

    assert {first, Path(tempfile.gettempdir())} == set(base.iterdir())
    assert first.name.startswith("everyframe-tmp-")
