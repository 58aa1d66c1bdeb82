"""Change the username; hold the old one for 14 days and redirect from it."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.actions.moderation import suspend_person
from accounts.actions.usernames import change_username
from accounts.actions.users import create_user
from accounts.models import OldUsername, User
from accounts.tasks import sweep
from common.limits import OLD_USERNAME_DAYS
from common.refusals import Refusal
from social.actions.blocks import block
from tests.accounts.conftest import PASSWORD, errors_of


@pytest.fixture
def change(client, anna):
    client.force_login(anna)

    def send(username):
        response = client.post("/accounts/username/", {"username": username})
        anna.refresh_from_db()
        return response

    return send


def pass_days(days):
    for old in OldUsername.objects.all():
        OldUsername.objects.filter(pk=old.pk).update(given_up_at=old.given_up_at - timedelta(days=days))


def test_the_username_changes_and_the_page_confirms_it(change, client, anna):
    assert change("  Anna.B ").status_code == 302

    assert anna.username == "anna.b"
    assert "Your username is now anna.b." in client.get("/accounts/username/").text
    assert client.get("/anna.b/").status_code == 200


@pytest.mark.parametrize("name", ["", "admin", "a..b", "a b", "x" * 31, "ben", "BEN"])
def test_the_rules_of_sign_up_apply(name, change, anna, ben):
    response = change(name)

    assert response.status_code == 422
    assert len(errors_of(response, "username")) == 1
    assert anna.username == "anna"
    assert not OldUsername.objects.exists()


def test_old_addresses_redirect_with_path_and_query(change, client, ben):
    change("anna.b")
    client.force_login(ben)

    response = client.get("/Anna/")
    assert (response.status_code, response["Location"]) == (302, "/anna.b/")
    assert client.get("/anna/followers/?cursor=5")["Location"] == "/anna.b/followers/?cursor=5"
    assert client.get("/anna/", headers={"HX-Request": "true"}).status_code == 302
    assert client.post("/anna/follow/").status_code == 404


@pytest.mark.promise("A7")
def test_old_usernames_do_not_disclose_hidden_users(change, client, anna, ben):
    change("anna.b")
    missing = client.get("/nobody.here/").status_code
    block(anna, blocked=ben)
    client.force_login(ben)
    assert client.get("/anna/").status_code == missing == 404

    client.logout()
    assert client.get("/anna/").status_code == 302
    suspend_person(anna, reason="spam")
    assert client.get("/anna/").status_code == 404


def test_an_old_username_is_held_for_its_former_owner(change, client, anna, ben, sign_up):
    change("anna.b")

    with pytest.raises(Refusal, match="already taken"):
        change_username(ben, "anna")
    client.logout()
    assert "taken" in client.get("/accounts/username-available/?username=anna").text
    assert errors_of(sign_up(username="Anna"), "username")
    client.force_login(anna)
    assert "available" in client.get("/accounts/username-available/?username=anna").text
    assert change_username(anna, "anna")
    assert client.get("/anna/").status_code == 200
    assert client.get("/anna.b/")["Location"] == "/anna/"


def test_an_old_username_is_free_after_14_days(change, client, ben):
    change("anna.b")
    pass_days(OLD_USERNAME_DAYS)

    assert client.get("/anna/").status_code == 404
    assert change_username(ben, "anna")
    assert client.get("/ben/")["Location"] == "/anna/"


def test_expired_old_usernames_are_deleted(change):
    change("anna.b")
    sweep()
    assert OldUsername.objects.count() == 1

    pass_days(OLD_USERNAME_DAYS)
    sweep()
    assert not OldUsername.objects.exists()


def test_two_changes_in_14_days_are_the_limit(change, anna):
    change("anna.b")
    change("anna")
    response = change("anna.c")

    until = timezone.now() + timedelta(days=OLD_USERNAME_DAYS)
    assert response.status_code == 422
    assert f"again on {until:%-d %B %Y}" in errors_of(response, "username")[0]
    assert 'value="anna.c"' in response.text
    assert anna.username == "anna"

    pass_days(OLD_USERNAME_DAYS)
    assert change("anna.c").status_code == 302


def test_the_database_rejects_a_held_username(change, ben):
    change("anna.b")

    for take in (
        lambda: User.objects.filter(pk=ben.pk).update(username="anna"),
        lambda: create_user(username="anna", email="other@example.org", password=PASSWORD),
    ):
        with pytest.raises(IntegrityError, match="held"), transaction.atomic():
            take()


@pytest.mark.promise("D14")
@pytest.mark.django_db(transaction=True)
def test_a_transaction_waiting_for_a_username_does_not_get_it_while_it_is_held():
    anna = create_user(username="anna", email="anna@example.org", password=PASSWORD)
    ben = create_user(username="ben", email="ben@example.org", password=PASSWORD)
    barrier, errors = Barrier(2), []

    def take():
        barrier.wait()
        try:
            User.objects.filter(pk=ben.pk).update(username="anna")
        except IntegrityError as error:
            errors.append(str(error))
        finally:
            connection.close()

    thread = Thread(target=take)
    with transaction.atomic():
        change_username(anna, "anna.b")
        thread.start()
        barrier.wait()
        thread.join(0.3)
        assert thread.is_alive()
    thread.join()

    assert len(errors) == 1
    assert "held" in errors[0]
    assert set(User.objects.values_list("username", flat=True)) == {"anna.b", "ben"}
