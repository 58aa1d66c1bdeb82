"""What people and programs are told when something that the site needs is away."""

import pytest
from django.db import InterfaceError, OperationalError, ProgrammingError, connection


@pytest.fixture
def away(client, as_, author):
    """A browser of somebody signed in, and a way to have each query raise an error."""
    browser = as_(author)
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
def test_without_the_database_pages_say_that_it_will_pass(error, away):
    answer = away(error)

    assert answer.status_code == 503
    assert answer["Retry-After"] == "60"
    assert "We’re having trouble on our side" in answer.text
    assert str(error) not in answer.text


def test_without_the_database_a_script_is_told_in_its_own_words(away):
    answer = away(OperationalError("down"), accept="application/json")

    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "database"


def test_an_error_of_ours_is_no_outage(away):
    answer = away(ProgrammingError("no such column"))

    assert answer.status_code == 500
    assert "Something went wrong on our side" in answer.text
