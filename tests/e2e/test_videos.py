"""Videos in a real browser: chosen beside photos, converted, and playing while they are seen."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.conftest import FILES
from tests.e2e.conftest import PHONE
from tests.e2e.test_story import SECONDS, share, wait_until_published
from tests.media.clips import BEE, SPEECH, STEEL, ffmpeg

PLAYS = "video => !video.paused && video.currentTime > 0 && video.videoWidth > 0"


def test_five_files_of_five_kinds_and_a_broken_one_survive_a_reload_and_are_published(sign_up, tmp_path):
    page = sign_up(forgive=("422 (Unprocessable Entity)",))
    broken = FILES / "bad" / "truncated.jpg"
    files = [
        FILES / "originals" / "wildflower-iphone.heic",
        FILES / "originals" / "rosebud-animated.gif",
        broken,
        BEE,
        FILES / "originals" / "lute-transparent.png",
        STEEL,
    ]
    page.goto("/create/")
    page.set_input_files("#id_files", files)
    page.fill("[name=caption]", "Five kinds")
    expect(page.locator(".composer-item")).to_have_count(6)
    page.click("[data-act=share]")
    expect(page.locator(".composer-item[data-invalid]")).to_contain_text("truncated.jpg")
    page.get_by_label("Remove photo 3").click()
    expect(page.get_by_label("Alt text for video 3")).to_be_visible()
    page.get_by_label("Alt text for video 3").fill("a bee on a thistle")
    page.wait_for_timeout(1 * SECONDS)

    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    expect(page.locator(".composer-item")).to_have_count(5)
    expect(page.get_by_label("Alt text for video 3")).to_have_value("a bee on a thistle")
    expect(page.locator("[name=caption]")).to_have_value("Five kinds")

    page.click("[data-act=share]")
    page.wait_for_url("**/p/*/")
    shortcode = re.search(r"/p/([^/]+)/", page.url)[1]
    wait_until_published(page, shortcode)
    page.reload()
    expect(page.locator(".carousel-slide img.photo-image")).to_have_count(2)
    expect(page.locator(".carousel-slide video")).to_have_count(3)


def test_a_video_plays_without_sound_while_it_is_seen_and_a_tap_gives_sound(sign_up):
    page = sign_up(size=PHONE)
    wait_until_published(page, share(page, "She speaks", photo=SPEECH))
    page.reload()
    video = page.locator("video.video-player")
    expect(video).to_be_visible()
    page.wait_for_function(PLAYS, arg=video.element_handle(), timeout=15 * SECONDS)
    assert video.evaluate("video => video.muted && !video.controls")

    video.click()
    assert not video.evaluate("video => video.muted")
    page.get_by_label("Turn sound off").click()
    assert video.evaluate("video => video.muted")

    page.get_by_label("Pause video").click()
    assert video.evaluate("video => video.paused")
    page.get_by_label("Play video").click()
    page.wait_for_function(PLAYS, arg=video.element_handle())
    page.evaluate("document.querySelector('video').closest('.post-media').style.marginTop = '3000px'")
    page.wait_for_function("video => video.paused", arg=video.element_handle())


def test_a_long_film_plays_in_pieces_and_can_be_wound_forward(sign_up, tmp_path):
    film = tmp_path / "long.mp4"
    ffmpeg("-stream_loop", "11", "-i", SPEECH, "-t", "66", "-vf", "scale=320:-2", "-preset", "ultrafast", film)
    page = sign_up(size=PHONE)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    wait_until_published(page, share(page, "A long talk", photo=film))
    page.reload()
    video = page.locator("video.video-player")
    page.wait_for_function(PLAYS, arg=video.element_handle(), timeout=15 * SECONDS)
    assert abs(video.evaluate("video => video.duration") - 66) < 1

    video.evaluate("video => { video.currentTime = 50; }")
    page.wait_for_function("video => video.currentTime > 50.2", arg=video.element_handle(), timeout=15 * SECONDS)
    assert any(url.endswith(".m3u8") for url in asked)


def test_who_wants_less_motion_starts_videos_themselves(sign_up):
    page = sign_up()
    page.emulate_media(reduced_motion="reduce")
    wait_until_published(page, share(page, "A bee", photo=BEE))
    page.reload()
    video = page.locator("video.video-player")
    page.wait_for_timeout(1 * SECONDS)
    assert video.evaluate("video => video.paused")

    page.get_by_label("Play video").click()
    page.wait_for_function(PLAYS, arg=video.element_handle(), timeout=15 * SECONDS)


def test_without_scripts_a_video_has_the_controls_of_the_browser(sign_up):
    page = sign_up(javascript=False)
    wait_until_published(page, share(page, "A bee", javascript=False, photo=BEE), javascript=False)

    assert page.locator("video.video-player").get_attribute("controls") is not None
