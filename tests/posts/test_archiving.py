"""An archived post is there for its author alone, and comes back to where it was."""

from functools import partial

import pytest

from accounts.models import User
from common.tasks import fold_counters
from feed import tasks, timeline_store
from feed.home import home_posts
from feed.tasks import fan_out_post, sweep
from feed.timelines import newest_ids
from instagram import subscriptions
from posts.actions.archiving import archive_post, unarchive_post
from posts.actions.comments import add_comment
from posts.actions.editing import delete_post
from posts.actions.likes import like_post
from posts.actions.media import Upload
from posts.actions.moderation import remove_post, restore_post
from posts.actions.sharing import create_post
from posts.events import PostPublished, PostReturned
from posts.models import Comment, Like, Post
from tests.concurrency import run_concurrently
from tests.conftest import HTMX


def posts_count(person):
    return User.objects.with_counts().get(pk=person.pk).posts_count


def home_of(reader):
    reader.refresh_from_db()
    return [post.pk for post in home_posts(reader, before=None, count=12)[0]]


def is_archived(post):
    return Post.objects.get(pk=post.pk).archived_at is not None


def test_archiving_asks_first_and_offers_to_undo_it(signed_in, author, post):
    browser, url = signed_in(author), post.get_absolute_url()
    assert "Archive this post?" in browser.get(f"{url}archive/").text
    assert not is_archived(post)

    page = browser.post(f"{url}archive/", follow=True)

    assert is_archived(post)
    assert page.redirect_chain == [("/author/", 302)]
    assert f'<form method="post" action="{url}unarchive/">' in page.text
    back = browser.post(f"{url}unarchive/", follow=True)
    assert back.redirect_chain == [(url, 302)]
    assert "Post restored to your profile" in back.text
    assert not is_archived(post)


@pytest.mark.promise("A2")
def test_others_do_not_find_an_archived_post(signed_in, client, author, follower, post):
    comment = add_comment(post, author=follower, text="hello")
    archive_post(post)

    for browser in (client, signed_in(follower)):
        for rest in ("", "comments/"):
            gone, missing = browser.get(f"/p/{post.shortcode}/{rest}"), browser.get(f"/p/AAAAAAAAAAB/{rest}")
            assert gone.status_code == missing.status_code == 404
    browser = signed_in(follower)
    for rest in ("like/", "unlike/", "comment/", "likes/", f"comments/{comment.pk}/delete/"):
        method = browser.get if rest == "likes/" else browser.post
        for code in (post.shortcode, "AAAAAAAAAAB"):
            assert method(f"/p/{code}/{rest}", {"text": "x"}).status_code == 404
    assert not Like.objects.exists()
    assert Comment.objects.count() == 1


@pytest.mark.promise("A6", "A7")
@pytest.mark.parametrize("url", ["/", "/author/", "/explore/", "/explore/tags/sun/", "/search/?q=morning"])
def test_archiving_removes_a_post_from_all_lists_and_unarchiving_returns_it(url, signed_in, client, follower, post):
    browser = client if url == "/explore/" else signed_in(follower)  # Explore shows a member nothing twice.
    assert post.shortcode in browser.get(url).text
    archive_post(post)
    assert post.shortcode not in browser.get(url).text
    unarchive_post(post)
    assert post.shortcode in browser.get(url).text


def test_a_tag_that_only_an_archived_post_has_is_not_found(signed_in, follower, post):
    assert "/explore/tags/sun/" in signed_in(follower).get("/search/?q=sun").text
    archive_post(post)
    assert "/explore/tags/sun/" not in signed_in(follower).get("/search/?q=sun").text


def test_only_the_author_sees_an_archived_post_and_nobody_likes_or_comments_it(signed_in, author, follower, post):
    like_post(post, liker=follower)
    add_comment(post, author=follower, text="hello")
    archive_post(post)
    browser = signed_in(author)

    page = browser.get(post.get_absolute_url()).text
    assert "Archived. Only you can see it." in page
    assert post.slides[0].src in page
    assert "/like/" not in page
    assert "data-comment-form" not in page.partition("<template")[0]
    for rest in ("like/", "comment/"):
        assert browser.post(f"{post.get_absolute_url()}{rest}", {"text": "x"}).status_code == 404
    assert (Like.objects.count(), Comment.objects.count()) == (1, 1)
    tile = browser.get("/archive/").context["page"].items[0]
    assert (tile.like_count, tile.comment_count) == (1, 1)
    unarchive_post(post)
    assert "1 like" in signed_in(follower).get(post.get_absolute_url()).text


def test_only_the_owner_sees_the_archive(signed_in, client, author, stranger, post, share):
    archive_post(post)
    archive_post(share(stranger))

    assert [shown.pk for shown in signed_in(author).get("/archive/").context["page"]] == [post.pk]
    assert client.get("/archive/")["Location"].startswith("/accounts/login/")
    assert "Nothing archived" in signed_in(User.objects.create(username="new", email="n@x.org")).get("/archive/").text
    assert "/archive/" in signed_in(author).get("/author/").text


def test_the_archive_pages_by_cursor_without_gap_or_repeat(signed_in, author, share):
    for _ in range(27):
        archive_post(share(author))
    browser = signed_in(author)

    page = browser.get("/archive/").context["page"]
    rest = browser.get(page.next_url, headers=HTMX)

    pks = [post.pk for post in page] + [post.pk for post in rest.context["page"]]
    assert pks == sorted(Post.objects.values_list("pk", flat=True), reverse=True)
    assert "<html" not in rest.text


@pytest.mark.promise("O7")
@pytest.mark.parametrize("size", [2, 20])
def test_the_archive_costs_the_same_queries_whatever_its_size(
    size, signed_in, author, share, django_assert_num_queries
):
    for _ in range(size):
        archive_post(share(author))
    browser = signed_in(author)
    browser.get("/archive/")

    with django_assert_num_queries(3):  # the session, the posts, their media
        browser.get("/archive/")


# --- Counts ---


def test_any_order_of_archiving_removal_and_deletion_counts_once(author, share):
    one, two = share(author), share(author)
    steps = [
        (archive_post, one, 1),
        (archive_post, one, 1),
        (unarchive_post, one, 2),
        (unarchive_post, one, 2),
        (archive_post, one, 1),
        (lambda post: remove_post(post, reason="spam"), one, 1),
        (unarchive_post, one, 1),
        (restore_post, one, 2),
        (lambda post: remove_post(post, reason="spam"), one, 1),
        (archive_post, one, 1),
        (restore_post, one, 2),
        (archive_post, one, 1),
        (lambda post: remove_post(post, reason="spam"), one, 1),
        (restore_post, one, 1),
        (archive_post, two, 0),
        (delete_post, one, 0),
        (unarchive_post, one, 0),
        (delete_post, two, 0),
    ]
    for number, (do, post, expected) in enumerate(steps):
        do(post)
        assert posts_count(author) == expected, number
    fold_counters()
    assert User.objects.get(pk=author.pk).folded_posts == 0


def test_unpublished_and_removed_posts_cannot_be_archived(signed_in, author, photo, post):
    remove_post(post, reason="spam")
    waiting = create_post(author=author, uploads=[Upload(photo(), "1.jpg")])
    browser = signed_in(author)

    for one in (post, waiting):
        assert browser.get(f"{one.get_absolute_url()}archive/").status_code == 302
        assert browser.post(f"{one.get_absolute_url()}archive/").status_code == 302
        assert not is_archived(one)
    assert posts_count(author) == 0


@pytest.mark.promise("D14")
@pytest.mark.django_db(transaction=True)
def test_concurrent_archiving_and_unarchiving_keeps_the_count_exact(author, post):
    def change(first):
        counted = 0
        for turn in range(10):
            is_archiving = (first + turn) % 2
            if (archive_post if is_archiving else unarchive_post)(post):
                counted += -1 if is_archiving else 1
        return counted

    changes = run_concurrently(*(partial(change, number) for number in range(8)))

    assert posts_count(author) == 1 + sum(changes) == (0 if is_archived(post) else 1)


# --- The home pages of followers ---


def test_an_unarchived_post_returns_to_its_old_place_on_home_pages_that_were_made_without_it(
    author, follower, share, tasks_run
):
    first, second, third = (share(author) for _ in range(3))
    archive_post(second)
    assert home_of(follower) == [third.pk, first.pk]

    with tasks_run():
        unarchive_post(second)

    assert home_of(follower) == [third.pk, second.pk, first.pk]
    assert Post.objects.get(pk=second.pk).fanned_out_at is not None


def test_unarchiving_notifies_nobody_again(author, post, monkeypatch):
    emitted = []
    monkeypatch.setattr("posts.actions.archiving.emit", emitted.append)

    archive_post(post)
    assert unarchive_post(post)
    assert not unarchive_post(post)
    remove_post(post, reason="spam")
    restore_post(post)

    assert emitted == [PostReturned(post_id=post.pk)] * 2
    assert PostPublished not in {type(event) for event in emitted}


def test_only_timelines_react_to_a_returned_post(monkeypatch):
    wired = {}
    monkeypatch.setattr(subscriptions, "subscribe", lambda event, *tasks: wired.update({event: tasks}))
    subscriptions.wire()

    assert wired[PostReturned] == (fan_out_post,)


def test_a_timeline_built_while_the_post_was_archived_gets_it_from_a_running_fan_out(
    author, follower, post, monkeypatch
):
    """Archive and unarchive a post during its fan-out: the sweeper adds it to the timelines that the fan-out missed."""
    push = timeline_store.push

    def push_and_change(post_id, readers):
        pushed = push(post_id, readers)
        monkeypatch.setattr(timeline_store, "push", push)
        archive_post(post)
        assert home_of(follower) == []
        unarchive_post(post)
        return pushed

    Post.objects.update(fanned_out_at=None)
    monkeypatch.setattr(timeline_store, "push", push_and_change)
    fan_out_post(post.pk)
    assert Post.objects.get().fanned_out_at is None

    monkeypatch.setattr(tasks, "publish", lambda task, **kwargs: task(**kwargs) or True)
    Post.objects.update(published_at="2026-01-01T00:00:00Z")
    assert sweep() == 1
    assert home_of(follower) == [post.pk]
    assert Post.objects.get().fanned_out_at is not None


def test_archived_posts_do_not_shorten_a_home_page_from_the_database(author, follower, share):
    shown = share(author)
    for _ in range(5):
        archive_post(share(author))

    assert newest_ids(follower, before=None, count=3) == [shown.pk]
