"""Limit attempts to sign in; the cost of an attempt discloses nothing."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core import mail
from django.db import connection
from django.test import Client

from common import local_servers, ratelimit, valkey
from launcher import valkey as embedded_valkey
from tests.accounts.conftest import PASSWORD, path_in, text_of
from tests.servers import make_data_dir

WRONG = "not-the-password"


@pytest.fixture
def limits_on(settings):
    settings.RATE_LIMITS = True


class CountingHasher(MD5PasswordHasher):
    """A password hasher that counts the computed hashes; `verify` calls `encode`."""

    algorithm = "counting"
    computed = 0

    def encode(self, password, salt):
        CountingHasher.computed += 1
        return super().encode(password, salt)


@contextmanager
def hashes() -> Iterator[list[int]]:
    """Yield a list that, after the block, contains the number of computed hashes."""
    before, found = CountingHasher.computed, []
    yield found
    found.append(CountingHasher.computed - before)


@pytest.fixture
def counting(settings):
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]


def log_in(client, login, password=WRONG, **headers):
    return client.post("/accounts/login/", {"login": login, "password": password}, **headers)


def is_refused(response):
    return "Too many attempts to log in" in text_of(response)


def is_in(client):
    return client.get("/accounts/edit/").status_code == 200


# --- The same cost for every login ------------------------------------------------------------------------------


@pytest.mark.promise("S5")
@pytest.mark.parametrize("login", ["anna", "ANNA", "anna@example.org", "nina", "nina@example.org", "a@b", "@", "ben@"])
def test_every_sign_in_attempt_computes_one_hash(counting, client, anna, ben, login):
    EmailAddress.objects.create(user=ben, email="anna@example.org", verified=False, primary=False)
    anna.set_password(PASSWORD)
    anna.save()

    with hashes() as computed:
        response = log_in(client, login)

    assert "isn’t right" in text_of(response)
    assert computed == [1]


@pytest.mark.promise("S5")
def test_an_account_without_a_usable_password_costs_one_hash(counting, client, anna):
    anna.set_unusable_password()
    anna.save()

    with hashes() as computed:
        log_in(client, "anna")

    assert computed == [1]


@pytest.mark.promise("S5")
@pytest.mark.parametrize("email", ["carla@example.org", "anna@example.org"])
def test_signing_up_computes_one_hash_for_free_and_taken_addresses(
    counting, sign_up, anna, confirmation_required, email
):
    with hashes() as computed:
        assert sign_up(email=email).status_code == 302

    assert computed == [1]


@pytest.mark.promise("S5")
@pytest.mark.parametrize("email", ["nina@example.org", "anna@example.org"])
def test_requesting_a_password_reset_computes_no_hash_and_sends_one_email(counting, client, anna, email):
    with hashes() as computed:
        client.post("/accounts/password/reset/", {"email": email})

    assert computed == [0]
    assert len(mail.outbox) == 1


# --- Limits per account -----------------------------------------------------------------------------------------


@pytest.mark.promise("S1")
def test_all_spellings_and_hosts_share_the_limit_of_an_account(client, anna, limits_on, settings):
    settings.ALLOWED_HOSTS = ["*"]
    spellings = ["anna", "ANNA", " Anna", "anna@example.org", "ANNA@Example.org"]
    for number, login in enumerate(spellings):
        assert not is_refused(log_in(client, login, HTTP_HOST=f"photos.example.org:{9000 + number}"))

    for number, login in enumerate(spellings):
        response = log_in(client, login, PASSWORD, HTTP_HOST=f"photos{number}.example.org.", REMOTE_ADDR="192.0.2.7")
        assert is_refused(response), login
    assert not is_in(client)


@pytest.mark.promise("S5")
@pytest.mark.parametrize("login", ["nina", "nina@example.org", "ａnna"])
def test_an_unknown_login_has_the_same_limit(client, anna, limits_on, login):
    responses = [is_refused(log_in(client, login)) for _ in range(6)]

    assert responses == [False] * 5 + [True]
    assert is_refused(log_in(client, login.upper(), REMOTE_ADDR="192.0.2.7"))


@pytest.mark.promise("S1")
def test_right_passwords_are_not_counted(client, anna, limits_on):
    for _ in range(12):
        assert log_in(client, "anna", PASSWORD).status_code == 302
        client.post("/accounts/logout/")


@pytest.mark.promise("S1")
def test_an_account_allows_twenty_attempts_an_hour(client, anna, limits_on):
    who = f"person:{anna.pk}"
    responses = []
    for number in range(25):
        if number % 5 == 0:
            ratelimit.forget(ratelimit.SIGN_INS_OF_ONE[0], who)
        responses.append(is_refused(log_in(client, "anna", REMOTE_ADDR=f"192.0.2.{number}")))

    assert responses == [False] * 20 + [True] * 5


def test_attempts_by_others_do_not_lock_out_a_known_browser(client, anna, limits_on):
    assert log_in(client, "anna", PASSWORD).status_code == 302
    client.post("/accounts/logout/")
    stranger = Client()
    for _ in range(12):
        log_in(stranger, "anna", REMOTE_ADDR=f"192.0.2.{_}")
    assert is_refused(log_in(stranger, "anna", PASSWORD, REMOTE_ADDR="192.0.2.99"))

    assert log_in(client, "anna", PASSWORD).status_code == 302
    assert is_in(client)


@pytest.mark.promise("S1")
def test_a_known_browser_has_its_own_limit_for_its_account_only(client, anna, ben, limits_on):
    log_in(client, "anna", PASSWORD)
    client.post("/accounts/logout/")

    assert [is_refused(log_in(client, "anna")) for _ in range(6)] == [False] * 5 + [True]
    assert [is_refused(log_in(client, "ben")) for _ in range(6)] == [False] * 5 + [True]


@pytest.mark.promise("S1")
def test_a_forged_device_cookie_is_ignored(client, anna, limits_on, settings):
    responses = []
    for number in range(6):
        client.cookies[settings.DEVICE_COOKIE_NAME] = f"{anna.pk}:made-up-{number}:1abcde:signature"
        responses.append(is_refused(log_in(client, "anna")))

    assert responses[-1]


def test_resetting_the_password_resets_the_limit(client, anna, limits_on):
    for _ in range(6):
        log_in(client, "anna")
    client.post("/accounts/password/reset/", {"email": "anna@example.org"})
    form = client.get(path_in(mail.outbox[0])).url
    client.post(form, {"password1": "another-lantern-8"})

    assert log_in(client, "anna", "another-lantern-8").status_code == 302


@pytest.mark.promise("S1")
def test_resetting_a_password_does_not_reset_the_limit_of_other_accounts(client, anna, ben, limits_on):
    EmailAddress.objects.create(user=ben, email="anna@example.org", verified=False, primary=False)
    for _ in range(5):
        log_in(client, "anna")
    client.post("/accounts/password/reset/", {"email": "ben@example.org"})
    form = client.get(path_in(mail.outbox[0])).url
    client.post(form, {"password1": "another-lantern-8"})

    assert is_refused(log_in(Client(), "anna", PASSWORD))


# --- While Valkey hangs ------------------------------------------------------------------------------------------


@pytest.fixture
def hung_valkey(settings):
    """Start a Valkey server and stop it with SIGSTOP: it accepts connections and never responds."""
    folder = make_data_dir("hung")
    process = embedded_valkey.start(folder, durable=False)
    embedded_valkey.wait_until_ready(process, folder)
    settings.REDIS_URL = local_servers.valkey_url(folder)
    ratelimit._count_script.cache_clear()
    os.kill(process.pid, signal.SIGSTOP)
    yield
    os.kill(process.pid, signal.SIGCONT)
    embedded_valkey.stop(process)
    ratelimit._count_script.cache_clear()
    valkey.resume()


@pytest.mark.promise("S4")
@pytest.mark.django_db(transaction=True)
def test_ten_of_72_concurrent_attempts_are_checked_while_valkey_hangs(anna, limits_on, hung_valkey):
    responses = []

    def guess(number):
        try:
            responses.append(is_refused(log_in(Client(), f"person{number}")))
        finally:
            connection.close()

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(72)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(responses) == 72
    assert responses.count(False) == 10
