"""How often one may try to sign in, and that nothing can be told from the work that an attempt costs."""

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
    """Counts the hashes that are computed; `verify` computes one by calling `encode`."""

    algorithm = "counting"
    computed = 0

    def encode(self, password, salt):
        CountingHasher.computed += 1
        return super().encode(password, salt)


@contextmanager
def hashes() -> Iterator[list[int]]:
    """A list that holds how many hashes were computed in the block, after it."""
    before, found = CountingHasher.computed, []
    yield found
    found.append(CountingHasher.computed - before)


@pytest.fixture
def counting(settings):
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]


def log_in(client, login, password=WRONG, **headers):
    return client.post("/accounts/login/", {"login": login, "password": password}, **headers)


def is_refused(answer):
    return "Too many attempts to log in" in text_of(answer)


def is_in(client):
    return client.get("/accounts/edit/").status_code == 200


# --- The same work, whoever exists -------------------------------------------------------------------------------


@pytest.mark.promise("S5")
@pytest.mark.parametrize("login", ["anna", "ANNA", "anna@example.org", "nina", "nina@example.org", "a@b", "@", "ben@"])
def test_every_attempt_to_sign_in_computes_one_hash(counting, client, anna, ben, login):
    EmailAddress.objects.create(user=ben, email="anna@example.org", verified=False, primary=False)
    anna.set_password(PASSWORD)
    anna.save()

    with hashes() as computed:
        answer = log_in(client, login)

    assert "is not right" in text_of(answer)
    assert computed == [1]


@pytest.mark.promise("S5")
def test_an_account_without_a_usable_password_costs_a_hash_too(counting, client, anna):
    anna.set_unusable_password()
    anna.save()

    with hashes() as computed:
        log_in(client, "anna")

    assert computed == [1]


@pytest.mark.promise("S5")
@pytest.mark.parametrize("email", ["carla@example.org", "anna@example.org"])
def test_signing_up_computes_one_hash_for_a_free_and_for_a_taken_address(
    counting, sign_up, anna, confirmation_required, email
):
    with hashes() as computed:
        assert sign_up(email=email).status_code == 302

    assert computed == [1]


@pytest.mark.promise("S5")
@pytest.mark.parametrize("email", ["nina@example.org", "anna@example.org"])
def test_asking_for_a_reset_computes_no_hash_and_sends_one_mail(counting, client, anna, email):
    with hashes() as computed:
        client.post("/accounts/password/reset/", {"email": email})

    assert computed == [0]
    assert len(mail.outbox) == 1


# --- One limit an account ----------------------------------------------------------------------------------------


@pytest.mark.promise("S1")
def test_all_spellings_and_hosts_share_the_limit_of_an_account(client, anna, limits_on, settings):
    settings.ALLOWED_HOSTS = ["*"]
    spellings = ["anna", "ANNA", " Anna", "anna@example.org", "ANNA@Example.org"]
    for number, login in enumerate(spellings):
        assert not is_refused(log_in(client, login, HTTP_HOST=f"photos.example.org:{9000 + number}"))

    for number, login in enumerate(spellings):
        answer = log_in(client, login, PASSWORD, HTTP_HOST=f"photos{number}.example.org.", REMOTE_ADDR="192.0.2.7")
        assert is_refused(answer), login
    assert not is_in(client)


@pytest.mark.promise("S5")
@pytest.mark.parametrize("login", ["nina", "nina@example.org", "ａnna"])
def test_a_name_without_an_account_has_the_same_limit(client, anna, limits_on, login):
    answers = [is_refused(log_in(client, login)) for _ in range(6)]

    assert answers == [False] * 5 + [True]
    assert is_refused(log_in(client, login.upper(), REMOTE_ADDR="192.0.2.7"))


@pytest.mark.promise("S1")
def test_right_passwords_are_not_counted(client, anna, limits_on):
    for _ in range(12):
        assert log_in(client, "anna", PASSWORD).status_code == 302
        client.post("/accounts/logout/")


@pytest.mark.promise("S1")
def test_twenty_guesses_an_hour_are_all(client, anna, limits_on):
    who = f"person:{anna.pk}"
    answers = []
    for number in range(25):
        if number % 5 == 0:
            ratelimit.forget(ratelimit.SIGN_INS_OF_ONE[0], who)
        answers.append(is_refused(log_in(client, "anna", REMOTE_ADDR=f"192.0.2.{number}")))

    assert answers == [False] * 20 + [True] * 5


def test_guesses_of_strangers_do_not_lock_out_a_browser_in_which_the_owner_was(client, anna, limits_on):
    assert log_in(client, "anna", PASSWORD).status_code == 302
    client.post("/accounts/logout/")
    stranger = Client()
    for _ in range(12):
        log_in(stranger, "anna", REMOTE_ADDR=f"192.0.2.{_}")
    assert is_refused(log_in(stranger, "anna", PASSWORD, REMOTE_ADDR="192.0.2.99"))

    assert log_in(client, "anna", PASSWORD).status_code == 302
    assert is_in(client)


@pytest.mark.promise("S1")
def test_a_known_browser_has_a_limit_too_and_only_for_its_own_account(client, anna, ben, limits_on):
    log_in(client, "anna", PASSWORD)
    client.post("/accounts/logout/")

    assert [is_refused(log_in(client, "anna")) for _ in range(6)] == [False] * 5 + [True]
    assert [is_refused(log_in(client, "ben")) for _ in range(6)] == [False] * 5 + [True]


@pytest.mark.promise("S1")
def test_a_forged_mark_of_a_browser_counts_for_nothing(client, anna, limits_on, settings):
    answers = []
    for number in range(6):
        client.cookies[settings.DEVICE_COOKIE_NAME] = f"{anna.pk}:made-up-{number}:1abcde:signature"
        answers.append(is_refused(log_in(client, "anna")))

    assert answers[-1]


def test_who_resets_the_password_may_sign_in_at_once(client, anna, limits_on):
    for _ in range(6):
        log_in(client, "anna")
    client.post("/accounts/password/reset/", {"email": "anna@example.org"})
    form = client.get(path_in(mail.outbox[0])).url
    client.post(form, {"password1": "another-lantern-8"})

    assert log_in(client, "anna", "another-lantern-8").status_code == 302


@pytest.mark.promise("S1")
def test_resetting_ones_own_password_does_not_lift_the_limit_of_somebody_else(client, anna, ben, limits_on):
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
    """A real Valkey that was stopped with SIGSTOP: it takes connections and never answers."""
    folder = make_data_dir("hung")
    process = embedded_valkey.start(folder, durable=False)
    embedded_valkey.wait_until_ready(process, folder)
    settings.REDIS_URL = local_servers.valkey_url(folder)
    valkey.client.cache_clear()
    ratelimit._count_script.cache_clear()
    os.kill(process.pid, signal.SIGSTOP)
    yield
    os.kill(process.pid, signal.SIGCONT)
    embedded_valkey.stop(process)
    valkey.client.cache_clear()
    ratelimit._count_script.cache_clear()
    valkey.resume()


@pytest.mark.promise("S4")
@pytest.mark.django_db(transaction=True)
def test_of_72_guesses_at_once_ten_are_looked_at_though_valkey_hangs(anna, limits_on, hung_valkey):
    answers = []

    def guess(number):
        try:
            answers.append(is_refused(log_in(Client(), f"person{number}")))
        finally:
            connection.close()

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(72)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(answers) == 72
    assert answers.count(False) == 10
