"""All processes of the site, including PostgreSQL and Valkey, are killed with -9 during uploads and started again."""

from __future__ import annotations

from contextlib import suppress

import psutil
import pytest

from tests.flood import Flood, check_nothing_is_left
from tests.running_site import RunningSite
from tests.servers import make_data_dir
from tests.visitors import Visitor

pytestmark = [pytest.mark.timeout(400), pytest.mark.deep]


@pytest.fixture
def site():
    running = RunningSite(make_data_dir("killed"), RATE_LIMITS="off")
    try:
        yield running.start()
    finally:
        running.remove()


def kill_everything(site) -> None:
    """Kill all processes at once, as a power failure does; the supervisor first, so that it restarts nothing."""
    processes = site.processes()
    names = {process.name() for process in processes}
    assert {"postgres", "valkey-server"} <= names, names
    for process in processes:
        with suppress(psutil.Error):
            process.kill()
    site.process.wait(10)


@pytest.mark.promise("D1", "D5")
def test_everything_killed_twice_during_twenty_uploads(site):
    flood = Flood(site, Visitor(site.port).sign_up("flo"))
    with flood:
        for count in (6, 13):
            flood.wait_for(count)
            kill_everything(site)
            site.start()
    flood.wait_until_final()

    assert 1 <= len(flood.broken) <= 4
    assert not flood.refused
    flood.check()
    check_nothing_is_left(site)
