"""Uploads in parts: lost connections, reloads, other devices, captions."""

from __future__ import annotations

import re
import struct

import pytest
from playwright.sync_api import expect

from tests.e2e.composing.composer import (
    SECONDS,
    WISTERIA,
    choose,
    expect_names,
    press_share,
    reload,
    share,
    slide,
    wait_for,
    wait_until_published,
)
from tests.e2e.conftest import PHONE
from tests.media.clips import SPEECH


@pytest.fixture
def large_video(tmp_path):
    """A real clip padded by a `free` box to 20 MB, so that it is uploaded in three parts."""
    path = tmp_path / "long.mp4"
    filler = 20 * 2**20
    path.write_bytes(SPEECH.read_bytes() + struct.pack(">I4s", filler + 8, b"free") + bytes(filler))
    return path


def record_requests(page, pattern):
    """Return a list that receives the first group of `pattern` from every URL requested from now on."""
    seen = []
    page.on("request", lambda request: seen.extend(re.findall(pattern, request.url)))
    return seen


def test_a_large_video_resumes_with_the_missing_parts_after_a_reload(composer, large_video):
    sent = record_requests(composer, r"/parts/(\d+)/")
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


def test_files_chosen_offline_are_uploaded_once_the_connection_is_back(composer, picture):
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


def test_a_failed_share_keeps_everything_and_can_be_retried(composer, picture):
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


def test_sharing_can_be_cancelled_while_a_file_is_uploaded(composer, picture):
    composer.route("**/parts/**", lambda route: None)
    choose(composer, picture("a.jpg"))
    press_share(composer)
    composer.get_by_role("button", name="Share anyway").click()

    composer.get_by_role("button", name="Cancel", exact=True).click()

    expect(composer.locator("[data-part=progress]")).to_be_hidden()
    expect_names(composer, ["a.jpg"])
    expect(composer).to_have_url(re.compile("/create/$"))


def test_a_file_missing_on_the_server_can_be_chosen_again(composer, picture):
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


def test_uploads_from_another_device_are_offered(composer, picture, open_browser):
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


def test_captions_chosen_during_the_upload_are_in_the_post(composer, tmp_path):
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
