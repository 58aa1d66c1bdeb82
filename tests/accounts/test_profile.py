import io

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from accounts.models import AvatarState
from accounts.tasks import process_avatar
from common.limits import MAX_BIO_CHARS, MAX_NAME_CHARS, MAX_PHOTO_BYTES
from tests.accounts.conftest import errors_of, photo_upload, text_of
from tests.conftest import FILES

FAMILY = "👨‍👩‍👧‍👦"


@pytest.fixture
def save(client, anna):
    client.force_login(anna)

    def send(**fields):
        data = {"name": "Anna Berg", "bio": "Rivers and rails.", "link": ""} | fields
        response = client.post("/accounts/edit/", data)
        anna.refresh_from_db()
        return response

    return send


def test_the_profile_is_saved(save, anna):
    response = save(name="  Anna   B. ", bio="Rivers\r\nand rails.\n", link="https://anna.example.org/")

    assert response.status_code == 302
    assert (anna.name, anna.bio, anna.link) == ("Anna B.", "Rivers\nand rails.", "https://anna.example.org/")


def test_the_form_shows_the_saved_values(save, client):
    save(bio="Rivers & <rails>")

    page = client.get("/accounts/edit/").content.decode()

    assert "Rivers &amp; &lt;rails&gt;" in page
    assert 'value="Anna Berg"' in page


def test_all_fields_are_optional(save, anna):
    save(name="", bio="", link="")

    assert (anna.name, anna.bio, anna.link) == ("", "", "")


@pytest.mark.parametrize(("field", "limit"), [("name", MAX_NAME_CHARS), ("bio", MAX_BIO_CHARS)])
def test_limits_count_visible_characters(save, anna, field, limit):
    assert save(**{field: FAMILY * limit}).status_code == 302
    assert getattr(anna, field) == FAMILY * limit

    response = save(**{field: FAMILY * (limit + 1)})
    assert response.status_code == 422
    assert errors_of(response, field)
    assert FAMILY * (limit + 1) in response.content.decode()
    assert getattr(anna, field) == FAMILY * limit


@pytest.mark.promise("U10")
def test_a_megabyte_of_combining_marks_is_rejected(save):
    assert errors_of(save(name="a" + "\u0301" * 100_000), "name")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("https://anna.example.org/a?b=c", "https://anna.example.org/a?b=c"),
        ("http://anna.example.org", "http://anna.example.org"),
        ("anna.example.org", "https://anna.example.org"),
    ],
)
def test_web_addresses_are_accepted_as_link(save, anna, typed, kept):
    save(link=typed)

    assert anna.link == kept


@pytest.mark.promise("U9")
@pytest.mark.parametrize(
    "typed",
    [
        "javascript:alert(1)",
        "java\tscript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "ftp://example.org/",
        "not an address",
        "https://",
        "https://" + "a" * 300 + ".org",
    ],
)
def test_other_links_are_rejected(save, anna, typed):
    response = save(link=typed)

    assert response.status_code == 422
    assert errors_of(response, "link")
    assert anna.link == ""


def test_an_uploaded_photo_is_stored_and_queued(save, anna):
    response = save(avatar=photo_upload())

    assert response.status_code == 302
    assert anna.avatar_state == AvatarState.PROCESSING
    assert anna.avatar_original


def test_the_chosen_square_of_the_photo_is_rendered(save, anna):
    picture = Image.new("RGB", (300, 900), "red")
    picture.paste("blue", (0, 600, 300, 900))
    data = io.BytesIO()
    picture.save(data, "PNG")

    save(avatar=SimpleUploadedFile("me.png", data.getvalue()), avatar_x=50, avatar_y=100, avatar_zoom=200)
    process_avatar(anna.pk)

    anna.refresh_from_db()
    with default_storage.open(anna.avatar["320"]["jpeg"]) as shown:
        red, _, blue = Image.open(shown).convert("RGB").getpixel((160, 5))
    assert (anna.avatar_crop, red < 20, blue > 235) == ({"x": 50, "y": 100, "zoom": 200}, True, True)


@pytest.mark.parametrize(
    "upload",
    [
        SimpleUploadedFile("me.jpg", b""),
        SimpleUploadedFile("me.jpg", b"<svg onload=alert(1)>"),
        SimpleUploadedFile("me.jpg", b"GIF89a" + b"\0" * 100),
        SimpleUploadedFile("me.jpg", b"\xff\xd8\xff" + b"\0" * (MAX_PHOTO_BYTES + 1)),
        photo_upload(size=(39, 300)),
    ],
    ids=["empty", "svg", "gif", "too large", "too small"],
)
def test_an_unusable_file_is_reported_at_the_field(save, anna, upload):
    response = save(avatar=upload, name="Somebody else")

    assert response.status_code == 422
    assert len(errors_of(response, "avatar")) == 1
    assert "Somebody else" in response.content.decode()
    assert anna.name == "Anna Berg"
    assert anna.avatar_state == AvatarState.NONE


def test_a_small_photo_is_accepted_and_a_smaller_one_is_rejected_with_the_limit(save, anna):
    assert (
        save(avatar=SimpleUploadedFile("me.png", (FILES / "field" / "avatar-128.png").read_bytes())).status_code == 302
    )
    process_avatar(anna.pk)
    anna.refresh_from_db()
    assert (anna.avatar_state, set(anna.avatar)) == (AvatarState.READY, {"96", "320"})

    refused = save(avatar=photo_upload(size=(39, 300)))
    assert errors_of(refused, "avatar") == [
        "This photo has 39 × 300 pixels. Profile photos need at least 40 on the shorter side. Choose a larger one."
    ]


def test_the_photo_is_removed_by_post(save, client, anna):
    save(avatar=photo_upload())

    assert client.get("/accounts/avatar/remove/").status_code == 405
    client.post("/accounts/avatar/remove/")

    anna.refresh_from_db()
    assert anna.avatar_state == AvatarState.NONE
    assert anna.avatar_original == ""


def test_the_page_says_that_the_photo_is_being_processed(save, client):
    save(avatar=photo_upload())

    assert "Your new photo is being processed." in text_of(client.get("/accounts/edit/"))


@pytest.mark.promise("A11")
def test_extra_form_fields_grant_no_rights(save, anna):
    save(is_staff="on", is_superuser="on", username="root", email="x@example.org", suspended_at="2026-01-01")

    assert (anna.username, anna.email, anna.is_staff, anna.is_superuser) == ("anna", "anna@example.org", False, False)
