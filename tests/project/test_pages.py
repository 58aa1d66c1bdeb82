"""Pages have descriptions and previews for search engines, and are compressed."""

import gzip
import re

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages

from media.storage import new_key

DESCRIPTION = re.compile(r'<meta name="description" content="([^"]+)">')
PROPERTY = re.compile(r'<meta property="(og:[a-z:_]+)" content="([^"]*)">')


@pytest.mark.parametrize(
    ("url", "description"),
    [
        ("/", "Everyframe: share photos"),
        ("/explore/", "Everyframe: share photos"),
        ("/accounts/login/", "Everyframe: share photos"),
        ("/author/", "One photo a day &amp; more"),
        ("/p/", "Morning light #sun"),
    ],
)
def test_a_page_has_one_description_of_its_content(url, description, client, author, post):
    author.bio = "One photo a day & more"
    author.save(update_fields=["bio"])

    [found] = DESCRIPTION.findall(client.get(post.get_absolute_url() if url == "/p/" else url).text)

    assert found.startswith(description)


def test_a_private_profile_has_no_description_of_its_own(client, author, post):
    author.bio, author.is_private = "Only for friends", True
    author.save(update_fields=["bio", "is_private"])

    assert DESCRIPTION.findall(client.get("/author/").text)[0].startswith("Everyframe: ")


def test_the_landing_page_and_profiles_have_previews_with_a_picture(client, author):
    author.avatar = {"320": {"webp": "aa/320.webp"}, "96": {"webp": "aa/96.webp"}}
    author.save(update_fields=["avatar"])

    first, profile = (dict(PROPERTY.findall(client.get(url).text)) for url in ("/", "/author/"))

    assert (first["og:type"], first["og:url"]) == ("website", "http://testserver/")
    assert re.fullmatch(r"http://testserver/static/img/icon-512(\.\w+)?\.png", first["og:image"])
    assert profile["og:image"] == f"http://testserver/media/people/{author.pk}/aa/320.webp"
    author.is_private = True
    author.save(update_fields=["is_private"])
    assert not PROPERTY.findall(client.get("/author/").text)


@pytest.mark.parametrize("url", ["/", "/explore/", "/api/openapi.json", "/nobody.here/"])
def test_pages_are_compressed_on_request_to_varying_lengths(url, client, post):
    plain = client.get(url)
    answers = [client.get(url, headers={"Accept-Encoding": "gzip, br"}) for _ in range(8)]

    assert "Content-Encoding" not in plain
    for answer in answers:
        assert answer["Content-Encoding"] == "gzip"
        assert "Accept-Encoding" in answer["Vary"]
        assert len(answer.content) < len(plain.content)
        assert len(gzip.decompress(answer.content)) == len(plain.content)
    # Random padding hides how well a guess beside a secret was compressed (BREACH).
    assert len({len(answer.content) for answer in answers}) > 1


def test_photos_are_not_compressed(client, post):
    key = new_key(".jpg")
    post.media.update(renditions=[{"width": 320, "height": 240, "webp": new_key(".webp"), "jpeg": key}])
    storages["default"].save(key, ContentFile(b"x" * 10_000))

    answer = client.get(post.media.get().url_of(key), headers={"Accept-Encoding": "gzip"})

    assert answer.status_code == 200
    assert "Content-Encoding" not in answer
