"""Rows of the list of promises that the matrix cannot show: what was seen before stays seen by nobody afterwards."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from accounts.actions import suspend_person
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
from social.actions import (
    add_close_friend,
    block,
    change_privacy,
    follow,
    mute,
    remove_follower,
    restrict,
    unblock,
    unfollow,
)
from tests.conftest import HTMX
from tests.visibility.world import plain

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
"""What takes a post from the home of a follower. No task runs: nothing may depend on a message."""


@pytest.mark.promise("A6")
@pytest.mark.parametrize("how", HIDING)
def test_a_warm_home_shows_no_stale_post_at_the_next_look(how, as_, author, follower, post):
    browser = as_(follower)
    assert "Morning light" in browser.get("/").text

    HIDING[how](author, User.objects.get(pk=follower.pk), post)

    text = browser.get("/").text
    assert f'data-post="{post.shortcode}"' not in text
    assert "Morning light" not in text


GONE = [how for how in HIDING if how not in {"unfollowed", "removed as a follower", "blocked and unblocked", "mutes"}]


@pytest.mark.promise("A4", "A7", "A16")
@pytest.mark.parametrize("how", GONE)
def test_what_is_hidden_is_at_no_address_any_more_nor_is_its_picture(how, as_, author, follower, post):
    key = post.slides[0].renditions[0]["webp"]
    urls = ["/explore/", "/explore/tags/sun/", "/search/?q=Morning", "/author/", post.get_absolute_url()]
    urls += [f"{post.get_absolute_url()}{rest}/" for rest in ("comments", "likes")]
    browser = as_(follower)
    assert key in browser.get(post.get_absolute_url()).text

    HIDING[how](author, User.objects.get(pk=follower.pk), post)

    for url in urls:
        for headers in ({}, HTMX):
            answer = browser.get(url, headers=headers)
            assert key not in answer.text, url
            assert "Morning light" not in answer.text, url
            assert 'property="og:' not in answer.text or answer.status_code == 200, url


@pytest.mark.promise("A3")
def test_the_address_of_a_picture_says_nothing_and_is_no_others_neighbour(post):
    keys = {new_key(".webp") for _ in range(1000)}

    assert len(keys) == len({key[:12] for key in keys}) == 1000, "from the first letters on"
    assert all(PUBLIC.fullmatch(key) and len(re.sub(r"[^0-9a-f]", "", key[:-5])) == 32 for key in keys), "128 bits"


# --- Being told -----------------------------------------------------------------------------------------------------

UNTOLD: dict[str, Act] = {
    "blocked": lambda author, actor, post: block(author, blocked=actor),
    "blocks": lambda author, actor, post: block(actor, blocked=author),
    "actor suspended": lambda author, actor, post: suspend_person(actor, reason="why"),
    "post deleted": lambda author, actor, post: delete_post(post),
    "post removed": lambda author, actor, post: remove_post(post, reason="why"),
    "taken back": lambda author, actor, post: (
        post.likes.all().delete(),
        post.comments.all().delete(),
        unfollow(actor, followee=author),
    ),
}


@pytest.mark.promise("A8", "A15")
@pytest.mark.parametrize("how", UNTOLD)
def test_hidden_after_the_act_and_before_the_task_nothing_is_delivered(how, author, stranger, post):
    comment = _act(author, stranger, post)

    UNTOLD[how](author, stranger, post)
    _tell(author, stranger, post, comment)

    about_a_follow = 1 if how in {"post deleted", "post removed"} else 0
    assert Occurrence.objects.filter(recipient_id=author.pk).count() == about_a_follow


@pytest.mark.promise("A8")
@pytest.mark.parametrize("how", UNTOLD)
def test_hidden_after_it_was_delivered_it_is_shown_and_counted_no_more(how, as_, author, stranger, post):
    comment = _act(author, stranger, post)
    _tell(author, stranger, post, comment)
    browser = as_(author)
    assert len(browser.get("/notifications/").context["page"]) == 3

    UNTOLD[how](author, stranger, post)

    about_a_follow = 1 if how in {"post deleted", "post removed"} else 0
    page = browser.get("/notifications/")
    assert len(page.context["page"]) == about_a_follow
    assert str(page.context["unread_notifications"]) == ("1" if about_a_follow else "")
    assert "rude words" not in page.text


@pytest.mark.promise("A8")
def test_a_comment_that_was_removed_or_waits_is_told_nobody(author, stranger, post):
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


def _tell(author: User, actor: User, post: Post, comment: Comment) -> None:
    notify_of_like(post_id=post.pk, liker_id=actor.pk)
    notify_of_comment(comment_id=comment.pk)
    notify_of_follow(follower_id=actor.pk, followee_id=author.pk)


# --- Not being told apart -------------------------------------------------------------------------------------------


@pytest.mark.promise("A9")
@pytest.mark.parametrize("act", ["mute", "restrict", "close friend"])
def test_nobody_can_tell_that_they_are_muted_restricted_or_a_close_friend(act, as_, author, follower, share, post):
    share(follower, caption="theirs")
    urls = ["/", "/explore/", "/author/", "/follower/", "/author/followers/", "/author/following/", "/notifications/"]
    urls += ["/search/?q=author", post.get_absolute_url(), f"{post.get_absolute_url()}likes/", "/accounts/privacy/"]
    urls += ["/accounts/close-friends/", "/accounts/muted/", "/accounts/restricted/", "/accounts/blocked/"]
    browser = as_(follower)
    like_post(post, liker=follower)
    before = {url: _as_shown(browser.get(url), url) for url in urls}

    if act == "mute":
        mute(author, muted=follower)
    elif act == "restrict":
        restrict(author, restricted=follower)
    else:
        add_close_friend(author, friend=follower)

    for url in urls:
        assert _as_shown(browser.get(url), url) == before[url], url


def _as_shown(answer: Any, url: str) -> tuple[int, dict[str, str], str]:
    status, headers, body = plain(answer, url)
    return status, headers, re.sub(r"<time.*?</time>", "", body, flags=re.DOTALL)
