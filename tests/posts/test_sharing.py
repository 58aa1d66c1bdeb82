"""Sharing what is uploaded: at once when ready, rendered again when edited; what is refused loses nothing."""

import json
import re
from functools import partial

import pytest
from django.core.files.storage import storages

from media.errors import MediaError, TransientMediaError
from media.photo.render import render_photo
from posts import tasks
from posts.actions.media import Upload, receive_file
from posts.actions.publishing import remove_failed_slide
from posts.actions.sharing import Slide, SlidesRefusedError, create_post, share_post
from posts.models import Media, Post, UploadSession
from tests.concurrency import run_concurrently
from tests.posts.test_creating import send
from tests.stores import keys_in, stored_files

JSON = {"Accept": "application/json"}


@pytest.fixture
def mine(as_, author):
    return as_(author)


def share(browser, media, headers=JSON, **fields):
    return browser.post("/create/", {"media": [medium.pk for medium in media], **fields}, headers=headers)


def checked(page):
    """The ids of the checkboxes that are checked."""
    return [int(pk) for pk in re.findall(r'name="media" value="(\d+)"[^>]* checked', page)]


def test_files_that_are_ready_are_published_at_once_and_not_rendered_again(
    mine, author, unshared, tasks_run, monkeypatch
):
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
def test_edits_are_rendered_and_the_files_without_them_go(mine, author, photo, tasks_run):
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


def test_edits_that_come_while_the_file_is_rendered_are_not_lost(author, unshared, tasks_run, monkeypatch):
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


def test_neutral_edits_are_none(mine, author, unshared):
    medium = unshared(author)

    share(mine, [medium], edits=['{"brightness": 0, "filter": ""}'])

    assert Post.objects.get().state == "published"
    assert Media.objects.get().edits == {}


BAD_EDITS = ['{"brightness": 101}', '{"filter": "nope"}', "[1]", "no json", "[" * 10_000, '{"crop": {"width": 0}}']


@pytest.mark.promise("U10")
@pytest.mark.parametrize("edits", BAD_EDITS)
def test_edits_out_of_bounds_are_refused_at_their_file(edits, mine, author, unshared):
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


def test_audience_is_taken_and_odd_ones_are_refused(mine, author, unshared):
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
    assert messages == {"This file is not there any more. Add it again."}
    assert "secret" not in answers[0].text
    foreign.refresh_from_db()
    assert foreign.post is None


def test_files_that_are_shared_failed_or_named_twice_are_refused_by_name(mine, author, unshared):
    used, failed, good = unshared(author, "used.jpg"), unshared(author, "bad.jpg", state="failed"), unshared(author)
    Media.objects.filter(pk=failed.pk).update(error="It is damaged.")
    share(mine, [used])

    names, errors = refused(share(mine, [used, failed, good, good], caption="refused"))

    assert names == [(str(used.pk), "used.jpg"), (str(failed.pk), "bad.jpg"), (str(good.pk), "cup.jpg")]
    assert "shared already" in errors[0]["message"]
    assert "It is damaged. Remove this file" in errors[1]["message"]
    assert "twice" in errors[2]["message"]


def test_sharing_the_same_files_again_is_refused_clearly(mine, author, unshared):
    medium = unshared(author)
    assert share(mine, [medium]).status_code == 201

    _, [error] = refused(share(mine, [medium], caption="refused"))

    assert "has been shared already" in error["message"]
    assert Post.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_sharing_the_same_files_at_once_makes_one_post(as_, author, unshared):
    media = [unshared(author) for _ in range(3)]
    browsers = [as_(author) for _ in range(6)]

    answers = run_concurrently(
        *(partial(share, one, media if n % 2 else media[::-1]) for n, one in enumerate(browsers))
    )

    assert sorted(answer.status_code for answer in answers) == [201] + [422] * 5
    assert Post.objects.count() == 1
    assert Post.objects.get().published_at is not None


@pytest.mark.promise("U10")
def test_twenty_slides_are_the_most_of_files_and_media_together(mine, author, unshared, photo):
    media = [unshared(author) for _ in range(18)]

    answer = share(mine, media, files=[photo(f"{n}.jpg") for n in range(3)])
    assert answer.status_code == 422
    assert "You chose 21 files. A post holds at most 20." in answer.json()["errors"]["files"]

    kept = Media.objects.filter(pk__in=[item["id"] for item in answer.json()["kept"]]).order_by("pk")
    assert share(mine, [*media, *kept[:2]]).status_code == 201
    assert len(Post.objects.get().slides) == 20


def test_a_post_has_a_limit_of_bytes_also_when_its_files_came_one_by_one(mine, author, unshared, monkeypatch):
    media = [unshared(author) for _ in range(3)]
    monkeypatch.setattr("posts.actions.sharing.MAX_POST_BYTES", UploadSession.objects.first().size * 2)

    answer = share(mine, media)

    assert answer.status_code == 422
    assert "A post holds at most" in answer.json()["errors"]["files"][0]
    assert share(mine, media[:2]).status_code == 201


def test_files_and_media_are_mixed_media_first(mine, author, unshared, photo):
    medium = unshared(author, "first.jpg")

    assert share(mine, [medium], files=[photo("2.jpg"), photo("3.jpg")], alt=["one", "two", "three"]).status_code == 201

    slides = Post.objects.get().slides
    assert [(slide.original_name, slide.alt) for slide in slides] == [
        ("first.jpg", "one"),
        ("2.jpg", "two"),
        ("3.jpg", "three"),
    ]


def test_what_is_wrong_with_text_files_and_media_is_said_together(mine, author, stranger, unshared, photo):
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


# --- Without a script ----------------------------------------------------------------------------------------------


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


def test_what_was_chosen_stays_chosen_when_the_form_is_refused_again_and_the_rest_is_offered(mine, author, unshared):
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


def test_others_files_are_not_offered(as_, stranger, author, unshared):
    medium = unshared(author, "secret.jpg")

    page = as_(stranger).get("/create/").text

    assert str(medium.pk) not in page
    assert "secret" not in page


def test_no_more_is_kept_of_a_refused_form_than_there_is_room_for(mine, author, unshared, photo, monkeypatch):
    monkeypatch.setattr("posts.actions.media.MAX_UNSHARED", 2)
    unshared(author)

    answer = send(mine, [photo("1.jpg"), photo("2.jpg")], caption="x" * 2201, alt=["one", "two"])

    assert answer.status_code == 422
    assert Media.objects.count() == 2
    assert len(checked(answer.text)) == 1
    assert 'name="alt" id="id_alt_1" value="two"' in answer.text, "what describes the file that must be chosen again"


def test_a_form_that_is_fine_is_shared_whatever_else_is_unshared(mine, author, unshared, photo, monkeypatch):
    monkeypatch.setattr("posts.actions.media.MAX_UNSHARED", 1)
    unshared(author)

    assert send(mine, [photo(), photo()]).status_code == 302


@pytest.mark.promise("S11")
def test_who_has_shared_too_much_loses_nothing(mine, author, photo, settings):
    settings.RATE_LIMITS = True
    for _ in range(30):
        send(mine, [photo()])

    answer = send(mine, [photo("31.jpg")], caption="typed")

    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0
    assert "Try again in" in answer.text
    assert "typed" in answer.text
    assert checked(answer.text) == [Media.objects.get(post=None).pk]
    script = send(mine, [photo()], headers=JSON)
    assert (script.status_code, script.json()["error"]["code"]) == (429, "too-many")
    assert int(script["Retry-After"]) > 0


@pytest.mark.promise("D15")
def test_trouble_of_the_storage_leaves_nothing_of_the_files_and_the_media_stay_chosen(
    mine, author, unshared, photo, monkeypatch
):
    medium = unshared(author)

    def full(*args):
        raise TransientMediaError("storage", "The file could not be stored right now. Try again in a few minutes.")

    monkeypatch.setattr("posts.actions.media.store_original", full)
    answer = share(mine, [medium], headers=None, files=[photo()])

    assert answer.status_code == 503
    assert "could not be stored" in answer.text
    assert checked(answer.text) == [medium.pk]
    assert Media.objects.count() == 1
    assert not Post.objects.exists()


def test_create_post_keeps_nothing_when_one_of_its_files_is_bad(author, photo):
    with pytest.raises(MediaError):
        create_post(author=author, uploads=[Upload(photo()), Upload(photo("x.jpg", b"no photo"))])

    assert not stored_files()
    assert not Media.objects.exists()


def test_a_number_of_slides_that_no_post_can_have_is_a_mistake_of_the_caller(author):
    with pytest.raises(ValueError, match="1 to 20"):
        share_post(author=author, slides=[])
    with pytest.raises(SlidesRefusedError):
        share_post(author=author, slides=[Slide(1)])


# --- A slide that failed -------------------------------------------------------------------------------------------


@pytest.fixture
def broken(author, unshared, tasks_run):
    """A post of three whose second cannot be rendered."""
    media = [unshared(author, f"{n}.jpg", state="ready" if n != 2 else "pending") for n in (1, 2, 3)]
    post = share_post(author=author, slides=[Slide(medium.pk) for medium in media])
    Media.objects.filter(pk=media[1].pk).update(state="failed", error="It is damaged.")
    return post


def remove(browser, post, medium, **options):
    return browser.post(f"{post.get_absolute_url()}slides/{medium.pk}/remove/", **options)


@pytest.mark.both_storages(deep=True)
def test_a_failed_file_is_removed_and_the_rest_is_published(mine, broken, tasks_run):
    failed = broken.slides[1]
    page = mine.get(broken.get_absolute_url()).text
    assert "Remove this file and publish the rest" in page
    assert f'action="{broken.get_absolute_url()}slides/{failed.pk}/remove/"' in page

    with tasks_run():
        answer = remove(mine, broken, failed)

    assert answer["Location"] == broken.get_absolute_url()
    post = Post.objects.get()
    assert post.state == "published"
    assert post.fanned_out_at is not None
    assert [(slide.original_name, slide.position) for slide in post.slides] == [("1.jpg", 0), ("3.jpg", 1)]
    assert not Media.objects.filter(pk=failed.pk).exists()
    assert not storages["originals"].exists(failed.original)


def test_with_htmx_the_card_comes_back(mine, broken):
    answer = remove(mine, broken, broken.slides[1], headers={"HX-Request": "true"})

    assert answer.status_code == 200
    assert answer.text.lstrip().startswith("<article")
    assert "data-state" not in answer.text


def test_of_two_failed_files_each_is_named_and_one_stays(mine, broken):
    Media.objects.filter(post=broken).update(state="failed")
    page = mine.get(broken.get_absolute_url()).text
    assert "Remove 1.jpg" in page
    assert "Remove 2.jpg" in page
    first, second, third = broken.slides

    assert remove(mine, broken, first).status_code == 302
    assert remove(mine, broken, second).status_code == 302
    assert remove(mine, broken, third).status_code == 404, "a post has a file"
    assert "/remove/" not in mine.get(broken.get_absolute_url()).text
    assert [slide.pk for slide in Post.objects.get().slides] == [third.pk]


@pytest.mark.promise("A10")
def test_only_failed_files_of_ones_own_unpublished_post_can_be_removed(as_, stranger, mine, broken, post):
    ready, failed, _ = broken.slides

    assert remove(as_(stranger), broken, failed).status_code == 404
    assert remove(mine, broken, ready).status_code == 404
    assert remove(mine, post, post.slides[0]).status_code == 404
    assert remove(mine, post, failed).status_code == 404
    assert Media.objects.count() == 4


def test_killed_after_a_failed_file_is_out_of_the_post_it_is_an_unshared_file(broken, monkeypatch):
    failed = broken.slides[1]

    def die(medium):
        raise SystemExit

    monkeypatch.setattr("posts.actions.publishing.delete_medium", die)
    with pytest.raises(SystemExit):
        remove_failed_slide(broken, media_id=failed.pk)

    failed.refresh_from_db()
    assert (failed.post, failed.state) == (None, "failed")
    assert Post.objects.get().state == "published"
