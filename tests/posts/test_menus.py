"""The menu of a post, which browsers without JavaScript show as a page."""

from __future__ import annotations

import re

import pytest
from django.utils import timezone

from posts.actions.archiving import archive_post
from posts.actions.moderation import remove_post
from posts.menu import CODE, menu_items
from social.actions.blocks import block


def labels(client, post):
    """Return the labels of the items on the menu's page."""
    answer = client.get(f"/p/{post.shortcode}/menu/")
    assert answer.status_code == 200
    items = answer.text.partition('class="menu-page-items"')[2].partition("</div>")[0]
    return [text.strip() for text in re.findall(r"</i>([^<]+)", items)]


FOR_ALL = ["Go to post", "About this account"]
FOR_OWN = ["Turn comments off", "Hide like count", "Delete"]


def test_visitors_and_members_and_the_author_have_different_items(client, signed_in, author, follower, post):
    assert labels(client, post) == FOR_ALL
    assert labels(signed_in(follower), post) == [*FOR_ALL, "Save to a collection", "Not interested"]
    assert labels(signed_in(author), post) == [
        *FOR_ALL,
        "Save to a collection",
        *("Edit", "Tag people", "Archive"),
        *FOR_OWN,
    ]


def test_the_items_of_an_own_post_follow_its_state(signed_in, author, post, share):
    browser = signed_in(author)
    browser.post(f"/p/{post.shortcode}/comments/off/")
    browser.post(f"/p/{post.shortcode}/likes/hide/")
    assert {"Turn comments on", "Show like count"} <= set(labels(browser, post))

    archive_post(post)
    assert labels(browser, post)[2:5] == ["Edit", "Tag people", "Restore from archive"]

    removed = share(author)
    remove_post(removed, reason="Spam")
    assert labels(browser, removed) == [*FOR_ALL, *FOR_OWN]


def test_people_named_in_the_caption_can_remove_themselves(signed_in, author, follower, stranger, share):
    post = share(author, caption=f"With @{follower.username}")

    assert "Remove me from this" in labels(signed_in(follower), post)
    assert "Remove me from this" not in labels(signed_in(stranger), post)
    signed_in(follower).post(f"/p/{post.shortcode}/unmention/")
    assert "Remove me from this" not in labels(signed_in(follower), post)


def test_the_menu_has_the_link_and_the_code_to_embed(client, signed_in, author, post):
    page = client.get(f"/p/{post.shortcode}/menu/").text
    assert f'value="http://testserver/p/{post.shortcode}/"' in page
    assert f"http://testserver/p/{post.shortcode}/embed/" in page

    author.is_private = True
    author.save()
    page = signed_in(author).get(f"/p/{post.shortcode}/menu/").text
    assert f'value="http://testserver/p/{post.shortcode}/"' in page
    assert "/embed/" not in page.partition("<template")[0]


def test_the_menu_of_a_hidden_post_does_not_exist(client, signed_in, author, stranger, post):
    block(author, blocked=stranger)

    assert signed_in(stranger).get(f"/p/{post.shortcode}/menu/").status_code == 404
    post.deleted_at = timezone.now()
    post.save()
    assert client.get(f"/p/{post.shortcode}/menu/").status_code == 404


@pytest.mark.parametrize("is_member", [True, False])
def test_every_address_in_the_copied_menu_contains_the_placeholder(is_member):
    urls = [item.url for item in menu_items(CODE, "_author_", is_member=is_member)]

    assert urls
    assert all(f"/{CODE}/" in url or url == "/_author_/" for url in urls)
