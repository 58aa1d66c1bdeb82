"""Promises that the matrix cannot test: content that was visible before disappears everywhere once it is hidden."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from accounts.actions.moderation import suspend_person
from accounts.models import User
from media.storage import PUBLIC, new_key
from notifications.models import Occurrence
from notifications.tasks import notify_of_comment, notify_of_follow, notify_of_like
from posts.actions.archiving import archive_post
from posts.actions.comments import add_comment, remove_comment
from posts.actions.editing import delete_post
from posts.actions.likes import like_post
from posts.actions.moderation import remove_post
from posts.models import Comment, Post
from social.actions.blocks import block, unblock
from social.actions.close_friends import add_close_friend
from social.actions.follows import follow, remove_follower, unfollow
from social.actions.mutes import mute
from social.actions.privacy import change_privacy
from social.actions.restrictions import restrict
from tests.conftest import HTMX
from tests.visibility.world import comparable

pytestmark = pytest.mark.django_db

Act = Callable[[Any, Any, Any], object]

HIDING: dict[str, Act] = {
    "unfollowed": lambda author, reader, post: unfollow(reader, followee=author),
    "removed as a follower": lambda author, reader, post: remove_follower(author, follower=reader),
    "blocked": lambda author, reader, post: block(author, blocked=reader),
    "blocks": lambda author, reader, post: block(reader, blocked=author),
    "blocked and unblocked": lambda a, r, post: (block(a, blocked=r), unblock(a, blocked=r)),
    "mutes": lambda author, reader, post: mute(reader, muted=author),
    "archived": lambda author, reader, post: archive_post(post),
    "deleted": lambda author, reader, post: delete_post(post),
    "removed by a moderator": lambda author, reader, post: remove_post(post, reason="why"),
    "author suspended": lambda author, reader, post: suspend_person(author, reason="why"),
    "for close friends": lambda author, reader, post: Post.objects.filter(pk=post.pk).update(audience="close_friends"),
    "private and unfollowed": lambda a, r, post: (change_privacy(a, is_private=True), unfollow(r, followee=a)),
}
"""Actions that remove a post from a follower's home page. No task runs, because visibility may not depend on one."""


@pytest.mark.promise("A6")
@pytest.mark.parametrize("how", HIDING)
def test_a_cached_home_page_shows_no_hidden_post_on_the_next_request(how, signed_in, author, follower, post):
    browser = signed_in(follower)
    assert "Morning light" in browser.get("/").text

    HIDING[how](author, User.objects.get(pk=follower.pk), post)

    text = browser.get("/").text
    assert f'data-post="{post.shortcode}"' not in text
    assert "Morning light" not in text


HIDDEN_EVERYWHERE = [
    how for how in HIDING if how not in {"unfollowed", "removed as a follower", "blocked and unblocked", "mutes"}
]


@pytest.mark.promise("A4", "A7", "A16")
@pytest.mark.parametrize("how", HIDDEN_EVERYWHERE)
def test_a_hidden_post_and_its_photo_are_on_no_page(how, signed_in, author, follower, post):
    address = f"/media/{post.slides[0].pk}/"
    urls = ["/explore/", "/explore/tags/sun/", "/search/?q=Morning", "/author/", post.get_absolute_url()]
    urls += [f"{post.get_absolute_url()}{rest}/" for rest in ("comments", "likes")]
    browser = signed_in(follower)
    assert address in browser.get(post.get_absolute_url()).text

    HIDING[how](author, User.objects.get(pk=follower.pk), post)

    for url in urls:
        for headers in ({}, HTMX):
            answer = browser.get(url, headers=headers)
            assert address not in answer.text, url
            assert "Morning light" not in answer.text, url
            assert 'property="og:' not in answer.text or answer.status_code == 200, url


@pytest.mark.promise("A3")
def test_storage_keys_are_random_from_the_first_character_with_128_bits(post):
    keys = {new_key(".webp") for _ in range(1000)}

    assert len(keys) == len({key[:12] for key in keys}) == 1000, "the beginnings differ too"
    assert all(PUBLIC.fullmatch(key) and len(re.sub(r"[^0-9a-f]", "", key[:-5])) == 32 for key in keys), "128 bits"


# --- Notifications --------------------------------------------------------------------------------------------------

NOT_NOTIFIED: dict[str, Act] = {
    "blocked": lambda author, actor, post: block(author, blocked=actor),
    "blocks": lambda author, actor, post: block(actor, blocked=author),
    "actor suspended": lambda author, actor, post: suspend_person(actor, reason="why"),
    "post deleted": lambda author, actor, post: delete_post(post),
    "post removed": lambda author, actor, post: remove_post(post, reason="why"),
    "undone": lambda author, actor, post: (
        post.likes.all().delete(),
        post.comments.all().delete(),
        unfollow(actor, followee=author),
    ),
}


@pytest.mark.promise("A8", "A15")
@pytest.mark.parametrize("how", NOT_NOTIFIED)
def test_no_notification_is_created_for_an_act_hidden_before_the_task_runs(how, author, stranger, post):
    comment = _act(author, stranger, post)

    NOT_NOTIFIED[how](author, stranger, post)
    _notify(author, stranger, post, comment)

    of_the_follow = 1 if how in {"post deleted", "post removed"} else 0
    assert Occurrence.objects.filter(recipient_id=author.pk).count() == of_the_follow


@pytest.mark.promise("A8")
@pytest.mark.parametrize("how", NOT_NOTIFIED)
def test_a_notification_of_an_act_hidden_later_is_neither_shown_nor_counted(how, signed_in, author, stranger, post):
    comment = _act(author, stranger, post)
    _notify(author, stranger, post, comment)
    browser = signed_in(author)
    assert len(browser.get("/notifications/").context["page"]) == 3

    NOT_NOTIFIED[how](author, stranger, post)

    of_the_follow = 1 if how in {"post deleted", "post removed"} else 0
    page = browser.get("/notifications/")
    assert len(page.context["page"]) == of_the_follow
    assert str(page.context["unread_notifications"]) == ("1" if of_the_follow else "")
    assert "rude words" not in page.text


@pytest.mark.promise("A8")
def test_nobody_is_notified_of_a_removed_or_waiting_comment(author, stranger, post):
    removed = add_comment(post, author=stranger, text="rude words")
    remove_comment(removed, reason="why")
    restrict(author, restricted=stranger)
    waiting = add_comment(post, author=stranger, text="more rude words")

    for comment in (removed, waiting):
        notify_of_comment(comment_id=comment.pk)

    assert not Occurrence.objects.exists()


def _act(author: User, actor: User, post: Post) -> Comment:
    like_post(post, liker=actor)
    follow(actor, followee=author)
    return add_comment(post, author=actor, text="rude words")


def _notify(author: User, actor: User, post: Post, comment: Comment) -> None:
    notify_of_like(post_id=post.pk, liker_id=actor.pk)
    notify_of_comment(comment_id=comment.pk)
    notify_of_follow(follower_id=actor.pk, followee_id=author.pk)


# --- Secrecy --------------------------------------------------------------------------------------------------------


@pytest.mark.promise("A9")
@pytest.mark.parametrize("act", ["mute", "restrict", "close friend"])
def test_pages_do_not_reveal_mutes_restrictions_and_close_friends(act, signed_in, author, follower, share, post):
    share(follower, caption="theirs")
    urls = ["/", "/explore/", "/author/", "/follower/", "/author/followers/", "/author/following/", "/notifications/"]
    urls += ["/search/?q=author", post.get_absolute_url(), f"{post.get_absolute_url()}likes/", "/accounts/privacy/"]
    urls += ["/accounts/close-friends/", "/accounts/muted/", "/accounts/restricted/", "/accounts/blocked/"]
    browser = signed_in(follower)
    like_post(post, liker=follower)
    before = {url: _comparable(browser.get(url), url) for url in urls}

    if act == "mute":
        mute(author, muted=follower)
    elif act == "restrict":
        restrict(author, restricted=follower)
    else:
        add_close_friend(author, friend=follower)

    for url in urls:
        assert _comparable(browser.get(url), url) == before[url], url


def _comparable(answer: Any, url: str) -> tuple[int, dict[str, str], str]:
    status, headers, body = comparable(answer, url)
    return status, headers, re.sub(r"<time.*?</time>", "", body, flags=re.DOTALL)
