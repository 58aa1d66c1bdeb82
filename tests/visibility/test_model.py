"""Random sequences of actions, after which everyone must see exactly the objects that model.py predicts.

Posts, people, comments, home pages and counts are compared. `VISIBILITY_EXAMPLES=500 pytest
tests/visibility/test_model.py` runs 500 new sequences instead of the fixed ones.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.db.models import QuerySet
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from accounts.actions.moderation import restore_person, suspend_person
from accounts.models import User
from feed.home import home_posts
from feed.tasks import fan_out_post
from posts.actions import archiving, comments, editing, likes, publishing
from posts.models import Comment, Media, Post
from posts.models.media import MediaState
from social.actions import blocks, close_friends, follows, mutes, privacy, requests, restrictions
from social.queries import with_visible_content
from tests.visibility.model import Model, ModelComment, ModelPost
from tests.visibility.sequences import DatabaseMachine, make_people, run_sequences

PEOPLE = 4
VARIABLE = "VISIBILITY_EXAMPLES"
EXAMPLES = 6
STEPS = 50
MORE_EXAMPLES = 64
MIN_EFFECTIVE_STEPS = 20
"""The mean number of steps per sequence that must have changed something."""
ANONYMOUS = -1
"""The viewer without a session."""


people = st.integers(0, PEOPLE - 1)
pairs = st.sampled_from([(one, other) for one in range(PEOPLE) for other in range(PEOPLE) if one != other])
posts = st.integers(0, 7)


class Machine(DatabaseMachine):
    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.turn = 0
        self.users = make_people(PEOPLE)
        self.statements = {viewer: self._statements(viewer) for viewer in range(ANONYMOUS, PEOPLE)}
        counts = ("followers_count", "following_count", "posts_count")
        self.counts = _prepare("counts", User.objects.with_counts(), *counts)

    def teardown(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("DEALLOCATE ALL")
        super().teardown()

    def _viewer(self, viewer: int) -> Any:
        return AnonymousUser() if viewer == ANONYMOUS else self.users[viewer]

    def _statements(self, number: int) -> dict[str, str]:
        """Prepare the SQL of the site's querysets once per sequence, because planning takes longer than running it."""
        viewer = self._viewer(number)
        seen = Post.objects.visible_to(viewer)
        ids = [user.pk for user in self.users]
        statements = {
            "posts": (seen.with_viewer_state(viewer), "like_count", "comment_count"),
            "people": (User.objects.visible_to(viewer).filter(pk__in=ids),),
            "content": (with_visible_content(viewer).filter(pk__in=ids),),
            "comments": (Comment.objects.visible_to(viewer).filter(post__in=seen),),
        }
        return {name: _prepare(f"{name}_{number + 1}", *what) for name, what in statements.items()}

    # Invariants, checked after every step that changed something.

    @invariant()
    def everyone_sees_what_the_model_says(self) -> None:
        if self.has_changed:
            self._check_all()
            self._check_counts_and_a_home()
            self.has_changed = False

    def _check_all(self) -> None:
        model = self.model
        for viewer in range(ANONYMOUS, PEOPLE):
            shown = {name: _run(statement) for name, statement in self.statements[viewer].items()}
            seen = [post for post in model.posts if model.sees(viewer, post)]
            assert shown["posts"] == {(post.pk, len(post.likes), model.comment_count(viewer, post)) for post in seen}, (
                f"posts of {viewer}"
            )
            known = {(user.pk,) for number, user in enumerate(self.users) if model.sees_profile(viewer, number)}
            assert shown["people"] == known, f"people of {viewer}"
            inside = {(user.pk,) for number, user in enumerate(self.users) if model.sees_content(viewer, number)}
            assert shown["content"] == inside, f"content visible to {viewer}"
            read = {(pk,) for post in seen for pk, one in post.comments.items() if model.reads(viewer, post, one)}
            assert shown["comments"] == read, f"comments of {viewer}"

    def _check_counts_and_a_home(self) -> None:
        counted = {(user.pk, *self.model.counts(number)) for number, user in enumerate(self.users)}
        assert _run(self.counts) == counted
        # The home page of one person, whose timeline is cached from earlier steps.
        self.turn += 1
        reader = self.turn % PEOPLE
        found, *_ = home_posts(User.objects.get(pk=self.users[reader].pk), before=None, count=50)
        assert [post.pk for post in found] == self.model.home(reader), f"home of {reader}"

    # Actions. Actors are signed in, and look up objects as views do.

    def may_act_on(self, actor: int, other: int) -> bool:
        return self._count_step(actor not in self.model.suspended and self.model.sees_profile(actor, other))

    def visible_post(self, actor: int, index: int) -> ModelPost | None:
        post = self.model.posts[index % len(self.model.posts)]
        return post if self._count_step(actor not in self.model.suspended and self.model.sees(actor, post)) else None

    def own_post(self, actor: int, index: int) -> ModelPost | None:
        own = [post for post in self.model.posts if post.author == actor and not post.is_deleted]
        return own[index % len(own)] if self._count_step(actor not in self.model.suspended and bool(own)) else None

    def _count_step(self, is_possible: bool) -> bool:
        """Count the step if it is possible, and have the invariants checked after it."""
        Machine.steps += is_possible
        self.has_changed |= is_possible
        return is_possible

    @initialize()
    def begin(self) -> None:
        self._set_private(0, to=True)
        for author in range(PEOPLE):
            self._share(author, is_for_close=author == 1)

    @rule(pair=pairs)
    def follow(self, pair: tuple[int, int]) -> None:
        one, other = pair
        if not self.may_act_on(one, other):
            return
        follows.follow(self.users[one], followee=self.users[other])
        if other in self.model.private and (one, other) not in self.model.follows:
            self.model.requests.add((one, other))
        else:
            self.model.add_follow(one, other)

    @rule(pair=pairs)
    def unfollow(self, pair: tuple[int, int]) -> None:
        one, other = pair
        if self.may_act_on(one, other):
            follows.unfollow(self.users[one], followee=self.users[other])
            self.model.follows.discard((one, other))
            self.model.requests.discard((one, other))

    @rule(pair=pairs)
    def cancel(self, pair: tuple[int, int]) -> None:
        one, other = pair
        if self.may_act_on(one, other):
            requests.cancel_request(self.users[one], target=self.users[other])
            self.model.requests.discard((one, other))

    @rule(pair=pairs)
    def approve(self, pair: tuple[int, int]) -> None:
        one, other = pair
        if not self.may_act_on(one, other):
            return
        requests.approve_request(self.users[one], requester=self.users[other])
        if (other, one) in self.model.requests:
            self.model.add_follow(other, one)

    @rule(pair=pairs)
    def refuse(self, pair: tuple[int, int]) -> None:
        one, other = pair
        if self.may_act_on(one, other):
            requests.refuse_request(self.users[one], requester=self.users[other])
            self.model.requests.discard((other, one))

    @rule(pair=pairs)
    def remove_follower(self, pair: tuple[int, int]) -> None:
        one, other = pair
        if self.may_act_on(one, other):
            follows.remove_follower(self.users[one], follower=self.users[other])
            self.model.follows.discard((other, one))

    @rule(pair=pairs)
    def block(self, pair: tuple[int, int]) -> None:
        one, other = pair
        if not self.may_act_on(one, other):
            return
        blocks.block(self.users[one], blocked=self.users[other])
        for pairs in (self.model.follows, self.model.requests, self.model.close):
            pairs -= {(one, other), (other, one)}
        self.model.blocks.add((one, other))

    @rule(pair=pairs)
    def unblock(self, pair: tuple[int, int]) -> None:
        one, other = pair
        if self._count_step(one not in self.model.suspended and other not in self.model.suspended):
            blocks.unblock(self.users[one], blocked=self.users[other])
            self.model.blocks.discard((one, other))

    @rule(pair=pairs, is_on=st.booleans())
    def mute(self, pair: tuple[int, int], is_on: bool) -> None:
        one, other = pair
        if self.may_act_on(one, other):
            (mutes.mute if is_on else mutes.unmute)(self.users[one], muted=self.users[other])
            (self.model.mutes.add if is_on else self.model.mutes.discard)((one, other))

    @rule(pair=pairs, is_on=st.booleans())
    def restrict(self, pair: tuple[int, int], is_on: bool) -> None:
        one, other = pair
        if self.may_act_on(one, other):
            (restrictions.restrict if is_on else restrictions.unrestrict)(self.users[one], restricted=self.users[other])
            (self.model.restricts.add if is_on else self.model.restricts.discard)((one, other))

    @rule(pair=pairs, is_on=st.booleans())
    def close_friend(self, pair: tuple[int, int], is_on: bool) -> None:
        one, other = pair
        if self.may_act_on(one, other):
            change = close_friends.add_close_friend if is_on else close_friends.remove_close_friend
            change(self.users[one], friend=self.users[other])
            (self.model.close.add if is_on else self.model.close.discard)((one, other))

    @rule(one=people, is_private=st.booleans())
    def change_privacy(self, one: int, is_private: bool) -> None:
        if self._count_step(one not in self.model.suspended):
            self._set_private(one, to=is_private)

    def _set_private(self, one: int, *, to: bool) -> None:
        privacy.change_privacy(self.users[one], is_private=to)
        if to:
            self.model.private.add(one)
            return
        self.model.private.discard(one)
        for pair in [pair for pair in self.model.requests if pair[1] == one]:
            self.model.add_follow(*pair)

    @rule(one=people, is_on=st.sampled_from([True, False, False]))
    def suspend(self, one: int, is_on: bool) -> None:
        self._count_step(True)
        if is_on:
            suspend_person(self.users[one], reason="why")
            self.model.suspended.add(one)
        else:
            restore_person(self.users[one])
            self.model.suspended.discard(one)

    @rule(one=people, is_for_close=st.booleans())
    def share(self, one: int, is_for_close: bool) -> None:
        if self._count_step(one not in self.model.suspended):
            self._share(one, is_for_close=is_for_close)

    def _share(self, author: int, *, is_for_close: bool) -> None:
        audience = "close_friends" if is_for_close else "everyone"
        post = Post.objects.create(author=self.users[author], audience=audience)
        Media.objects.create(post=post, owner_id=post.author_id, width=1, height=1, state=MediaState.READY)
        publishing.publish_if_ready(post.pk)
        fan_out_post(post.pk)
        self.model.posts.append(ModelPost(post.pk, author, is_for_close))

    @rule(one=people, index=posts, is_on=st.booleans())
    def archive(self, one: int, index: int, is_on: bool) -> None:
        if post := self.own_post(one, index):
            (archiving.archive_post if is_on else archiving.unarchive_post)(Post(pk=post.pk))
            fan_out_post(post.pk)
            post.is_archived = is_on

    @rule(one=people, index=posts)
    def delete(self, one: int, index: int) -> None:
        if post := self.own_post(one, index):
            editing.delete_post(Post(pk=post.pk))
            post.is_deleted = True

    @rule(one=people, index=posts, is_on=st.booleans())
    def like(self, one: int, index: int, is_on: bool) -> None:
        if post := self.visible_post(one, index):
            (likes.like_post if is_on else likes.unlike_post)(Post(pk=post.pk), liker=self.users[one])
            (post.likes.add if is_on else post.likes.discard)(one)

    @rule(one=people, index=posts)
    def comment(self, one: int, index: int) -> None:
        if post := self.visible_post(one, index):
            row = Post.objects.get(pk=post.pk)
            added = comments.add_comment(row, author=self.users[one], text="hello")
            post.comments[added.pk] = ModelComment(one, (post.author, one) in self.model.restricts)

    @rule(one=people, index=posts, which=st.integers(0, 3))
    def approve_comment(self, one: int, index: int, which: int) -> None:
        if (post := self.visible_post(one, index)) and post.author == one:
            waiting = [pk for pk, it in post.comments.items() if it.is_waiting and self.model.reads(one, post, it)]
            if waiting:
                comments.approve_comment(Comment(pk=waiting[which % len(waiting)]))
                post.comments[waiting[which % len(waiting)]].is_waiting = False

    @rule(one=people, index=posts, which=st.integers(0, 3))
    def delete_comment(self, one: int, index: int, which: int) -> None:
        if post := self.visible_post(one, index):
            found = Comment.objects.deletable_by(self.users[one]).filter(post_id=post.pk)
            may = {pk for pk, it in post.comments.items() if one in {it.writer, post.author}}
            may = {pk for pk in may if self.model.reads(one, post, post.comments[pk])}
            assert set(found.values_list("pk", flat=True)) == may
            if may:
                pk = sorted(may)[which % len(may)]
                comments.delete_comment(Comment(pk=pk))
                del post.comments[pk]

    @rule()
    def fold(self) -> None:
        """Fold the counters, which must not change any count."""
        from common.tasks import fold_counters

        self._count_step(True)
        fold_counters()


def _prepare(name: str, rows: QuerySet[Any], *columns: str) -> str:
    """Prepare a statement that selects the id and these columns of `rows`; return its name."""
    sql, parameters = rows.order_by().values_list("pk", *columns).query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"PREPARE {name} AS {sql}", parameters)
    return name


def _run(statement: str) -> set[tuple[int, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(f"EXECUTE {statement}")
        return set(cursor.fetchall())


@pytest.mark.promise("A1", "A9", "A12")
@pytest.mark.django_db
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("examples", [EXAMPLES, pytest.param(MORE_EXAMPLES, marks=pytest.mark.deep)])
def test_after_random_actions_everyone_sees_what_the_model_says(examples: int) -> None:
    Machine.steps = 0

    run_sequences(Machine, examples=examples, steps=STEPS, variable=VARIABLE)

    assert VARIABLE in os.environ or Machine.steps >= MIN_EFFECTIVE_STEPS * examples
