"""Photos that are too wide or too tall: taken, offered for cropping, and shared within the limits only."""

import json
import re

import pytest
from PIL import Image

from media.edit.crop import center_crop, crop_box
from media.photo.render import render_photo
from posts.actions.new_slides import Slide, SlidesRefusedError
from posts.actions.sharing import share_post
from posts.models import Media, Post
from tests.media.pictures import corner_colours, decoded, encoded, quarters
from tests.posts.test_sharing import checked, share
from tests.posts.test_uploading import upload

TOO_WIDE = "This photo is too wide. Crop it to 3:1 or less."
TOO_TALL = "This photo is too tall. Crop it to 1:3 or less."
MIDDLE = {"ratio": "3:1", "x": 0.25, "y": 0.0, "width": 0.5, "height": 1.0}


@pytest.fixture
def panorama(author, unshared):
    """A ready file, 6 times as wide as high."""
    return unshared(author, "sunset.jpg", width=1200, height=200)


@pytest.mark.parametrize(("size", "problem"), [((1200, 200), TOO_WIDE), ((200, 1200), TOO_TALL)])
def test_a_panorama_without_a_crop_is_refused_by_name(size, problem, mine, author, unshared):
    wide, other = unshared(author, "wide.jpg", width=size[0], height=size[1]), unshared(author, "other.jpg")

    for edits in ["", '{"brightness": 10}', '{"crop": {"ratio": "original", "x": 0.1, "width": 0.9, "height": 0.9}}']:
        answer = share(mine, [other, wide], edits=["", edits])

        assert answer.status_code == 422
        assert answer.json()["media_errors"] == [{"id": str(wide.pk), "name": "wide.jpg", "message": problem}]
    assert not Post.objects.exists()


@pytest.mark.parametrize("ratio", ["3:1", "16:9", "1:1", "4:5"])
def test_a_panorama_is_shared_with_a_valid_crop(ratio, mine, panorama):
    across, down = map(int, ratio.split(":"))
    crop = {"ratio": ratio, "x": 0.1, "y": 0, "width": 200 * across / down / 1200, "height": 1}

    assert share(mine, [panorama], edits=[json.dumps({"crop": crop})]).status_code == 201
    assert Media.objects.get(post__isnull=False).edits["crop"]["ratio"] == ratio


def test_the_action_refuses_a_panorama_without_a_crop(author, panorama):
    with pytest.raises(SlidesRefusedError, match=r"sunset\.jpg: This photo is too wide"):
        share_post(author=author, slides=[Slide(panorama.pk)])

    post = share_post(author=author, slides=[Slide(panorama.pk, crop_to_center=True)])
    assert post.media.get().edits == {"crop": MIDDLE}


def test_a_panorama_can_be_uploaded(mine):
    answer = upload(mine, encoded(quarters(1200, 200)).getvalue())

    assert answer.status_code == 201
    assert (answer.json()["width"], answer.json()["height"]) == (1200, 200)


def test_center_cropping_renders_3_to_1():
    for size in [(1200, 200), (4272, 712), (1999, 333), (200, 1200), (333, 1999)]:
        box = crop_box({"crop": center_crop(*size)}, *size)
        longer, shorter = sorted([box[2] - box[0], box[3] - box[1]], reverse=True)
        assert shorter == min(size)
        assert abs(longer - 3 * shorter) <= 1
        assert abs((box[0] + box[2]) - size[0]) <= 1
        assert abs((box[1] + box[3]) - size[1]) <= 1

    # Red and blue at the left, green and white at the right of the whole are at the same sides of its middle.
    rendered = render_photo(encoded(quarters(1200, 200)), edits={"crop": center_crop(1200, 200)})
    assert (rendered.width, rendered.height) == (600, 200)
    assert corner_colours(decoded(rendered.renditions[-1].jpeg)) == corner_colours(quarters(600, 200))


def test_a_panorama_is_rendered_whole_for_its_owner():
    rendered = render_photo(encoded(Image.new("RGB", (1200, 200))))

    assert (rendered.width, rendered.height) == (1200, 200)


def test_a_form_without_javascript_keeps_the_photo_and_offers_to_crop_it_to_the_middle(mine, photo):
    wide = photo("sunset.jpg", encoded(quarters(1200, 200)).getvalue())
    refused = mine.post("/create/", {"files": [wide, photo("cup.jpg")], "caption": "Dusk"})

    page = refused.content.decode()
    assert refused.status_code == 422
    assert f"sunset.jpg: {TOO_WIDE}" in page
    sunset, cup = Media.objects.order_by("pk")
    assert checked(page) == [sunset.pk, cup.pk]
    assert re.findall(r'name="crop-(\d+)"', page) == [str(sunset.pk)]
    assert "Crop sunset.jpg to the middle" in page

    again = mine.post("/create/", {"media": [sunset.pk, cup.pk], "caption": "Dusk"})
    assert again.status_code == 422
    assert f"sunset.jpg: {TOO_WIDE}" in again.content.decode()

    shared = mine.post("/create/", {"media": [sunset.pk, cup.pk], f"crop-{sunset.pk}": "middle", "caption": "Dusk"})
    assert shared.status_code == 302
    assert [medium.edits for medium in Post.objects.get().slides] == [{"crop": MIDDLE}, {}]


def test_a_refused_form_keeps_the_choice_of_center_cropping(mine, panorama):
    page = mine.post("/create/", {"media": panorama.pk, f"crop-{panorama.pk}": "middle", "caption": "x" * 3000})

    assert page.status_code == 422
    assert re.search(rf'name="crop-{panorama.pk}" value="middle"[^>]* checked', page.content.decode())


def test_center_cropping_skips_photos_within_the_limits_or_with_a_crop(mine, author, unshared, panorama):
    usual = unshared(author)
    crop = {"ratio": "1:1", "x": 0.0, "y": 0.0, "width": 0.166667, "height": 1.0}
    fields = {f"crop-{usual.pk}": "middle", f"crop-{panorama.pk}": "middle", "edits": ["", json.dumps({"crop": crop})]}

    assert share(mine, [usual, panorama], **fields).status_code == 201
    assert [medium.edits for medium in Post.objects.get().slides] == [{}, {"crop": crop}]


def test_the_api_reports_the_shape_limit_and_accepts_a_crop(mine, panorama):
    body = {"media": [str(panorama.pk)]}

    refused = mine.post("/api/posts", body, content_type="application/json")
    assert refused.status_code == 422
    assert refused.json()["errors"] == [{"path": "body.media", "code": "invalid", "message": f"sunset.jpg: {TOO_WIDE}"}]

    shared = mine.post("/api/posts", body | {"edits": [{"crop": MIDDLE}]}, content_type="application/json")
    assert shared.status_code == 201
    assert Media.objects.get().edits == {"crop": MIDDLE}


@pytest.mark.promise("U10")
def test_the_api_refuses_invalid_edits(mine, panorama):
    for edits in [{"crop": {"ratio": "9:1"}}, {"brightness": 1_000}, {"nonsense": []}, {"crop": None, "filter": {}}]:
        answer = mine.post(
            "/api/posts", {"media": [str(panorama.pk)], "edits": [edits]}, content_type="application/json"
        )
        assert answer.status_code == 422
        assert answer.json()["detail"].startswith("sunset.jpg: ")
