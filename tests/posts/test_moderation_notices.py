"""Moderated people are notified by mail, above their notifications, and on their profile."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from accounts.actions.moderation import restore_person, suspend_person
from notifications import moderation
from posts.actions.archiving import archive_post
from posts.actions.comments import add_comment, remove_comment, restore_comment
from posts.actions.editing import delete_post
from posts.actions.moderation import remove_post, restore_post
from tests.conftest import HTMX
from tests.markup import one_line

pytestmark = pytest.mark.django_db


def test_a_removed_post_is_explained_by_mail_and_on_the_site(
    signed_in, author, stranger, share, django_capture_on_commit_callbacks
):
    post = share(author, caption="Morning light")
    with django_capture_on_commit_callbacks(execute=True):
        remove_post(post, reason="Not your photo.")

    (message,) = mail.outbox
    assert (message.to, message.subject) == ([author.email], "A moderator removed your post")
    assert "Reason: Not your photo." in message.body
    assert f"/p/{post.shortcode}/" in message.body
    browser = signed_in(author)
    assert "A moderator removed <a" in browser.get("/notifications/").text
    assert "Not your photo." in browser.get("/notifications/", headers=HTMX).text, "the panel"
    assert 'data-state="removed"' in browser.get("/author/").text, "it stays on the author's own profile"
    assert post.shortcode not in signed_in(stranger).get("/author/").text
    assert "Not your photo." not in signed_in(stranger).get("/notifications/").text


def test_a_removed_comment_is_explained_by_mail_and_on_the_site(
    signed_in, author, follower, post, django_capture_on_commit_callbacks
):
    comment = add_comment(post, author=follower, text="<b>Ugly</b>")
    with django_capture_on_commit_callbacks(execute=True):
        remove_comment(comment, reason="Rude & unkind.")

    (message,) = mail.outbox
    assert message.to == [follower.email]
    assert "Reason: Rude & unkind." in message.body
    assert "<b>Ugly</b>" in message.body
    page = one_line(signed_in(follower).get("/notifications/").text)
    words = (
        "A moderator removed your comment: “<bdi>&lt;b&gt;Ugly&lt;/b&gt;</bdi>” Reason: <bdi>Rude &amp; unkind.</bdi>"
    )
    assert words in page
    assert "Rude" not in signed_in(author).get("/notifications/").text


def test_notices_disappear_when_the_row_is_restored_or_deleted(
    signed_in, author, follower, post, share, django_capture_on_commit_callbacks
):
    other, comment = share(author), add_comment(post, author=author, text="Mine")
    for one in (post, other):
        remove_post(one, reason="Twice.")
    remove_comment(comment, reason="Twice.")
    assert [notice.kind for notice in moderation.moderation_notices(author)] == ["comment", "post", "post"]

    with django_capture_on_commit_callbacks(execute=True):
        restore_post(post)
        restore_comment(comment)
        delete_post(other)

    assert moderation.moderation_notices(author) == []
    assert [message.subject for message in mail.outbox] == ["Your post is back", "Your comment is back"]


def test_old_notices_are_not_shown_and_new_ones_up_to_a_limit(author, post):
    texts = [f"{n}" for n in range(moderation.MAX_SHOWN + 2)]
    comments = [add_comment(post, author=author, text=text) for text in texts]
    old = timezone.now() - timedelta(days=moderation.SHOWN_DAYS, minutes=1)
    type(post).objects.filter(pk=post.pk).update(removed_at=old, removed_reason="Long ago.")
    assert moderation.moderation_notices(author) == []

    for comment in comments:
        remove_comment(comment, reason="Spam.")

    assert [notice.text for notice in moderation.moderation_notices(author)] == texts[:1:-1]


def test_a_suspension_and_its_end_are_mailed_once_each(author, django_capture_on_commit_callbacks):
    for act in (lambda: suspend_person(author, reason="Spam."), lambda: restore_person(author)):
        with django_capture_on_commit_callbacks(execute=True):
            assert [act(), act()] == [True, False]

    assert [(message.subject, message.to) for message in mail.outbox] == [
        ("Your account is suspended", [author.email]),
        ("Your account is active again", [author.email]),
    ]
    assert "Reason: Spam." in mail.outbox[0].body


def test_an_archived_post_is_no_notice(author, post):
    archive_post(post)

    assert moderation.moderation_notices(author) == []
