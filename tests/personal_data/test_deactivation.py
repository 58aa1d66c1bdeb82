"""Deactivate and reactivate accounts; request and cancel their deletion."""

from datetime import timedelta

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from accounts.models import User
from common.limits import DELETION_GRACE_DAYS
from feed.home import home_posts
from personal_data.actions.deactivation import cancel_deletion, deactivate, request_deletion
from posts.models import Post
from tests.accounts.conftest import PASSWORD, errors_of, text_of

URLS = ["/accounts/deactivate/", "/accounts/delete/"]


def log_in(client, login="anna"):
    return client.post("/accounts/login/", {"login": login, "password": PASSWORD}, follow=True)


@pytest.mark.parametrize("url", URLS)
def test_the_password_is_required(url, client, anna):
    client.force_login(anna)

    for password in ("", "wrong-password"):
        response = client.post(url, {"password": password})
        assert response.status_code == 422
        assert len(errors_of(response, "password")) == 1
    anna.refresh_from_db()
    assert anna.deactivated_at is None
    assert client.get(url).status_code == 200


def test_password_attempts_are_limited(client, anna, settings):
    settings.RATE_LIMITS = True
    client.force_login(anna)

    responses = [client.post("/accounts/delete/", {"password": f"guess {n}"}) for n in range(11)]

    assert "try again in" in errors_of(responses[-1], "password")[0]
    assert errors_of(client.post("/accounts/deactivate/", {"password": PASSWORD}), "password")


@pytest.mark.promise("A8")
@pytest.mark.parametrize("url", URLS)
def test_leaving_hides_the_account_everywhere_and_ends_all_sessions(url, client, anna, ben, share):
    post = share(anna, caption="harbour #ships")
    other_device = Client()
    other_device.force_login(anna)
    client.force_login(anna)

    assert client.post(url, {"password": PASSWORD}, follow=True).status_code == 200

    assert "_auth_user_id" not in client.session
    assert other_device.get("/accounts/edit/").status_code == 302
    for viewer in (None, ben):
        browser = Client()
        if viewer:
            browser.force_login(viewer)
        for path in ("/anna/", f"/p/{post.shortcode}/", "/anna/followers/" if viewer else "/anna/"):
            assert browser.get(path).status_code == 404, path
        for path in ("/explore/", "/explore/tags/ships/", "/search/?q=anna", "/search/?q=harbour"):
            assert post.shortcode not in browser.get(path).text
            assert 'href="/anna/"' not in browser.get(path).text


def test_signing_in_reactivates_a_deactivated_account(client, anna, ben, share, signed_in):
    from social.actions.follows import follow

    share(anna, caption="harbour")
    follow(ben, followee=anna)
    deactivate(anna)
    ben.refresh_from_db()
    assert home_posts(ben, before=None, count=5)[0] == []

    page = log_in(client)

    assert "Welcome back" in text_of(page)
    anna.refresh_from_db()
    assert anna.deactivated_at is None
    assert signed_in(ben).get("/anna/").status_code == 200
    # A timeline built meanwhile lacks the post, so the post is fanned out again.
    assert Post.objects.get().fanned_out_at is None


def test_requesting_deletion_hides_the_account_and_sends_the_date(client, anna, django_capture_on_commit_callbacks):
    until = timezone.now() + timedelta(days=DELETION_GRACE_DAYS)
    date = f"{until.day} {until:%B %Y}"
    client.force_login(anna)
    assert date in text_of(client.get("/accounts/delete/"))

    with django_capture_on_commit_callbacks(execute=True):
        page = client.post("/accounts/delete/", {"password": PASSWORD}, follow=True)

    assert date in text_of(page)
    assert client.get("/anna/").status_code == 404
    assert date in mail.outbox[-1].subject
    assert mail.outbox[-1].to == ["anna@example.org"]


def test_signing_in_within_30_days_offers_to_keep_the_account(client, anna):
    request_deletion(anna)

    page = log_in(client)
    assert "Keep your account?" in text_of(page)
    assert "_auth_user_id" not in client.session
    assert client.get("/accounts/edit/").status_code == 302

    page = client.post("/accounts/keep/", follow=True)
    anna.refresh_from_db()
    assert (anna.deletes_at, anna.deactivated_at) == (None, None)
    assert "Welcome back" in text_of(page)
    assert client.get("/accounts/edit/").status_code == 200
    assert client.get("/anna/").status_code == 200


def test_signing_in_alone_does_not_cancel_the_deletion(client, anna):
    request_deletion(anna)
    log_in(client)

    anna.refresh_from_db()
    assert anna.deletes_at is not None
    assert anna.deactivated_at is not None


@pytest.mark.promise("A10")
def test_cancelling_the_deletion_needs_the_password(client, anna, ben):
    request_deletion(anna)

    for browser in (client, Client()):
        assert browser.post("/accounts/keep/").status_code == 302
        browser.cookies["account_recovery"] = f"{anna.pk}:{anna.session_epoch}"
    assert client.post("/accounts/keep/").status_code == 302
    anna.refresh_from_db()
    assert anna.deletes_at is not None


def test_the_recovery_cookie_works_once(client, anna):
    request_deletion(anna)
    log_in(client)
    cookie = client.cookies["account_recovery"].value
    client.post("/accounts/keep/")
    anna.refresh_from_db()
    request_deletion(anna)

    other = Client()
    other.cookies["account_recovery"] = cookie
    assert other.get("/accounts/keep/").status_code == 302


def test_the_deletion_cannot_be_cancelled_after_its_date(client, anna):
    request_deletion(anna)
    User.objects.filter(pk=anna.pk).update(deletes_at=timezone.now())

    response = client.post("/accounts/login/", {"login": "anna", "password": PASSWORD})

    assert response.status_code == 403
    assert "can’t be restored" in text_of(response)
    assert not cancel_deletion(anna)


def test_the_database_rejects_a_scheduled_deletion_of_an_active_account(anna):
    with pytest.raises(IntegrityError, match="deleting_users_are_deactivated"), transaction.atomic():
        User.objects.filter(pk=anna.pk).update(deletes_at=timezone.now())
