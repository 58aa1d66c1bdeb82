"""Mutes, restrictions and close friends are secret, and can be undone in the user's lists."""

import pytest

from accounts.actions.moderation import suspend_person
from common.tasks import fold_counters
from feed.home import home_posts
from feed.suggestions import suggestions_for
from posts.actions.comments import add_comment, delete_comment, remove_comment, restore_comment
from posts.models import Audience, Comment, Post
from social.actions.blocks import block
from social.actions.close_friends import add_close_friend
from social.actions.mutes import mute, unmute
from social.actions.privacy import change_privacy
from social.actions.restrictions import restrict, unrestrict
from social.models import CloseFriend, Mute, Restrict
from tests.conftest import HTMX


def home_of(reader):
    reader.refresh_from_db()
    return [post.pk for post in home_posts(reader, before=None, count=5)[0]]


def test_muted_posts_are_left_out_of_feeds_and_stay_on_the_profile(signed_in, author, follower, post):
    fold_counters()
    assert home_of(follower) == [post.pk]

    signed_in(follower).post("/author/mute/")

    browser = signed_in(follower)
    for url in ("/", "/explore/"):
        assert f'data-post="{post.shortcode}"' not in browser.get(url).text
    for url in ("/author/", "/explore/tags/sun/", "/search/?q=morning", post.get_absolute_url()):
        assert f'data-post="{post.shortcode}"' in browser.get(url).text, url
    unmute(follower, muted=author)
    assert home_of(follower) == [post.pk]


@pytest.mark.promise("A6")
def test_a_cached_home_page_hides_posts_of_people_muted_since(author, follower, post):
    assert home_of(follower) == [post.pk]
    stale = type(follower).objects.get(pk=follower.pk)
    mute(follower, muted=author)

    assert home_posts(stale, before=None, count=5)[0] == [], "not from the cached timeline either"


def test_muted_requested_and_blocked_people_are_not_suggested(author, stranger, person, share):
    people = [person(name) for name in ("plain", "muted", "asked", "hidden")]
    for one in people:
        share(one)
    fold_counters()
    mute(stranger, muted=people[1])
    change_privacy(people[2], is_private=True)
    from social.actions.follows import follow

    follow(stranger, followee=people[2])
    block(people[3], blocked=stranger)

    assert [one.person.username for one in suggestions_for(stranger)] == ["plain"]


@pytest.fixture
def held(author, follower, post):
    """A comment by a person that the post's author restricts."""
    restrict(author, restricted=follower)
    return add_comment(post, author=follower, text="heated words")


def count_for(viewer, post):
    return Post.objects.with_viewer_state(viewer).get(pk=post.pk).comment_count


def test_a_restricted_persons_comment_is_visible_to_two_people_until_approved(
    signed_in, client, author, follower, stranger, post, held
):
    url = post.get_absolute_url()
    assert "heated words" in signed_in(follower).get(url).text
    assert "Approve" not in signed_in(follower).get(url).text, "they are not told"
    page = signed_in(author).get(url).text
    assert "heated words" in page
    assert "Only you and follower can see this." in page
    for browser in (client, signed_in(stranger)):
        assert "heated words" not in browser.get(url).text
    assert [count_for(one, post) for one in (author, stranger, follower)] == [0, 0, 1]

    answer = signed_in(author).post(f"{url}comments/{held.pk}/approve/", headers=HTMX)

    assert "heated words" in answer.text
    assert "Approve" not in answer.text
    assert "heated words" in client.get(url).text
    assert [count_for(one, post) for one in (author, stranger, follower)] == [1, 1, 1]


@pytest.mark.promise("A10")
def test_only_the_posts_author_can_approve_comments(signed_in, follower, stranger, post, held):
    for one in (follower, stranger):
        assert signed_in(one).post(f"/p/{post.shortcode}/comments/{held.pk}/approve/").status_code == 404
    assert Comment.objects.get().hidden_until_approved


def test_a_held_comment_causes_no_notification_until_approved(signed_in, author, follower, post, tasks_run):
    from notifications.models import Notification

    restrict(author, restricted=follower)
    with tasks_run():
        comment = add_comment(post, author=follower, text="heated words")
    assert not Notification.objects.filter(comment=comment).exists()
    with tasks_run():
        signed_in(author).post(f"/p/{post.shortcode}/comments/{comment.pk}/approve/")
    assert Notification.objects.filter(comment=comment, recipient=author).exists()


def test_restricting_keeps_old_comments_and_unrestricting_keeps_held_ones(client, author, follower, post):
    add_comment(post, author=follower, text="early words")
    restrict(author, restricted=follower)
    add_comment(post, author=follower, text="heated words")
    unrestrict(author, restricted=follower)
    add_comment(post, author=follower, text="late words")

    page = client.get(post.get_absolute_url()).text

    assert "early words" in page
    assert "heated words" not in page
    assert "late words" in page


def test_the_count_is_right_after_any_order_of_moderating_a_held_comment(author, post, held):
    remove_comment(held, reason="rude")
    assert count_for(author, post) == 0
    restore_comment(held)
    assert count_for(author, post) == 0
    delete_comment(held)
    assert count_for(author, post) == 0


def test_close_friends_are_found_added_and_removed(signed_in, author, follower, stranger, post):
    Post.objects.filter(pk=post.pk).update(audience=Audience.CLOSE_FRIENDS)
    browser = signed_in(author)
    assert "follower" in browser.get("/accounts/close-friends/?q=follow").text
    assert browser.post("/follower/add-close-friend/", headers=HTMX).text.count("remove-close-friend") == 2
    assert signed_in(follower).get(post.get_absolute_url()).status_code == 200
    assert signed_in(stranger).get(post.get_absolute_url()).status_code == 404

    answer = browser.post("/follower/remove-close-friend/", {"next": "/accounts/close-friends/"})

    assert answer["Location"] == "/accounts/close-friends/"
    assert signed_in(follower).get(post.get_absolute_url()).status_code == 404


def test_a_close_friend_who_does_not_follow_a_private_account_sees_no_posts(signed_in, author, stranger, post):
    Post.objects.filter(pk=post.pk).update(audience=Audience.CLOSE_FRIENDS)
    add_close_friend(author, friend=stranger)
    change_privacy(author, is_private=True)

    assert signed_in(stranger).get(post.get_absolute_url()).status_code == 404


LISTS = {
    "blocked": lambda owner, other: block(owner, blocked=other),
    "muted": lambda owner, other: mute(owner, muted=other),
    "restricted": lambda owner, other: restrict(owner, restricted=other),
    "close-friends": lambda owner, other: add_close_friend(owner, friend=other),
}


@pytest.mark.parametrize("name", LISTS)
def test_each_list_is_paginated_and_can_undo_and_has_a_text_when_empty(name, signed_in, author, person, stranger):
    browser = signed_in(author)
    assert 'class="empty"' in browser.get(f"/accounts/{name}/").text
    for _ in range(32):
        LISTS[name](author, person())
    LISTS[name](stranger, author)

    page = browser.get(f"/accounts/{name}/")
    fragment = browser.get(page.context["page"].next_url, headers=HTMX)
    assert page.text.count('class="person"') == 30
    assert "<html" not in fragment.text
    assert fragment.text.count('class="person"') == 2

    newest = page.context["page"].items[0]
    undo = {"blocked": "unblock", "muted": "unmute", "restricted": "unrestrict", "close-friends": "remove-close-friend"}
    redrawn = browser.post(f"/{newest.username}/{undo[name]}/", headers=HTMX)
    assert redrawn.status_code == 200
    assert f"/{newest.username}/{undo[name]}/" not in redrawn.text, "the new button repeats the change"
    assert newest not in browser.get(f"/accounts/{name}/").context["page"].items


@pytest.mark.parametrize("name", LISTS)
def test_the_lists_omit_hidden_people(name, signed_in, author, person):
    shown, gone = person("shown"), person("gone")
    for one in (shown, gone):
        LISTS[name](author, one)
    suspend_person(gone, reason="spam")

    assert signed_in(author).get(f"/accounts/{name}/").context["page"].items == [shown]


@pytest.mark.promise("O7")
@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("size", [2, 20])
def test_each_list_costs_the_same_queries_at_every_size(
    name, size, signed_in, author, person, django_assert_num_queries
):
    for _ in range(size):
        LISTS[name](author, person())
    browser = signed_in(author)

    with django_assert_num_queries(3):  # the session, the rows, the people
        assert len(browser.get(f"/accounts/{name}/").context["page"]) == size


def test_repeating_a_change_is_harmless(signed_in, author, follower):
    browser = signed_in(author)
    for change in ("mute", "restrict", "add-close-friend"):
        for _ in range(2):
            assert browser.post(f"/follower/{change}/").status_code == 302
    assert [model.objects.count() for model in (Mute, Restrict, CloseFriend)] == [1, 1, 1]
    for change in ("unmute", "unrestrict", "remove-close-friend"):
        for _ in range(2):
            assert browser.post(f"/follower/{change}/").status_code == 302
    assert [model.objects.count() for model in (Mute, Restrict, CloseFriend)] == [0, 0, 0]


@pytest.mark.promise("H9")
@pytest.mark.parametrize("bad", ["//evil.example", "https://evil.example/", "/\\evil.example"])
def test_a_change_never_redirects_to_another_site(bad, signed_in, author, follower):
    assert signed_in(author).post("/follower/mute/", {"next": bad})["Location"] == "/follower/"
