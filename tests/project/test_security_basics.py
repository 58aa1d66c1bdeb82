"""Cookies, logs, secrets and clocks of the whole site."""

from __future__ import annotations

import datetime
import logging
import re
import subprocess
from importlib import metadata
from pathlib import Path
from unittest import mock

import pytest
from django.conf import settings as live
from django.core import mail
from django.test import Client
from django.utils import timezone
from packaging.version import Version

from posts.models import Post
from tests.conftest import PASSWORD

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.promise("H7")
@pytest.mark.django_db
def test_cookies_over_https_are_bound_to_the_host_and_hidden_from_scripts_and_other_sites(author, settings):
    # These are the settings of instagram/settings.py with SECURE_SSL.
    settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME = "__Host-session", "__Host-csrf"
    settings.DEVICE_COOKIE_NAME = "__Host-device"
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = settings.SECURE_SSL = True
    browser = Client()
    browser.get("/accounts/login/", secure=True)
    browser.post("/accounts/login/", {"login": author.username, "password": PASSWORD}, secure=True)
    browser.post("/accounts/theme/", {"theme": "dark"}, secure=True)

    assert {"__Host-session", "__Host-csrf", "__Host-device"} <= set(browser.cookies)
    for name, cookie in browser.cookies.items():
        assert cookie["secure"], name
        assert cookie["samesite"] == "Lax", name
        assert cookie["httponly"], name
        assert (cookie["path"], cookie["domain"]) == ("/", ""), name


@pytest.mark.promise("P5")
@pytest.mark.django_db
def test_passwords_cookies_tokens_and_addresses_are_in_no_log(author, caplog, client):
    caplog.set_level(logging.DEBUG)
    browser = Client(raise_request_exception=False)
    browser.get("/accounts/login/")
    secrets = {"Wrong-horse-7", PASSWORD, "new.person@example.org", author.email, "New-horse-battery-9"}
    browser.post("/accounts/login/", {"login": author.email, "password": "Wrong-horse-7"})
    browser.post("/accounts/login/", {"login": author.email, "password": PASSWORD})
    secrets |= {browser.cookies[live.SESSION_COOKIE_NAME].value, browser.cookies[live.CSRF_COOKIE_NAME].value}
    browser.post("/accounts/password/reset/", {"email": author.email})
    secrets |= set(re.findall(r"/accounts/password/reset/key/([^/\s]+)/", str(mail.outbox[-1].body)))
    client.post(
        "/accounts/signup/",
        {"email": "new.person@example.org", "username": "newperson", "password1": "New-horse-battery-9"},
    )
    with mock.patch("feed.views.home.feed_states", side_effect=RuntimeError("broken")):
        assert browser.get("/").status_code == 500

    assert "broken" in caplog.text, "the error itself must be logged"
    logged = caplog.text + "".join(str(record.__dict__.get("request", "")) for record in caplog.records)
    assert [secret for secret in secrets if secret and secret in logged] == []


@pytest.mark.promise("D17")
@pytest.mark.django_db
@pytest.mark.parametrize("hours", [1, -1])
def test_a_wrong_clock_ends_no_session_and_repeats_no_id(hours, signed_in, author, share):
    browser = signed_in(author)
    before = share(author)
    wrong = timezone.now() + datetime.timedelta(hours=hours)
    with mock.patch.object(timezone, "now", return_value=wrong):
        assert browser.get("/accounts/edit/").status_code == 200
        during = [share(author) for _ in range(2)]
        assert browser.post("/p/" + before.shortcode + "/like/").status_code == 302
    after = share(author)

    assert browser.get("/accounts/edit/").status_code == 200
    ids = [post.pk for post in (before, *during, after)]
    assert ids == sorted(set(ids)), "ids must come from the clock of the database"
    assert Post.objects.count() == 4


@pytest.mark.promise("C2")
@pytest.mark.parametrize(
    ("package", "minimum"),
    [("django", "5.2.14"), ("pillow", "13.0.0"), ("pillow-heif", "1.8.1"), ("imageio-ffmpeg", "0.8.1")],
)
def test_decoders_and_django_have_their_security_fixes(package, minimum):
    assert Version(metadata.version(package)) >= Version(minimum)


SECRET_SHAPES = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY|\bAKIA[0-9A-Z]{16}\b|\bghp_[A-Za-z0-9]{36}\b|\bxox[bap]-[0-9A-Za-z-]{20,}|"
    r"https://[0-9a-f]{32}@[\w.-]+/\d+"
)


HINTS = (b"PRIVATE KEY", b"AKIA", b"ghp_", b"xox", b"https://")
"""Every match of SECRET_SHAPES contains one of these, which are found much faster in photos and videos."""


def has_hint(data: bytes) -> bool:
    return any(hint in data for hint in HINTS)


@pytest.mark.promise("C5")
def test_no_secret_key_is_in_the_repository():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    paths = [ROOT / name for name in listed.split("\0") if name]
    texts = [(path.name, path.read_bytes()) for path in paths if path.is_file()]
    found = [name for name, data in texts if has_hint(data) and SECRET_SHAPES.search(data.decode("latin-1"))]

    assert len(paths) > 500
    assert found == []
    assert SECRET_SHAPES.search("-----BEGIN " + "RSA PRIVATE KEY-----"), "the pattern must match a key"
