"""Production refuses unsafe settings and names the variable to set."""

import os
import runpy
import subprocess
import sys
from pathlib import Path
from unittest import mock

import pytest
from django.core.exceptions import ImproperlyConfigured

PROJECT = Path(__file__).resolve().parents[2]
SECRET = "".join(chr(33 + n % 90) for n in range(7, 87))
OURS = {"DEMO", "DJANGO_ALLOW_ASYNC_UNSAFE"}
PRODUCTION = {
    "ENVIRONMENT": "production",
    "SECRET_KEY": SECRET,
    "ALLOWED_HOSTS": "photos.example.org",
    "SITE_ORIGIN": "https://photos.example.org",
    "DEBUG": "0",
    "FIELD_KEYS": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
    "FIELD_HASH_KEY": SECRET,
    "EMAIL_URL": "smtp+tls://user:password@mail.example.org:587",
}


def environment(**variables):
    """Return the environment without the variables that these tests set, and with `variables`."""
    return {name: value for name, value in os.environ.items() if name not in {*PRODUCTION, *OURS}} | variables


def check(**variables):
    """Run `manage.py check --deploy` in a process of its own."""
    return subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=PROJECT,
        env=environment(**variables),
        capture_output=True,
        text=True,
        check=False,
    )


def refusal(**variables):
    """Load the settings in this environment, in this process, and return the message with which they refuse."""
    with (
        mock.patch.dict(os.environ, environment(**variables), clear=True),
        pytest.raises(ImproperlyConfigured) as caught,
    ):
        runpy.run_path(str(PROJECT / "instagram" / "settings.py"))
    return str(caught.value)


@pytest.mark.promise("H8")
def test_production_settings_have_no_warning():
    done = check(**PRODUCTION)

    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


def test_a_refusal_is_a_sentence_without_a_traceback():
    done = check(**{**PRODUCTION, "SECRET_KEY": "short"})

    assert done.returncode == 1
    assert done.stderr.startswith("Settings: Set SECRET_KEY")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", ""),
        ("SECRET_KEY", "short"),
        ("DEBUG", "1"),
        ("ALLOWED_HOSTS", ""),
        ("ALLOWED_HOSTS", "*"),
        ("SITE_ORIGIN", ""),
        ("EMAIL_URL", ""),
        ("FIELD_KEYS", ""),
        ("FIELD_HASH_KEY", ""),
    ],
)
def test_production_refuses_unsafe_settings_and_names_the_variable(name, value):
    variables = PRODUCTION | {name: value}
    if not value:
        del variables[name]

    assert f"Set {name}" in refusal(**variables)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("DEBUG", "maybe"),
        ("ENVIRONMENT", "staging"),
        ("DECODERS_OFF", "hei"),
        ("FIELD_KEYS", "short"),
        ("SMS_URL", "http://x"),
        ("TIMELINE_URL", "redis-cluster://"),
        ("CACHE_URL", "redis-cluster://one:6379,:6379"),
        ("READ_DATABASE_URLS", "postgresql://one/photos,two"),
        ("DATABASE_POOLER", "session"),
    ],
)
def test_an_invalid_value_is_refused_with_the_name_of_its_variable(name, value):
    assert name in refusal(**{name: value})


def settings_with(**variables):
    """Load the settings in this environment, in this process; return them."""
    with mock.patch.dict(os.environ, environment(**variables), clear=True):
        return runpy.run_path(str(PROJECT / "instagram" / "settings.py"))


def test_without_replicas_and_pooler_there_is_one_database_and_no_router():
    found = settings_with()

    assert list(found["DATABASES"]) == ["default"]
    assert "DATABASE_ROUTERS" not in found
    assert "common.replicas.ReplicaMiddleware" not in found["MIDDLEWARE"]
    assert found["TIMELINE_URL"] == found["CACHE_URL"] == found["REDIS_URL"]


def test_replicas_are_read_through_the_router():
    found = settings_with(READ_DATABASE_URLS="postgresql://one/photos, postgresql://two/photos")

    assert [found["DATABASES"][f"replica_{number}"]["HOST"] for number in (1, 2)] == ["one", "two"]
    assert found["DATABASE_ROUTERS"] == ["common.replicas.ReplicaRouter"]
    assert found["MIDDLEWARE"][-1] == "common.replicas.ReplicaMiddleware", "it contains the view only"


def test_a_pooler_needs_a_direct_connection_for_locks():
    pooled = {"DATABASE_POOLER": "transaction", "READ_DATABASE_URLS": "postgresql://two/photos"}
    found = settings_with(**pooled, DIRECT_DATABASE_URL="postgresql://one/photos")["DATABASES"]

    assert {alias for alias, entry in found.items() if entry.get("DISABLE_SERVER_SIDE_CURSORS")} == {
        "default",
        "replica_1",
    }
    assert found["direct"]["HOST"] == "one"
    assert "Set DIRECT_DATABASE_URL" in refusal(**pooled)


def test_the_name_of_the_site_may_have_a_port():
    variables = PRODUCTION | {"ALLOWED_HOSTS": "photos.example.org:8443,[::1]:8443"}
    with mock.patch.dict(os.environ, environment(**variables), clear=True):
        loaded = runpy.run_path(str(PROJECT / "instagram" / "settings.py"))

    assert loaded["ALLOWED_HOSTS"] == ["photos.example.org", "[::1]"]
