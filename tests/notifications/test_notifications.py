"""Notifications: created once, deleted with their cause, and limited to visible and wanted people."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.actions.moderation import suspend_person
from common.ids import first_id_at
from notifications.models import Allowed, Kind, Notification, Occurrence, Preferences, Watermark
from notifications.tasks import notify_of_comment, notify_of_follow, notify_of_like, sweep
from posts.actions.comments import add_comment, delete_comment, remove_comment
from posts.actions.editing import delete_post
from posts.actions.likes import like_post, unlike_post
from posts.models import Like
from posts.tasks import purge_post
from social.actions.follows import follow, unfollow
from tests.conftest import HTMX


def rows_of(browser):
    return browser.get("/notifications/").context["page"].items


def told(person):
    return Occurrence.objects.filter(recipient_id=person.pk).count()


def test_a_like_notifies_the_author(signed_in, author, stranger, post, tasks_run):
    with tasks_run():
        like_post(post, liker=stranger)

    answer = signed_in(author).get("/notifications/")

    [row] = answer.context["page"].items
    assert (row.kind, [one.username for one in row.actors], row.is_unread) == ("like", ["stranger"], True)
    assert "liked your photo" in answer.text
    assert f'href="/p/{post.shortcode}/"' in answer.text


def test_likes_of_a_post_share_a_row_with_the_newest_two_names(signed_in, author, post, person, tasks_run):
    people = [person(f"liker{n}") for n in range(5)]
    with tasks_run():
        for each in people:
            like_post(post, liker=each)

    answer = signed_in(author).get("/notifications/")

    [row] = answer.context["page"].items
    assert ([one.username for one in row.actors], row.others) == (["liker4", "liker3"], 3)
    text = " ".join(answer.text.split())
    assert "liker4</bdi></a>, <a" in text
    assert "and 3 others" in text


def test_a_comment_notification_has_its_text(signed_in, author, stranger, post, tasks_run):
    with tasks_run():
        comment = add_comment(post, author=stranger, text="<b>What a light</b>")

    text = signed_in(author).get("/notifications/").text

    assert "&lt;b&gt;What a light&lt;/b&gt;" in text
    assert f"/p/{post.shortcode}/comments/{comment.pk}/" in text


def test_follows_of_a_day_share_a_row(signed_in, author, stranger, person, tasks_run):
    with tasks_run():
        follow(stranger, followee=author)
        follow(person("other"), followee=author)

    [row] = rows_of(signed_in(author))

    assert (row.kind, len(row.actors), row.others) == ("follow", 2, 0)


def test_own_actions_cause_no_notification(author, post, tasks_run):
    with tasks_run():
        like_post(post, liker=author)
        add_comment(post, author=author, text="mine")

    assert told(author) == 0


@pytest.mark.promise("D11")
def test_a_task_delivered_three_times_notifies_once(author, stranger, post):
    like_post(post, liker=stranger)
    comment = add_comment(post, author=stranger, text="once")
    follow(stranger, followee=author)

    for _ in range(3):
        notify_of_like(post_id=post.pk, liker_id=stranger.pk)
        notify_of_comment(comment_id=comment.pk)
        notify_of_follow(follower_id=stranger.pk, followee_id=author.pk)
        sweep()

    assert told(author) == 3
    assert Notification.objects.filter(recipient=author).count() == 3


@pytest.mark.promise("D12")
def test_a_cause_undone_before_its_task_runs_leaves_no_notification(author, stranger, post):
    like_post(post, liker=stranger)
    unlike_post(post, liker=stranger)
    comment = add_comment(post, author=stranger, text="oops")
    delete_comment(comment)

    notify_of_like(post_id=post.pk, liker_id=stranger.pk)
    notify_of_comment(comment_id=comment.pk)

    assert told(author) == 0


def test_a_notification_is_deleted_with_its_cause(signed_in, author, stranger, post, tasks_run):
    with tasks_run():
        like_post(post, liker=stranger)
        follow(stranger, followee=author)
        comment = add_comment(post, author=stranger, text="soon gone")
    browser = signed_in(author)
    assert len(rows_of(browser)) == 3

    unlike_post(post, liker=stranger)
    unfollow(stranger, followee=author)
    delete_comment(comment)

    assert rows_of(browser) == []
    assert told(author) == 0


def test_the_sweep_deletes_rows_without_occurrences(author, stranger, post, tasks_run):
    with tasks_run():
        like_post(post, liker=stranger)
    unlike_post(post, liker=stranger)
    Notification.objects.update(id=first_id_at(timezone.now() - timedelta(hours=1)))

    sweep()

    assert not Notification.objects.exists()


def test_deleting_a_post_deletes_its_notifications(author, stranger, post, tasks_run):
    with tasks_run():
        like_post(post, liker=stranger)
        add_comment(post, author=stranger, text="nice")
    delete_post(post)
    purge_post(post.pk)

    assert not Notification.objects.exists()
    assert not Occurrence.objects.exists()


def test_hidden_comments_and_suspended_people_cause_no_notification(
    signed_in, author, stranger, post, person, tasks_run
):
    liker = person("liker")
    with tasks_run():
        comment = add_comment(post, author=stranger, text="rude")
        like_post(post, liker=liker)
    browser = signed_in(author)
    assert len(rows_of(browser)) == 2

    remove_comment(comment, reason="rude")
    suspend_person(liker, reason="spam")

    assert rows_of(browser) == []
    assert browser.get("/explore/").context["unread_notifications"] == ""


@pytest.mark.promise("A15")
def test_content_hidden_before_the_task_runs_causes_no_notification(author, stranger, post):
    like_post(post, liker=stranger)
    suspend_person(stranger, reason="spam")

    notify_of_like(post_id=post.pk, liker_id=stranger.pk)

    assert told(author) == 0


@pytest.mark.parametrize(("allowed", "told_of"), [(Allowed.EVERYONE, 2), (Allowed.FOLLOWING, 1), (Allowed.OFF, 0)])
def test_each_kind_has_a_setting(allowed, told_of, signed_in, author, stranger, person, post, tasks_run):
    friend = person("friend")
    follow(author, followee=friend)
    signed_in(author).post("/accounts/notifications/", dict.fromkeys(Kind.values, Allowed.EVERYONE) | {"like": allowed})
    with tasks_run():
        like_post(post, liker=friend)
        like_post(post, liker=stranger)

    assert Occurrence.objects.filter(recipient_id=author.pk, like__isnull=False).count() == told_of


def test_the_settings_show_the_saved_choices(signed_in, author):
    browser = signed_in(author)
    choices = dict.fromkeys(Kind.values, Allowed.FOLLOWING) | {"comment": Allowed.OFF}
    assert browser.post("/accounts/notifications/", choices).status_code == 302

    page = browser.get("/accounts/notifications/")

    form = page.context["form"]
    assert {kind: form[kind].value() for kind in Kind.values} == choices
    chosen = re.findall(r'<option value="(\w+)" selected>', page.text)
    assert chosen == [choices[kind] for kind in Kind.values]


def test_an_unknown_choice_is_an_error_that_names_the_kind(signed_in, author):
    choices = dict.fromkeys(Kind.values, Allowed.EVERYONE) | {"like": "sometimes"}

    answer = signed_in(author).post("/accounts/notifications/", choices)

    assert answer.status_code == 422
    assert "Likes of your posts: choose one of the options." in answer.text
    assert not Preferences.objects.exists()


def test_the_badge_counts_unread_rows(signed_in, author, stranger, post, person, tasks_run):
    browser = signed_in(author)
    with tasks_run():
        like_post(post, liker=stranger)
        follow(stranger, followee=author)
    assert browser.get("/explore/").context["unread_notifications"] == "2"

    newest = browser.get("/notifications/").context["newest"]
    with tasks_run():
        like_post(post, liker=person("late"))
    browser.post("/notifications/read/", {"up_to": newest})

    assert browser.get("/explore/").context["unread_notifications"] == "1"
    assert [row.is_unread for row in rows_of(browser)] == [True, False]


def test_only_a_post_by_the_recipient_marks_notifications_as_read(signed_in, author, stranger, post, tasks_run):
    with tasks_run():
        like_post(post, liker=stranger)
    browser = signed_in(author)
    newest = browser.get("/notifications/").context["newest"]
    assert browser.get("/notifications/read/").status_code == 405

    signed_in(stranger).post("/notifications/read/", {"up_to": newest})

    assert rows_of(browser)[0].is_unread


@pytest.mark.parametrize("up_to", ["", "x", "-1", "9" * 30, "²"])
def test_an_invalid_id_marks_nothing_as_read(up_to, signed_in, author):
    assert signed_in(author).post("/notifications/read/", {"up_to": up_to}).status_code == 422
    assert not Preferences.objects.exists()


def test_the_sweep_creates_notifications_whose_messages_were_lost(author, stranger, post):
    like_post(post, liker=stranger)
    old = first_id_at(timezone.now() - timedelta(seconds=60))
    Like.objects.update(id=old)
    Watermark.objects.create(cause="like", up_to=first_id_at(timezone.now() - timedelta(days=1)))

    assert sweep() == 1
    assert sweep() == 0
    assert told(author) == 1


def test_after_an_outage_the_sweep_resumes_where_it_stopped(author, person, post, monkeypatch):
    monkeypatch.setattr("notifications.tasks.SWEEP_BATCH", 2)
    for number in range(5):
        like = Like.objects.create(post=post, liker=person(f"liker{number}"))
        Like.objects.filter(pk=like.pk).update(id=first_id_at(timezone.now() - timedelta(minutes=30 - number)))
    Watermark.objects.create(cause="like", up_to=first_id_at(timezone.now() - timedelta(days=1)))

    assert [sweep() for _ in range(4)] == [2, 2, 1, 0]
    assert told(author) == 5


def test_an_empty_list_has_a_text(signed_in, author):
    assert "Nothing yet" in signed_in(author).get("/notifications/").text


def test_the_panel_and_further_pages_are_fragments(signed_in, author, person, share, tasks_run):
    for number in range(21):
        liked = share(author, caption=f"{number}")
        with tasks_run():
            like_post(liked, liker=person())
    browser = signed_in(author)

    panel = browser.get("/notifications/", headers=HTMX)
    older = browser.get(panel.context["page"].next_url, headers=HTMX)

    assert len(panel.context["page"].items) == 20
    assert len(older.context["page"].items) == 1
    assert "<html" not in panel.text + older.text
    assert "Mark all as read" in panel.text
    assert "Mark all as read" not in older.text


@pytest.mark.parametrize("size", [2, 20])
def test_the_list_costs_the_same_queries_for_two_rows_and_for_twenty(
    size, signed_in, author, person, share, tasks_run, django_assert_num_queries
):
    for number in range(size):
        liked = share(author, caption=f"{number}")
        with tasks_run():
            like_post(liked, liker=person())
            add_comment(liked, author=person(), text="nice")
    browser = signed_in(author)
    browser.get("/notifications/")

    # The session, the rows, their people, posts, media and comments, the badge.
    with django_assert_num_queries(8):
        browser.get("/notifications/")
