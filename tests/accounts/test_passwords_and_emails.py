import pytest
from django.core import mail
from django.test import Client

from accounts.models import User
from tests.accounts.conftest import PASSWORD, errors_of, path_in, text_of
from tests.markup import one_line

NEW = "harbour-in-the-rain-3"


def ask_for_reset(client, email="anna@example.org", **extra):
    return client.post("/accounts/password/reset/", {"email": email}, **extra)


def follow(client, path):
    """Open the link of a reset e-mail; return the address of the form it redirects to."""
    response = client.get(path)
    return response.url if response.status_code == 302 else path


def test_a_forgotten_password_is_reset_by_an_emailed_link(client, anna):
    ask_for_reset(client)
    response = client.post(follow(client, path_in(mail.outbox[0])), {"password1": NEW})

    assert response.url == "/accounts/password/reset/key/done/"
    anna.refresh_from_db()
    assert anna.check_password(NEW)


@pytest.mark.promise("S5")
def test_an_unknown_address_gets_the_same_response_as_a_known_one(client, anna):
    known, unknown = ask_for_reset(client), ask_for_reset(client, "nina@example.org")

    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)
    assert [message.to for message in mail.outbox] == [["anna@example.org"], ["nina@example.org"]]
    assert "no account uses this address" in mail.outbox[1].body


@pytest.mark.promise("S9")
def test_a_reset_link_works_once(client, anna):
    ask_for_reset(client)
    path = path_in(mail.outbox[0])
    client.post(follow(client, path), {"password1": NEW})

    page = Client().get(path)

    assert "This link has expired" in text_of(page)


@pytest.mark.promise("S9")
def test_a_reset_link_works_for_one_account(client, anna, ben):
    ask_for_reset(client)
    ask_for_reset(client, "ben@example.org")
    of_anna, of_ben = (path_in(message) for message in mail.outbox)
    anna_id, anna_key = of_anna.rstrip("/").rpartition("/")[2].split("-", 1)
    ben_id, _ = of_ben.rstrip("/").rpartition("/")[2].split("-", 1)

    page = client.get(f"/accounts/password/reset/key/{ben_id}-{anna_key}/")

    assert "This link has expired" in text_of(page)
    assert anna_id != ben_id


@pytest.mark.promise("S9")
def test_the_host_header_does_not_change_the_link(client, anna, settings):
    settings.SITE_ORIGIN = "https://photos.example.org"

    ask_for_reset(client, HTTP_HOST="evil.example")

    assert "https://photos.example.org/accounts/password/reset/key/" in mail.outbox[0].body
    assert "evil.example" not in mail.outbox[0].body


def test_a_weak_new_password_is_reported_at_the_field(client, anna):
    ask_for_reset(client)

    response = client.post(follow(client, path_in(mail.outbox[0])), {"password1": "password"})

    assert "too common" in errors_of(response, "password1")[0]


def test_changing_the_password_keeps_this_browser_in_and_ends_the_others(client, anna):
    other = Client()
    for browser in (client, other):
        browser.post("/accounts/login/", {"login": "anna", "password": PASSWORD})

    response = client.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": NEW})

    assert response.status_code == 302
    assert client.get("/accounts/edit/").status_code == 200
    assert other.get("/accounts/edit/").status_code == 302
    assert "Your password was changed" in [message.subject for message in mail.outbox]


def test_changing_the_password_takes_the_current_one(client, anna):
    client.force_login(anna)

    response = client.post("/accounts/password/change/", {"oldpassword": "wrong", "password1": NEW})

    assert errors_of(response, "oldpassword") == ["That isn’t your current password."]
    anna.refresh_from_db()
    assert anna.check_password(PASSWORD)


def test_a_new_address_takes_effect_when_its_link_is_followed(client, anna):
    client.force_login(anna)
    client.get("/accounts/email/")

    client.post("/accounts/email/", {"email": "Anna.Berg@example.org", "action_add": "1"})
    anna.refresh_from_db()
    assert anna.email == "anna@example.org"
    assert "anna.berg@example.org when you open" in text_of(client.get("/accounts/email/"))

    client.post(path_in(mail.outbox[0]))
    anna.refresh_from_db()
    assert anna.email == "anna.berg@example.org"
    assert list(anna.emailaddress_set.values_list("email", "verified", "primary")) == [
        ("anna.berg@example.org", True, True)
    ]


def test_a_pending_address_can_be_replaced_or_cancelled(client, anna):
    client.force_login(anna)
    for email in ("first@example.org", "second@example.org"):
        client.post("/accounts/email/", {"email": email, "action_add": "1"})
    assert set(anna.emailaddress_set.values_list("email", flat=True)) == {"anna@example.org", "second@example.org"}

    client.post("/accounts/email/", {"email": "second@example.org", "action_remove": "1"})
    assert set(anna.emailaddress_set.values_list("email", flat=True)) == {"anna@example.org"}


def test_the_present_address_cannot_be_removed(client, anna):
    client.force_login(anna)

    client.post("/accounts/email/", {"email": "anna@example.org", "action_remove": "1"})

    anna.refresh_from_db()
    assert anna.email == "anna@example.org"
    assert anna.emailaddress_set.count() == 1


@pytest.mark.parametrize("is_confirmed", [True, False])
def test_an_address_of_another_account_cannot_be_taken(client, anna, ben, is_confirmed):
    """The response is the same as for a free address, and following the link changes nothing."""
    ben.emailaddress_set.update_or_create(email=ben.email, defaults={"primary": True, "verified": is_confirmed})
    client.force_login(anna)
    client.get("/accounts/email/")
    client.post("/accounts/email/", {"email": "ben@example.org", "action_add": "1"})

    client.post(path_in(mail.outbox[0]))

    assert set(User.objects.values_list("username", "email")) == {
        ("anna", "anna@example.org"),
        ("ben", "ben@example.org"),
    }


@pytest.mark.parametrize(
    "path",
    [
        "/accounts/login/",
        "/accounts/signup/",
        "/accounts/password/reset/",
        "/accounts/password/reset/done/",
        "/accounts/password/reset/key/done/",
        "/accounts/password/reset/key/1-nothing/",
        "/accounts/confirm-email/",
        "/accounts/confirm-email/nothing/",
        "/accounts/inactive/",
    ],
)
def test_the_sign_in_pages_use_the_sites_design_and_are_public(client, db, path):
    response = client.get(path)

    assert response.status_code == 200
    page = response.content.decode()
    assert "auth-card" in page
    assert "style=" not in page


@pytest.mark.parametrize(
    "path",
    [
        "/accounts/edit/",
        "/accounts/password/change/",
        "/accounts/email/",
        "/accounts/logout/",
        "/accounts/reauthenticate/",
    ],
)
def test_the_account_pages_use_the_sites_design_and_need_a_session(client, anna, path):
    assert client.get(path).status_code == 302
    client.force_login(anna)
    client.get("/accounts/email/")

    page = client.get(path).content.decode()

    assert "auth-card" in page or "settings-main" in page
    assert "style=" not in page


def test_the_settings_pages_link_to_each_other(client, anna):
    client.force_login(anna)

    page = client.get("/accounts/password/change/").content.decode()

    assert 'href="/accounts/edit/"' in page
    assert 'href="/accounts/password/change/" aria-current="page"' in one_line(page)
    assert 'href="/accounts/email/"' in page


def test_every_email_names_the_site_and_is_plain_text(client, anna, settings):
    ask_for_reset(client)

    [message] = mail.outbox
    assert settings.SITE_NAME in message.subject
    assert settings.SITE_NAME in message.body
    assert "&" not in message.body
    assert "Instagram" not in f"{message.subject}{message.body}"
