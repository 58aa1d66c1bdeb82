"""Limits of uploads: number and size of unshared files, rates, and bytes per day."""

import pytest

from common.ratelimit import WRITES, Limit, seconds_to_wait
from posts.actions.new_slides import Slide as SlideOf
from posts.actions.sharing import share_post
from posts.models import Post
from tests.posts.conftest import begin, upload


@pytest.mark.parametrize("size", [2, 12])
def test_the_list_of_unshared_files_costs_the_same_queries_whatever_its_size(
    size, mine, unshared, author, data, django_assert_num_queries
):
    for _ in range(size):
        unshared(author)
        begin(mine, data)
    # The session, and two for the list.
    with django_assert_num_queries(3):
        assert len(mine.get("/create/media/").json()["items"]) == size


def test_unshared_files_and_open_uploads_share_one_limit(mine, unshared, author, data, monkeypatch):
    monkeypatch.setattr("posts.actions.media.MAX_UNSHARED", 3)
    medium, _ = unshared(author), unshared(author, state="failed")
    begin(mine, data)

    answer = mine.post("/create/uploads/", {"name": "x", "size": 5})
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "quota"
    assert "The limit is 3" in answer.json()["error"]["message"]

    # Shared files do not count.
    share_post(author=author, slides=[SlideOf(medium.pk)])
    begin(mine, data)


def test_unshared_files_have_a_limit_of_bytes_together(mine, data, monkeypatch):
    monkeypatch.setattr("posts.actions.media.MAX_UNSHARED_BYTES", int(len(data) * 2.5))
    upload(mine, data)
    begin(mine, data)

    answer = mine.post("/create/uploads/", {"name": "x", "size": len(data)})

    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "quota"


@pytest.mark.promise("S11")
def test_uploads_are_rate_limited(mine, settings, monkeypatch):
    settings.RATE_LIMITS = True
    monkeypatch.setattr("posts.actions.media.MAX_UNSHARED", 10_000)
    codes = [mine.post("/create/uploads/", {"name": "x", "size": 5}).status_code for _ in range(200)]
    assert set(codes) == {201}

    answer = mine.post("/create/uploads/", {"name": "x", "size": 5})

    assert answer.status_code == 429
    assert answer.json()["error"]["code"] == "too-many"
    assert int(answer["Retry-After"]) > 0


@pytest.mark.promise("S11")
def test_the_limit_of_writes_is_reported_as_json(mine, author, settings):
    settings.RATE_LIMITS = True
    assert not seconds_to_wait(WRITES, f"person:{author.pk}", hits=299)
    assert mine.post("/create/uploads/1/complete/").status_code == 404

    answer = mine.post("/create/uploads/1/complete/", headers={"Accept": "application/json"})

    assert answer.status_code == 429
    assert answer.json()["error"]["code"] == "too-many"
    assert int(answer["Retry-After"]) > 0


def test_files_of_a_form_count_towards_the_daily_bytes(client, author, photo, photo_bytes, settings, monkeypatch):
    settings.RATE_LIMITS = True
    two = Limit("uploaded-mebibytes", 2 * -(-len(photo_bytes) // 2**20), 86_400)
    monkeypatch.setattr("posts.actions.media.UPLOADED_MEBIBYTES", two)
    client.force_login(author)

    answers = [client.post("/create/", {"files": [photo()], "caption": f"{n}"}) for n in range(3)]

    assert [answer.status_code for answer in answers] == [302, 302, 422]
    assert "You can upload at most 20 GB a day. Try again in 24 hours." in answers[-1].text
    assert Post.objects.count() == 2
    begun = client.post("/create/uploads/", {"name": "a.jpg", "size": "1000"}, headers={"Accept": "application/json"})
    assert begun.status_code == 422
    assert begun.json()["error"]["code"] == "quota"
