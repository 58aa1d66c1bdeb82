"""Videos in a real browser: playing while visible, sound, streaming, and without scripts."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.e2e.conftest import PHONE
from tests.e2e.sharing import SECONDS, publish
from tests.media.clips import BEE, SPEECH, clip

PLAYS = "video => !video.paused && video.currentTime > 0 && video.videoWidth > 0"


def test_a_video_plays_muted_while_it_is_visible_and_a_tap_turns_sound_on(sign_up):
    page = sign_up(size=PHONE)
    publish(page, "She speaks", SPEECH)
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


def test_a_long_video_is_streamed_in_segments_and_seeking_works(sign_up, tmp_path):
    film = clip(tmp_path / "long.mp4", seconds=66, rate=5, sound="sine=frequency=300")
    page = sign_up(size=PHONE)
    requested = []
    page.on("request", lambda request: requested.append(request.url))
    publish(page, "A long talk", film)
    page.reload()
    video = page.locator("video.video-player")
    page.wait_for_function(PLAYS, arg=video.element_handle(), timeout=15 * SECONDS)
    assert abs(video.evaluate("video => video.duration") - 66) < 1

    video.evaluate("video => { video.currentTime = 50; }")
    page.wait_for_function("video => video.currentTime > 50.2", arg=video.element_handle(), timeout=15 * SECONDS)
    assert any(url.endswith(".m3u8") for url in requested)

    # The slider shows the position, and the keyboard moves it.
    bar = page.get_by_role("slider", name="Position")
    bar.focus()
    page.keyboard.press("Home")
    page.wait_for_function("video => video.currentTime < 10", arg=video.element_handle(), timeout=15 * SECONDS)
    assert "1:06" in bar.get_attribute("aria-valuetext")


def test_with_reduced_motion_videos_start_only_when_pressed(sign_up):
    page = sign_up()
    page.emulate_media(reduced_motion="reduce")
    publish(page, "A bee", BEE)
    page.reload()
    video = page.locator("video.video-player")
    page.wait_for_timeout(1 * SECONDS)
    assert video.evaluate("video => video.paused")

    page.get_by_label("Play video").click()
    page.wait_for_function(PLAYS, arg=video.element_handle(), timeout=15 * SECONDS)


def test_without_scripts_a_video_has_the_controls_of_the_browser(sign_up):
    page = sign_up(javascript=False)
    publish(page, "A bee", BEE)

    assert page.locator("video.video-player").get_attribute("controls") is not None
