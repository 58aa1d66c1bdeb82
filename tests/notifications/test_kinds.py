"""Notifications of requests, acceptances, replies, comment likes, mentions and tags, and of muted people."""

import re
from functools import partial

import pytest

from accounts.models import User
from notifications.models import Kind, Notification, Occurrence
from notifications.queries import unread_count
from notifications.tasks import (
    notify_of_comment,
    notify_of_comment_like,
    notify_of_follow,
    notify_of_like,
    notify_of_mention,
    notify_of_request,
    notify_of_tag,
    sweep,
)
from posts.actions.comments import add_comment
from posts.actions.editing import edit_post
from posts.actions.likes import like_comment, like_post, unlike_comment
from posts.actions.mentions import remove_mention
from posts.actions.requests import EditRequest
from posts.actions.tags import remove_tag, tag_person
from posts.models import CommentLike, Like, Mention, PersonTag
from social.actions.blocks import block
from social.actions.follows import follow, unfollow
from social.actions.mutes import mute, unmute
from social.actions.privacy import change_privacy
from social.actions.requests import approve_request, cancel_request, refuse_request
from tests.concurrency import run_concurrently
from tests.conftest import HTMX


def rows_of(browser):
    return browser.get("/notifications/").context["page"].items


def kinds_of(browser):
    return [row.kind for row in rows_of(browser)]


@pytest.fixture
def private(author):
    change_privacy(author, is_private=True)
    author.refresh_from_db()
    return author


@pytest.fixture
def tagged(post, stranger):
    return tag_person(post.media.get(), username="stranger", x=0.5, y=0.5)


def test_a_request_notification_has_both_answers_and_disappears_once_answered(signed_in, private, stranger, tasks_run):
    with tasks_run():
        follow(stranger, followee=private)
    browser = signed_in(private)

    page = browser.get("/notifications/")
    assert kinds_of(browser) == ["request"]
    assert "wants to follow you" in page.text
    with tasks_run():
        answer = browser.post("/accounts/requests/stranger/approve/", {"next": "/notifications/"})
    assert answer.url == "/notifications/"

    assert kinds_of(browser) == ["follow"]
    assert kinds_of(signed_in(stranger)) == ["accepted"]
    assert "accepted your follow request" in signed_in(stranger).get("/notifications/").text


def test_htmx_gets_the_result_of_answering_a_request(signed_in, private, stranger, tasks_run):
    with tasks_run():
        follow(stranger, followee=private)

    answer = signed_in(private).post("/accounts/requests/stranger/refuse/", headers=HTMX)

    assert "You declined the request from stranger." in answer.text
    assert kinds_of(signed_in(private)) == []


@pytest.mark.promise("A12", "D12")
@pytest.mark.parametrize("end", [cancel_request, None])
def test_a_request_that_has_ended_leaves_no_notification(end, private, stranger, signed_in, tasks_run):
    with tasks_run():
        follow(stranger, followee=private)
    if end:
        end(stranger, target=private)
    else:
        refuse_request(private, requester=stranger)

    notify_of_request(stranger.pk, private.pk)

    assert rows_of(signed_in(private)) == []


def test_requests_of_a_day_share_a_row_that_links_to_all_of_them(signed_in, private, person, tasks_run):
    with tasks_run():
        for number in range(3):
            follow(person(f"asker{number}"), followee=private)

    [row] = rows_of(signed_in(private))
    assert (len(row.actors), row.others) == (2, 1)
    assert 'href="/accounts/requests/">Review' in signed_in(private).get("/notifications/").text


def test_following_a_public_account_causes_no_acceptance_notification(signed_in, author, stranger, tasks_run):
    with tasks_run():
        follow(stranger, followee=author)

    assert kinds_of(signed_in(stranger)) == []


def test_an_acceptance_notification_is_deleted_with_the_follow(signed_in, private, stranger, tasks_run):
    with tasks_run():
        follow(stranger, followee=private)
        approve_request(private, requester=stranger)
    unfollow(stranger, followee=private)

    assert rows_of(signed_in(stranger)) == rows_of(signed_in(private)) == []


def test_a_reply_notifies_both_authors_once(signed_in, author, post, stranger, person, tasks_run):
    replier = person("replier")
    with tasks_run():
        thread = add_comment(post, author=stranger, text="What a light")
        add_comment(post, author=replier, text="@stranger @author indeed", reply_to=thread)

    assert kinds_of(signed_in(stranger)) == ["reply"]
    assert "replied to your comment" in signed_in(stranger).get("/notifications/").text
    assert kinds_of(signed_in(author)) == ["comment", "comment"]


def test_likes_of_a_comment_share_a_row_that_is_deleted_with_the_last_like(
    signed_in, post, stranger, person, tasks_run
):
    comment = add_comment(post, author=stranger, text="What a light")
    fans = [person("fan1"), person("fan2")]
    with tasks_run():
        for fan in fans:
            like_comment(comment, liker=fan)

    [row] = rows_of(signed_in(stranger))
    assert (row.kind, len(row.actors)) == ("comment_like", 2)
    for fan in fans:
        unlike_comment(comment, liker=fan)
    assert rows_of(signed_in(stranger)) == []


def test_a_mention_links_to_its_place_and_disappears_when_edited_out(signed_in, author, stranger, share, tasks_run):
    with tasks_run():
        post = share(author, caption="With @stranger")

    page = signed_in(stranger).get("/notifications/").text
    assert "mentioned you in a photo" in page
    with tasks_run():
        slides = [(medium.pk, "") for medium in post.media.all()]
        edit_post(post, EditRequest(post.version, "Alone", location="", audience="everyone", slides=slides))
    assert rows_of(signed_in(stranger)) == []


@pytest.mark.parametrize("who_may", ["following", "nobody"])
def test_mentions_by_people_who_may_not_tag_are_not_notified(who_may, signed_in, author, stranger, share, tasks_run):
    stranger.who_may_tag = who_may
    stranger.save(update_fields=["who_may_tag"])

    with tasks_run():
        post = share(author, caption="With @stranger")
    notify_of_mention(Mention.objects.get(post=post).pk)

    assert rows_of(signed_in(stranger)) == []


def test_removing_ones_tag_removes_its_notification(signed_in, post, stranger, tagged, tasks_run):
    notify_of_tag(tagged.pk)
    assert kinds_of(signed_in(stranger)) == ["tag"]

    remove_tag(tagged, remover=stranger)
    assert rows_of(signed_in(stranger)) == []

    with tasks_run():
        comment = add_comment(post, author=post.author, text="@stranger")
    assert kinds_of(signed_in(stranger)) == ["mention"]
    remove_mention(stranger, post=post, comment=comment)
    assert rows_of(signed_in(stranger)) == []
    assert signed_in(stranger).get("/notifications/").context["unread_notifications"] == ""


@pytest.mark.promise("A15")
def test_muting_a_person_hides_their_old_and_new_notifications(signed_in, author, post, stranger, tasks_run):
    with tasks_run():
        like_post(post, liker=stranger)
    assert kinds_of(signed_in(author)) == ["like"]

    mute(author, muted=stranger)
    assert rows_of(signed_in(author)) == []
    with tasks_run():
        add_comment(post, author=stranger, text="hello")
    unmute(author, muted=stranger)

    assert kinds_of(signed_in(author)) == ["like"]


def test_rows_have_headings_by_age(signed_in, author, post, stranger, tasks_run):
    with tasks_run():
        like_post(post, liker=stranger)
        add_comment(post, author=stranger, text="hello")
    browser = signed_in(author)

    assert [row.heading for row in rows_of(browser)] == ["New", ""]
    newest = rows_of(browser)[0].latest
    browser.post("/notifications/read/", {"up_to": newest})
    assert [row.heading for row in rows_of(browser)] == ["Today", ""]


# --- Repeated, lost and concurrent tasks -----------------------------------------------------------------------------


@pytest.fixture
def happened(author, post, stranger, person, tagged):
    """A row of every cause, without notifications: (task, arguments) of each, out of order."""
    asker = person("asker")
    hermit = person("hermit")
    change_privacy(hermit, is_private=True)
    hermit.refresh_from_db()
    follow(asker, followee=hermit)
    follow(stranger, followee=hermit)
    approve_request(hermit, requester=stranger)
    thread = add_comment(post, author=stranger, text="What a light")
    reply = add_comment(post, author=asker, text="@hermit look", reply_to=thread)
    like_comment(thread, liker=asker)
    like_post(post, liker=stranger)
    mention = Mention.objects.get(person=hermit)
    return [
        (notify_of_mention, (mention.pk,)),
        (notify_of_comment, (reply.pk,)),
        (notify_of_tag, (tagged.pk,)),
        (notify_of_comment_like, (thread.pk, asker.pk)),
        (notify_of_follow, (stranger.pk, hermit.pk)),
        (notify_of_request, (asker.pk, hermit.pk)),
        (notify_of_like, (post.pk, stranger.pk)),
        (notify_of_comment, (thread.pk,)),
    ]


def state():
    """Return all occurrences, without ids and in a fixed order."""
    found = Occurrence.objects.select_related("notification")
    return sorted((one.recipient_id, one.notification.kind, one.actor_id) for one in found)


@pytest.mark.promise("D11", "D12")
def test_running_every_task_three_times_in_any_order_leaves_the_same_rows(happened):
    for task, arguments in happened:
        task(*arguments)
    once, rows = state(), Notification.objects.count()
    # Follow, request, accepted, like, two comments, reply, comment_like, mention and tag.
    assert len(once) == 10
    assert {kind for _, kind, _ in once} == set(Kind.values)

    for task, arguments in [*reversed(happened), *happened]:
        task(*arguments)

    assert (state(), Notification.objects.count()) == (once, rows)


def test_the_sweep_creates_notifications_of_every_kind_whose_messages_were_lost(happened, monkeypatch):
    monkeypatch.setattr("notifications.tasks.SWEEP_AFTER_SECONDS", -1)

    sweep()
    swept = state()
    for task, arguments in happened:
        task(*arguments)

    assert len(swept) == 10
    assert state() == swept


@pytest.mark.promise("D13")
@pytest.mark.django_db(transaction=True)
def test_concurrent_runs_of_a_task_leave_one_row(happened):
    def run_tasks(order):
        for task, arguments in order:
            task(*arguments)

    run_concurrently(*(partial(run_tasks, order) for order in (happened, happened[::-1], happened)))

    assert len(state()) == 10


@pytest.mark.promise("D14", "A15")
@pytest.mark.django_db(transaction=True)
def test_a_block_wins_every_race_with_a_notification(author, post, stranger, signed_in):
    """The person who blocked sees no notification that a task wrote before or after the block."""
    comment = add_comment(post, author=stranger, text="What a light")
    like_post(post, liker=stranger)
    CommentLike.objects.all()
    tasks = [(notify_of_comment, (comment.pk,)), (notify_of_like, (post.pk, stranger.pk))]
    run_concurrently(
        *(partial(task, *arguments) for task, arguments in tasks), partial(block, author, blocked=stranger)
    )

    assert Like.objects.count() == 1
    assert rows_of(signed_in(author)) == []
    assert "data-badge hidden" in signed_in(author).get("/").text
    for task, arguments in tasks:
        task(*arguments)
    assert rows_of(signed_in(author)) == []


@pytest.mark.promise("O7")
def test_rows_of_all_kinds_cost_no_more_queries(signed_in, author, post, stranger, happened, django_assert_num_queries):
    for task, arguments in happened:
        task(*arguments)
    assert PersonTag.objects.exists()
    browser = signed_in(author)
    browser.get("/notifications/")

    # The session, the rows, their people, posts, media and comments, the badge.
    with django_assert_num_queries(8):
        browser.get("/notifications/")


@pytest.mark.promise("A8")
def test_the_bell_counts_the_rows_of_each_persons_list(signed_in, author, post, stranger, person, happened):
    """The query is prepared once per process, so check it for several people."""
    for task, arguments in happened:
        task(*arguments)
    block(author, blocked=person("blocked"))
    for user in User.objects.all():
        unread = [row for row in rows_of(signed_in(user)) if row.is_unread]
        assert unread_count(user) == len(unread), user
    assert sorted(unread_count(user) for user in User.objects.all()) == [0, 0, 3, 3, 4]


@pytest.mark.parametrize("answer", ["approve", "refuse"])
def test_the_bell_counts_down_when_a_request_is_answered(answer, signed_in, author, stranger, post, tasks_run):
    with tasks_run():
        like_post(post, liker=stranger)
    change_privacy(author, is_private=True)
    author.refresh_from_db()
    with tasks_run():
        follow(stranger, followee=author)
    assert unread_count(author) == 2

    page = signed_in(author).post(f"/accounts/requests/stranger/{answer}/", headers=HTMX).text

    assert unread_count(author) == 1
    for place in ("rail", "top"):
        badge = re.search(rf'hx-target="#bell-{place}" hx-swap="innerHTML">\s*(.*?)</hx-partial>', page, re.DOTALL)[1]
        assert '<span aria-hidden="true">1</span>' in badge
