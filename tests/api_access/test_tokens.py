"""Personal access tokens: made with the password, shown once, ended by what ends sessions, for their owner alone."""

import logging
from datetime import timedelta

import pytest
from django.core import mail
from django.test import RequestFactory
from django.utils import timezone

from accounts.actions import restore_person, suspend_person
from accounts.deactivation import deactivate, reactivate, request_deletion
from accounts.models import User
from api_access.actions.tokens import create_token
from api_access.authentication import authenticate
from api_access.credentials import hash_secret
from api_access.models import PersonalToken
from common.limits import MAX_TOKENS
from common.refusals import Refusal
from tests.accounts.conftest import PASSWORD, errors_of


@pytest.fixture
def make(client, anna):
    """Send the form of the page; what is not given is good."""
    client.force_login(anna)

    def send(**fields):
        data = {"name": "backup", "may_write": "1", "days": "30", "password": PASSWORD} | fields
        return client.post("/accounts/tokens/", data)

    return send


def with_header(value):
    return authenticate(RequestFactory().get("/api/", headers={"Authorization": value}))


def access_by(secret):
    return with_header(f"Bearer {secret}")


def token_of(person, name="backup", **options):
    return create_token(person, name=name, **{"may_write": True, "days": 30} | options)


def test_a_token_is_made_with_the_password_and_shown_once(make, client, anna, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        answer = make()

    token = PersonalToken.objects.get(person=anna)
    secret = answer.context["secret"]
    assert answer.text.count(secret) == 1
    assert "no-store" in answer["Cache-Control"]
    assert secret.startswith("efp_")
    assert token.digest == hash_secret(secret)
    assert timedelta(days=29) < token.expires_at - timezone.now() < timedelta(days=30)
    assert secret not in client.get("/accounts/tokens/").text
    assert mail.outbox[0].to == [anna.email]
    assert secret not in mail.outbox[0].body
    access = access_by(secret)
    assert (access.user, access.scopes, access.key) == (anna, {"read", "write"}, f"token:{token.pk}")
    assert "The token is revoked" in client.post(f"/accounts/tokens/{token.pk}/revoke/", follow=True).text
    assert access_by(secret) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [("password", "wrong"), ("password", ""), ("name", ""), ("name", "x" * 51), ("days", "0"), ("days", "99999")],
)
def test_what_is_wrong_is_said_at_its_field_and_makes_none(field, value, make):
    answer = make(**{field: value})

    assert answer.status_code == 422
    assert errors_of(answer, field)
    assert not PersonalToken.objects.exists()


def test_the_page_sent_again_makes_no_second_one_and_there_are_only_so_many(make, anna):
    assert make().status_code == 200
    assert "with this name" in errors_of(make(), "name")[0]
    for n in range(MAX_TOKENS - 1):
        token_of(anna, name=str(n))
    with pytest.raises(Refusal, match=str(MAX_TOKENS)):
        token_of(anna, name="one more")
    assert PersonalToken.objects.filter(person=anna).count() == MAX_TOKENS


def test_the_list_costs_the_same_queries_whatever_its_size(client, anna, django_assert_num_queries):
    client.force_login(anna)
    token_of(anna, name="first")
    token_of(anna, name="second")
    client.get("/accounts/tokens/")
    with django_assert_num_queries(7, exact=False) as few:
        client.get("/accounts/tokens/")
    for n in range(MAX_TOKENS - 2):
        token_of(anna, name=str(n))
    with django_assert_num_queries(len(few)):
        client.get("/accounts/tokens/")


def change_password(client, anna):
    client.force_login(anna)
    fields = {"oldpassword": PASSWORD, "password1": "another-lantern-8"}
    assert client.post("/accounts/password/change/", fields).status_code == 302


ENDS = {
    "a new password": change_password,
    "a suspension": lambda client, anna: suspend_person(anna, reason="spam"),
    "a suspension that is over": lambda client, anna: suspend_person(anna, reason="spam") and restore_person(anna),
    "a deactivation": lambda client, anna: deactivate(anna),
    "a deactivation that is over": lambda client, anna: deactivate(anna) and reactivate(anna),
    "a wish to be deleted": lambda client, anna: request_deletion(anna),
    "the deletion": lambda client, anna: anna.delete(),
    "its time": lambda client, anna: PersonalToken.objects.update(expires_at=timezone.now()),
}


@pytest.mark.promise("S7")
@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_a_token_ends_at_once_with(end, client, anna):
    secret = token_of(anna)[1]
    assert access_by(secret).user == anna

    end(client, anna)

    assert access_by(secret) is None
    if User.objects.filter(pk=anna.pk, deactivated_at=None, suspended_at=None).exists():
        person = User.objects.get(pk=anna.pk)
        assert token_of(person)[0], "the name of a dead one is free"


@pytest.mark.promise("A10")
def test_anothers_token_is_neither_listed_nor_revoked(client, anna, ben):
    token, secret = token_of(anna, name="annas own")
    client.force_login(ben)

    assert "annas own" not in client.get("/accounts/tokens/").text
    assert client.post(f"/accounts/tokens/{token.pk}/revoke/").status_code == 404
    assert access_by(secret).user == anna


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Bearer efp_", "Bearer efp_ü", "Basic efp_x", "Bearer efp_\0", "Bearer " + "x" * 5_000],
)
def test_what_is_no_token_lets_nobody_in_and_raises_nothing(header, db):
    assert with_header(header) is None


def test_reading_only_and_what_it_costs(anna, django_assert_num_queries):
    secret = token_of(anna, may_write=False)[1]
    assert access_by(secret).scopes == {"read"}
    first_used = PersonalToken.objects.get().last_used_at
    assert first_used is not None
    with django_assert_num_queries(1):
        access_by(secret)

    PersonalToken.objects.update(last_used_at=first_used - timedelta(minutes=2))
    access_by(secret)
    last_used = PersonalToken.objects.get().last_used_at
    assert last_used
    assert last_used >= first_used


@pytest.mark.promise("P5")
def test_a_secret_is_in_no_log_no_page_of_the_admin_and_no_repr(anna, person, as_, caplog, client):
    token, secret = token_of(anna)
    with caplog.at_level(logging.DEBUG):
        access = access_by(secret)
        client.get("/nowhere/at/all/", headers={"Authorization": f"Bearer {secret}"})
    assert secret not in caplog.text
    assert secret not in repr(access) + repr(token)
    moderator = as_(person("moderator", is_admin=True))
    for page in ("", f"{token.pk}/change/"):
        text = moderator.get(f"/admin/api_access/personaltoken/{page}").text
        assert "backup" in text
        assert token.digest not in text
