"""Production is strict, and says which variable to set."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

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


def check(**variables):
    environment = {name: value for name, value in os.environ.items() if name not in {*PRODUCTION, *OURS}}
    return subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=PROJECT,
        env=environment | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def test_H8_production_settings_have_no_warning():
    done = check(**PRODUCTION)

    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


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
def test_production_refuses_to_start_unsafe_and_names_the_variable(name, value):
    variables = PRODUCTION | {name: value}
    if not value:
        del variables[name]

    done = check(**variables)

    assert done.returncode == 1
    assert f"Set {name}" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("DEBUG", "maybe"),
        ("ENVIRONMENT", "staging"),
        ("DECODERS_OFF", "hei"),
        ("FIELD_KEYS", "short"),
        ("SMS_URL", "http://x"),
    ],
)
def test_a_value_of_the_wrong_kind_is_named_in_one_sentence(name, value):
    done = check(**{name: value})

    assert done.returncode == 1
    assert name in done.stderr
    assert "Traceback" not in done.stderr
