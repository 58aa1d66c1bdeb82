"""What is the same for every address below /api/."""

import json

import pytest
from django.test import Client

from social.models import Follow

pytestmark = pytest.mark.django_db


def test_a_person_by_number_and_by_name(client, author):
    by_number, by_name = client.get(f"/api/users/{author.pk}"), client.get(f"/api/users/@{author.username}")

    assert by_number.status_code == by_name.status_code == 200
    assert by_number.json() == by_name.json()
    assert by_number.json()["id"] == str(author.pk)


@pytest.mark.parametrize("path", ["/api/users/1", "/api/users/@nobody", "/api/users/x", "/api/nothing", "/api/"])
def test_what_is_not_there_is_a_problem(client, path):
    answer = client.get(path)

    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "not-found"


def test_another_method_is_a_problem(client, author):
    answer = client.delete(f"/api/users/{author.pk}")

    assert (answer.status_code, answer.json()["code"]) == (405, "method")
    assert answer.headers["Allow"] == "GET"


def test_who_is_not_signed_in_changes_nothing(client, author):
    answer = client.post(f"/api/users/{author.pk}/follow")

    assert (answer.status_code, answer.json()["code"]) == (401, "signed-out")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_wrong_token_is_refused_whatever_session_comes_along(client, author, follower):
    client.force_login(follower)

    answer = client.get(f"/api/users/{author.pk}", headers={"Authorization": "Bearer nonsense"})

    assert (answer.status_code, answer.json()["code"]) == (401, "token")


def test_H3_a_session_writes_with_its_token_only(author, follower):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(follower)
    Follow.objects.all().delete()

    answer = browser.post(f"/api/users/{author.pk}/follow")
    as_text = browser.post(f"/api/users/{author.pk}/follow", json.dumps({}), content_type="text/plain")

    assert (answer.status_code, answer.json()["code"]) == (403, "csrf")
    assert (as_text.status_code, as_text.json()["code"]) == (415, "content-type")
    assert not Follow.objects.exists()


def test_an_answer_that_is_known_already_is_not_sent_again(client, author):
    first = client.get(f"/api/users/{author.pk}")
    again = client.get(f"/api/users/{author.pk}", headers={"If-None-Match": first.headers["ETag"]})

    assert (again.status_code, again.content) == (304, b"")
    assert {"Authorization", "Cookie"} <= set(first.headers["Vary"].split(", "))


def test_every_answer_says_how_the_limit_stands(client, author):
    answer = client.get(f"/api/users/{author.pk}")

    assert int(answer.headers["RateLimit-Remaining"]) <= int(answer.headers["RateLimit-Limit"])
    assert int(answer.headers["RateLimit-Reset"]) >= 0


def test_the_description_is_openapi_3_1(client):
    description = client.get("/api/openapi.json").json()

    assert description["openapi"] == "3.1.0"
    person = description["paths"]["/api/users/{id}"]["get"]
    assert {} in person["security"]
    assert set(person["responses"]["404"]["content"]) == {"application/problem+json"}
