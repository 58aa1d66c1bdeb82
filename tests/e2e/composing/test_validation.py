"""Refused files and fields are reported at their place, and nothing entered is lost."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.conftest import FILES
from tests.e2e.composing.composer import (
    DAMAGED,
    SECONDS,
    SMALL,
    choose,
    errors,
    expect_names,
    press_share,
    reload,
    share,
    slide,
    wait_for,
    wait_until_published,
)


def test_unusable_files_are_named_and_left_out(composer, picture, tmp_path):
    (tmp_path / "notes.txt").write_text("as a photo")
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


def test_a_post_holds_at_most_twenty_photos(composer, picture):
    choose(composer, *(picture(f"{number}.jpg") for number in range(21)))

    expect(composer.locator(".composer-item")).to_have_count(20)
    expect(errors(composer)).to_contain_text("A post can have up to 20 photos and videos. 20.jpg was left out.")


def test_without_a_photo_nothing_is_sent(composer):
    press_share(composer)

    expect(errors(composer)).to_contain_text("Choose at least one photo or video.")


def test_server_errors_appear_at_the_photo_and_the_field_and_input_is_kept(composer, picture, tmp_path):
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


def test_a_broken_file_can_be_replaced(composer, picture):
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


def test_missing_alt_texts_are_pointed_out_before_sharing(composer, picture):
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


def test_a_photo_that_failed_to_render_is_retried_alone(composer, picture):
    choose(composer, picture("good.jpg"), FILES / "bad" / "wrong-crc.png")
    wait_for(composer, "failed", count=1)
    wait_for(composer, "ready", count=1)

    with composer.expect_response("**/retry/") as answer:
        slide(composer, 2).get_by_role("button", name="Try again").click()

    assert answer.value.json()["state"] in {"pending", "processing"}
    expect(composer.get_by_label("Alt text for photo 2")).to_be_focused()
    wait_for(composer, "failed", count=1)


def test_the_choice_of_close_friends_survives_a_reload(composer, picture):
    choose(composer, picture("a.jpg"))
    composer.get_by_label("Close friends").check()
    reload(composer)
    expect(composer.get_by_label("Close friends")).to_be_checked()
    wait_for(composer, "ready", count=1)

    share(composer)
    wait_until_published(composer)
