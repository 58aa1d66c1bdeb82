from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.actions.moderation import restore_person, suspend_person
from accounts.models import Session, User
from tests.accounts.conftest import PASSWORD, text_of


def log_in(client, login="anna", password=PASSWORD, **extra):
    return client.post("/accounts/login/", {"login": login, "password": password, **extra})


def is_in(client):
    return client.get("/accounts/edit/").status_code == 200


@pytest.mark.parametrize("login", ["anna", "Anna", "anna@example.org", "ANNA@example.ORG", " anna "])
def test_users_sign_in_with_username_or_address_in_any_case(client, anna, login):
    assert log_in(client, login).status_code == 302
    assert is_in(client)


@pytest.mark.parametrize(
    ("login", "password"), [("anna", "wrong"), ("nobody", PASSWORD), ("nobody@example.org", PASSWORD), ("anna", "")]
)
def test_a_wrong_login_or_password_is_rejected(client, anna, login, password):
    assert log_in(client, login, password).status_code == 200
    assert not is_in(client)


@pytest.mark.promise("S5")
def test_a_wrong_password_and_an_unknown_login_get_the_same_message(client, anna):
    wrong, unknown = log_in(client, "anna", "wrong"), log_in(client, "nina", "wrong")

    assert wrong.context["form"].errors == unknown.context["form"].errors
    assert wrong.status_code == unknown.status_code
    by_mail = log_in(client, "anna@example.org", "wrong"), log_in(client, "nina@example.org", "wrong")
    assert by_mail[0].context["form"].errors == by_mail[1].context["form"].errors == wrong.context["form"].errors


def test_a_rejected_form_keeps_the_login_but_not_the_password(client, anna):
    page = log_in(client, "anna", "not-the-password").content.decode()

    assert 'value="anna"' in page
    assert "not-the-password" not in page


@pytest.mark.promise("S6")
def test_signing_in_changes_the_session_key(client, anna):
    client.get("/accounts/login/")
    client.cookies["session"] = "chosen-by-somebody-else"
    log_in(client)
    session = client.session.session_key

    assert session
    assert session != "chosen-by-somebody-else"


@pytest.mark.promise("H9")
def test_signing_in_redirects_to_the_requested_page_on_this_site_only(client, anna):
    assert log_in(client, next="/explore/").url == "/explore/"
    client.logout()
    for evil in ("//evil.example", "https://evil.example/", "javascript:alert(1)", "\\\\evil.example"):
        assert log_in(client, next=evil).url == "/"
        client.logout()


def test_signing_out_needs_post(client, anna):
    client.force_login(anna)

    assert "Log out of" in text_of(client.get("/accounts/logout/"))
    assert is_in(client)
    assert client.post("/accounts/logout/").status_code == 302
    assert not is_in(client)


@pytest.mark.promise("S7")
def test_the_session_cookie_is_invalid_after_signing_out(client, anna, settings):
    log_in(client)
    old = client.cookies[settings.SESSION_COOKIE_NAME].value
    client.post("/accounts/logout/")

    thief = Client()
    thief.cookies[settings.SESSION_COOKIE_NAME] = old
    assert not is_in(thief)


def test_a_closed_page_redirects_to_sign_in_and_back(client, db):
    response = client.get("/accounts/edit/?from=menu")

    assert response.status_code == 302
    assert response.url == "/accounts/login/?next=/accounts/edit/%3Ffrom%3Dmenu"


def test_an_htmx_request_without_a_session_redirects_the_whole_page(client, db):
    response = client.get(
        "/accounts/edit/", HTTP_HX_REQUEST="true", HTTP_HX_CURRENT_URL="http://testserver/anna/?page=2"
    )

    assert response.status_code == 200
    assert response["HX-Redirect"] == "/accounts/login/?next=/anna/%3Fpage%3D2"
    assert response.content == b""


@pytest.mark.promise("H9")
def test_an_htmx_request_cannot_name_a_return_page_on_another_site(client, db):
    response = client.get("/accounts/edit/", HTTP_HX_REQUEST="true", HTTP_HX_CURRENT_URL="https://evil.example/x")

    assert response["HX-Redirect"] == "/accounts/login/?next=/"


def test_a_form_posted_without_a_session_returns_to_its_page(client, db):
    response = client.post("/accounts/avatar/remove/", HTTP_REFERER="http://testserver/accounts/edit/")

    assert response.status_code == 302
    assert response.url == "/accounts/login/?next=/accounts/edit/"


# --- Suspended people --------------------------------------------------------------------------------------------


def test_a_suspended_user_sees_the_reason_and_nothing_else(client, anna):
    suspend_person(anna, reason="Three reports of spam were found to be right.")

    response = log_in(client)

    assert response.status_code == 403
    page = text_of(response)
    assert "Your account is suspended" in page
    assert "Three reports of spam were found to be right." in page
    assert "Anna Berg" not in page
    assert "anna@example.org" not in page
    assert not is_in(client)


def test_a_wrong_password_does_not_disclose_a_suspension(client, anna):
    suspend_person(anna, reason="Spam")

    response = log_in(client, "anna", "wrong")

    assert "suspended" not in text_of(response)


def test_suspending_ends_every_session(client, anna):
    log_in(client)
    assert is_in(client)

    suspend_person(anna, reason="Spam")
    assert not is_in(client)

    restore_person(anna)
    assert not is_in(client)
    log_in(client)
    assert is_in(client)


# --- Last seen ---------------------------------------------------------------------------------------------------


def test_last_seen_is_updated_once_an_hour(client, anna, django_assert_num_queries):
    client.force_login(anna)
    User.objects.update(last_seen_at=timezone.now() - timedelta(hours=2))

    client.get("/accounts/edit/")
    first = User.objects.get().last_seen_at
    assert timezone.now() - first < timedelta(minutes=1)

    client.get("/accounts/edit/")
    assert User.objects.get().last_seen_at == first


def test_a_settings_page_takes_one_query(client, anna, django_assert_num_queries):
    """The session, with the person and their flags."""
    log_in(client)
    client.get("/accounts/edit/")

    with django_assert_num_queries(1):
        client.get("/accounts/edit/")


# --- Limits ------------------------------------------------------------------------------------------------------


@pytest.fixture
def limits_on(settings):
    settings.RATE_LIMITS = True


@pytest.mark.promise("S1")
def test_attempts_from_one_client_address_are_limited(client, anna, limits_on):
    for number in range(10):
        log_in(client, f"person{number}", "wrong")

    assert "Too many attempts to log in" in text_of(log_in(client))


@pytest.mark.promise("S3")
def test_a_forged_header_does_not_change_the_client_address(client, anna, limits_on):
    for number in range(10):
        client.post(
            "/accounts/login/",
            {"login": f"person{number}", "password": "wrong"},
            HTTP_X_FORWARDED_FOR=f"198.51.100.{number}",
        )

    assert "Too many attempts to log in" in text_of(log_in(client))


def test_only_expired_sessions_are_deleted(signed_in, author):
    from accounts.tasks import delete_expired_sessions

    old, new = signed_in(author), signed_in(author)
    Session.objects.filter(pk=old.session.session_key).update(expire_date=timezone.now() - timedelta(seconds=1))

    delete_expired_sessions()

    assert list(Session.objects.values_list("pk", flat=True)) == [new.session.session_key]
