"""Concurrent changes: a block wins, a follow exists once, and counts equal rows."""

import random
from contextlib import suppress
from functools import partial

import pytest

from accounts.models import User
from common.tasks import fold_counters
from social.actions.blocks import BlockedError, block, unblock
from social.actions.close_friends import add_close_friend
from social.actions.follows import follow, remove_follower, unfollow
from social.actions.privacy import change_privacy
from social.actions.requests import approve_all, approve_request, cancel_request, refuse_request
from social.models import Block, CloseFriend, Follow, FollowRequest
from tests.concurrency import run_concurrently
from tests.social.conftest import counts

pytestmark = pytest.mark.django_db(transaction=True)


def check_consistency(people):
    """Assert that counts equal rows, and that no two rows contradict each other."""
    for one in people:
        followers, following = (Follow.objects.filter(**{side: one}).count() for side in ("followee", "follower"))
        assert counts(one) == (followers, following)
    for block_ in Block.objects.all():
        pair = {block_.blocker_id, block_.blocked_id}
        assert not any({row.follower_id, row.followee_id} == pair for row in Follow.objects.all())
        assert not any({row.requester_id, row.target_id} == pair for row in FollowRequest.objects.all())
        assert not any({row.owner_id, row.friend_id} == pair for row in CloseFriend.objects.all())
    follows = set(Follow.objects.values_list("follower_id", "followee_id"))
    assert not follows & set(FollowRequest.objects.values_list("requester_id", "target_id"))


@pytest.mark.promise("D14")
def test_a_block_wins_against_follows_in_both_directions(person):
    for _ in range(8):
        one, other = person(), person()
        run_concurrently(
            partial(follow, one, followee=other),
            partial(follow, other, followee=one),
            partial(add_close_friend, one, friend=other),
            partial(block, one, blocked=other),
            ignoring=BlockedError,
        )

        assert Block.objects.filter(blocker=one, blocked=other).exists()
        check_consistency([one, other])
        assert counts(one) == counts(other) == (0, 0)


@pytest.mark.promise("D14")
def test_a_block_wins_against_an_approval(person):
    for _ in range(8):
        target, asker = person(), person()
        change_privacy(target, is_private=True)
        follow(asker, followee=target)
        run_concurrently(
            partial(approve_request, target, requester=asker),
            partial(approve_all, target),
            partial(block, asker, blocked=target),
            ignoring=BlockedError,
        )

        check_consistency([target, asker])
        assert not FollowRequest.objects.exists()
        assert counts(target) == (0, 0)


@pytest.mark.promise("D14")
def test_a_request_is_answered_only_once(person):
    for _ in range(8):
        target, asker = person(), person()
        change_privacy(target, is_private=True)
        follow(asker, followee=target)
        run_concurrently(
            *[partial(approve_request, target, requester=asker)] * 3,
            partial(refuse_request, target, requester=asker),
            partial(cancel_request, asker, target=target),
            partial(follow, asker, followee=target),
            ignoring=BlockedError,
        )

        check_consistency([target, asker])
        assert counts(target)[0] <= 1


@pytest.mark.promise("D14")
def test_no_request_to_an_account_that_became_public_stays_pending(person):
    for _ in range(8):
        target, askers = person(), [person() for _ in range(3)]
        change_privacy(target, is_private=True)
        run_concurrently(
            *(lambda target=target, asker=asker: follow(asker, followee=target) for asker in askers),
            partial(change_privacy, target, is_private=False),
            ignoring=BlockedError,
        )

        check_consistency([target, *askers])
        assert not FollowRequest.objects.exists()
        assert counts(target) == (3, 0)


@pytest.mark.promise("D14")
def test_concurrent_random_changes_keep_counts_right_and_do_not_deadlock(person):
    people = [person() for _ in range(4)]
    for one in people[:2]:
        change_privacy(one, is_private=True)
    chance = random.Random(14)

    def some(seed):
        own = random.Random(seed)
        acts = [
            lambda a, b: follow(a, followee=b),
            lambda a, b: follow(a, followee=b),
            lambda a, b: unfollow(a, followee=b),
            lambda a, b: block(a, blocked=b),
            lambda a, b: unblock(a, blocked=b),
            lambda a, b: remove_follower(a, follower=b),
            lambda a, b: approve_request(a, requester=b),
            lambda a, b: approve_all(a),
            lambda a, b: add_close_friend(a, friend=b),
            lambda a, b: change_privacy(User.objects.get(pk=a.pk), is_private=own.random() < 0.5),
            lambda a, b: fold_counters(),
        ]

        def run():
            for _ in range(40):
                with suppress(BlockedError):
                    own.choice(acts)(*own.sample(people, 2))

        return run

    run_concurrently(*(some(chance.random()) for _ in range(6)), ignoring=BlockedError)

    check_consistency(people)
    fold_counters()
    check_consistency(people)
