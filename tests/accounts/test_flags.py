"""Flags tell from an index whether a person might have something; the exact query runs only then."""

import pytest

from accounts import flags
from accounts.flags import Flags
from accounts.models import Session, User
from accounts.sessions import SessionStore
from feed.actions import follow_tag, unfollow_tag
from notifications.actions import mark_all_read
from notifications.models import Notification
from notifications.queries import badge_text, unread_count
from posts.actions.media import Upload
from posts.actions.sharing import create_post
from posts.models import Post
from social.actions.follows import follow
from social.actions.privacy import change_privacy
from social.actions.requests import refuse_request
from social.models import FollowRequest
from social.queries import request_count_text

NONE = Flags(has_unread=False, has_requests=False, follows_tags=False, has_unfinished_posts=False)


def flags_of(person):
    """Return the flags of a person, loaded with a session and without one: they are the same."""
    store = SessionStore()
    store["_auth_user_id"] = str(person.pk)
    store.save()
    alone = User.objects.get(pk=person.pk).flags
    assert SessionStore(store.session_key).person.flags == alone
    Session.objects.all().delete()
    return alone


def test_a_new_person_has_no_flag(author, post):
    assert flags_of(author) == NONE


def test_unread_notifications(author, stranger, tasks_run):
    with tasks_run():
        follow(stranger, followee=author)
    assert flags_of(author).has_unread
    assert not flags_of(stranger).has_unread

    mark_all_read(author, up_to=Notification.objects.get().latest)

    assert flags_of(author) == NONE


def test_an_unread_notification_that_is_hidden_sets_the_flag_and_is_not_counted(author, stranger, tasks_run):
    with tasks_run():
        follow(stranger, followee=author)
    User.objects.filter(pk=stranger.pk).update(suspended_at="2020-01-01T00:00Z")
    author = User.objects.get(pk=author.pk)

    assert author.flags.has_unread
    assert badge_text(author) == ""


def test_follow_requests(author, stranger):
    change_privacy(author, is_private=True)
    follow(stranger, followee=author)
    assert FollowRequest.objects.exists()
    assert flags_of(author).has_requests
    assert not flags_of(stranger).has_requests

    refuse_request(author, requester=stranger)

    assert not flags_of(author).has_requests


def test_followed_tags(author, post):
    follow_tag(author, name="sun")
    assert flags_of(author).follows_tags

    unfollow_tag(author, name="sun")

    assert not flags_of(author).follows_tags


def test_unfinished_posts(author, stranger, photo):
    create_post(author=author, uploads=[Upload(photo(), "a.jpg", "")], caption="", location="")
    assert flags_of(author).has_unfinished_posts
    assert not flags_of(stranger).has_unfinished_posts

    Post.objects.update(published_at="2020-01-01T00:00Z")

    assert not flags_of(author).has_unfinished_posts


def test_badges_ask_nothing_without_their_flags(author, django_assert_num_queries):
    change_privacy(author, is_private=True)
    person = User.objects.get(pk=author.pk)
    assert person.flags == NONE

    with django_assert_num_queries(0):
        assert badge_text(person) == ""
        assert request_count_text(person) == ""


def test_reloading_a_person_reloads_their_flags(author, stranger, tasks_run):
    assert not author.flags.has_unread
    with tasks_run():
        follow(stranger, followee=author)
    assert not author.flags.has_unread

    author.refresh_from_db()

    assert author.flags.has_unread
    assert unread_count(author) == 1


def test_the_flags_of_a_missing_person_are_false(db):
    assert User(pk=1).flags == NONE


def test_only_known_flags_can_be_registered():
    with pytest.raises(ValueError, match="no field"):
        flags.register("has_wings", lambda person: None)
