"""Replies hang under the first comment of their thread, and go where it goes; the count is exact all the way."""

import threading

import pytest
from django.db import connections

from common.refusals import Refusal
from common.tasks import fold_counters
from posts.actions.comments import add_comment, approve_comment, delete_comment, remove_comment, restore_comment
from posts.models import Comment, Post
from social.actions.blocks import block
from social.actions.restrictions import restrict
from tests.conftest import HTMX


def count_for(viewer, post):
    return Post.objects.with_viewer_state(viewer).get(pk=post.pk).comment_count


def replies_for(viewer, comment):
    return Comment.objects.visible_to(viewer).with_viewer_state(viewer).get(pk=comment.pk).reply_count


@pytest.fixture
def thread(post, follower):
    return add_comment(post, author=follower, text="first")


@pytest.fixture
def reply(post, author, thread):
    return add_comment(post, author=author, text="@follower second", reply_to=thread)


def test_a_reply_to_a_reply_belongs_to_the_first_comment_of_the_thread(post, stranger, thread, reply):
    third = add_comment(post, author=stranger, text="@author third", reply_to=reply)

    assert third.parent == thread
    assert count_for(stranger, post) == 3
    assert replies_for(stranger, thread) == 2


def test_replies_are_collapsed_and_expand_with_and_without_javascript(signed_in, post, stranger, thread, reply):
    browser = signed_in(stranger)
    url = f"{post.get_absolute_url()}comments/{thread.pk}/replies/"

    page = browser.get(post.get_absolute_url()).text
    assert "View replies (1)" in page
    assert "second" not in page
    assert url in page
    whole = browser.get(url)
    assert "second" in whole.text
    assert "<html" in whole.text
    fragment = browser.get(url, headers=HTMX)
    assert "second" in fragment.text
    assert "<html" not in fragment.text
    assert "HX-Request" in fragment["Vary"]
    assert browser.get(url.replace(str(thread.pk), str(reply.pk))).status_code == 404


def test_a_reply_begins_with_the_name_and_leads_to_its_thread(signed_in, post, author, follower, thread):
    browser = signed_in(author)
    url = post.get_absolute_url()

    form = browser.get(f"{url}comments/{thread.pk}/reply/").text
    assert "@follower </textarea>" in form
    assert f'name="parent" value="{thread.pk}"' in form
    answer = browser.post(f"{url}comment/", {"text": "@follower thanks", "parent": thread.pk})

    reply = Comment.objects.get(parent=thread)
    assert answer["Location"] == f"{url}comments/{thread.pk}/replies/#comment-{reply.pk}"
    assert f'id="comment-{reply.pk}"' in browser.get(answer["Location"]).text
    drawn = browser.post(f"{url}comment/", {"text": "@follower and again", "parent": reply.pk}, headers=HTMX).text
    assert f'hx-target="#thread-{thread.pk}"' in drawn
    assert "and again" in drawn
    assert "View all 3 comments" in drawn


@pytest.mark.parametrize("headers", [HTMX, {}])
def test_a_reply_to_a_deleted_comment_is_refused_and_its_text_kept(
    headers, signed_in, post, author, stranger, thread, share
):
    elsewhere = add_comment(share(author), author=stranger, text="elsewhere")
    remove_comment(thread, reason="rude")

    for parent in (thread.pk, elsewhere.pk, 1 << 62, "x", "9" * 30):
        fields = {"text": "my long answer", "parent": parent}
        answer = signed_in(stranger).post(f"{post.get_absolute_url()}comment/", fields, headers=headers)
        assert answer.status_code == 422
        assert "The comment you’re replying to is no longer available." in answer.text
        assert "my long answer" in answer.text
    assert Comment.objects.filter(post=post).count() == 1


def test_a_refused_reply_form_stays_a_reply(signed_in, post, author, thread):
    answer = signed_in(author).post(
        f"{post.get_absolute_url()}comment/", {"text": " ", "parent": thread.pk}, headers=HTMX
    )

    assert answer.status_code == 422
    assert f'name="parent" value="{thread.pk}"' in answer.text


def test_a_thread_takes_its_replies_out_of_sight_and_out_of_the_count_and_back(post, stranger, thread, reply):
    other = add_comment(post, author=stranger, text="third", reply_to=thread)
    remove_comment(other, reason="rude")
    assert count_for(stranger, post) == 2

    remove_comment(thread, reason="rude")
    assert count_for(stranger, post) == 0
    assert not Comment.objects.visible_to(stranger).exists()
    restore_comment(other)
    assert count_for(stranger, post) == 0, "its thread is not there"
    restore_comment(thread)
    assert count_for(stranger, post) == 3

    delete_comment(thread)
    assert not Comment.objects.exists()
    assert not delete_comment(reply)
    assert count_for(stranger, post) == 0
    fold_counters()
    assert Post.objects.get(pk=post.pk).folded_comments == 0


def test_deleting_the_author_of_a_thread_deletes_its_replies(post, follower, thread, reply):
    follower.delete()

    assert not Comment.objects.exists()


def test_replies_of_an_invisible_thread_are_neither_visible_nor_counted(
    signed_in, client, post, author, follower, stranger, person, thread, reply
):
    of_stranger = add_comment(post, author=stranger, text="third", reply_to=thread)
    witness = person("witness")
    block(witness, blocked=stranger)
    block(stranger, blocked=follower)

    assert list(Comment.objects.visible_to(stranger)) == [], "the thread is follower's"
    assert replies_for(witness, thread) == 1
    assert set(Comment.objects.visible_to(author)) == {thread, reply, of_stranger}
    restrict(author, restricted=follower)
    held = add_comment(post, author=follower, text="held", reply_to=thread)
    assert replies_for(witness, thread) == 1
    assert replies_for(follower, thread) == replies_for(author, thread) - 1 == 2
    assert "held" not in client.get(f"{post.get_absolute_url()}comments/{thread.pk}/replies/").text
    approve_comment(held)
    assert replies_for(witness, thread) == 2


def test_replies_under_a_comment_that_waits_wait_for_it(post, author, follower, stranger):
    restrict(author, restricted=follower)
    held = add_comment(post, author=follower, text="heated")
    answer = add_comment(post, author=author, text="please", reply_to=held)
    with pytest.raises(Refusal):
        add_comment(post, author=stranger, text="what?", reply_to=held)

    assert [count_for(one, post) for one in (stranger, follower, author)] == [0, 1, 1]
    assert not Comment.objects.visible_to(stranger).exists()
    approve_comment(held)
    assert [count_for(one, post) for one in (stranger, follower, author)] == [2, 2, 2]
    delete_comment(answer)
    assert count_for(stranger, post) == 1


@pytest.mark.promise("O7")
@pytest.mark.parametrize("size", [2, 20])
def test_a_page_of_threads_and_one_of_replies_cost_the_same_whatever_their_size(
    size, signed_in, author, follower, person, post, django_assert_num_queries
):
    for _ in range(size):
        somebody = person()
        thread = add_comment(post, author=somebody, text="hello")
        for _ in range(2):
            add_comment(post, author=somebody, text="@me again", reply_to=thread)
    for _ in range(size):
        add_comment(post, author=person(), text="in the last one", reply_to=thread)
    url = f"{post.get_absolute_url()}comments/"
    browser = signed_in(follower)
    browser.get(url, headers=HTMX)

    with django_assert_num_queries(5):  # the session, the post, its media; pinned comments, threads
        page = browser.get(url, headers=HTMX)
    assert page.text.count("View replies") == size
    with django_assert_num_queries(5):  # likewise; the thread, its replies
        browser.get(f"{url}{thread.pk}/replies/", headers=HTMX)


def test_replies_are_paginated_by_cursor(signed_in, post, author, follower, thread):
    for number in range(25):
        add_comment(post, author=author, text=f"reply {number:02}", reply_to=thread)
    browser = signed_in(follower)

    page = browser.get(f"{post.get_absolute_url()}comments/{thread.pk}/replies/")
    assert "reply 24" in page.text
    assert "reply 04" not in page.text
    assert "View more replies" in page.text
    further = page.context["thread_replies"].next_url
    for headers in (HTMX, {}):
        answer = browser.get(further, headers=headers).text
        assert "reply 04" in answer
        assert "reply 05" not in answer


@pytest.mark.promise("D12")
@pytest.mark.django_db(transaction=True)
def test_replies_during_the_removal_of_a_thread_keep_the_count_exact(post, author, stranger, thread):
    def reply_many():
        for _ in range(10):
            try:
                add_comment(post, author=stranger, text="me too", reply_to=thread)
            except Refusal:
                break
        connections.close_all()

    workers = [threading.Thread(target=reply_many) for _ in range(3)]
    for worker in workers:
        worker.start()
    while Comment.objects.count() < 4:
        pass
    remove_comment(thread, reason="rude")
    for worker in workers:
        worker.join()

    assert count_for(author, post) == 0
    assert Comment.objects.filter(parent=thread).exists()
    restore_comment(thread)
    assert count_for(author, post) == Comment.objects.count()
