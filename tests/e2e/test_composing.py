"""The composer with scripts: what it checks before sending, and that nothing chosen or typed is ever lost."""

from __future__ import annotations

import re

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.conftest import FILES

SMALL = FILES / "bad" / "name-test.jpg"


@pytest.fixture
def picture(tmp_path):
    """Make a picture file: `picture("a.jpg")`."""

    def make(name, size=(600, 400)):
        path = tmp_path / name
        Image.new("RGB", size, (90, 120, 160)).save(path)
        return path

    return make


@pytest.fixture
def composer(sign_up):
    page = sign_up("anna", forgive=("ERR_INTERNET_DISCONNECTED", "422 (Unprocessable Entity)"))
    page.goto("/create/")
    return page


def choose(page, *paths):
    page.set_input_files("#id_files", list(paths))


def names(page):
    return page.locator(".composer-item-name").all_inner_texts()


def errors(page):
    return page.locator("[data-part=errors]")


def share(page):
    page.get_by_role("button", name=re.compile("^(Share|Try again)$")).click()


def test_photos_are_put_in_order_by_buttons_and_described(composer, picture):
    choose(composer, picture("a.jpg"), picture("b.jpg"), picture("c.jpg"))
    expect(composer.locator(".composer-item canvas")).to_have_count(3)

    composer.get_by_label("Move photo 3 earlier").click()
    expect(composer.get_by_label("Move photo 2 earlier")).to_be_focused()
    composer.keyboard.press("Enter")
    composer.get_by_label("Remove photo 2").click()
    assert names(composer) == ["c.jpg", "b.jpg"]
    composer.get_by_label("Alt text for photo 1").fill("the third")
    composer.get_by_label("Alt text for photo 2").fill("the second")
    share(composer)

    composer.wait_for_url("**/p/*/")
    images = composer.locator("article .carousel img.photo-image")
    expect(images).to_have_count(2, timeout=60_000)
    assert [image.get_attribute("alt") for image in images.all()] == ["the third", "the second"]


def test_files_that_cannot_be_used_are_named_and_left_out(composer, picture, tmp_path):
    (tmp_path / "notes.txt").write_text("not a photo")
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "huge.jpg").write_bytes(b"\xff\xd8\xff" + b"\0" * (31 * 1024 * 1024))

    choose(
        composer,
        picture("good.jpg"),
        *(tmp_path / name for name in ("notes.txt", "empty.jpg", "huge.jpg")),
        picture("dot.jpg", (20, 20)),
    )

    expect(errors(composer).locator("li")).to_have_text(
        [
            re.compile("^notes.txt: .*Choose JPEG, PNG, WebP, AVIF, HEIC"),
            re.compile("^empty.jpg: This file is empty"),
            re.compile("^huge.jpg: .*31 MB.*at most 30 MB"),
            re.compile("^dot.jpg: .*20 × 20 pixels"),
        ]
    )
    assert names(composer) == ["good.jpg"]


def test_a_post_holds_twenty_photos(composer, picture):
    choose(composer, *(picture(f"{number}.jpg") for number in range(21)))

    expect(composer.locator(".composer-item")).to_have_count(20)
    expect(errors(composer)).to_contain_text("A post holds at most 20 photos and videos. 20.jpg was left out.")


def test_without_a_photo_nothing_is_sent(composer):
    share(composer)

    expect(errors(composer)).to_contain_text("Choose at least one photo or video.")


def test_what_the_server_refuses_is_said_at_the_photo_and_the_field_and_all_is_kept(composer, picture, tmp_path):
    cut = tmp_path / "cut.jpg"
    cut.write_bytes(SMALL.read_bytes()[:-500])
    choose(composer, picture("good.jpg"), cut)
    expect(composer.locator(".composer-item")).to_have_count(2)
    composer.get_by_label("Alt text for photo 1").fill("kept")
    composer.fill("#id_caption", " ".join(f"#tag{number}" for number in range(31)))

    share(composer)

    expect(composer.locator(".composer-item").nth(1)).to_contain_text("damaged")
    expect(composer.locator("#id_caption_error")).to_contain_text("31 hashtags")
    assert names(composer) == ["good.jpg", "cut.jpg"]
    expect(composer.get_by_label("Alt text for photo 1")).to_have_value("kept")

    composer.get_by_label("Remove photo 2").click()
    composer.fill("#id_caption", "#one")
    share(composer)
    composer.wait_for_url("**/p/*/")


def test_a_caption_of_2201_characters_is_not_sent(composer, picture):
    choose(composer, picture("a.jpg"))
    composer.fill("#id_caption", "👨‍👩‍👧" * 2_201)

    share(composer)

    expect(composer.locator("#id_caption_error")).to_contain_text("2,201 characters")
    expect(composer.locator("#id_caption")).to_be_focused()


def test_without_a_connection_everything_stays_and_can_be_tried_again(composer, picture):
    choose(composer, picture("a.jpg"))
    composer.fill("#id_caption", "From the train")

    composer.context.set_offline(True)
    share(composer)
    expect(composer.locator("[data-part=failure]")).to_contain_text("Your post was not shared.")
    composer.context.set_offline(False)
    composer.get_by_role("button", name="Try again").click()

    composer.wait_for_url("**/p/*/")
    expect(composer.get_by_text("From the train")).to_be_visible()


def test_an_upload_can_be_cancelled(composer, picture):
    choose(composer, picture("a.jpg"))
    composer.route("**/create/", lambda route: None if route.request.method == "POST" else route.continue_())

    share(composer)
    composer.get_by_role("button", name="Cancel").click()

    expect(composer.locator("[data-part=progress]")).to_be_hidden()
    assert names(composer) == ["a.jpg"]


def test_the_draft_survives_a_reload_with_its_photos_and_goes_once_shared(composer, picture):
    choose(composer, picture("a.jpg"), picture("b.jpg"))
    composer.get_by_label("Alt text for photo 2").fill("a door")
    composer.fill("#id_caption", "Half done")
    composer.wait_for_timeout(1_000)

    composer.once("dialog", lambda dialog: dialog.accept())
    composer.reload()

    expect(composer.locator(".composer-item canvas")).to_have_count(2)
    assert names(composer) == ["a.jpg", "b.jpg"]
    expect(composer.get_by_label("Alt text for photo 2")).to_have_value("a door")
    expect(composer.locator("#id_caption")).to_have_value("Half done")

    share(composer)
    composer.wait_for_url("**/p/*/")
    composer.goto("/create/")
    composer.wait_for_timeout(500)
    expect(composer.locator(".composer-item")).to_have_count(0)
    expect(composer.locator("#id_caption")).to_have_value("")


def test_leaving_by_a_link_asks_before_discarding(composer, picture):
    choose(composer, picture("a.jpg"))
    expect(composer.locator(".composer-item canvas")).to_have_count(1)
    explore = composer.locator('a[href="/explore/"]:visible').first

    explore.click()
    composer.get_by_role("dialog").get_by_role("button", name="Keep editing").click()
    assert composer.url.endswith("/create/")
    assert names(composer) == ["a.jpg"]

    explore.click()
    composer.get_by_role("dialog").get_by_role("button", name="Discard").click()
    composer.wait_for_url("**/explore/")
    composer.goto("/create/")
    composer.wait_for_timeout(500)
    expect(composer.locator(".composer-item")).to_have_count(0)


@pytest.mark.parametrize("way", ["drop", "paste"])
def test_photos_can_be_dropped_and_pasted(composer, way):
    composer.evaluate(
        """async (way) => {
          const canvas = Object.assign(document.createElement("canvas"), { width: 300, height: 300 });
          const blob = await new Promise((resolve) => canvas.toBlob(resolve));
          const data = new DataTransfer();
          data.items.add(new File([blob], "made.png", { type: "image/png" }));
          const options = { bubbles: true, cancelable: true };
          const event = way === "drop"
            ? new DragEvent("drop", { ...options, dataTransfer: data })
            : new ClipboardEvent("paste", { ...options, clipboardData: data });
          document.querySelector("main").dispatchEvent(event);
        }""",
        way,
    )

    expect(composer.locator(".composer-item canvas")).to_have_count(1)
    assert names(composer) == ["made.png"]
