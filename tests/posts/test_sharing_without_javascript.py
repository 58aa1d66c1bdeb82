"""Sharing with a form that is sent without JavaScript: a rejected form keeps its files."""

import re

import pytest

from media.errors import MediaError, TransientMediaError
from posts.actions.media import Upload
from posts.actions.new_slides import Slide, SlidesRefusedError
from posts.actions.sharing import create_post, share_post
from posts.models import Media, Post
from tests.posts.test_creating import send
from tests.posts.test_sharing import JSON, checked, share
from tests.stores import stored_files


def test_a_refused_form_keeps_its_good_files_chosen_and_described_and_sharing_goes_on(mine, author, photo):
    answer = send(
        mine,
        [photo("1.jpg"), photo("bad.jpg", b"no photo"), photo("3.jpg")],
        caption="typed",
        alt=["one", "two", "three"],
    )

    assert answer.status_code == 422
    first, third = Media.objects.order_by("pk")
    assert checked(answer.text) == [first.pk, third.pk]
    assert f'name="alt-{first.pk}" value="one"' in answer.text
    assert f'name="alt-{third.pk}" value="three"' in answer.text
    assert "bad.jpg: We can&#x27;t read this file as a photo or video" in answer.text
    assert "The valid files are kept" in answer.text

    again = {"media": [first.pk, third.pk], f"alt-{first.pk}": "one", f"alt-{third.pk}": "three", "caption": "typed"}
    again |= {"files": [photo("4.jpg")], "alt": ["four", ""]}
    assert mine.post("/create/", again).status_code == 302
    slides = Post.objects.get().slides
    assert [(slide.original_name, slide.alt) for slide in slides] == [
        ("1.jpg", "one"),
        ("3.jpg", "three"),
        ("4.jpg", "four"),
    ]


def test_chosen_files_stay_chosen_in_a_form_refused_twice(mine, author, unshared):
    chosen, other, failed = unshared(author, "a.jpg"), unshared(author, "b.jpg"), unshared(author, state="failed")

    page = share(mine, [chosen], headers=None, caption="x" * 2201, **{f"alt-{chosen.pk}": "<b>"}).text

    assert checked(page) == [chosen.pk]
    assert f'name="media" value="{other.pk}"' in page
    assert f'name="alt-{chosen.pk}" value="&lt;b&gt;"' in page
    assert re.search(rf'value="{failed.pk}"[^>]* disabled', page)
    assert chosen.thumb in page
    empty = mine.get("/create/").text
    assert checked(empty) == []
    assert f'name="media" value="{chosen.pk}"' in empty


def test_others_files_are_not_offered(signed_in, stranger, author, unshared):
    medium = unshared(author, "secret.jpg")

    page = signed_in(stranger).get("/create/").text

    assert str(medium.pk) not in page
    assert "secret" not in page


def test_a_refused_form_keeps_files_within_the_quota_only(mine, author, unshared, photo, monkeypatch):
    monkeypatch.setattr("posts.actions.media.MAX_UNSHARED", 2)
    unshared(author)

    answer = send(mine, [photo("1.jpg"), photo("2.jpg")], caption="x" * 2201, alt=["one", "two"])

    assert answer.status_code == 422
    assert Media.objects.count() == 2
    assert len(checked(answer.text)) == 1
    assert 'name="alt" id="id_alt_1" value="two"' in answer.text, "what describes the file that must be chosen again"


def test_a_valid_form_is_shared_despite_a_full_quota(mine, author, unshared, photo, monkeypatch):
    monkeypatch.setattr("posts.actions.media.MAX_UNSHARED", 1)
    unshared(author)

    assert send(mine, [photo(), photo()]).status_code == 302


@pytest.mark.promise("S11")
def test_a_rate_limited_form_loses_nothing(mine, author, photo, settings):
    settings.RATE_LIMITS = True
    for _ in range(30):
        send(mine, [photo()])

    answer = send(mine, [photo("31.jpg")], caption="typed")

    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0
    assert "try again in" in answer.text
    assert "typed" in answer.text
    assert checked(answer.text) == [Media.objects.get(post=None).pk]
    script = send(mine, [photo()], headers=JSON)
    assert (script.status_code, script.json()["error"]["code"]) == (429, "too-many")
    assert int(script["Retry-After"]) > 0


@pytest.mark.promise("D15")
def test_a_storage_failure_keeps_no_files_and_the_media_stay_chosen(mine, author, unshared, photo, monkeypatch):
    medium = unshared(author)

    def full(*args):
        raise TransientMediaError("storage", "The file couldn’t be stored right now. Try again in a few minutes.")

    monkeypatch.setattr("posts.actions.media.store_original", full)
    answer = share(mine, [medium], headers=None, files=[photo()])

    assert answer.status_code == 503
    assert "couldn’t be stored" in answer.text
    assert checked(answer.text) == [medium.pk]
    assert Media.objects.count() == 1
    assert not Post.objects.exists()


def test_create_post_keeps_nothing_when_one_of_its_files_is_bad(author, photo):
    with pytest.raises(MediaError):
        create_post(author=author, uploads=[Upload(photo()), Upload(photo("x.jpg", b"no photo"))])

    assert not stored_files()
    assert not Media.objects.exists()


def test_an_impossible_number_of_slides_raises_value_error(author):
    with pytest.raises(ValueError, match="1 to 20"):
        share_post(author=author, slides=[])
    with pytest.raises(SlidesRefusedError):
        share_post(author=author, slides=[Slide(1)])
