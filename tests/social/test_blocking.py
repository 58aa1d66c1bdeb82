"""A block hides two people from each other everywhere, without a notification."""

import pytest
from django.db import IntegrityError, transaction

from feed.home import home_posts
from posts.actions.comments import add_comment
from posts.actions.likes import like_post
from posts.models import Audience, Comment, Post
from social.actions.blocks import BlockedError, block, unblock
from social.actions.close_friends import add_close_friend
from social.actions.follows import follow
from social.actions.privacy import change_privacy
from social.actions.requests import approve_request
from social.models import Block, CloseFriend, Follow, FollowRequest
from tests.conftest import HTMX
from tests.social.conftest import counts, same


def test_blocking_ends_follows_requests_and_close_friends_both_ways(signed_in, author, follower, person):
    follow(author, followee=follower)
    add_close_friend(author, friend=follower)
    add_close_friend(follower, friend=author)
    asker = person("asker")
    change_privacy(author, is_private=True)
    follow(asker, followee=author)

    for _ in range(2):
        signed_in(author).post("/follower/block/")
        signed_in(author).post("/asker/block/")

    assert Block.objects.count() == 2
    for gone in (Follow, FollowRequest, CloseFriend):
        assert not gone.objects.exists()
    assert [counts(one) for one in (author, follower, asker)] == [(0, 0)] * 3


def test_unblocking_restores_nothing_that_the_block_ended(author, follower):
    block(author, blocked=follower)

    assert [unblock(author, blocked=follower) for _ in range(2)] == [True, False]
    assert not Follow.objects.exists()


@pytest.mark.promise("A2")
@pytest.mark.parametrize("which", ["blocked", "blocker"])
def test_a_block_makes_each_person_look_nonexistent_to_the_other(which, signed_in, author, request, share):
    other = request.getfixturevalue(which)
    post = share(other if which == "blocker" else author)
    viewer, hidden = (other, author) if which == "blocked" else (author, other)
    browser = signed_in(viewer)

    for rest in ("", "followers/", "following/", "mute/", "restrict/", "block/", "remove-follower/"):
        urls = (f"/{hidden.username}/", "/nobody.here/")
        there, nowhere = (browser.get(f"{url}{rest}") for url in urls)
        assert there.status_code == 404, rest
        assert same(there, urls[0]) == same(nowhere, urls[1]), rest
    for rest in ("follow", "unfollow", "block", "unblock", "mute", "restrict", "add-close-friend", "remove-follower"):
        assert browser.post(f"/{hidden.username}/{rest}/").status_code == 404, rest
    assert browser.get(post.get_absolute_url()).status_code == 404
    assert browser.post(f"{post.get_absolute_url()}like/").status_code == 404
    assert Block.objects.count() == 1


def test_the_blocker_sees_only_a_way_to_unblock(signed_in, author, blocked, share):
    post = share(blocked, caption="theirs")
    browser = signed_in(author)

    page = browser.get("/blocked/")

    assert page.status_code == 200
    assert 'action="/blocked/unblock/"' in page.text
    assert "theirs" not in page.text
    assert "follower" not in page.text
    assert browser.get(post.get_absolute_url()).status_code == 404
    assert browser.get("/blocked/followers/").status_code == 404
    browser.post("/blocked/unblock/")
    assert "/blocked/follow/" in browser.get("/blocked/").text


def test_people_who_blocked_each_other_can_each_undo_their_own_block(signed_in, author, blocked):
    block(blocked, blocked=author)
    browser = signed_in(author)

    assert 'action="/blocked/unblock/"' in browser.get("/blocked/").text
    assert "blocked" in [one.username for one in browser.get("/accounts/blocked/").context["page"]]
    assert browser.post("/blocked/unblock/", headers=HTMX).status_code == 200
    assert browser.get("/blocked/").status_code == 404


@pytest.mark.promise("A7")
def test_no_page_shows_either_person_to_the_other(signed_in, author, follower, person, share):
    other = person("other")
    posts = {author: share(author, caption="sunrise #sun"), follower: share(follower, caption="sunset #sun")}
    third = share(other, caption="noon #sun")
    for one in (author, follower):
        follow(other, followee=one)
        follow(one, followee=other)
        like_post(third, liker=one)
        add_comment(third, author=one, text=f"words of {one.username}")
    block(author, blocked=follower)

    urls = ["/", "/explore/", "/explore/tags/sun/", "/search/?q=sun", f"/p/{third.shortcode}/"]
    urls += [f"/p/{third.shortcode}/likes/", "/other/followers/", "/other/following/", "/search/?q=follower"]
    urls += ["/search/?q=author", "/accounts/close-friends/?q=author", "/accounts/close-friends/?q=follower"]
    for viewer, hidden in ((author, follower), (follower, author)):
        browser = signed_in(viewer)
        for url in urls:
            text = browser.get(url).text
            assert f'data-post="{posts[hidden].shortcode}"' not in text, (url, viewer)
            assert f'href="/{hidden.username}/"' not in text, (url, viewer)
            assert f"words of {hidden.username}" not in text, (url, viewer)
        assert f'data-post="{third.shortcode}"' in browser.get("/").text


@pytest.mark.promise("A6")
def test_a_cached_home_page_hides_posts_of_people_blocked_since(author, follower, post):
    assert [one.pk for one in home_posts(follower, before=None, count=5)[0]] == [post.pk]

    block(author, blocked=follower)

    assert home_posts(follower, before=None, count=5)[0] == [], "not from the cached timeline either"


def test_comments_on_the_blockers_posts_are_hidden_from_everyone(signed_in, client, author, follower, post, share):
    theirs = share(follower)
    add_comment(post, author=follower, text="unkind words")
    add_comment(theirs, author=author, text="kind words")
    assert "unkind words" in client.get(post.get_absolute_url()).text

    block(author, blocked=follower)

    for browser in (client, signed_in(author)):
        assert "unkind words" not in browser.get(post.get_absolute_url()).text
    assert "kind words" not in client.get(theirs.get_absolute_url()).text
    unblock(author, blocked=follower)
    assert "unkind words" in client.get(post.get_absolute_url()).text, "hidden, not deleted"


@pytest.mark.promise("A9")
def test_lists_omit_blocked_people_and_counts_do_not_change(signed_in, author, follower, stranger, post):
    for one in (follower, stranger):
        like_post(post, liker=one)
    block(author, blocked=follower)

    page = signed_in(author).get(f"/p/{post.shortcode}/likes/").context["page"]

    assert [one.username for one in page] == ["stranger"]
    assert Post.objects.with_viewer_state(author).get(pk=post.pk).like_count == 2


def test_a_close_friend_who_was_blocked_since_cannot_see_the_post(signed_in, author, follower, post):
    Post.objects.filter(pk=post.pk).update(audience=Audience.CLOSE_FRIENDS)
    add_close_friend(author, friend=follower)
    assert signed_in(follower).get(post.get_absolute_url()).status_code == 200

    block(author, blocked=follower)
    unblock(author, blocked=follower)

    assert signed_in(follower).get(post.get_absolute_url()).status_code == 404


@pytest.mark.parametrize("direction", ["blocked", "blocker"])
def test_actions_fail_between_blocked_people(direction, author, request):
    other = request.getfixturevalue(direction)
    for one, another in ((author, other), (other, author)):
        with pytest.raises(BlockedError):
            follow(one, followee=another)
        with pytest.raises(BlockedError):
            add_close_friend(one, friend=another)
        assert not approve_request(one, requester=another)


@pytest.mark.parametrize(
    "row",
    [
        lambda one, other: Follow(follower=one, followee=other),
        lambda one, other: FollowRequest(requester=one, target=other),
        lambda one, other: CloseFriend(owner=one, friend=other),
    ],
)
def test_the_database_rejects_a_follow_next_to_a_block(row, author, stranger):
    for one, other in ((author, stranger), (stranger, author)):
        bond = row(one, other)
        bond.save()
        with pytest.raises(IntegrityError, match="block_ends_all"), transaction.atomic():
            Block.objects.create(blocker=author, blocked=stranger)
        bond.delete()
        with transaction.atomic():
            Block.objects.create(blocker=author, blocked=stranger)
        with pytest.raises(IntegrityError, match="nothing_beside_a_block"), transaction.atomic():
            row(one, other).save()
        Block.objects.all().delete()


def test_the_database_rejects_a_request_next_to_a_follow(author, stranger):
    FollowRequest.objects.create(requester=stranger, target=author)
    with pytest.raises(IntegrityError, match="a_request_is_no_follow"), transaction.atomic():
        Follow.objects.create(follower=stranger, followee=author)
    FollowRequest.objects.all().delete()
    Follow.objects.create(follower=stranger, followee=author)
    with pytest.raises(IntegrityError, match="a_request_is_no_follow"), transaction.atomic():
        FollowRequest.objects.create(requester=stranger, target=author)
    Follow.objects.create(follower=author, followee=stranger)


def test_people_cannot_block_themselves(signed_in, author):
    assert signed_in(author).post("/author/block/").status_code == 404
    assert signed_in(author).get("/author/").status_code == 200


def test_people_who_cannot_see_a_comment_cannot_delete_it(signed_in, author, follower, post):
    comment = add_comment(post, author=follower, text="unkind words")
    block(author, blocked=follower)

    assert signed_in(follower).post(f"/p/{post.shortcode}/comments/{comment.pk}/delete/").status_code == 404
    assert Comment.objects.exists()
