"""The form for a new post: accepted input, error messages, and a rejected form that keeps its valid input."""

import pytest
from django.core.files.storage import storages

from common import limits
from posts.models import Hashtag, Media, Post
from tests.stores import stored_files

pytestmark = pytest.mark.both_storages(deep=True)

JSON = {"Accept": "application/json"}


def send(browser, files, headers=None, **fields):
    return browser.post("/create/", {"files": files, **fields}, headers=headers)


def test_a_post_has_its_photos_in_order_with_their_alt_texts(signed_in, author, photo):
    answer = send(
        signed_in(author),
        [photo("b.jpg"), photo("a.jpg")],
        caption="Two cups #Coffee\r\nand @Ben",
        location="  Lisbon ",
        alt=["a red cup", "the same cup"],
    )

    post = Post.objects.get()
    assert answer.status_code == 302
    assert answer["Location"] == post.get_absolute_url()
    assert (post.author, post.caption, post.location) == (author, "Two cups #Coffee\nand @Ben", "Lisbon")
    assert [(medium.original_name, medium.alt) for medium in post.slides] == [
        ("b.jpg", "a red cup"),
        ("a.jpg", "the same cup"),
    ]
    assert list(post.hashtags.values_list("name", flat=True)) == ["coffee"]
    assert post.state == "processing"


def test_a_script_gets_the_address_of_the_post(signed_in, author, photo):
    answer = send(signed_in(author), [photo()], headers=JSON)

    assert answer.status_code == 201
    assert answer.json() == {"url": Post.objects.get().get_absolute_url(), "shortcode": Post.objects.get().shortcode}


def test_the_post_and_its_rows_live_on_the_shard_of_their_owner(author, share):
    post = share(author)

    shards = {pk >> 10 & 0x1FFF for pk in [author.pk, post.pk, *post.media.values_list("pk", flat=True)]}
    assert len(shards) == 1


REFUSED = [
    ("notes.jpg", b"just some text", "read this file as a photo or video"),
    ("empty.jpg", b"", "empty"),
    ("huge.jpg", b"\xff\xd8\xff" + b"\0" * (31 * 1024 * 1024), "larger than 30 MB"),
]


@pytest.mark.promise("U1")
@pytest.mark.parametrize(("name", "data", "why"), REFUSED, ids=[name for name, _, _ in REFUSED])
def test_an_unusable_file_is_named_at_the_field_and_not_kept(name, data, why, signed_in, author, photo):
    answer = send(
        signed_in(author), [photo("good.jpg"), photo(name, data)], caption="typed <b>text</b>", alt=["my cup", ""]
    )

    assert answer.status_code == 422
    assert name in answer.text
    assert why in answer.text
    assert "typed &lt;b&gt;text&lt;/b&gt;" in answer.text, "what was typed is kept"
    assert "my cup" in answer.text
    assert not Post.objects.exists()
    assert [medium.original_name for medium in Media.objects.all()] == ["good.jpg"]
    assert len(stored_files()) == 1


def test_json_errors_name_the_file_by_its_position(signed_in, author, photo):
    answer = send(signed_in(author), [photo("good.jpg"), photo("bad.jpg", b"no photo")], headers=JSON)

    assert answer.status_code == 422
    [error] = answer.json()["file_errors"]
    assert (error["index"], error["name"]) == (1, "bad.jpg")


@pytest.mark.promise("U10")
def test_twenty_one_photos_are_refused(signed_in, author, photo):
    answer = send(signed_in(author), [photo(f"{n}.jpg") for n in range(21)], caption="kept")

    assert answer.status_code == 422
    assert "You chose 21 files. The limit is 20 per post." in answer.text
    assert "kept" in answer.text
    assert not Post.objects.exists()


def test_a_post_without_photos_is_refused(signed_in, author):
    answer = send(signed_in(author), [], caption="only words")

    assert answer.status_code == 422
    assert "Choose at least one photo or video." in answer.text


@pytest.mark.promise("U10")
@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("caption", "x" * 2201, "2,201 characters long. The limit is 2,200"),
        ("caption", "x" * 2_200_000, "The limit is 2,200 characters"),
        ("caption", " ".join(f"#tag{n}" for n in range(31)), "31 hashtags. The limit is 30"),
        ("caption", " ".join(f"@name{n}" for n in range(21)), "21 mentions. The limit is 20"),
        ("location", "x" * 101, "101 characters long. The limit is 100"),
        ("alt", "x" * 1001, "alt text of slide 1 is 1,001 characters long. The limit is 1,000"),
    ],
)
def test_text_beyond_its_limit_is_refused_at_its_field(field, value, why, signed_in, author, photo, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024

    answer = send(signed_in(author), [photo()], **{field: value})

    assert answer.status_code == 422
    assert why in answer.text
    assert not Post.objects.exists()
    assert Media.objects.get().post is None


@pytest.mark.parametrize(
    "caption", ["x" * 2200, "👩‍👩‍👧‍👦" * 2200 if limits.MAX_CODE_POINTS_PER_CHAR >= 7 else "", "a\r\n" * 1100]
)
def test_the_limit_of_a_caption_counts_visible_characters(caption, signed_in, author, photo):
    assert send(signed_in(author), [photo()], caption=caption).status_code == 302
    assert Post.objects.count() == 1


@pytest.mark.promise("D15")
def test_a_full_disk_is_reported_and_leaves_no_files(signed_in, author, photo, monkeypatch):
    stored = []
    save = type(storages["originals"]).save

    def save_until_full(self, name, content, max_length=None):
        if stored:
            raise OSError(28, "No space left on device")
        stored.append(save(self, name, content, max_length))
        return stored[0]

    monkeypatch.setattr(type(storages["originals"]), "save", save_until_full)

    answer = send(signed_in(author), [photo("1.jpg"), photo("2.jpg")], caption="kept")

    assert answer.status_code == 503
    assert "couldn’t be stored" in answer.text
    assert "kept" in answer.text
    assert stored
    assert not Post.objects.exists()
    assert not stored_files()


@pytest.mark.promise("U8")
def test_original_file_names_never_reach_the_storage(signed_in, author, photo):
    send(signed_in(author), [photo("../../etc/<script>.php.jpg")])

    medium = Media.objects.get()
    assert "php" not in medium.original
    assert ".." not in medium.original
    assert medium.original.endswith(".jpg")


def test_tags_of_other_scripts_are_found_under_one_form(signed_in, author, photo):
    send(signed_in(author), [photo()], caption="#Straße #STRASSE ＃写真 #123 #_ x#no &#35; #été")

    assert set(Hashtag.objects.values_list("name", flat=True)) == {"strasse", "写真", "été"}


@pytest.mark.promise("S11")
def test_posts_are_rate_limited(signed_in, author, photo, settings):
    settings.RATE_LIMITS = True
    browser = signed_in(author)
    for _ in range(30):
        assert send(browser, [photo()]).status_code == 302

    answer = send(browser, [photo()])

    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0
    assert Post.objects.count() == 30


def test_the_composer_needs_a_session(client):
    assert client.get("/create/")["Location"] == "/accounts/login/?next=/create/"


def test_formats_of_a_disabled_decoder_are_rejected_and_not_offered(signed_in, author, photo, settings):
    settings.DECODERS_OFF = frozenset({"jpeg"})

    answer = send(signed_in(author), [photo("cup.jpg")])

    assert answer.status_code == 422
    assert "cup.jpg: JPEG photos aren’t accepted right now." in answer.text
    assert "image/heic,image/heif,.heic,.heif" in answer.text
    assert "image/jpeg" not in answer.text
