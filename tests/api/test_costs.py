"""Queries of the API's answers: the number does not depend on the size of the answer."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from api_access.actions.tokens import create_token
from posts.actions.archiving import archive_post
from posts.actions.comments import add_comment
from posts.actions.likes import like_comment, like_post
from posts.actions.saves import put_in_collection
from posts.models import Collection, Comment, PersonTag
from social.models import Follow, FollowRequest
from tests.api.test_reading_people import OWN_LISTS

pytestmark = pytest.mark.django_db


def shared_with_tags(share, author, follower, *, photos):
    post = share(author, photos=photos)
    for medium in post.media.all():
        PersonTag.objects.create(media=medium, post=post, person=follower, x=0.5, y=0.5)
    return post


@pytest.fixture(params=["session", "token"])
def authenticated(request, signed_in):
    """`authenticated(person)` returns a client with a session (2 queries) or a token (1, plus 1 a minute)."""

    def sign_in(person):
        if request.param == "session":
            return signed_in(person)
        _, secret = create_token(person, name="mine", may_write=False, days=1)
        return Client(headers={"Authorization": f"Bearer {secret}"})

    return sign_in


@pytest.mark.parametrize("photos", [2, 20])
def test_a_post_costs_three_queries_including_authentication(photos, author, follower, stranger, share, authenticated):
    post, browser = shared_with_tags(share, author, follower, photos=photos), authenticated(stranger)

    with CaptureQueriesContext(connection) as asked:
        answer = browser.get(f"/api/posts/{post.pk}")

    assert len(answer.json()["media"]) == photos
    assert len(asked) <= 3, [one["sql"][:200] for one in asked]


@pytest.mark.parametrize("posts", [2, 20])
def test_a_page_of_home_costs_four_queries_including_authentication(posts, author, follower, share, authenticated):
    for _ in range(posts):
        shared_with_tags(share, author, follower, photos=2)
    browser = authenticated(follower)
    browser.get("/api/feed/@follower")  # Builds the timeline.

    with CaptureQueriesContext(connection) as asked:
        answer = browser.get("/api/feed/@follower")

    assert len(answer.json()["items"]) == posts
    assert len(asked) <= 4, [one["sql"][:200] for one in asked]


LISTS = ["users/@author/posts", "users/@author/followers", "users/@author/following", "posts/{post}/comments"]
LISTS += ["posts/{post}/likes", "follow-requests", "notifications"]
LISTS += ["comments/{comment}/likes", "user/archive", "user/saved", "collections", "collections/{collection}/posts"]
LISTS += ["user/blocked", "user/muted", "user/restricted", "user/close-friends", "user/favourites"]


def test_the_number_of_queries_does_not_depend_on_the_size_of_a_list(author, person, share, signed_in, tasks_run):
    browser, post = signed_in(author), share(author)
    costs: dict[str, list[int]] = {path: [] for path in LISTS}
    comment = add_comment(share(author), author=author, text="first")
    collection = Collection.objects.create(owner=author, name="Trees")
    User.objects.filter(pk=author.pk).update(is_private=True)
    for size in (2, 8):
        with tasks_run():
            while Comment.objects.filter(post=post).count() < size:
                somebody = person()
                Follow.objects.create(follower=somebody, followee=author)
                Follow.objects.create(follower=author, followee=somebody)
                FollowRequest.objects.create(requester=person(), target=author)
                for add in OWN_LISTS.values():
                    add(author, person())
                like_post(post, liker=somebody)
                add_comment(post, author=somebody, text="lovely")
                like_comment(comment, liker=somebody)
                put_in_collection(share(author), person=author, collection=collection)
                archive_post(share(author))
                Collection.objects.create(owner=author, name=somebody.username)
        for path in LISTS:
            url = f"/api/{path.format(post=post.pk, comment=comment.pk, collection=collection.pk)}"
            with CaptureQueriesContext(connection) as asked:
                items = browser.get(url).json()["items"]
            costs[path].append(len(asked))
            # The likes of one post are grouped into one notification.
            assert len(items) >= size, path
    assert {path: (few, many) for path, (few, many) in costs.items() if few != many or many > 9} == {}
