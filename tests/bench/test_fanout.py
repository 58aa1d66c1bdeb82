"""A small run of the benchmark of fan-out prints its figures."""

import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent.parent
OWN = ("DATABASE_URL", "REDIS_URL", "DATA_DIR")
"""Settings of the tests' servers; the benchmark starts its own."""


def test_the_benchmark_of_fan_out_prints_all_figures():
    environment = {name: value for name, value in os.environ.items() if name not in OWN}
    command = [sys.executable, "-m", "bench.fanout", "--small"]

    run = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stderr[-2000:]
    for word in ("| Everyframe |", "| bare script | ", "| sorted sets |", "middle of all timelines", "600 followers"):
        assert word in run.stdout
    for word in ("| sharing |", "| fan-out task |", "| home page of a follower |", "Pushing costs", "Pulling costs"):
        assert word in run.stdout
