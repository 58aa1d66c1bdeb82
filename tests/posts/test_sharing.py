"""Sharing uploaded files: published immediately if ready, rendered again if edited; a rejected form loses nothing."""

import json
import re
from functools import partial

import pytest

from media.photo.render import render_photo
from posts import tasks
from posts.actions.media import receive_file
from posts.actions.new_slides import Slide
from posts.actions.sharing import share_post
from posts.models import Media, Post, UploadSession
from tests.concurrency import run_concurrently
from tests.stores import keys_in

JSON = {"Accept": "application/json"}


def share(browser, media, headers=JSON, **fields):
    return browser.post("/create/", {"media": [medium.pk for medium in media], **fields}, headers=headers)


def checked(page):
    """The ids of the checkboxes that are checked."""
    return [int(pk) for pk in re.findall(r'name="media" value="(\d+)"[^>]*\schecked', page)]


def test_ready_files_are_published_immediately_and_not_rendered_again(mine, author, unshared, tasks_run, monkeypatch):
    first, second = unshared(author, "1.jpg"), unshared(author, "2.jpg")
    rendered = []
    monkeypatch.setattr(tasks, "render_photo", lambda *args, **options: rendered.append(args))

    with tasks_run():
        answer = share(mine, [second, first], caption="Hello #sun", location=" Lisbon ", alt=["two", " one\r\n"])

    assert answer.status_code == 201
    post = Post.objects.get()
    assert answer.json() == {"url": post.get_absolute_url(), "shortcode": post.shortcode}
    assert (post.state, post.audience, post.caption, post.location) == ("published", "everyone", "Hello #sun", "Lisbon")
    assert [(slide.pk, slide.alt, slide.position) for slide in post.slides] == [
        (second.pk, "two", 0),
        (first.pk, "one", 1),
    ]
    assert post.fanned_out_at is not None
    assert not rendered
    assert mine.get("/create/media/").json()["items"] == []
    assert type(author).objects.with_counts().get(pk=author.pk).posts_count == 1


def test_a_post_of_files_that_are_not_ready_is_published_by_the_last(mine, author, unshared, tasks_run):
    ready, pending = unshared(author), unshared(author, state="pending")
    assert share(mine, [ready, pending]).status_code == 201
    assert Post.objects.get().state == "processing"

    tasks.process_media(pending.pk)

    assert Post.objects.get().state == "published"


def test_a_file_that_is_shared_while_it_is_rendered_publishes_its_post(author, unshared, monkeypatch):
    medium = unshared(author, state="pending")
    render = render_photo

    def render_slowly(original, **options):
        share_post(author=author, slides=[Slide(medium.pk)])
        return render(original, **options)

    monkeypatch.setattr(tasks, "render_photo", render_slowly)
    tasks.process_media(medium.pk)

    assert Post.objects.get().state == "published"


@pytest.mark.both_storages(deep=True)
def test_edits_are_rendered_and_unedited_files_deleted(mine, author, photo, tasks_run):
    with tasks_run():
        medium = receive_file(owner=author, file=photo(), name="cup.jpg")
    before = keys_in("default")
    assert before

    answer = share(mine, [medium], edits=['{"brightness": 20}'])
    assert answer.status_code == 201
    medium.refresh_from_db()
    assert (medium.state, medium.edits["brightness"]) == ("pending", 20)
    assert keys_in("default") == before, "the old files are there until the new ones are"
    assert Post.objects.get().state == "processing"
    tasks.process_media(medium.pk)

    medium.refresh_from_db()
    assert Post.objects.get().state == "published"
    assert medium.state == "ready"
    assert keys_in("default") == set(medium.keys)
    assert not before & keys_in("default")


def test_a_post_that_is_rendered_again_shows_its_author_the_picture_that_is_there(mine, author, unshared):
    medium = unshared(author)
    share(mine, [medium], edits=['{"brightness": 20}'])

    page = mine.get(f"{Post.objects.get().get_absolute_url()}state/").text
    assert "Processing…" in page
    assert f'<img src="/media/{medium.pk}/aa/bb/c.jpg" alt="">' in page


def test_edits_made_during_rendering_are_not_lost(author, unshared, tasks_run, monkeypatch):
    medium = unshared(author, state="pending")
    render, given = render_photo, []

    def render_slowly(original, **options):
        given.append(options["edits"])
        if len(given) == 1:
            share_post(author=author, slides=[Slide(medium.pk, edits={"contrast": 10})])
        return render(original, **options)

    monkeypatch.setattr(tasks, "render_photo", render_slowly)
    with tasks_run():
        tasks.process_media(medium.pk)

    medium.refresh_from_db()
    assert [edits.get("contrast") for edits in given] == [None, 10]
    assert Post.objects.get().state == "published"
    assert len(keys_in("default")) == len(medium.keys)


def test_neutral_edits_are_not_stored(mine, author, unshared):
    medium = unshared(author)

    share(mine, [medium], edits=['{"brightness": 0, "filter": ""}'])

    assert Post.objects.get().state == "published"
    assert Media.objects.get().edits == {}


BAD_EDITS = ['{"brightness": 101}', '{"filter": "nope"}', "[1]", "no json", "[" * 10_000, '{"crop": {"width": 0}}']


@pytest.mark.promise("U10")
@pytest.mark.parametrize("edits", BAD_EDITS)
def test_invalid_edits_are_refused_with_the_file_named(edits, mine, author, unshared):
    good, bad = unshared(author, "1.jpg"), unshared(author, "2.jpg")

    answer = share(mine, [good, bad], edits=["", edits])

    assert answer.status_code == 422
    [error] = answer.json()["media_errors"]
    assert (error["id"], error["name"]) == (str(bad.pk), "2.jpg")
    assert error["message"]
    assert not Post.objects.exists()


def test_a_crop_that_leaves_too_little_is_refused_before_it_is_shared(mine, author, unshared):
    medium = unshared(author)
    crop = {"crop": {"ratio": "original", "x": 0, "y": 0, "width": 0.01, "height": 0.01}}

    answer = share(mine, [medium], edits=[json.dumps(crop)])

    assert answer.status_code == 422
    assert "Zoom out" in answer.json()["media_errors"][0]["message"]


def test_the_audience_is_stored_and_invalid_ones_are_refused(mine, author, unshared):
    medium = unshared(author)
    answer = share(mine, [medium], audience="enemies")
    assert answer.status_code == 422
    assert answer.json()["errors"]["audience"] == ["Choose who can see this: everyone or close friends."]

    share(mine, [medium], audience="close_friends")
    assert Post.objects.get().audience == "close_friends"


def refused(answer):
    assert answer.status_code == 422
    assert not Post.objects.filter(caption="refused").exists()
    return [(error["id"], error["name"]) for error in answer.json()["media_errors"]], answer.json()["media_errors"]


@pytest.mark.promise("A10")
def test_files_of_others_and_unknown_ones_are_refused_alike(mine, author, stranger, unshared):
    good, foreign = unshared(author), unshared(stranger, "secret.jpg")

    answers = [
        mine.post("/create/", {"media": [good.pk, other], "caption": "refused"}, headers=JSON)
        for other in (foreign.pk, 1 << 60, 10**18 * 9, 10**30, "-5", "x")
    ]

    messages = set()
    for answer in answers:
        [(_, name)], [error] = refused(answer)
        assert name == ""
        messages.add(error["message"])
    assert messages == {"This file is no longer available. Add it again."}
    assert "secret" not in answers[0].text
    foreign.refresh_from_db()
    assert foreign.post is None


def test_shared_failed_and_repeated_files_are_refused_by_name(mine, author, unshared):
    used, failed, good = unshared(author, "used.jpg"), unshared(author, "bad.jpg", state="failed"), unshared(author)
    Media.objects.filter(pk=failed.pk).update(error="It is damaged.")
    share(mine, [used])

    names, errors = refused(share(mine, [used, failed, good, good], caption="refused"))

    assert names == [(str(used.pk), "used.jpg"), (str(failed.pk), "bad.jpg"), (str(good.pk), "cup.jpg")]
    assert "already shared" in errors[0]["message"]
    assert "It is damaged. Remove this file" in errors[1]["message"]
    assert "twice" in errors[2]["message"]


def test_sharing_the_same_files_again_is_refused(mine, author, unshared):
    medium = unshared(author)
    assert share(mine, [medium]).status_code == 201

    _, [error] = refused(share(mine, [medium], caption="refused"))

    assert "was already shared" in error["message"]
    assert Post.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_simultaneous_sharing_of_the_same_files_makes_one_post(signed_in, author, unshared):
    media = [unshared(author) for _ in range(3)]
    browsers = [signed_in(author) for _ in range(6)]

    answers = run_concurrently(
        *(partial(share, one, media if n % 2 else media[::-1]) for n, one in enumerate(browsers))
    )

    assert sorted(answer.status_code for answer in answers) == [201] + [422] * 5
    assert Post.objects.count() == 1
    assert Post.objects.get().published_at is not None


@pytest.mark.promise("U10")
def test_the_limit_of_slides_counts_files_and_media_together(mine, author, unshared, photo):
    media = [unshared(author) for _ in range(18)]

    answer = share(mine, media, files=[photo(f"{n}.jpg") for n in range(3)])
    assert answer.status_code == 422
    assert "You chose 21 files. The limit is 20 per post." in answer.json()["errors"]["files"]

    kept = Media.objects.filter(pk__in=[item["id"] for item in answer.json()["kept"]]).order_by("pk")
    assert share(mine, [*media, *kept[:2]]).status_code == 201
    assert len(Post.objects.get().slides) == 20


def test_the_limit_of_bytes_per_post_applies_to_files_uploaded_separately(mine, author, unshared, monkeypatch):
    media = [unshared(author) for _ in range(3)]
    monkeypatch.setattr("posts.actions.new_slides.MAX_POST_BYTES", UploadSession.objects.first().size * 2)

    answer = share(mine, media)

    assert answer.status_code == 422
    assert "The limit is" in answer.json()["errors"]["files"][0]
    assert share(mine, media[:2]).status_code == 201


def test_uploaded_media_come_before_files_of_the_form(mine, author, unshared, photo):
    medium = unshared(author, "first.jpg")

    assert share(mine, [medium], files=[photo("2.jpg"), photo("3.jpg")], alt=["one", "two", "three"]).status_code == 201

    slides = Post.objects.get().slides
    assert [(slide.original_name, slide.alt) for slide in slides] == [
        ("first.jpg", "one"),
        ("2.jpg", "two"),
        ("3.jpg", "three"),
    ]


def test_errors_of_text_files_and_media_are_reported_together(mine, author, stranger, unshared, photo):
    answer = share(
        mine, [unshared(stranger)], files=[photo("x.jpg", b"no photo"), photo("good.jpg")], caption="x" * 2201
    )

    said = answer.json()
    assert answer.status_code == 422
    assert "caption" in said["errors"]
    assert [error["name"] for error in said["file_errors"]] == ["x.jpg"]
    assert len(said["media_errors"]) == 1
    assert [item["name"] for item in said["kept"]] == ["good.jpg"]


@pytest.mark.parametrize("size", [2, 20])
def test_sharing_costs_the_same_queries_whatever_the_number_of_slides(
    size, mine, author, unshared, django_assert_max_num_queries
):
    media = [unshared(author) for _ in range(size)]

    with django_assert_max_num_queries(24):
        assert share(mine, media, edits=['{"contrast": 5}'] * size).status_code == 201
