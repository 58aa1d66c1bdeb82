"""The composer with scripts: files that travel while one writes, and that nothing chosen or typed is ever lost."""

from __future__ import annotations

import base64
import io
import re
import struct

import pytest
from PIL import Image, ImageChops, ImageStat
from playwright.sync_api import expect

from tests.conftest import FILES
from tests.e2e.accessibility import faults
from tests.e2e.conftest import DESKTOP, PHONE
from tests.media.clips import BEE, SPEECH

SECONDS = 1_000
ORIGINALS = FILES / "originals"
WISTERIA = ORIGINALS / "wisteria-portrait-orientation-6-gps.jpg"
HEIC = ORIGINALS / "wildflower-iphone.heic"
PANORAMA = ORIGINALS / "sunset-hills-panorama-6to1.jpg"
SMALL = FILES / "bad" / "name-test.jpg"
DAMAGED = FILES / "bad" / "truncated.jpg"
EXPECTED_NOISE = (
    "ERR_INTERNET_DISCONNECTED",
    "ERR_FAILED",
    "ERR_CONNECTION_RESET",
    "422 (Unprocessable",
    "404 (Not Found)",
)


@pytest.fixture
def picture(tmp_path):
    """Make a picture file: `picture("a.jpg")`."""

    def make(name, size=(600, 400)):
        path = tmp_path / name
        Image.new("RGB", size, (90, 120, 160)).save(path)
        return path

    return make


@pytest.fixture
def large_video(tmp_path):
    """A real clip, made 20 MB large by a box that says nothing: three parts."""
    path = tmp_path / "long.mp4"
    filler = 20 * 2**20
    path.write_bytes(SPEECH.read_bytes() + struct.pack(">I4s", filler + 8, b"free") + bytes(filler))
    return path


@pytest.fixture(params=[DESKTOP], ids=["desktop"])
def composer(request, sign_up):
    page = sign_up("anna", size=request.param, forgive=EXPECTED_NOISE, at="/create/")
    page.on("dialog", lambda dialog: dialog.accept())
    return page


on_a_phone = pytest.mark.parametrize(
    "composer",
    [pytest.param(DESKTOP, marks=pytest.mark.deep), PHONE],
    ids=["desktop", "phone"],
    indirect=True,
)


def choose(page, *paths):
    page.set_input_files("#id_files", list(paths))


def expect_names(page, names):
    expect(page.locator(".composer-item-name")).to_have_text(names, timeout=30 * SECONDS)


def slide(page, number):
    return page.locator(".composer-item").nth(number - 1)


def errors(page):
    return page.locator("[data-part=errors]")


def wait_for(page, state, *, count):
    expect(page.locator(f'.composer-item[data-state="{state}"]')).to_have_count(count, timeout=60 * SECONDS)


def press_share(page):
    page.locator("[data-act=share]").click()


def share(page):
    """Share, whatever lacks alt text; wait for the post."""
    press_share(page)
    without = page.get_by_role("button", name="Share anyway")
    expect(without.or_(page.locator("article").first)).to_be_visible(timeout=60 * SECONDS)
    if without.is_visible():
        without.click()
    page.wait_for_url("**/p/*/", timeout=60 * SECONDS)


def wait_until_published(page):
    expect(page.locator("article:not([data-state])").first).to_be_visible(timeout=90 * SECONDS)


def reload(page):
    page.wait_for_timeout(1_000)
    page.reload()


def count_requests(page, pattern):
    """The numbers of the parts that are sent from now on, as they are sent."""
    seen = []
    page.on("request", lambda request: seen.extend(re.findall(pattern, request.url)))
    return seen


# --- Five files of five kinds --------------------------------------------------------------------------------------


@on_a_phone
def test_four_files_are_published_after_the_broken_fifth_is_removed_and_a_reload_loses_nothing(composer):
    choose(composer, WISTERIA, HEIC, DAMAGED, ORIGINALS / "rosebud-animated.webp", BEE)
    composer.fill("#id_caption", "Five kinds")
    composer.get_by_label("Alt text for photo 2").fill("a wildflower")
    wait_for(composer, "failed", count=1)
    expect(slide(composer, 3)).to_contain_text("damaged")

    press_share(composer)
    expect(errors(composer)).to_contain_text("truncated.jpg can’t be shared. Fix or remove it.")
    expect(composer).to_have_url(re.compile("/create/$"))

    reload(composer)
    expect_names(composer, [WISTERIA.name, HEIC.name, "truncated.jpg", "rosebud-animated.webp", BEE.name])
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


def test_each_file_says_where_it_is(composer, picture):
    choose(composer, picture("a.jpg"), SPEECH)
    composer.wait_for_function("() => document.querySelector('.composer-item progress')?.checkVisibility()")
    wait_for(composer, "ready", count=2)

    expect(slide(composer, 1)).to_contain_text("Ready")
    expect(composer.locator(".composer-item progress:visible")).to_have_count(0)


def test_a_heic_photo_gets_its_picture_from_the_server_and_can_be_edited(composer):
    choose(composer, HEIC)
    expect(composer.get_by_label("Preview of wildflower-iphone.heic")).to_be_visible(timeout=60 * SECONDS)

    composer.get_by_role("button", name="Edit photo 1").click()
    composer.get_by_role("radio", name="1:1").check()
    composer.get_by_role("button", name="Done").click()
    share(composer)

    wait_until_published(composer)
    image = composer.locator("article img.photo-image").first
    assert image.get_attribute("width") == image.get_attribute("height")


# --- Order ---------------------------------------------------------------------------------------------------------


def test_photos_are_put_in_order_by_buttons_and_described(composer, picture):
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


def test_the_keyboard_alone_puts_photos_in_order(composer, picture):
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
def test_photos_are_put_in_order_by_dragging_and_escape_takes_it_back(composer, picture):
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


# --- Edits ---------------------------------------------------------------------------------------------------------


def published_picture(page):
    """The largest JPEG of the first photo of the post that the page shows."""
    wait_until_published(page)
    page.reload()
    srcset = page.locator("article img.photo-image").first.get_attribute("srcset")
    url = srcset.split(",")[-1].split()[0]
    return Image.open(io.BytesIO(page.request.get(url).body())).convert("RGB")


def shown_on_the_stage(page):
    data = page.evaluate("document.querySelector('.editor-stage').toDataURL()")
    return Image.open(io.BytesIO(base64.b64decode(data.split(",")[1]))).convert("RGB")


def differs_by(one, other):
    """The mean difference of two pictures seen from afar, in levels of 255."""
    small = [image.resize((64, 64), Image.Resampling.BOX) for image in (one, other)]
    return max(ImageStat.Stat(ImageChops.difference(*small)).mean)


def test_what_is_published_has_the_crop_and_the_look_of_the_preview(composer):
    choose(composer, WISTERIA)
    expect(composer.locator(".composer-picture:visible")).to_have_count(1)
    composer.get_by_role("button", name="Edit photo 1").click()
    stage = composer.locator(".editor-stage")
    before = shown_on_the_stage(composer)

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
    preview = shown_on_the_stage(composer)
    assert differs_by(before, preview) > 15
    composer.get_by_role("button", name="Done").click()
    reload(composer)
    share(composer)

    published = published_picture(composer)
    assert published.width / published.height == pytest.approx(16 / 9, abs=0.01)
    assert differs_by(preview, published) < 4


@on_a_phone
def test_a_panorama_is_offered_for_cropping_and_shared_once_it_is_cropped(composer):
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

    # What the box of a post in process does: it shows what the composer drew.
    code = composer.url.rstrip("/").rpartition("/")[2]
    composer.evaluate(
        "code => document.body.insertAdjacentHTML('beforeend', `<div data-local-preview='${code}'></div>`)", code
    )
    expect(composer.locator("[data-local-preview] img")).to_have_attribute("src", re.compile("^data:image/jpeg"))


def test_the_frame_is_dragged_turned_and_moved_and_cancel_leaves_all_as_it_was(composer):
    choose(composer, WISTERIA)
    composer.get_by_role("button", name="Edit photo 1").click()
    zoom = composer.get_by_label("Zoom")
    stage = composer.locator(".editor-stage")
    composer.get_by_role("radio", name="1:1").check()
    composer.wait_for_timeout(300)
    box = stage.bounding_box()
    assert box["width"] == pytest.approx(box["height"], abs=1)

    before = shown_on_the_stage(composer)
    composer.mouse.move(box["x"] + 200, box["y"] + 200)
    composer.mouse.down()
    composer.mouse.move(box["x"] + 200, box["y"] + 300, steps=5)
    composer.mouse.up()
    composer.wait_for_timeout(200)
    assert differs_by(before, shown_on_the_stage(composer)) > 4
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


def test_two_fingers_zoom(sign_up):
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
def test_the_composer_with_files_and_its_editor_pass_axe(sign_up):
    page = sign_up("anna", forgive=EXPECTED_NOISE)
    page.goto("/create/")
    choose(page, WISTERIA, DAMAGED, SPEECH)
    wait_for(page, "failed", count=1)
    wait_for(page, "ready", count=2)
    found = faults(page, "list")
    page.get_by_role("button", name="Edit photo 1").click()
    expect(page.get_by_role("radio", name="1:1")).to_be_visible()
    found += faults(page, "editor")

    assert not found, "\n".join(found)


# --- On the way ----------------------------------------------------------------------------------------------------


def test_a_large_video_goes_on_with_the_parts_that_the_server_lacks_after_a_reload(composer, large_video):
    sent = count_requests(composer, r"/parts/(\d+)/")
    composer.route("**/parts/2/", lambda route: route.abort("connectionreset"))
    choose(composer, large_video)
    composer.fill("#id_caption", "A long one")
    expect(slide(composer, 1)).to_contain_text("The connection was lost. Retrying…", timeout=30 * SECONDS)
    assert sent[:2] == ["1", "2"]

    reload(composer)
    composer.unroute("**/parts/2/")
    wait_for(composer, "ready", count=1)

    assert sent.count("1") == 1
    assert sent[-2:] == ["2", "3"]
    expect(composer.locator("#id_caption")).to_have_value("A long one")
    share(composer)
    wait_until_published(composer)


def test_offline_files_wait_and_travel_once_the_connection_is_back(composer, picture):
    composer.context.set_offline(True)
    choose(composer, picture("a.jpg"))
    composer.fill("#id_caption", "From the train")
    expect(slide(composer, 1)).to_contain_text("You’re offline.")
    press_share(composer)
    composer.get_by_role("button", name="Share anyway").click()
    expect(composer.locator("[data-part=progress]")).to_contain_text("You’re offline.")

    composer.context.set_offline(False)

    composer.wait_for_url("**/p/*/", timeout=30 * SECONDS)
    expect(composer.get_by_text("From the train")).to_be_visible()


def test_when_sharing_itself_fails_everything_stays_and_can_be_tried_again(composer, picture):
    choose(composer, picture("a.jpg"))
    wait_for(composer, "ready", count=1)
    composer.fill("#id_caption", "Once more")
    composer.get_by_label("Alt text for photo 1").fill("a wall")
    composer.route("**/create/", lambda route: route.abort() if route.request.method == "POST" else route.fallback())

    press_share(composer)
    expect(composer.locator("[data-part=failure]")).to_contain_text("Your post wasn’t shared.")
    composer.unroute("**/create/")
    press_share(composer)

    composer.wait_for_url("**/p/*/")
    expect(composer.get_by_text("Once more")).to_be_visible()


def test_waiting_for_a_file_can_be_cancelled_and_nothing_is_shared(composer, picture):
    composer.route("**/parts/**", lambda route: None)
    choose(composer, picture("a.jpg"))
    press_share(composer)
    composer.get_by_role("button", name="Share anyway").click()

    composer.get_by_role("button", name="Cancel", exact=True).click()

    expect(composer.locator("[data-part=progress]")).to_be_hidden()
    expect_names(composer, ["a.jpg"])
    expect(composer).to_have_url(re.compile("/create/$"))


def test_a_file_that_is_gone_from_the_server_is_to_be_chosen_again(composer, picture):
    choose(composer, picture("a.jpg"))
    composer.get_by_label("Alt text for photo 1").fill("a wall")
    wait_for(composer, "ready", count=1)
    token = composer.locator("[name=csrfmiddlewaretoken]").first.input_value()
    medium = composer.request.get("/create/media/").json()["items"][0]["id"]
    headers = {"X-CSRFToken": token, "Referer": composer.url}
    assert composer.request.post(f"/create/media/{medium}/delete/", headers=headers).status == 204

    reload(composer)
    expect(slide(composer, 1)).to_contain_text("Choose again")
    with composer.expect_file_chooser() as chooser:
        composer.get_by_role("button", name="Choose again").click()
    chooser.value.set_files(picture("a.jpg"))

    wait_for(composer, "ready", count=1)
    expect(composer.get_by_label("Alt text for photo 1")).to_have_value("a wall")


def test_what_was_uploaded_from_another_device_is_offered(composer, picture, open_browser):
    # The second arrives before the first.
    choose(composer, WISTERIA, picture("b.jpg"))
    wait_for(composer, "ready", count=2)
    phone = open_browser(size=PHONE)
    phone.context.add_cookies(composer.context.cookies())

    phone.goto("/create/")
    offered = phone.get_by_role("group", name="Unfinished uploads")
    expect(offered).to_contain_text("You have 2 unfinished uploads.")
    expect(offered.locator("li")).to_have_text([WISTERIA.name, "b.jpg"])
    offered.get_by_role("button", name="Continue with them").click()

    wait_for(phone, "ready", count=2)
    expect(phone.locator(".composer-picture:visible")).to_have_count(2)
    expect(offered).to_be_hidden()


# --- Checks --------------------------------------------------------------------------------------------------------


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
            re.compile("^huge.jpg: .*31 MB.*limit of 30 MB"),
            re.compile("^dot.jpg: .*20 × 20 pixels"),
        ]
    )
    expect_names(composer, ["good.jpg"])


def test_a_post_holds_twenty_photos(composer, picture):
    choose(composer, *(picture(f"{number}.jpg") for number in range(21)))

    expect(composer.locator(".composer-item")).to_have_count(20)
    expect(errors(composer)).to_contain_text("A post can have up to 20 photos and videos. 20.jpg was left out.")


def test_without_a_photo_nothing_is_sent(composer):
    press_share(composer)

    expect(errors(composer)).to_contain_text("Choose at least one photo or video.")


def test_what_the_server_refuses_is_said_at_the_photo_and_the_field_and_all_is_kept(composer, picture, tmp_path):
    cut = tmp_path / "cut.jpg"
    cut.write_bytes(SMALL.read_bytes()[:-500])
    choose(composer, picture("good.jpg"), cut)
    composer.get_by_label("Alt text for photo 1").fill("kept")
    composer.fill("#id_caption", " ".join(f"#tag{number}" for number in range(31)))
    wait_for(composer, "failed", count=1)
    expect(slide(composer, 2)).to_contain_text("damaged")

    composer.get_by_label("Remove photo 2").click()
    press_share(composer)
    expect(composer.locator("#id_caption_error")).to_contain_text("31 hashtags")
    expect_names(composer, ["good.jpg"])
    expect(composer.get_by_label("Alt text for photo 1")).to_have_value("kept")

    composer.fill("#id_caption", "#one")
    share(composer)


def test_another_file_can_take_the_place_of_a_broken_one(composer, picture):
    choose(composer, DAMAGED)
    composer.get_by_label("Alt text for photo 1").fill("a wall")
    wait_for(composer, "failed", count=1)

    with composer.expect_file_chooser() as chooser:
        composer.get_by_role("button", name="Choose another").click()
    chooser.value.set_files(picture("whole.jpg"))

    wait_for(composer, "ready", count=1)
    expect_names(composer, ["whole.jpg"])
    expect(composer.get_by_label("Alt text for photo 1")).to_have_value("a wall")


def test_a_caption_of_2201_characters_is_not_sent(composer, picture):
    choose(composer, picture("a.jpg"))
    composer.fill("#id_caption", "👨‍👩‍👧" * 2_201)

    press_share(composer)

    expect(composer.locator("#id_caption_error")).to_contain_text("2,201 characters")
    expect(composer.locator("#id_caption")).to_be_focused()


def test_alt_texts_are_reminded_of_before_sharing(composer, picture):
    choose(composer, picture("a.jpg"), picture("b.jpg"))
    composer.get_by_label("Alt text for photo 1").fill("a wall")

    press_share(composer)
    reminder = composer.get_by_role("dialog", name="Add alt text?")
    expect(reminder).to_contain_text("1 of 2 photos has no alt text.")
    reminder.get_by_role("button", name="Add alt text").click()
    expect(composer.get_by_label("Alt text for photo 2")).to_be_focused()
    composer.keyboard.type("another wall")
    press_share(composer)

    composer.wait_for_url("**/p/*/", timeout=30 * SECONDS)


def test_captions_are_chosen_while_the_video_travels_and_are_in_the_post(composer, tmp_path):
    captions = tmp_path / "speech.vtt"
    captions.write_text("WEBVTT\n\n00:00.000 --> 00:01.000\nHello\n")
    choose(composer, SPEECH)
    with composer.expect_file_chooser() as chooser:
        composer.get_by_role("button", name="Add captions").click()
    with composer.expect_response("**/captions/", timeout=60 * SECONDS):
        chooser.value.set_files(captions)
    wait_for(composer, "ready", count=1)
    expect(slide(composer, 1)).to_contain_text("speech.vtt")

    broken = tmp_path / "broken.vtt"
    broken.write_text("no captions at all")
    with composer.expect_file_chooser() as chooser:
        slide(composer, 1).get_by_role("button", name="Replace").click()
    chooser.value.set_files(broken)
    expect(slide(composer, 1)).to_contain_text("broken.vtt: ")
    expect(slide(composer, 1).locator("[data-slot=captionsState]")).to_have_text("speech.vtt")

    reload(composer)
    expect(slide(composer, 1)).to_contain_text("speech.vtt")
    share(composer)
    wait_until_published(composer)
    track = composer.locator("article video track").first.get_attribute("src")
    assert "Hello" in composer.request.get(track).text()


def test_a_photo_that_could_not_be_rendered_is_tried_again_alone(composer, picture):
    choose(composer, picture("good.jpg"), FILES / "bad" / "wrong-crc.png")
    wait_for(composer, "failed", count=1)
    wait_for(composer, "ready", count=1)

    with composer.expect_response("**/retry/") as answer:
        slide(composer, 2).get_by_role("button", name="Try again").click()

    assert answer.value.json()["state"] in {"pending", "processing"}
    expect(composer.get_by_label("Alt text for photo 2")).to_be_focused()
    wait_for(composer, "failed", count=1)


def test_a_post_for_close_friends_says_so_and_the_choice_survives_a_reload(composer, picture):
    choose(composer, picture("a.jpg"))
    composer.get_by_label("Close friends").check()
    reload(composer)
    expect(composer.get_by_label("Close friends")).to_be_checked()
    wait_for(composer, "ready", count=1)

    share(composer)
    wait_until_published(composer)


# --- The draft -----------------------------------------------------------------------------------------------------


def test_the_draft_survives_a_reload_and_a_closed_tab_and_goes_once_shared(composer, picture):
    choose(composer, picture("a.jpg"), picture("b.jpg"))
    composer.get_by_label("Alt text for photo 2").fill("a door")
    composer.fill("#id_caption", "Half done")
    composer.get_by_role("button", name="Edit photo 1").click()
    composer.get_by_role("radio", name="1:1").check()
    composer.get_by_role("button", name="Done").click()
    composer.get_by_label("Move photo 2 earlier").click()
    composer.wait_for_timeout(1_000)

    again = composer.context.new_page()
    composer.close()
    again.goto("/create/")

    expect(again.locator(".composer-picture:visible")).to_have_count(2)
    expect_names(again, ["b.jpg", "a.jpg"])
    expect(again.get_by_label("Alt text for photo 1")).to_have_value("a door")
    expect(again.locator("#id_caption")).to_have_value("Half done")
    again.get_by_role("button", name="Edit photo 2").click()
    expect(again.get_by_role("radio", name="1:1")).to_be_checked()
    again.keyboard.press("Escape")

    share(again)
    again.goto("/create/")
    again.wait_for_timeout(1_000)
    expect(again.locator(".composer-item")).to_have_count(0)
    expect(again.locator("#id_caption")).to_have_value("")
    expect(again.get_by_role("group", name="Unfinished uploads")).to_be_hidden()


def test_a_post_is_written_in_one_tab_at_a_time_and_can_be_taken_over(composer, picture):
    choose(composer, picture("a.jpg"))
    wait_for(composer, "ready", count=1)
    composer.fill("#id_caption", "Begun")
    other = composer.context.new_page()
    other.goto("/create/")
    notice = other.get_by_text("You’re editing this post in another tab.")
    expect(notice).to_be_visible()
    expect(other.locator(".composer-item")).to_have_count(0)

    composer.fill("#id_caption", "Begun here")
    other.get_by_role("button", name="Continue here").click()

    expect(other.locator("#id_caption")).to_have_value("Begun here")
    expect_names(other, ["a.jpg"])
    expect(composer.get_by_text("You’re editing this post in another tab.")).to_be_visible()
    share(other)


def test_leaving_by_a_link_asks_whether_to_keep_or_to_discard(composer, picture):
    choose(composer, picture("a.jpg"))
    wait_for(composer, "ready", count=1)
    explore = composer.locator('a[href="/explore/"]:visible').first

    explore.click()
    composer.get_by_role("dialog").get_by_role("button", name="Keep editing").click()
    assert composer.url.endswith("/create/")
    expect_names(composer, ["a.jpg"])

    explore.click()
    composer.get_by_role("dialog").get_by_role("button", name="Save draft").click()
    composer.wait_for_url("**/explore/")
    composer.goto("/create/")
    expect(composer.locator(".composer-item")).to_have_count(1)

    explore.click()
    composer.get_by_role("dialog").get_by_role("button", name="Discard").click()
    composer.wait_for_url("**/explore/")
    assert composer.request.get("/create/media/").json() == {"items": [], "uploads": []}
    composer.goto("/create/")
    composer.wait_for_timeout(500)
    expect(composer.locator(".composer-item")).to_have_count(0)


def test_discarding_asks_and_deletes_the_files_on_the_server_too(composer, picture):
    choose(composer, picture("a.jpg"), picture("b.jpg"))
    wait_for(composer, "ready", count=2)
    composer.get_by_role("button", name="Discard").click()
    composer.get_by_role("dialog").get_by_role("button", name="Keep editing").click()
    assert len(composer.request.get("/create/media/").json()["items"]) == 2

    composer.get_by_role("button", name="Discard").click()
    composer.get_by_role("dialog").get_by_role("button", name="Discard").click()

    expect(composer.locator(".composer-item")).to_have_count(0)
    assert composer.request.get("/create/media/").json() == {"items": [], "uploads": []}


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
