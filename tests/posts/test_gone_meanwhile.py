"""A post that is purged between its look-up and the commit is one that is missing."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection

from posts.actions.comments import add_comment
from posts.actions.likes import like_post
from posts.models import Comment, Like, Post
from tests.conftest import HTMX


@contextmanager
def purged_once_found(post: Post) -> Iterator[None]:
    """Delete the row of `post` before the statement that follows the one that found it."""
    state = "waiting"

    def run(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal state
        if state == "found":
            state = "purged"
            Post.objects.filter(pk=post.pk).delete()
        finds_posts = 'FROM "posts_post"' in sql or re.search(r"prepared_\w*post", sql)
        if state == "waiting" and sql.startswith("SELECT") and finds_posts:
            state = "found"
        return execute(sql, params, many, context)

    with connection.execute_wrapper(run):
        yield
    assert state == "purged"


@pytest.mark.parametrize("headers", [HTMX, {}])
@pytest.mark.parametrize("what", ["like", "comment"])
@pytest.mark.django_db(transaction=True)  # references are checked at the commit
def test_actions_on_a_post_purged_meanwhile_are_not_found(what, headers, signed_in, follower, post):
    browser = signed_in(follower)

    with purged_once_found(post):
        answer = browser.post(f"/p/{post.shortcode}/{what}/", {"text": "too late"}, headers=headers)

    assert answer.status_code == 404
    assert not Like.objects.exists()
    assert not Comment.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_unlike_of_a_post_that_is_purged_meanwhile_is_not_found(signed_in, follower, post):
    like_post(post, liker=follower)
    browser = signed_in(follower)

    with purged_once_found(post):
        assert browser.post(f"/p/{post.shortcode}/unlike/", headers=HTMX).status_code == 404


@pytest.mark.promise("D12")
def test_a_deleted_post_rejects_actions_before_it_is_purged(follower, post):
    Post.objects.filter(pk=post.pk).update(deleted_at=post.created_at)

    for act in (lambda: like_post(post, liker=follower), lambda: add_comment(post, author=follower, text="late")):
        with pytest.raises(Post.DoesNotExist):
            act()
