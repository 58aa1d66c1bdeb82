"""Create, use and revoke personal access tokens."""

import logging
from datetime import timedelta

import pytest
from django.core import mail
from django.test import RequestFactory
from django.utils import timezone

from accounts.actions.moderation import restore_person, suspend_person
from accounts.models import User
from api_access.actions.tokens import create_token
from api_access.authentication import authenticate
from api_access.credentials import hash_secret
from api_access.models import PersonalToken
from common.limits import MAX_TOKENS
from common.refusals import Refusal
from personal_data.actions.deactivation import deactivate, reactivate, request_deletion
from tests.accounts.conftest import PASSWORD, errors_of


@pytest.fixture
def make(client, anna):
    """Return a function that posts the form, with valid values by default."""
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


def test_a_token_needs_the_password_and_is_shown_once(make, client, anna, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        response = make()

    token = PersonalToken.objects.get(person=anna)
    secret = response.context["secret"]
    assert response.text.count(secret) == 1
    assert "no-store" in response["Cache-Control"]
    assert secret.startswith("efp_")
    assert token.digest == hash_secret(secret)
    assert timedelta(days=29) < token.expires_at - timezone.now() < timedelta(days=30)
    assert secret not in client.get("/accounts/tokens/").text
    assert mail.outbox[0].to == [anna.email]
    assert secret not in mail.outbox[0].body
    access = access_by(secret)
    assert (access.user, access.scopes, access.key) == (anna, {"read", "write"}, f"token:{token.pk}")
    assert "The token was revoked" in client.post(f"/accounts/tokens/{token.pk}/revoke/", follow=True).text
    assert access_by(secret) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [("password", "wrong"), ("password", ""), ("name", ""), ("name", "x" * 51), ("days", "0"), ("days", "99999")],
)
def test_invalid_input_is_reported_at_its_field_and_creates_no_token(field, value, make):
    response = make(**{field: value})

    assert response.status_code == 422
    assert errors_of(response, field)
    assert not PersonalToken.objects.exists()


def test_duplicate_names_and_too_many_tokens_are_rejected(make, anna):
    assert make().status_code == 200
    assert "with this name" in errors_of(make(), "name")[0]
    for n in range(MAX_TOKENS - 1):
        token_of(anna, name=str(n))
    with pytest.raises(Refusal, match=str(MAX_TOKENS)):
        token_of(anna, name="one more")
    assert PersonalToken.objects.filter(person=anna).count() == MAX_TOKENS


def test_the_list_costs_a_constant_number_of_queries(client, anna, django_assert_num_queries):
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


SESSION_ENDINGS = {
    "a new password": change_password,
    "a suspension": lambda client, anna: suspend_person(anna, reason="spam"),
    "a suspension that was undone": lambda client, anna: suspend_person(anna, reason="spam") and restore_person(anna),
    "a deactivation": lambda client, anna: deactivate(anna),
    "a deactivation that was undone": lambda client, anna: deactivate(anna) and reactivate(anna),
    "a deletion request": lambda client, anna: request_deletion(anna),
    "the deletion": lambda client, anna: anna.delete(),
    "expiry": lambda client, anna: PersonalToken.objects.update(expires_at=timezone.now()),
}


@pytest.mark.promise("S7")
@pytest.mark.parametrize("end", SESSION_ENDINGS.values(), ids=SESSION_ENDINGS)
def test_whatever_ends_sessions_ends_tokens(end, client, anna):
    secret = token_of(anna)[1]
    assert access_by(secret).user == anna

    end(client, anna)

    assert access_by(secret) is None
    if User.objects.filter(pk=anna.pk, deactivated_at=None, suspended_at=None).exists():
        person = User.objects.get(pk=anna.pk)
        assert token_of(person)[0], "the name of an invalid token can be used again"


@pytest.mark.promise("A10")
def test_other_users_cannot_list_or_revoke_a_token(client, anna, ben):
    token, secret = token_of(anna, name="annas own")
    client.force_login(ben)

    assert "annas own" not in client.get("/accounts/tokens/").text
    assert client.post(f"/accounts/tokens/{token.pk}/revoke/").status_code == 404
    assert access_by(secret).user == anna


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Bearer efp_", "Bearer efp_ü", "Basic efp_x", "Bearer efp_\0", "Bearer " + "x" * 5_000],
)
def test_an_invalid_header_grants_no_access_and_raises_nothing(header, db):
    assert with_header(header) is None


def test_authentication_costs_one_query_and_updates_last_used_once_a_minute(anna, django_assert_num_queries):
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
def test_the_secret_appears_in_no_log_admin_page_or_repr(anna, person, signed_in, caplog, client):
    token, secret = token_of(anna)
    with caplog.at_level(logging.DEBUG):
        access = access_by(secret)
        client.get("/nowhere/at/all/", headers={"Authorization": f"Bearer {secret}"})
    assert secret not in caplog.text
    assert secret not in repr(access) + repr(token)
    moderator = signed_in(person("moderator", is_admin=True))
    for page in ("", f"{token.pk}/change/"):
        text = moderator.get(f"/admin/api_access/personaltoken/{page}").text
        assert "backup" in text
        assert token.digest not in text
