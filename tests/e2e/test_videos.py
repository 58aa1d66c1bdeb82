"""Videos in a real browser: chosen beside photos, converted, and playing while they are seen."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.e2e.conftest import PHONE
from tests.e2e.test_story import SECONDS, share, wait_until_published
from tests.media.clips import BEE, SPEECH, ffmpeg

PLAYS = "video => !video.paused && video.currentTime > 0 && video.videoWidth > 0"


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

    # The bar says where it is, and moves it by keys.
    bar = page.get_by_role("slider", name="Position")
    bar.focus()
    page.keyboard.press("Home")
    page.wait_for_function("video => video.currentTime < 10", arg=video.element_handle(), timeout=15 * SECONDS)
    assert "1:06" in bar.get_attribute("aria-valuetext")


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
