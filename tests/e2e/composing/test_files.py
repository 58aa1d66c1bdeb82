"""Choosing files of all kinds, putting them in order, dropping and pasting."""

from __future__ import annotations

import re

import psutil
import pytest
from playwright.sync_api import expect

from tests.e2e.composing.composer import (
    DAMAGED,
    HEIC,
    ORIGINALS,
    SECONDS,
    SMALL,
    choose,
    errors,
    expect_names,
    on_a_phone,
    press_share,
    reload,
    share,
    slide,
    wait_for,
    wait_until_published,
)
from tests.media.clips import BEE, SPEECH


@on_a_phone
def test_four_files_are_published_after_the_broken_fifth_is_removed_and_a_reload_loses_nothing(composer):
    choose(composer, SMALL, HEIC, DAMAGED, ORIGINALS / "rosebud-animated.webp", BEE)
    composer.fill("#id_caption", "Five kinds")
    composer.get_by_label("Alt text for photo 2").fill("a wildflower")
    wait_for(composer, "failed", count=1)
    expect(slide(composer, 3)).to_contain_text("damaged")

    press_share(composer)
    expect(errors(composer)).to_contain_text("truncated.jpg can’t be shared. Fix or remove it.")
    expect(composer).to_have_url(re.compile("/create/$"))

    reload(composer)
    expect_names(composer, [SMALL.name, HEIC.name, "truncated.jpg", "rosebud-animated.webp", BEE.name])
    expect(composer.locator("#id_caption")).to_have_value("Five kinds")
    expect(composer.get_by_label("Alt text for photo 2")).to_have_value("a wildflower")

    composer.get_by_label("Remove photo 3").click()
    wait_for(composer, "ready", count=4)
    expect(composer.locator(".composer-picture:visible")).to_have_count(4)
    assert composer.evaluate("document.documentElement.scrollWidth <= innerWidth")
    share(composer)
    wait_until_published(composer)
    assert composer.locator("article .carousel-slide").count() == 4
    expect(composer.locator("article").get_by_alt_text("a wildflower")).to_have_count(1)


def test_each_file_shows_its_upload_state(composer, picture):
    choose(composer, picture("a.jpg"), SPEECH)
    composer.wait_for_function("() => document.querySelector('.composer-item progress')?.checkVisibility()")
    wait_for(composer, "ready", count=2)

    expect(slide(composer, 1)).to_contain_text("Ready")
    expect(composer.locator(".composer-item progress:visible")).to_have_count(0)


@pytest.fixture
def paused_rendering(site):
    """Pause the worker that renders photos until the end of the test, or until the returned function is called."""
    worker = psutil.Process(site.parts()["media"])
    worker.suspend()
    yield worker.resume
    worker.resume()


def test_a_post_in_processing_shows_its_picture_with_a_thin_bar(composer, picture, paused_rendering):
    choose(composer, picture("a.jpg"))
    expect(composer.locator(".composer-picture:visible")).to_have_count(1)
    share(composer)

    preview = composer.locator("article [data-local-preview] img")
    expect(preview).to_be_visible()
    assert preview.evaluate("one => one.decode().then(() => one.offsetHeight)") > 200
    assert 0 < composer.locator("progress.unfinished-bar").bounding_box()["height"] <= 6

    paused_rendering()
    wait_until_published(composer)


def test_a_heic_photo_gets_its_preview_from_the_server_and_can_be_edited(composer):
    choose(composer, HEIC)
    expect(composer.get_by_label("Preview of wildflower-iphone.heic")).to_be_visible(timeout=60 * SECONDS)

    composer.get_by_role("button", name="Edit photo 1").click()
    composer.get_by_role("radio", name="1:1").check()
    composer.get_by_role("button", name="Done").click()
    share(composer)

    wait_until_published(composer)
    image = composer.locator("article img.photo-image").first
    assert image.get_attribute("width") == image.get_attribute("height")


def test_photos_are_reordered_by_buttons_and_get_alt_texts(composer, picture):
    choose(composer, picture("a.jpg"), picture("b.jpg"), picture("c.jpg"))
    expect(composer.locator(".composer-picture:visible")).to_have_count(3)

    composer.get_by_label("Move photo 3 earlier").click()
    expect(composer.get_by_label("Move photo 2 earlier")).to_be_focused()
    composer.keyboard.press("Enter")
    composer.get_by_label("Remove photo 2").click()
    expect_names(composer, ["c.jpg", "b.jpg"])
    composer.get_by_label("Alt text for photo 1").fill("the third")
    composer.get_by_label("Alt text for photo 2").fill("the second")
    share(composer)

    wait_until_published(composer)
    images = composer.locator("article .carousel img.photo-image")
    expect(images).to_have_count(2)
    assert [image.get_attribute("alt") for image in images.all()] == ["the third", "the second"]


def test_photos_are_reordered_by_keyboard_alone(composer, picture):
    choose(composer, picture("a.jpg"), picture("b.jpg"), picture("c.jpg"))
    expect(composer.locator(".composer-item")).to_have_count(3)

    composer.get_by_label("Drag photo 1").focus()
    composer.keyboard.press("ArrowDown")
    expect_names(composer, ["b.jpg", "a.jpg", "c.jpg"])
    expect(composer.locator("[data-part=status]")).to_have_text("a.jpg is now number 2 of 3.")
    composer.keyboard.press("End")
    expect_names(composer, ["b.jpg", "c.jpg", "a.jpg"])
    expect(composer.get_by_label("Drag photo 3")).to_be_focused()
    composer.keyboard.press("Home")
    expect_names(composer, ["a.jpg", "b.jpg", "c.jpg"])


@on_a_phone
def test_photos_are_reordered_by_dragging_and_escape_reverts_a_move(composer, picture):
    choose(composer, picture("a.jpg"), picture("b.jpg"), picture("c.jpg"))
    expect(composer.locator(".composer-picture:visible")).to_have_count(3)

    def drag(number, to):
        handle, goal = composer.get_by_label(f"Drag photo {number},").bounding_box(), slide(composer, to).bounding_box()
        composer.mouse.move(handle["x"] + 10, handle["y"] + 10)
        composer.mouse.down()
        composer.mouse.move(handle["x"] + 10, goal["y"] + goal["height"] * 0.8, steps=8)

    drag(1, 2)
    composer.mouse.up()
    expect_names(composer, ["b.jpg", "a.jpg", "c.jpg"])

    drag(1, 2)
    expect_names(composer, ["a.jpg", "b.jpg", "c.jpg"])
    composer.keyboard.press("Escape")
    composer.mouse.up()
    expect_names(composer, ["b.jpg", "a.jpg", "c.jpg"])


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

    expect(composer.locator(".composer-picture:visible")).to_have_count(1)
    expect_names(composer, ["made.png"])
