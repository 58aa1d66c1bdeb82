"""Comments and replies, with scripts and without."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.sharing import publish

both_ways = pytest.mark.parametrize("javascript", [True, False], ids=["with scripts", "without scripts"])


def press(within, name, role="button"):
    within.get_by_role(role, name=re.compile(f"^{name}")).first.click()


@both_ways
def test_a_comment_is_answered_liked_edited_pinned_and_deleted(javascript, sign_up):
    anna = sign_up("anna", javascript=javascript)
    ben = sign_up("ben", javascript=javascript)
    shortcode = publish(anna, "By the pond")
    box = f"#comment-text-{shortcode}"

    ben.goto(f"/p/{shortcode}/")
    ben.fill(box, "Which colour is it?")
    press(ben.locator(".comment-form"), "Post")
    expect(ben.locator(".comment")).to_have_count(1)

    # Anna has begun to write and presses Reply: her text is kept and the form shows that it is a reply.
    anna.goto(f"/p/{shortcode}/")
    if javascript:
        anna.fill(box, "Blue-green")
    press(anna.locator(".comment"), "Reply", "link")
    expect(anna.locator(box)).to_have_value(f"@{ben.username} {'Blue-green' if javascript else ''}")
    expect(anna.locator(".comment-replying")).to_be_visible()
    anna.fill(box, f"@{ben.username} Blue-green")
    press(anna.locator(".comment-form"), "Post")
    expect(anna.locator(".replies .comment")).to_contain_text("Blue-green")
    expect(anna.locator(box)).to_have_value("")

    # Ben unfolds the thread and likes the reply.
    ben.goto(f"/p/{shortcode}/")
    expect(ben.locator(".replies .comment")).to_have_count(0)
    ben.locator(".thread-fold summary").click()
    if not javascript:
        press(ben.locator(".replies"), "1 reply", "link")
    reply = ben.locator(".replies .comment")
    expect(reply).to_contain_text("Blue-green")
    press(reply, f"Like the comment of {anna.username}")
    expect(reply.locator(".comment-likes")).to_have_text("1 like")
    expect(reply.get_by_role("button", name="Unlike the comment")).to_be_visible()

    # He edits his comment.
    line = ben.locator(".comments > .comment > .comment-line")
    press(line, "Edit", "link")
    ben.get_by_label("Your comment").fill("Which colours are these?")
    press(ben.locator(".comment-edit"), "Save")
    expect(line).to_contain_text("Which colours are these?")
    expect(line).to_contain_text("edited")

    # She pins the comment, then deletes it with its reply.
    anna.goto(f"/p/{shortcode}/")
    line = anna.locator(".comments > .comment > .comment-line")
    press(line, "Pin ")
    expect(line.locator(".comment-pinned")).to_be_visible()
    press(line, "Delete")
    if javascript:
        anna.get_by_role("dialog").get_by_role("button", name="Delete").click()
    else:
        expect(anna.get_by_role("heading", name="Delete this comment?")).to_be_visible()
        anna.get_by_role("button", name="Delete").click()
    expect(anna.locator(".comment")).to_have_count(0)
    ben.goto(f"/p/{shortcode}/")
    expect(ben.locator(".comment")).to_have_count(0)
