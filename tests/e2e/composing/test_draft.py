"""Drafts survive reloads and closed tabs until they are shared or discarded."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.e2e.composing.composer import choose, expect_names, share, wait_for


def test_the_draft_survives_a_reload_and_a_closed_tab_until_it_is_shared(composer, picture):
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


def test_a_draft_is_edited_in_one_tab_at_a_time_and_another_can_take_over(composer, picture):
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


def test_leaving_by_a_link_asks_whether_to_keep_or_discard_the_draft(composer, picture):
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


def test_discarding_asks_first_and_deletes_the_files_on_the_server(composer, picture):
    choose(composer, picture("a.jpg"), picture("b.jpg"))
    wait_for(composer, "ready", count=2)
    composer.get_by_role("button", name="Discard").click()
    composer.get_by_role("dialog").get_by_role("button", name="Keep editing").click()
    assert len(composer.request.get("/create/media/").json()["items"]) == 2

    composer.get_by_role("button", name="Discard").click()
    composer.get_by_role("dialog").get_by_role("button", name="Discard").click()

    expect(composer.locator(".composer-item")).to_have_count(0)
    assert composer.request.get("/create/media/").json() == {"items": [], "uploads": []}
