"""Sessions: one statement reads the session, its person and their flags; sessions end at once."""

import importlib
from datetime import timedelta
from types import SimpleNamespace

import psycopg2
import pytest
from django.contrib import messages
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore
from django.core.management import call_command
from django.db import close_old_connections, connection
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts.actions.moderation import suspend_person
from accounts.models import Session, User
from accounts.sessions import PERSON_FIELDS, SessionStore
from personal_data.actions.deactivation import deactivate
from tests.accounts.conftest import PASSWORD

PAGE = "/accounts/edit/"


def is_in(client):
    return client.get(PAGE).status_code == 200


def row_of(client):
    return Session.objects.get(pk=client.session.session_key)


def test_the_row_names_the_person_from_sign_in_to_log_out(client, anna):
    client.post("/accounts/login/", {"login": "anna", "password": PASSWORD})
    key = client.session.session_key
    assert row_of(client).user_id == anna.pk

    client.post("/accounts/logout/")

    assert not Session.objects.filter(pk=key).exists()
    assert not is_in(client)


def test_signing_in_gives_the_session_a_new_key_and_keeps_its_content(db, anna):
    visitor = SessionStore()
    visitor["seen"] = 1
    visitor.save()
    client = Client()
    client.cookies["session_8000"] = visitor.session_key
    assert Session.objects.get().user_id is None

    client.post("/accounts/login/", {"login": "anna", "password": PASSWORD})

    assert list(Session.objects.values_list("user_id", flat=True)) == [anna.pk]
    assert client.session.session_key != visitor.session_key
    assert client.session["seen"] == 1


@pytest.mark.parametrize("seconds", [-1, 60])
def test_a_session_is_valid_until_it_expires(signed_in, anna, seconds):
    browser = signed_in(anna)
    Session.objects.update(expire_date=timezone.now() + timedelta(seconds=seconds))

    assert is_in(browser) == (seconds > 0)


def test_a_visitor_may_have_a_session(client, db):
    session = client.session
    session["seen"] = 1
    session.save()

    assert client.get("/explore/").status_code == 200
    assert SessionStore(session.session_key)["seen"] == 1
    assert SessionStore(session.session_key).person is None


def test_messages_of_a_visitor_are_kept_in_a_session(db):
    request = RequestFactory().get("/")
    request.session, request.COOKIES = SessionStore(), {}
    stored = messages.storage.session.SessionStorage(request)
    stored.add(messages.INFO, "Saved.")
    stored.update(SimpleNamespace())
    request.session.save()

    request.session = SessionStore(request.session.session_key)
    assert [str(message) for message in messages.storage.session.SessionStorage(request)] == ["Saved."]


def test_a_session_that_was_deleted_meanwhile_is_not_created_again(signed_in, anna):
    store = SessionStore(signed_in(anna).session.session_key)
    store["seen"] = 1
    Session.objects.of(anna.pk).delete()

    with pytest.raises(UpdateError):
        store.save()
    assert not Session.objects.exists()


def test_the_command_deletes_expired_sessions(signed_in, anna, ben):
    signed_in(anna)
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    kept = signed_in(ben)

    call_command("clearsessions")

    assert Session.objects.get() == row_of(kept)


# --- Ending sessions ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", [lambda user: suspend_person(user, reason="spam"), deactivate])
def test_a_suspension_and_a_deactivation_delete_all_sessions_of_the_person_and_no_others(signed_in, anna, ben, end):
    browsers, other = [signed_in(anna), signed_in(anna)], signed_in(ben)

    end(anna)

    assert [session.user_id for session in Session.objects.all()] == [ben.pk]
    assert not any(is_in(browser) for browser in browsers)
    assert is_in(other)


def test_a_new_password_ends_the_other_sessions_and_keeps_this_one(signed_in, anna):
    this, other = signed_in(anna), signed_in(anna)

    this.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": "stars-below-the-bridge-9"})

    assert Session.objects.get() == row_of(this)
    assert is_in(this)
    assert not is_in(other)


@pytest.mark.parametrize("field", ["password", "session_epoch"])
def test_a_session_with_an_old_hash_signs_nobody_in(signed_in, anna, field):
    """The hash is checked even if the row was not deleted, as after `manage.py changepassword`."""
    browser = signed_in(anna)
    User.objects.filter(pk=anna.pk).update(**{field: "changed"})

    assert not is_in(browser)


def test_a_suspended_person_is_not_signed_in_by_a_row_that_is_left(signed_in, anna):
    browser = signed_in(anna)
    User.objects.filter(pk=anna.pk).update(suspended_at=timezone.now())

    assert not is_in(browser)


def test_the_content_of_a_session_decides_whose_it_is(signed_in, anna, ben):
    """A row that names another person than its signed content does not sign that person in."""
    browser = signed_in(anna)
    Session.objects.update(user_id=ben.pk)

    assert browser.get(PAGE).wsgi_request.user == anna


def test_a_session_without_its_person_signs_nobody_in(signed_in, anna):
    browser = signed_in(anna)
    Session.objects.update(user_id=None)
    User.objects.filter(pk=anna.pk).delete()

    assert not is_in(browser)


def test_a_session_of_an_earlier_secret_key_stays_valid(signed_in, anna, settings):
    browser = signed_in(anna)
    hash_before = browser.session[HASH_SESSION_KEY]
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-secret-key-of-at-least-fifty-characters-and-more"

    assert is_in(browser)
    assert SessionStore(browser.cookies["session_8000"].value)[HASH_SESSION_KEY] != hash_before


# --- One statement --------------------------------------------------------------------------------------------------


def test_a_page_reads_session_person_and_flags_in_one_statement(signed_in, anna, django_assert_num_queries):
    browser = signed_in(anna)
    browser.get(PAGE)

    with django_assert_num_queries(1):
        page = browser.get(PAGE)

    person = page.wsgi_request.user
    assert (person.pk, person.username, person.name) == (anna.pk, "anna", "Anna Berg")
    assert not person.flags.has_unread


def test_another_column_of_the_person_costs_one_query_for_all(signed_in, anna, django_assert_num_queries):
    person = SessionStore(signed_in(anna).session.session_key).person
    assert person.get_deferred_fields() == {
        field.attname for field in User._meta.concrete_fields if field.name not in PERSON_FIELDS
    }

    with django_assert_num_queries(1):
        assert person.last_login is not None
        assert person.suspended_reason == ""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", [PAGE, "/explore/"])
def test_a_request_whose_connection_was_lost_is_answered_with_a_new_one(signed_in, anna, path):
    browser = signed_in(anna)
    browser.get(path)
    lost = connection.connection
    _terminate(lost.info.backend_pid)
    close_old_connections()  # Sends nothing. Django calls it when a request begins.

    assert browser.get(path).status_code == 200
    assert connection.connection is not lost


@pytest.mark.django_db(transaction=True)
def test_the_session_is_the_test_of_the_connection(signed_in, anna, django_assert_num_queries):
    store = SessionStore(signed_in(anna).session.session_key)
    close_old_connections()

    with django_assert_num_queries(1):
        assert store[SESSION_KEY] == str(anna.pk)
    assert connection.health_check_done


@pytest.mark.django_db(transaction=True)
def test_a_connection_lost_in_a_transaction_is_an_error(signed_in, anna):
    from django.db import InterfaceError, OperationalError, transaction

    store = SessionStore(signed_in(anna).session.session_key)
    with transaction.atomic():
        User.objects.exists()
        _terminate(connection.connection.info.backend_pid)
        with pytest.raises((OperationalError, InterfaceError)):
            store.get(SESSION_KEY)
        transaction.set_rollback(True)
    connection.close()


def _terminate(pid):
    """End a backend as an administrator would, and wait until it is gone."""
    other = psycopg2.connect(**connection.get_connection_params())
    other.autocommit = True
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        assert cursor.fetchone() == (True,)
    other.close()


# --- The migration --------------------------------------------------------------------------------------------------


def test_the_migration_moves_valid_sessions(signed_in, anna, ben):
    browser, expired = signed_in(anna), signed_in(ben)
    Session.objects.of(ben.pk).update(expire_date=timezone.now() - timedelta(seconds=1))
    visitor = SessionStore()
    visitor.save()
    for session in Session.objects.all():
        # Django signs the contents of its own table.
        signed = DatabaseSessionStore().encode(session.get_decoded())
        Session.objects.filter(pk=session.pk).update(session_data=signed)
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE django_session AS SELECT session_key, session_data, expire_date FROM accounts_session"
        )
        cursor.execute("UPDATE accounts_session SET user_id = NULL")
    Session.objects.all().delete()
    apps = SimpleNamespace(get_model=lambda app, name: Session)

    move = importlib.import_module("accounts.migrations.0004_session").move_sessions
    move(apps, SimpleNamespace(connection=connection))

    assert set(Session.objects.values_list("user_id", flat=True)) == {anna.pk, None}
    assert Session.objects.count() == 2
    assert is_in(browser)
    assert not is_in(expired)
    assert "django_session" not in connection.introspection.table_names()
