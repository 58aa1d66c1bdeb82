"""Cropping and editing photos and videos before they are shared."""

from __future__ import annotations

import base64
import io
import re

import pytest
from PIL import Image, ImageChops, ImageStat
from playwright.sync_api import expect

from tests.e2e.accessibility import faults, in_all_states
from tests.e2e.composing.composer import (
    DAMAGED,
    EXPECTED_CONSOLE_ERRORS,
    PANORAMA,
    SECONDS,
    WISTERIA,
    choose,
    errors,
    on_a_phone,
    press_share,
    reload,
    share,
    slide,
    wait_for,
    wait_until_published,
)
from tests.e2e.conftest import PHONE
from tests.media.clips import BEE, SPEECH


def published_picture(page):
    """Return the largest rendition of the first photo of the post on the page."""
    wait_until_published(page)
    page.reload()
    srcset = page.locator("article img.photo-image").first.get_attribute("srcset")
    url = srcset.split(",")[-1].split()[0]
    return Image.open(io.BytesIO(page.request.get(url).body())).convert("RGB")


def editor_preview(page):
    """Return the picture that the editor has drawn."""
    data = page.evaluate("document.querySelector('.editor-stage').toDataURL()")
    return Image.open(io.BytesIO(base64.b64decode(data.split(",")[1]))).convert("RGB")


def mean_difference(one, other):
    """Return the mean difference of two pictures at 64 × 64 pixels, in levels of 255."""
    small = [image.resize((64, 64), Image.Resampling.BOX) for image in (one, other)]
    return max(ImageStat.Stat(ImageChops.difference(*small)).mean)


def test_the_published_photo_has_the_crop_and_colours_of_the_preview(composer):
    choose(composer, WISTERIA)
    expect(composer.locator(".composer-picture:visible")).to_have_count(1)
    composer.get_by_role("button", name="Edit photo 1").click()
    stage = composer.locator(".editor-stage")
    before = editor_preview(composer)

    composer.get_by_role("radio", name="16:9").check()
    composer.get_by_role("radio", name="Ember").check()
    composer.get_by_label("Vignette").fill("60")
    composer.get_by_label("Warmth").fill("-40")
    stage.focus()
    for _ in range(4):
        composer.keyboard.press("+")
    for _ in range(5):
        composer.keyboard.press("Shift+ArrowUp")
    composer.wait_for_timeout(1_500)
    preview = editor_preview(composer)
    assert mean_difference(before, preview) > 15
    composer.get_by_role("button", name="Done").click()
    reload(composer)
    share(composer)

    published = published_picture(composer)
    assert published.width / published.height == pytest.approx(16 / 9, abs=0.01)
    assert mean_difference(preview, published) < 4


@on_a_phone
def test_a_panorama_is_shared_only_after_it_is_cropped(composer):
    choose(composer, PANORAMA, WISTERIA)
    row = slide(composer, 1)
    expect(row).to_contain_text("This photo is too wide. Crop it to 3:1 or less.")
    expect(slide(composer, 2)).not_to_contain_text("too wide")

    press_share(composer)
    expect(errors(composer)).to_contain_text(f"{PANORAMA.name}: This photo is too wide. Crop it to 3:1 or less.")
    expect(row.get_by_role("button", name="Crop photo 1")).to_be_focused()
    reload(composer)
    row.get_by_role("button", name="Crop photo 1").click()
    editor = composer.locator("dialog.editor")
    expect(editor.get_by_text("This photo is too wide. Crop it to 3:1 or less.")).to_be_visible()
    expect(editor.get_by_role("radio", name="3:1")).to_be_checked()
    expect(editor.locator(".editor-ratio:visible")).to_have_text(["1:1", "4:5", "16:9", "3:1"])
    box = composer.locator(".editor-stage").bounding_box()
    assert box["width"] / box["height"] == pytest.approx(3, abs=0.05)
    editor.get_by_role("button", name="Done").click()
    expect(row).not_to_contain_text("too wide")
    expect(row.get_by_role("button", name="Crop photo 1")).to_be_hidden()

    share(composer)
    wait_until_published(composer)
    width, height = published_picture(composer).size
    assert width / height == pytest.approx(3, abs=0.02)

    # The box of a post that is being processed shows the preview that the composer drew.
    code = composer.url.rstrip("/").rpartition("/")[2]
    composer.evaluate(
        "code => document.body.insertAdjacentHTML('beforeend', `<div data-local-preview='${code}'></div>`)", code
    )
    expect(composer.locator("[data-local-preview] img")).to_have_attribute("src", re.compile("^data:image/jpeg"))


def test_the_crop_is_moved_and_zoomed_and_escape_discards_the_edits(composer):
    choose(composer, WISTERIA)
    composer.get_by_role("button", name="Edit photo 1").click()
    zoom = composer.get_by_label("Zoom")
    stage = composer.locator(".editor-stage")
    composer.get_by_role("radio", name="1:1").check()
    composer.wait_for_timeout(300)
    box = stage.bounding_box()
    assert box["width"] == pytest.approx(box["height"], abs=1)

    before = editor_preview(composer)
    composer.mouse.move(box["x"] + 200, box["y"] + 200)
    composer.mouse.down()
    composer.mouse.move(box["x"] + 200, box["y"] + 300, steps=5)
    composer.mouse.up()
    composer.wait_for_timeout(200)
    assert mean_difference(before, editor_preview(composer)) > 4
    composer.mouse.wheel(0, -400)
    expect(zoom).not_to_have_value("1")
    composer.get_by_role("button", name="Reset all").click()
    expect(zoom).to_have_value("1")
    expect(composer.get_by_role("radio", name="Original").first).to_be_checked()

    composer.get_by_role("radio", name="4:5").check()
    composer.keyboard.press("Escape")
    expect(composer.get_by_role("dialog")).to_be_hidden()
    expect(composer.get_by_role("button", name="Edit photo 1")).to_be_focused()
    composer.get_by_role("button", name="Edit photo 1").click()
    expect(composer.get_by_role("radio", name="Original").first).to_be_checked()


def test_pinching_zooms(sign_up):
    page = sign_up("anna", size=PHONE)
    page.goto("/create/")
    choose(page, WISTERIA)
    page.get_by_role("button", name="Edit photo 1").click()
    page.evaluate(
        """() => {
          const stage = document.querySelector(".editor-stage");
          stage.setPointerCapture = () => {};
          const { left, top, width, height } = stage.getBoundingClientRect();
          const send = (type, pointerId, away) => stage.dispatchEvent(new PointerEvent(type, {
            pointerId, button: 0, bubbles: true, clientX: left + width / 2 + away, clientY: top + height / 2 }));
          send("pointerdown", 1, -30); send("pointerdown", 2, 30);
          send("pointermove", 1, -60); send("pointermove", 2, 60);
          send("pointerup", 1, -60); send("pointerup", 2, 60);
        }"""
    )

    expect(page.locator("[data-editor=zoomOutput]")).to_have_text("2.0×")


def test_a_video_is_cropped_but_not_filtered(composer):
    choose(composer, BEE)
    expect(composer.get_by_role("button", name="Edit video 1")).to_be_enabled(timeout=60 * SECONDS)

    composer.get_by_role("button", name="Edit video 1").click()

    expect(composer.get_by_role("radio", name="1:1")).to_be_visible()
    expect(composer.get_by_role("group", name="Filter")).to_be_hidden()
    expect(composer.get_by_role("group", name="Adjust")).to_be_hidden()


@pytest.mark.promise("H10")
@in_all_states
def test_the_composer_with_files_and_its_editor_pass_axe(all_states, sign_up):
    page = sign_up("anna", forgive=EXPECTED_CONSOLE_ERRORS)
    page.goto("/create/")
    choose(page, WISTERIA, DAMAGED, SPEECH)
    wait_for(page, "failed", count=1)
    wait_for(page, "ready", count=2)
    found = faults(page, "list", all_states=all_states)
    page.get_by_role("button", name="Edit photo 1").click()
    expect(page.get_by_role("radio", name="1:1")).to_be_visible()
    found += faults(page, "editor", all_states=all_states)

    assert not found, "\n".join(found)
