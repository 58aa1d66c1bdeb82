"""Workers on different queues each run their own tasks, and another takes over the queue of one that is killed."""

import os
import signal
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from datetime import timedelta

import psycopg2
import pytest
from django.db import connection
from django.utils import timezone

from instagram.celery import app
from posts import tasks
from posts.actions.media import Upload
from posts.actions.sharing import create_post
from tests.servers import PROJECT

TIMEOUT_SECONDS = 60


def wait_for(condition, *, seconds=TIMEOUT_SECONDS):
    """Return the first true result of `condition`."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "waited for too long"
        time.sleep(0.05)
    return found


def database_url() -> str:
    options = connection.settings_dict["OPTIONS"]
    where = f"host={options['host']}&port={options['port']}"
    return f"postgresql://{connection.settings_dict['USER']}@/{connection.settings_dict['NAME']}?{where}"


class Worker:
    """A worker in a process group of its own, on the database, broker and files of the test."""

    def __init__(self, name: str, queue: str, folder) -> None:
        self.name = f"{name}@tests"
        self._log = (folder / f"{name}.log").open("w")
        command = [sys.executable, "-m", "celery", "--quiet", "-A", "instagram", "--skip-checks", "worker"]
        command += ["-Q", queue, "-n", self.name, "-c", "1", "--without-gossip", "--without-mingle"]
        self.process = subprocess.Popen(
            command,
            cwd=PROJECT,
            env=os.environ | {"DATABASE_URL": database_url(), "DATA_DIR": str(folder)},
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )

    def tasks_run(self) -> dict[str, int]:
        """Return how often it ran each task, or nothing if it does not answer."""
        answers = app.control.inspect(destination=[self.name], timeout=1).stats() or {}
        return answers.get(self.name, {}).get("total", {})

    def is_ready(self) -> bool:
        return bool(app.control.inspect(destination=[self.name], timeout=1).ping())

    def kill(self) -> None:
        """Kill the worker and its child, as a failing machine would."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._log.close()


@pytest.fixture
def workers(transactional_db, tmp_path):
    pair = Worker("photos", "media", tmp_path), Worker("feeds", "feed,default", tmp_path)
    try:
        for worker in pair:
            wait_for(worker.is_ready)
        yield pair
    finally:
        for worker in pair:
            if worker.process.poll() is None:
                worker.kill()


@contextmanager
def locked_row(media_id):
    """Hold the lock of a medium's row in a transaction of another session."""
    with closing(psycopg2.connect(database_url())) as other, other.cursor() as cursor:
        cursor.execute("SELECT 1 FROM posts_media WHERE id = %s FOR UPDATE", [media_id])
        yield
        other.rollback()


def waits_for_the_row() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND wait_event_type = 'Lock' AND query LIKE '%%posts_media%%FOR UPDATE%%'"
        )
        return cursor.fetchone()[0] > 0


def test_each_queue_has_its_worker_and_another_takes_over_when_one_is_killed(workers, author, follower, photo):
    photos, feeds = workers

    def share():
        return create_post(author=author, uploads=[Upload(photo(), "one.jpg", "a cup")], caption="")

    def is_fanned_out(post) -> bool:
        post.refresh_from_db()
        return post.fanned_out_at is not None

    first = share()
    wait_for(lambda: is_fanned_out(first))
    assert photos.tasks_run() == {"posts.process_media": 1}
    assert feeds.tasks_run()["feed.fan_out_post"] == 1
    assert not any(name.startswith("posts.process") for name in feeds.tasks_run())

    # The worker of photos is killed in the middle of its task.
    app.control.cancel_consumer("media", destination=[photos.name], reply=True)
    second = share()
    medium = second.media.get()
    with locked_row(medium.pk):
        app.control.add_consumer("media", destination=[photos.name], reply=True)
        wait_for(waits_for_the_row)
        photos.kill()

    app.control.add_consumer("media", destination=[feeds.name], reply=True)
    overdue = timezone.now() - 2 * timedelta(seconds=tasks.SWEEP_AFTER_SECONDS)
    second.media.update(queued_at=overdue)
    assert tasks.sweep() == 1

    wait_for(lambda: is_fanned_out(second))
    assert feeds.tasks_run()["posts.process_media"] == 1
