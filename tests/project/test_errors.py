"""Error pages and JSON errors while the database is unavailable."""

import pytest
from celery.beat import ScheduleEntry, Scheduler
from celery.schedules import schedule
from django.db import InterfaceError, OperationalError, ProgrammingError, connection

from instagram.celery import app


@pytest.fixture
def get_while_failing(client, signed_in, author):
    """Return a function that requests the home page while every query raises an error."""
    browser = signed_in(author)
    browser.raise_request_exception = False

    def get(error, **headers):
        def refuse(execute, sql, parameters, many, context):
            raise error

        with connection.execute_wrapper(refuse):
            return browser.get("/", headers=headers)

    return get


@pytest.mark.parametrize(
    "error",
    [OperationalError("server closed the connection unexpectedly"), InterfaceError("connection already closed")],
)
def test_without_the_database_pages_say_when_to_try_again(error, get_while_failing):
    answer = get_while_failing(error)

    assert answer.status_code == 503
    assert answer["Retry-After"] == "60"
    assert "We’re having trouble on our side" in answer.text
    assert str(error) not in answer.text


def test_without_the_database_scripts_get_a_json_error(get_while_failing):
    answer = get_while_failing(OperationalError("down"), accept="application/json")

    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "database"


def test_a_programming_error_is_a_500(get_while_failing):
    answer = get_while_failing(ProgrammingError("no such column"))

    assert answer.status_code == 500
    assert "Something went wrong on our side" in answer.text


def test_a_scheduled_task_that_cannot_be_sent_is_one_line_of_the_log(caplog, monkeypatch):
    def fail(*args, **options):
        raise ConnectionError("Error 2 connecting to valkey.sock.")

    monkeypatch.setattr("celery.app.base.Celery.send_task", fail)
    entry = ScheduleEntry(name="sweep posts", task="posts.sweep", schedule=schedule(10), app=app)

    Scheduler(app, lazy=True).apply_entry(entry)

    [record] = caplog.records
    message = "Couldn't apply scheduled task sweep posts: Error 2 connecting to valkey.sock."
    assert (record.levelname, record.getMessage(), record.exc_info) == ("ERROR", message, None)
