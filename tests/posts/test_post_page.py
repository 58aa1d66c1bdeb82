"""The page of a post, its comments, and deleting them."""

import pytest

from posts.actions.comments import add_comment
from posts.actions.moderation import remove_post
from posts.models import Comment, Post
from tests.conftest import HTMX


def comments_of(post, viewer):
    return Post.objects.with_viewer_state(viewer).get(pk=post.pk).comment_count


def test_everyone_sees_a_public_post(client, post):
    answer = client.get(post.get_absolute_url())

    assert answer.status_code == 200
    assert f'<article data-post="{post.shortcode}"' in answer.text.replace("\n", " ") or (
        f'data-post="{post.shortcode}"' in answer.text
    )
    assert '<a href="/explore/tags/sun/">#sun</a>' in answer.text


@pytest.mark.parametrize("shortcode", ["AAAAAAAAAAA", "________________", "x", "A" * 20])
def test_an_unknown_shortcode_is_not_found(client, shortcode, db):
    assert client.get(f"/p/{shortcode}/").status_code == 404


def test_a_comment_appears_with_the_count(signed_in, follower, post):
    answer = signed_in(follower).post(f"/p/{post.shortcode}/comment/", {"text": "  Lovely, @author! "}, headers=HTMX)

    comment = Comment.objects.get()
    assert answer.status_code == 200
    assert (comment.text, comment.author) == ("Lovely, @author!", follower)
    assert '<a href="/author/">@author</a>' in answer.text
    assert comments_of(post, follower) == 1


def test_without_javascript_a_comment_leads_back_to_itself(signed_in, follower, post):
    answer = signed_in(follower).post(f"/p/{post.shortcode}/comment/", {"text": "Lovely"})

    assert answer["Location"] == f"/p/{post.shortcode}/#comment-{Comment.objects.get().pk}"


@pytest.mark.parametrize("headers", [HTMX, {}])
@pytest.mark.parametrize(
    ("text", "why"),
    [("", "Write something first."), (" \n\u200b"[:2], "Write something first."), ("x" * 2201, "The limit is 2,200")],
)
def test_a_blank_or_too_long_comment_is_refused_with_its_text_kept(headers, text, why, signed_in, follower, post):
    answer = signed_in(follower).post(f"/p/{post.shortcode}/comment/", {"text": text}, headers=headers)

    assert answer.status_code == 422
    assert why in answer.text
    assert text.strip() in answer.text
    assert not Comment.objects.exists()


@pytest.mark.promise("U9")
def test_hostile_text_is_escaped(signed_in, follower, author, share):
    evil = '<script>alert(1)</script><img src=x onerror=alert(1)> javascript:alert(1) https://x.y/"onmouseover=alert(1)'
    post = share(author, caption=evil, location=evil[:90])
    add_comment(post, author=follower, text=evil)

    page = signed_in(follower).get(post.get_absolute_url()).text

    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert 'href="javascript:' not in page
    assert '"onmouseover' not in page


def test_only_the_author_of_a_comment_or_of_the_post_deletes_it(signed_in, follower, stranger, author, post):
    mine = add_comment(post, author=follower, text="mine")
    other = add_comment(post, author=follower, text="other")

    def url(comment):
        return f"/p/{post.shortcode}/comments/{comment.pk}/delete/"

    assert signed_in(stranger).post(url(mine)).status_code == 404
    assert signed_in(stranger).get(url(mine)).status_code == 404
    asked = signed_in(follower).get(url(mine))
    assert "Delete this comment?" in asked.text
    assert comments_of(post, author) == 2, "GET only asks"
    assert signed_in(follower).post(url(mine)).status_code == 302
    assert signed_in(author).post(url(other), headers=HTMX).status_code == 200
    assert signed_in(author).post(url(other)).status_code == 404
    assert comments_of(post, author) == 0


def test_comments_are_paginated_by_cursor(signed_in, follower, post):
    for number in range(25):
        add_comment(post, author=follower, text=f"comment {number:02}")
    browser = signed_in(follower)

    page = browser.get(post.get_absolute_url())
    assert "comment 24" in page.text
    assert "comment 04" not in page.text
    older = page.context["comments"].next_url
    assert older in page.text.replace("&amp;", "&")
    for headers in (HTMX, {}):
        answer = browser.get(older, headers=headers).text
        assert "comment 04" in answer
        assert "comment 05" not in answer


@pytest.mark.promise("O7")
@pytest.mark.parametrize("size", [2, 20])
def test_a_post_page_costs_the_same_queries_whatever_is_on_it(
    size, signed_in, author, follower, person, share, django_assert_num_queries
):
    for _ in range(size // 2):
        share(author)
    post = share(author, photos=size)
    for _ in range(size):
        add_comment(post, author=person(), text="hello")
    browser = signed_in(follower)
    browser.get(post.get_absolute_url())

    # The session, the post with its author, its media, its pinned comments, its others, more posts of its author.
    with django_assert_num_queries(6):
        browser.get(post.get_absolute_url())


def test_a_post_page_shows_the_six_newest_other_visible_posts_of_its_author(
    signed_in, client, author, follower, stranger, share
):
    posts = [share(author, caption=f"number {number}") for number in range(8)]
    close = share(author)
    Post.objects.filter(pk=close.pk).update(audience="close_friends")
    share(stranger)

    def more_posts(browser):
        return [post.pk for post in browser.get(posts[5].get_absolute_url()).context["more_posts"]]

    expected = [posts[number].pk for number in (7, 6, 4, 3, 2, 1)]
    assert more_posts(client) == more_posts(signed_in(follower)) == expected
    assert more_posts(signed_in(author)) == [close.pk, *expected[:5]]
    assert "More posts from" in client.get(posts[5].get_absolute_url()).text


def test_a_single_post_has_no_other_posts_below_it(client, post):
    assert "More posts from" not in client.get(post.get_absolute_url()).text


def test_a_post_shows_its_time_once(client, post):
    assert client.get(post.get_absolute_url()).text.count("<time ") == 1


def test_deleting_asks_first_and_only_the_author(signed_in, author, stranger, post, tasks_run):
    url = f"/p/{post.shortcode}/delete/"
    assert signed_in(stranger).get(url).status_code == 404
    assert signed_in(stranger).post(url).status_code == 404
    assert signed_in(author).get(url).status_code == 200
    assert Post.objects.filter(deleted_at=None).exists(), "asking deletes nothing"

    with tasks_run():
        answer = signed_in(author).post(url)

    assert answer["Location"] == "/author/"
    assert not Post.objects.exists()
    assert type(author).objects.with_counts().get(pk=author.pk).posts_count == 0
    assert signed_in(author).get(post.get_absolute_url()).status_code == 404


def test_only_the_author_sees_a_removed_post_with_the_reason(client, signed_in, author, follower, post):
    remove_post(post, reason="Not yours to share")

    assert client.get(post.get_absolute_url()).status_code == 404
    assert signed_in(follower).get(post.get_absolute_url()).status_code == 404
    page = signed_in(author).get(post.get_absolute_url())
    assert page.status_code == 200
    assert "Not yours to share" in page.text
    assert type(author).objects.with_counts().get(pk=author.pk).posts_count == 0
