"""The limit of the home page shows the same posts, counts and flags as the site, and a limit that lies is found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.test import override_settings

from accounts.models import User
from bench import limit, limit_check
from posts.models import COMMENTS, LIKES, Post
from posts.models import Save as SavedPost
from tests.visibility.building import make_world
from tests.visibility.world import World

pytestmark = pytest.mark.django_db

TRUE = [
    "post.published_at IS NOT NULL",
    "post.archived_at IS NULL",
    "post.removed_at IS NULL",
    "post.deleted_at IS NULL",
    "author.suspended_at IS NULL",
    "author.deactivated_at IS NULL",
    "NOT EXISTS (SELECT FROM social_block WHERE blocker_id = author.id AND blocked_id = $1)",
    "NOT EXISTS (SELECT FROM social_block WHERE blocker_id = $1 AND blocked_id = author.id)",
    "NOT EXISTS (SELECT FROM social_mute WHERE muter_id = $1 AND muted_id = author.id)",
    "NOT author.is_private",
    "EXISTS (SELECT FROM social_follow WHERE follower_id = $1 AND followee_id = author.id)",
    "post.audience = 'everyone'",
    "EXISTS (SELECT FROM social_closefriend WHERE owner_id = author.id AND friend_id = $1)",
]
"""Conditions of the limit's SQL; without one of them, a viewer sees too much."""

FALSE = [
    "EXISTS (SELECT FROM social_follow WHERE follower_id = $1 AND followee_id = author.id)",
    "EXISTS (SELECT FROM social_closefriend WHERE owner_id = author.id AND friend_id = $1)",
    "EXISTS (SELECT FROM posts_like WHERE liker_id = $1 AND post_id = post.id)",
    "EXISTS (SELECT FROM posts_save WHERE person_id = $1 AND post_id = post.id)",
    "post.author_id = $1",
    "post.hide_likes",
    "counter = 'post.likes'",
    "counter = 'post.comments'",
]
"""Conditions without which a viewer sees too little, or a count or a flag is wrong."""


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """The world of the visibility tests, with saved posts, hidden likes, and counts that are not folded yet."""
    with django_db_blocker.unblock(), override_settings(RATE_LIMITS=False), transaction.atomic():
        world = make_world()
        for post in Post.objects.all():
            SavedPost.objects.create(post=post, person=world.people["follower"])
            LIKES.add(post.pk, 3)
            COMMENTS.add(post.pk, 2)
        Post.objects.filter(author=world.people["public"]).update(hide_likes=True)
        world.people["stranger"].hide_like_counts = True
        yield world
        transaction.set_rollback(True)


def readers(world: World) -> list[User]:
    """Return the people who can sign in, except "restricted": the limit does not count their waiting comments."""
    hidden = {"restricted", "suspended", "deactivated"}
    return [world.people[name] for name in world.actors if name not in hidden | {"anonymous"}]


def check(world: World) -> int:
    return limit_check.check(readers(world), list(Post.objects.values_list("pk", flat=True)))


def test_the_limit_shows_the_posts_counts_and_flags_of_the_site(world):
    assert check(world) > 15


@pytest.mark.parametrize(("condition", "lie"), [*((one, "true") for one in TRUE), *((one, "false") for one in FALSE)])
def test_a_limit_without_one_of_its_conditions_is_found(world, monkeypatch, condition, lie):
    assert condition in limit.POSTS
    monkeypatch.setattr(limit, "PREPARE", limit.PREPARE.replace(condition, lie))

    with pytest.raises(limit_check.LimitLiesError):
        check(world)
