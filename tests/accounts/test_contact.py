"""Change and confirm e-mail addresses and mobile numbers; numbers are encrypted and unique."""

import logging
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.contrib.messages.storage.cookie import CookieStorage
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connections
from django.test import RequestFactory
from django.utils import timezone

from accounts.actions.contact import (
    change_email,
    change_mobile,
    confirm_mobile,
    find_pending_mobile,
    mobile_number,
)
from accounts.mobile_numbers import normalize_number
from accounts.models import Mobile, PendingMobile
from common import sms
from common.refusals import Refusal
from tests.accounts.conftest import errors_of, path_in, text_of
from tests.personal_data.whole_account import rows_with

NUMBER = "+41791234567"


@pytest.fixture
def sent(monkeypatch, settings):
    """Collect messages instead of sending them, as (number, text)."""
    messages = []

    class Box:
        def send(self, number, text):
            messages.append((number, text))

    monkeypatch.setattr(sms, "Box", Box, raising=False)
    settings.SMS_BACKEND = "common.sms.Box"
    return messages


def code_in(message):
    return re.search(r"\d{6}", message[1])[0]


def has_number(person, sent, number=NUMBER):
    change_mobile(person, number)
    return confirm_mobile(person, code_in(sent[-1]))


def test_a_number_takes_effect_when_its_code_is_entered(client, anna, sent):
    client.force_login(anna)

    assert client.post("/accounts/mobile/", {"mobile": "0041 79 123 45 67"}).status_code == 302
    assert mobile_number(anna) == ""
    assert "sent a code to +41791234567" in text_of(client.get("/accounts/mobile/"))
    assert [number for number, _ in sent] == [NUMBER]
    response = client.post("/accounts/mobile/confirm/", {"code": f" {code_in(sent[0])} "}, follow=True)
    assert "Your number was confirmed" in response.text
    assert mobile_number(anna) == NUMBER
    assert not PendingMobile.objects.exists()

    client.post("/accounts/mobile/", {"mobile": NUMBER})
    assert len(sent) == 1, "no code is sent for the present number"
    client.post("/accounts/mobile/remove/")
    assert mobile_number(anna) == ""


@pytest.mark.parametrize("typed", ["", "12", "hello", "+41 79", "079 123 45 67", "+999123456789", "+4179" * 30, "\0"])
def test_an_invalid_number_is_reported_at_the_field(typed, client, anna, sent):
    client.force_login(anna)
    response = client.post("/accounts/mobile/", {"mobile": typed})

    assert response.status_code == 422
    assert errors_of(response, "mobile")
    assert sent == []


def test_numbers_are_normalized():
    assert normalize_number("+41 79 123 45 67") == normalize_number("0041791234567") == NUMBER


@pytest.mark.promise("S2")
def test_a_code_allows_five_attempts(anna, sent):
    change_mobile(anna, NUMBER)
    code = code_in(sent[0])
    wrong = "000000" if code != "000000" else "000001"
    for left in (4, 3, 2, 1):
        with pytest.raises(Refusal, match=f"{left} more time"):
            confirm_mobile(anna, wrong)
    with pytest.raises(Refusal, match="Request a new one"):
        confirm_mobile(anna, wrong)

    with pytest.raises(Refusal, match="no longer works"):
        confirm_mobile(anna, code)
    assert mobile_number(anna) == ""
    assert find_pending_mobile(anna) is None


@pytest.mark.promise("S2")
@pytest.mark.django_db(transaction=True)
def test_concurrent_attempts_cannot_exceed_five(anna, sent):
    change_mobile(anna, NUMBER)
    code = code_in(sent[0])
    wrong = "000000" if code != "000000" else "000001"

    def guess(_):
        try:
            confirm_mobile(anna, wrong)
        except Refusal as error:
            return str(error)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as threads:
        said = list(threads.map(guess, range(40)))

    assert sum("That isn’t the right code" in one for one in said) == 5
    with pytest.raises(Refusal):
        confirm_mobile(anna, code)


def test_a_code_works_for_ten_minutes_for_its_number_and_user(anna, ben, sent):
    change_mobile(anna, NUMBER)
    change_mobile(anna, "+41791234568")
    change_mobile(ben, "+41791234569")
    with pytest.raises(Refusal):
        confirm_mobile(anna, code_in(sent[0]))
    with pytest.raises(Refusal):
        confirm_mobile(anna, code_in(sent[2]))
    PendingMobile.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(Refusal):
        confirm_mobile(anna, code_in(sent[1]))


def test_a_number_belongs_to_one_user_and_requests_do_not_disclose_it(anna, ben, sent):
    has_number(anna, sent)
    assert change_mobile(ben, NUMBER), "treated like a free number"
    with pytest.raises(Refusal, match="Another account uses this number"):
        confirm_mobile(ben, code_in(sent[-1]))
    assert (mobile_number(anna), mobile_number(ben)) == (NUMBER, "")


def test_codes_are_rate_limited_by_user_and_by_number(anna, ben, sent, settings):
    settings.RATE_LIMITS = True
    for _ in range(5):
        change_mobile(anna, NUMBER)
    with pytest.raises(Refusal) as refused:
        change_mobile(anna, "+41791234568")
    assert refused.value.retry_after > 0
    with pytest.raises(Refusal):
        change_mobile(ben, NUMBER)
    assert len(sent) == 5


def test_a_site_without_sms_says_so(client, anna, settings):
    settings.SMS_BACKEND = ""
    client.force_login(anna)
    assert "can’t send text messages" in client.get("/accounts/mobile/").text
    assert "can’t send" in errors_of(client.post("/accounts/mobile/", {"mobile": NUMBER}), "mobile")[0]


def test_in_development_messages_are_written_to_files(anna, settings, capsys):
    change_mobile(anna, NUMBER)
    [file] = settings.SMS_FILE_PATH.iterdir()
    assert file.read_text() == capsys.readouterr().out
    assert NUMBER in file.read_text()


@pytest.mark.promise("P5")
def test_numbers_and_codes_appear_in_no_table_log_or_page_of_others(anna, ben, signed_in, person, sent, caplog):
    with caplog.at_level(logging.DEBUG):
        has_number(anna, sent)
        change_mobile(anna, "+41791234568")
    codes = [code_in(one) for one in sent]
    assert rows_with("41791234567", "41791234568", "79 123") == []
    assert not any(word in caplog.text for word in ("791234567", "791234568", *codes))
    moderator = signed_in(person("moderator", is_admin=True))
    pages = [moderator.get(f"/admin/accounts/user/{anna.pk}/change/"), signed_in(ben).get("/anna/")]
    assert all("79" + "123456" not in page.text.replace(" ", "") for page in pages)


def test_encryption_keys_can_be_rotated(anna, ben, sent, settings):
    has_number(anna, sent)
    change_mobile(ben, "+41791234568")
    old, new = settings.FIELD_KEYS[0], Fernet.generate_key().decode()

    settings.FIELD_KEYS = [new, old]
    assert mobile_number(anna) == NUMBER
    call_command("rotate_keys")
    settings.FIELD_KEYS = [new]
    assert mobile_number(anna) == NUMBER
    assert find_pending_mobile(ben).number == "+41791234568"
    call_command("rotate_keys")

    settings.FIELD_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(CommandError, match="are unchanged"):
        call_command("rotate_keys")
    settings.FIELD_KEYS = [new]
    assert Mobile.objects.get().number == NUMBER, "rows that cannot be decrypted are unchanged"


def test_an_address_changed_by_api_takes_effect_when_its_link_is_followed(client, anna, ben, settings):
    request: Any = RequestFactory().post("/api/user/profile/")
    request.user, request.session = anna, client.session
    request._messages = CookieStorage(request)
    assert not change_email(anna, "Anna@example.org", request=request)
    for wrong in ("nonsense", "", "x" * 300 + "@example.org"):
        with pytest.raises(Refusal) as refused:
            change_email(anna, wrong, request=request)
        assert refused.value.field == "email"

    assert change_email(anna, "New@example.org", request=request)
    anna.refresh_from_db()
    assert anna.email == "anna@example.org"
    client.force_login(anna)
    client.post(path_in(mail.outbox[-1]))
    anna.refresh_from_db()
    assert anna.email == "new@example.org"
