"""Captions of videos: the owner adds, replaces and removes them, and everyone who may see the video may read them."""

import pytest
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile

from common.files import PendingFile
from posts.actions.editing import delete_post
from posts.models import Media
from posts.models.media import MediaKind
from posts.tasks import purge_post

JSON = {"Accept": "application/json"}


def vtt(words="Good morning"):
    return SimpleUploadedFile("talk.vtt", f"WEBVTT\n\n00:01.000 --> 00:04.000\n{words}\n".encode())


@pytest.fixture
def film(post):
    Media.objects.filter(post=post).update(kind=MediaKind.VIDEO, video={"mp4": "aa/bb/c.mp4", "bytes": 9})
    return Media.objects.get(post=post)


def add(browser, film, file=None, **options):
    return browser.post(f"/create/media/{film.pk}/captions/", {"file": file or vtt()}, **options)


def test_captions_are_given_and_shown(signed_in, author, film, post):
    browser = signed_in(author)

    answer = add(browser, film)

    assert answer["Location"] == f"/p/{post.shortcode}/edit/"
    track = f"/p/{post.shortcode}/captions/{film.pk}.vtt"
    assert f'<track kind="captions" label="Captions" src="{track}">' in browser.get(f"/p/{post.shortcode}/").text
    served = browser.get(track)
    assert served["Content-Type"] == "text/vtt; charset=utf-8"
    assert "Good morning" in served.content.decode()


def test_scripts_get_errors_as_json(signed_in, author, film):
    answer = add(signed_in(author), film, headers=JSON)

    assert answer.json()["captions"] is True


def test_new_captions_replace_the_old_file(signed_in, author, film):
    browser = signed_in(author)
    add(browser, film)
    old = Media.objects.get(pk=film.pk).captions
    add(browser, film, vtt("Good evening"))
    new = Media.objects.get(pk=film.pk).captions

    assert not storages["default"].exists(old)
    assert b"Good evening" in storages["default"].open(new).read()
    assert not PendingFile.objects.exists()


def test_removing_captions_deletes_their_file(signed_in, author, film):
    browser = signed_in(author)
    add(browser, film)
    key = Media.objects.get(pk=film.pk).captions

    browser.post(f"/create/media/{film.pk}/captions/delete/")

    assert Media.objects.get(pk=film.pk).captions == ""
    assert not storages["default"].exists(key)


def test_captions_are_deleted_with_the_post(signed_in, author, film, post):
    add(signed_in(author), film)
    key = Media.objects.get(pk=film.pk).captions
    delete_post(post)
    purge_post(post.pk)

    assert not storages["default"].exists(key)


def test_an_invalid_captions_file_is_refused_and_changes_nothing(signed_in, author, film):
    browser = signed_in(author)
    wrong = SimpleUploadedFile("talk.srt", b"1\n00:00:01,000 --> 00:00:02,000\nHi")

    answer = add(browser, film, wrong, headers=JSON)

    assert answer.status_code == 422
    assert answer.json()["error"]["message"].startswith("This is not a WebVTT file")
    assert Media.objects.get(pk=film.pk).captions == ""
    told = add(browser, film, SimpleUploadedFile("talk.srt", b"nothing"), follow=True)
    assert "This is not a WebVTT file" in told.text


def test_a_form_without_files_is_refused(signed_in, author, film):
    answer = signed_in(author).post(f"/create/media/{film.pk}/captions/", headers=JSON)

    assert answer.status_code == 422
    assert "Choose a WebVTT file" in answer.json()["error"]["message"]


@pytest.mark.promise("A10")
def test_only_the_owner_sets_captions(signed_in, stranger, film):
    assert add(signed_in(stranger), film).status_code == 404
    assert signed_in(stranger).post(f"/create/media/{film.pk}/captions/delete/").status_code == 404
    assert Media.objects.get(pk=film.pk).captions == ""


def test_a_photo_has_no_captions(signed_in, author, post):
    assert add(signed_in(author), Media.objects.get(post=post)).status_code == 404


@pytest.mark.promise("A2")
def test_captions_of_an_invisible_post_are_not_found(client, signed_in, author, stranger, film, post):
    browser = signed_in(author)
    add(browser, film)
    track = f"/p/{post.shortcode}/captions/{film.pk}.vtt"
    browser.post(f"/p/{post.shortcode}/archive/")

    assert browser.get(track).status_code == 200
    for other in (client, signed_in(stranger)):
        assert other.get(track).status_code == 404
