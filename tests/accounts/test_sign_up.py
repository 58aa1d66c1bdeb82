import pytest
from django.core import mail
from django.db import IntegrityError

from accounts.actions.users import create_user
from accounts.models import User
from instagram import settings as as_in_production
from tests.accounts.conftest import PASSWORD, errors_of, path_in, text_of

pytestmark = pytest.mark.django_db


def test_a_new_user_can_use_the_site_at_once(sign_up, client):
    response = sign_up()

    assert response.status_code == 302
    assert client.get("/accounts/edit/").status_code == 200
    assert User.objects.get().username == "carla"


def test_passwords_are_hashed_with_argon2(settings, sign_up):
    settings.PASSWORD_HASHERS = as_in_production.PASSWORD_HASHERS
    sign_up()

    assert User.objects.get().password.startswith("argon2$argon2id$")


def test_a_confirmation_link_is_emailed(sign_up, client):
    sign_up()

    [message] = mail.outbox
    assert message.to == ["carla@example.org"]
    page = client.get(path_in(message))
    assert "carla@example.org" in text_of(page)


def test_viewing_the_confirmation_page_confirms_nothing(sign_up, client):
    sign_up()
    address = User.objects.get().emailaddress_set.get()

    client.get(path_in(mail.outbox[0]))
    address.refresh_from_db()
    assert not address.verified

    client.post(path_in(mail.outbox[0]))
    address.refresh_from_db()
    assert address.verified


def test_the_host_header_does_not_change_the_confirmation_link(client, settings, db):
    settings.SITE_ORIGIN = "https://photos.example.org"

    client.post(
        "/accounts/signup/",
        {"username": "carla", "email": "carla@example.org", "password1": PASSWORD},
        HTTP_HOST="evil.example",
    )

    assert "https://photos.example.org/accounts/confirm-email/" in mail.outbox[0].body
    assert "evil.example" not in mail.outbox[0].body


def test_sign_up_works_while_the_mail_server_is_down(sign_up, settings, client):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9

    assert sign_up().status_code == 302
    assert User.objects.filter(username="carla").exists()


@pytest.mark.parametrize("typed", ["Carla", "CARLA", " carla "])
def test_a_username_is_stored_in_lower_case(sign_up, typed):
    sign_up(username=typed)

    assert User.objects.get().username == "carla"


@pytest.mark.parametrize("typed", ["anna", "Anna", "ANNA"])
def test_a_taken_username_is_reported_in_any_case(sign_up, anna, typed):
    response = sign_up(username=typed)

    assert errors_of(response, "username") == ["“anna” is already taken. Choose another."]
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "Choose a username."),
        ("a" * 31, "Use at most 30 characters. This has 31."),
        ("carla berg", "Use only letters from a to z, digits, dots and underscores."),
        ("carlä", "Use only letters from a to z, digits, dots and underscores."),
        ("carla-b", "Use only letters from a to z, digits, dots and underscores."),
        (".carla", "A username can’t start or end with a dot."),
        ("carla.", "A username can’t start or end with a dot."),
        ("car..la", "A username can’t have two dots in a row."),
        ("explore", "“explore” is reserved for the site itself. Choose another."),
        ("Admin", "“admin” is reserved for the site itself. Choose another."),
    ],
)
def test_an_invalid_username_is_reported_with_the_reason(sign_up, typed, reason):
    response = sign_up(username=typed)

    assert errors_of(response, "username") == [reason]
    assert not User.objects.exists()


@pytest.mark.parametrize("username", ["a", "7", "_", "carla.berg_7", "a" * 30])
def test_a_username_at_the_limits_is_accepted(sign_up, username):
    assert sign_up(username=username).status_code == 302


def test_a_rejected_form_keeps_all_fields_but_the_password(sign_up):
    page = sign_up(username="Carla..B", email="carla@example.org").content.decode()

    assert 'value="Carla..B"' in page
    assert 'value="carla@example.org"' in page
    assert PASSWORD not in page


@pytest.mark.parametrize("typed", ["anna@example.org", "Anna@Example.ORG"])
def test_a_taken_address_is_reported_in_any_case(sign_up, anna, typed):
    response = sign_up(email=typed)

    assert errors_of(response, "email") == [
        "An account with this email address already exists. Log in, or reset its password."
    ]


@pytest.mark.parametrize("email", ["", "carla", "carla@", "@example.org", "a b@example.org"])
def test_an_invalid_address_is_reported_at_the_field(sign_up, email):
    assert errors_of(sign_up(email=email), "email")


@pytest.mark.parametrize(
    ("password", "part"),
    [
        ("", "Choose a password."),
        ("kj7#tle", "too short"),
        ("password1", "too common"),
        ("83625174", "entirely numeric"),
        ("carla1234", "too similar to the username"),
        ("x7" * 501, "at most 1000 characters"),
    ],
)
def test_a_weak_password_is_reported_at_the_field(sign_up, password, part):
    assert part in " ".join(errors_of(sign_up(username="carla123", password1=password), "password1"))


@pytest.mark.promise("S8")
@pytest.mark.parametrize(
    ("password", "is_accepted"),
    [
        ("gh5-tK2", False),  # 7 characters
        ("gh5-tK2w", True),
        ("password1", False),  # among the common ones
        ("correct horse battery staple correct horse battery staple 64 ab!", True),
        ("ü" * 20 + "ßé漢字🙂", True),
    ],
)
def test_passwords_need_8_characters_and_must_not_be_common(password, is_accepted, sign_up, client):
    sign_up(password1=password)

    assert User.objects.filter(username="carla").exists() == is_accepted
    client.post("/accounts/logout/")
    client.post("/accounts/login/", {"login": "carla", "password": password})
    assert (client.get("/accounts/edit/").status_code == 200) == is_accepted


@pytest.mark.promise("S8")
def test_long_passwords_are_not_truncated(sign_up, client):
    long = "correct horse battery staple " * 8
    sign_up(password1=long)
    client.post("/accounts/logout/")

    client.post("/accounts/login/", {"login": "carla", "password": long[:-1]})
    assert client.get("/accounts/edit/").status_code == 302
    client.post("/accounts/login/", {"login": "carla", "password": long})
    assert client.get("/accounts/edit/").status_code == 200


def test_losing_a_race_for_a_username_shows_the_form_again(sign_up, anna, monkeypatch):
    """Two requests can both find a username free; the second to write gets an error."""
    monkeypatch.setattr("accounts.adapter.username_error", lambda username: "")

    response = sign_up(username="anna")

    assert response.status_code == 409
    assert errors_of(response, "username") == ["“anna” is already taken. Choose another."]
    assert User.objects.count() == 1


def test_the_database_rejects_a_duplicate_username(anna):
    with pytest.raises(IntegrityError):
        create_user(username="ANNA", email="other@example.org", password=PASSWORD)


def test_required_confirmation_comes_before_using_the_site(sign_up, client, confirmation_required):
    response = sign_up()

    assert response.url == "/accounts/confirm-email/"
    assert "Check your email" in text_of(client.get(response.url))
    assert client.get("/accounts/edit/").status_code == 302

    client.post(path_in(mail.outbox[0]))
    assert client.get("/accounts/edit/").status_code == 200


@pytest.mark.promise("S5")
def test_with_required_confirmation_a_taken_address_looks_free(sign_up, client, anna, confirmation_required):
    free = sign_up(username="carla", email="carla@example.org")
    client.logout()
    taken = sign_up(username="dora", email="anna@example.org")

    assert (free.status_code, free.url) == (taken.status_code, taken.url)
    assert [message.to for message in mail.outbox] == [["carla@example.org"], ["anna@example.org"]]
    assert "already has an account" in mail.outbox[1].body
    assert not User.objects.filter(username="dora").exists()


def test_signed_in_users_are_redirected_from_the_sign_up_page(client, anna):
    client.force_login(anna)

    assert client.get("/accounts/signup/").status_code == 302


def test_signing_up_redirects_to_the_previous_page_on_this_site_only(client, db):
    def sign_up_from(name, url):
        fields = {"username": name, "email": f"{name}@example.org", "password1": PASSWORD, "next": url}
        response = client.post("/accounts/signup/", fields)
        client.logout()
        return response.url

    assert sign_up_from("carla", "/explore/") == "/explore/"
    assert sign_up_from("dora", "//evil.example/") == "/"
    assert sign_up_from("emil", "https://evil.example/") == "/"


def test_sign_up_needs_a_csrf_token(db):
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    response = strict.post(
        "/accounts/signup/", {"username": "carla", "email": "carla@example.org", "password1": PASSWORD}
    )

    assert response.status_code == 403
    assert not User.objects.exists()
