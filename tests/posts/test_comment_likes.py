"""Everyone who may see a comment may like it, once. The count is exact."""

import pytest

from common.tasks import fold_counters
from posts.actions.comments import add_comment, delete_comment, remove_comment
from posts.actions.likes import like_comment, unlike_comment
from posts.events import CommentLiked
from posts.models import Comment, CommentLike
from social.actions.blocks import block
from social.actions.restrictions import restrict
from tests.conftest import HTMX


@pytest.fixture
def comment(post, follower):
    return add_comment(post, author=follower, text="first")


@pytest.fixture
def url(post, comment):
    return f"{post.get_absolute_url()}comments/{comment.pk}/"


def count_of(comment):
    return Comment.objects.with_viewer_state(comment.author).get(pk=comment.pk).like_count


def test_liking_and_unliking_a_comment_updates_the_count_immediately(signed_in, stranger, comment, url):
    browser = signed_in(stranger)

    for _ in range(2):
        answer = browser.post(f"{url}like/", headers=HTMX)
        assert 'aria-pressed="true"' in answer.text
        assert "1 like" in answer.text
        assert count_of(comment) == 1
    fold_counters()
    assert count_of(comment) == 1
    assert Comment.objects.get().folded_likes == 1
    for _ in range(2):
        assert 'aria-pressed="false"' in browser.post(f"{url}unlike/", headers=HTMX).text
        assert count_of(comment) == 0


def test_without_javascript_a_like_leads_back_to_the_comment(signed_in, stranger, comment, url):
    assert signed_in(stranger).post(f"{url}like/")["Location"] == f"{url}replies/#comment-{comment.pk}"


@pytest.mark.promise("D12")
def test_an_unlike_that_comes_before_the_like_changes_nothing(stranger, comment):
    assert not unlike_comment(comment, liker=stranger)
    assert like_comment(comment, liker=stranger)
    assert count_of(comment) == 1


def test_only_the_first_like_is_announced(stranger, comment, monkeypatch):
    told = []
    monkeypatch.setattr("posts.actions.likes.emit", told.append)
    for act in (like_comment, like_comment, unlike_comment, unlike_comment):
        act(comment, liker=stranger)

    assert told == [CommentLiked(comment.pk, stranger.pk)]


@pytest.mark.promise("A2")
def test_an_invisible_comment_cannot_be_liked(signed_in, author, stranger, follower, post, comment, url):
    restrict(author, restricted=follower)
    held = add_comment(post, author=follower, text="held")
    assert signed_in(stranger).post(url.replace(str(comment.pk), str(held.pk)) + "like/").status_code == 404
    block(follower, blocked=stranger)
    for what in ("like/", "unlike/", "likes/", "replies/", "reply/", "edit/", ""):
        browser = signed_in(stranger)
        answer = browser.post(url + what) if what in {"like/", "unlike/"} else browser.get(url + what)
        assert answer.status_code == 404, what
    remove_comment(comment, reason="rude")
    assert signed_in(author).post(f"{url}like/").status_code == 404
    assert not CommentLike.objects.exists()


def test_liking_a_comment_deleted_meanwhile_raises_does_not_exist(author, stranger, comment):
    delete_comment(comment)

    with pytest.raises(Comment.DoesNotExist):
        like_comment(comment, liker=stranger)
    assert not CommentLike.objects.exists()


def test_likes_are_deleted_with_their_comment(stranger, comment):
    like_comment(comment, liker=stranger)
    delete_comment(comment)

    assert not CommentLike.objects.exists()
    fold_counters()


def test_the_list_of_likers_omits_people_hidden_from_the_viewer(signed_in, author, stranger, follower, comment, url):
    for one in (author, stranger):
        like_comment(comment, liker=one)
    block(stranger, blocked=follower)

    page = signed_in(follower).get(f"{url}likes/").text

    assert 'href="/author/"' in page
    assert 'href="/stranger/"' not in page


@pytest.mark.promise("O7")
@pytest.mark.parametrize("size", [2, 20])
def test_a_list_of_likers_costs_the_same_whatever_its_size(
    size, signed_in, person, follower, comment, url, django_assert_num_queries
):
    for _ in range(size):
        like_comment(comment, liker=person())
    browser = signed_in(follower)
    browser.get(f"{url}likes/")

    with django_assert_num_queries(5):  # the session, post, comment, its likes, the people
        page = browser.get(f"{url}likes/")
    assert page.text.count('class="person"') == size


def test_likers_are_paginated_by_cursor(signed_in, person, follower, comment, url):
    for _ in range(32):
        like_comment(comment, liker=person())
    browser = signed_in(follower)

    fragment = browser.get(browser.get(f"{url}likes/").context["page"].next_url, headers=HTMX).text

    assert "<html" not in fragment
    assert fragment.count('class="person"') == 2
