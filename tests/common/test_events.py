"""Events are published after the commit, and an unavailable broker fails no request."""

from dataclasses import dataclass

import pytest
from django.db import transaction
from kombu.exceptions import OperationalError

from common import events, valkey
from tests.proxies import SilentServer


@dataclass(frozen=True)
class SomethingHappened:
    thing_id: int


class Recorder:
    name = "tests.recorder"

    def __init__(self, error=None):
        self.calls = []
        self.error = error

    def apply_async(self, *, kwargs):
        self.calls.append(kwargs)
        if self.error:
            raise self.error


@pytest.fixture
def subscribed(monkeypatch):
    monkeypatch.setattr(events, "_subscribers", {})

    def subscribe(recorder):
        events.subscribe(SomethingHappened, recorder)
        return recorder

    return subscribe


@pytest.mark.django_db(transaction=True)
def test_an_event_is_published_after_the_commit_and_never_after_a_rollback(subscribed):
    recorder = subscribed(Recorder())

    with transaction.atomic():
        events.emit(SomethingHappened(thing_id=1))
        assert recorder.calls == []
    with transaction.atomic():
        events.emit(SomethingHappened(thing_id=2))
        transaction.set_rollback(True)

    assert recorder.calls == [{"thing_id": 1}]


@pytest.mark.promise("D7")
@pytest.mark.parametrize("error", [OperationalError("down"), ConnectionRefusedError(), TimeoutError()])
def test_an_unavailable_broker_fails_no_request_and_starts_a_pause(error, subscribed):
    recorder = subscribed(Recorder(error))

    assert not events.publish(recorder, thing_id=1)
    assert not events.publish(recorder, thing_id=2)
    assert recorder.calls == [{"thing_id": 1}]


def test_the_broker_is_used_again_after_a_pause(subscribed):
    recorder = subscribed(Recorder(TimeoutError()))
    events.publish(recorder, thing_id=1)
    recorder.error = None
    valkey.resume()

    assert events.publish(recorder, thing_id=2)


@pytest.mark.promise("D8")
def test_a_broker_that_hangs_times_out_and_starts_a_pause(subscribed, settings):
    from celery import Celery

    with SilentServer() as silent:
        app = Celery("silent", broker=f"redis://127.0.0.1:{silent.port}/0", set_as_current=False)
        app.conf.update(
            broker_transport_options=settings.CELERY_BROKER_TRANSPORT_OPTIONS,
            task_publish_retry=settings.CELERY_TASK_PUBLISH_RETRY,
            task_ignore_result=True,
        )

        @app.task(name="tests.silent")
        def task(thing_id):
            raise AssertionError("it is never run")

        assert not events.publish(task, thing_id=1)
        asked = silent.connections
        assert asked >= 1
        assert not events.publish(task, thing_id=2)
        assert silent.connections == asked, "the second one does not connect"
