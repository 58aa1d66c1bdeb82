"""A machine that changes posts and people, and compares cached pages with the same pages without the cache."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from unittest import mock

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ObjectDoesNotExist
from django.db import transaction
from django.test import Client
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from accounts.actions.avatars import remove_avatar
from accounts.actions.moderation import restore_person, suspend_person
from accounts.actions.profile import change_hide_like_counts
from accounts.models import User
from accounts.models.user import AvatarState
from common import valkey
from common.fragment_cache import forget_local, without_cache
from common.ids import encode_shortcode
from common.refusals import Refusal
from feed.actions import follow_tag, mute_tag, unfollow_tag, unmute_tag
from feed.tasks import fan_out_post
from posts.actions import archiving, comments, editing, likes, mentions, moderation, publishing, saves, tags
from posts.actions.hashtags import add_hashtags
from posts.actions.requests import EditRequest
from posts.cards import render_piece, render_states
from posts.models import Media, PersonTag, Post
from posts.models.media import MediaKind, MediaState
from posts.states import visible_states
from social.actions import blocks, close_friends, follows, mutes, privacy, requests, restrictions
from tests.visibility.pages import frozen_time, masked
from tests.visibility.sequences import DatabaseMachine, make_people

AUTHORS = 2
READERS = 3
"""The second author is also the first reader."""
PEOPLE = AUTHORS + READERS - 1
PIECES = ("card", "tile")

PAGES: dict[str, Callable[[Machine], str]] = {
    "home": lambda machine: "/",
    "for you": lambda machine: "/?feed=for-you",
    "profile": lambda machine: f"/{machine.person(1).username}/",
    "tagged photos": lambda machine: f"/{machine.person(2).username}/tagged/",
    "explore": lambda machine: "/explore/",
    "tag": lambda machine: "/explore/tags/sun/",
    "saved": lambda machine: "/saved/",
    "notifications": lambda machine: "/notifications/",
    "post": lambda machine: f"/p/{encode_shortcode(machine.posts[0])}/",
}
"""The path of each page that uses the cache. It may lead to a hidden object: a 404 is an answer, too."""

people = st.integers(0, PEOPLE - 1)
authors = st.integers(0, AUTHORS - 1)
pairs = st.sampled_from([(one, other) for one in range(PEOPLE) for other in range(PEOPLE) if one != other])
posts = st.integers(0, 4)
texts = st.lists(
    st.sampled_from(
        [
            *("100%", "%s", "%(pk)s", "%%", "{{ user }}", "{% now 'Y' %}", "<b>", "</p>", "<!--", "&amp;", '"', "'"),
            *(
                "#sun",
                "#snow",
                "@person0",
                "@person1",
                "@person2",
                "@person3",
                "@nobody",
                "@PERSON1",
                "https://a.org/?%s",
            ),
            *(
                "\u202eabc",
                "\u2066",
                "\x07",
                "\u200d",
                "é",
                "日本#東京",
                "👩‍👩‍👧",
                "\n",
                " ",
                "x" * 60,
                "liked;",
                "a:b;",
            ),
        ]
    ),
    max_size=8,
).map(lambda words: " ".join(words).strip())


class Machine(DatabaseMachine):
    shares = 1
    """Into how many parts pages and pieces are divided: after each change, one part is compared, in turn."""

    def __init__(self) -> None:
        super().__init__()
        valkey.resume()
        valkey.client().flushdb()
        forget_local()
        self.people = make_people(PEOPLE)
        self.authors = self.people[:AUTHORS]
        self.names = 0
        self.posts: list[int] = []
        self.compared = 0
        self.clients = [Client() for _ in range(READERS + 1)]
        for client, reader in zip(self.clients, self.people[-READERS:], strict=False):
            client.force_login(reader)

    # Comparisons, after every step that changed something.

    @invariant()
    def cached_pages_are_the_same_as_others(self) -> None:
        if not self.has_changed or not self.posts:
            return
        self.has_changed = False
        self.compared += 1
        with frozen_time():
            for number, client in enumerate(self.clients):
                for name, path_of in list(PAGES.items())[(number + self.compared) % self.shares :: self.shares]:
                    path = path_of(self)
                    cached = masked(client.get(path))
                    with without_cache():
                        fresh = masked(client.get(path))
                    assert cached == fresh, f"{name} of reader {number}"
            readers = [*self.people[-READERS:], AnonymousUser()]
            for reader in readers[self.compared % self.shares :: self.shares]:
                self._check_pieces(reader)

    def _check_pieces(self, reader: Any) -> None:
        """Compare pieces from the cache with pieces of whole objects, which do not use `PostState`."""
        visible = list(Post.objects.visible_to(reader).filter(pk__in=self.posts).for_cards(reader).order_by("-pk"))
        found = visible_states(self.posts, reader)
        assert found.keys() == {post.pk for post in visible}
        states = [found[post.pk] for post in visible]
        for piece in PIECES:
            options = {"expanded": False} if piece == "card" else {"sizes": "", "is_hideable": False}
            fresh = [render_piece(piece, post, reader, options=options) for post in visible]
            assert render_states(piece, states, reader, options=options) == fresh, piece
            with mock.patch("posts.cards.draw", side_effect=AssertionError("not cached")):
                assert render_states(piece, states, reader, options=options) == fresh, piece

    # Changes. They look up people as they are now, because the rows change below the objects.

    def person(self, number: int) -> User:
        return User.objects.get(pk=self.people[number].pk)

    def post(self, index: int) -> Post:
        return Post.objects.select_related("author").get(pk=self.posts[index % len(self.posts)])

    def change(self, action: Callable[[], Any]) -> None:
        """Make a change, and count the step, unless the site refuses it or nothing changes."""
        try:
            with transaction.atomic():
                found = action()
        except (Refusal, blocks.BlockedError, ObjectDoesNotExist):
            return
        has_changed = found is None or bool(found)
        Machine.steps += has_changed
        self.has_changed |= has_changed

    @initialize()
    def begin(self) -> None:
        for reader in range(AUTHORS - 1, PEOPLE):
            follows.follow(self.people[reader], followee=self.people[0])
        for author in (0, 0, 1):
            self.share(author, "Morning #sun with @person2 and @person3", slides=3)

    @rule(author=authors, text=texts, slides=st.integers(1, 3))
    def share(self, author: int, text: str, slides: int) -> None:
        post = Post.objects.create(author=self.person(author), caption=text, location=text[:20])
        for position in range(slides):
            is_video = position == 1
            Media.objects.create(
                post=post,
                owner_id=post.author_id,
                position=position,
                kind=MediaKind.VIDEO if is_video else MediaKind.PHOTO,
                width=640,
                height=480,
                state=MediaState.READY,
                renditions=renditions(position),
                video={"mp4": "aa/bb/v.mp4"} if is_video else {},
            )
        add_hashtags(post)
        publishing.publish_if_ready(post.pk)
        fan_out_post(post.pk)
        self.posts = [post.pk, *self.posts][:5]
        self.change(lambda: None)

    @rule(
        index=posts,
        caption=texts,
        location=texts.map(lambda text: text[:40]),
        alt=texts,
        audience=st.sampled_from(["everyone", "everyone", "close_friends"]),
        is_reversed=st.booleans(),
    )
    def edit(self, index: int, caption: str, location: str, alt: str, audience: str, is_reversed: bool) -> None:
        post = self.post(index)
        slides = [(slide.pk, f"{alt} {position}".strip()) for position, slide in enumerate(post.slides)]
        slides = slides[:: -1 if is_reversed else 1]
        request = EditRequest(post.version, caption, " ".join(location.split()), audience, slides)
        if post.deleted_at is None:
            self.change(lambda: editing.edit_post(post, request))

    @rule(index=posts, is_on=st.sampled_from([True, False, False]))
    def archive(self, index: int, is_on: bool) -> None:
        self.change(partial(archiving.archive_post if is_on else archiving.unarchive_post, self.post(index)))
        fan_out_post(self.post(index).pk)

    @rule(index=posts, is_on=st.sampled_from([True, False, False]), reason=texts)
    def moderate(self, index: int, is_on: bool, reason: str) -> None:
        post = self.post(index)
        if is_on:
            self.change(lambda: moderation.remove_post(post, reason=reason))
        else:
            self.change(lambda: moderation.restore_post(post))
        fan_out_post(post.pk)

    @rule(index=posts)
    def delete(self, index: int) -> None:
        if len(self.posts) > 2:
            self.change(lambda: editing.delete_post(self.post(index)))

    @rule(index=posts, is_on=st.booleans())
    def turn_comments_off(self, index: int, is_on: bool) -> None:
        self.change(lambda: comments.set_comments_enabled(self.post(index), on=is_on))

    @rule(index=posts, is_on=st.booleans())
    def hide_likes(self, index: int, is_on: bool) -> None:
        self.change(lambda: likes.set_likes_hidden(self.post(index), hide=is_on))

    @rule(index=posts, number=st.integers(0, 1_000), slide=st.integers(0, 2))
    def render_again(self, index: int, number: int, slide: int) -> None:
        post = self.post(index)
        medium = post.slides[slide % len(post.slides)]
        values: dict[str, Any] = {"renditions": renditions(number), "placeholder": f"data:image/webp;base64,{number}"}
        if medium.is_video:
            values |= {"video": {"mp4": f"aa/bb/v{number}.mp4", "lost_sound": number % 2 == 0}}
        self.change(lambda: Media.objects.filter(pk=medium.pk).update(**values))

    @rule(index=posts, slide=st.integers(0, 2), key=st.sampled_from(["", "aa/c.vtt", "aa/d.vtt"]))
    def caption_video(self, index: int, slide: int, key: str) -> None:
        post = self.post(index)
        medium = post.slides[slide % len(post.slides)]
        self.change(lambda: Media.objects.filter(pk=medium.pk).update(captions=key))

    # People.

    @rule(number=people)
    def rename(self, number: int) -> None:
        self.names += 1
        # Beside the action, which permits few changes; the row changes in the same way.
        self.change(lambda: User.objects.filter(pk=self.people[number].pk).update(username=f"renamed{self.names}"))

    @rule(number=people)
    def take_first_name_back(self, number: int) -> None:
        self.change(lambda: User.objects.filter(pk=self.people[number].pk).update(username=f"person{number}"))

    @rule(number=people, name=texts.map(lambda text: " ".join(text.split())[:30]))
    def change_name(self, number: int, name: str) -> None:
        self.change(lambda: User.objects.filter(pk=self.people[number].pk).update(name=name))

    @rule(number=people, key=st.sampled_from(["", "aa/one.webp", "aa/two.webp"]))
    def change_avatar(self, number: int, key: str) -> None:
        if not key:
            self.change(lambda: remove_avatar(self.person(number)))
            return
        avatar = {size: {"webp": key, "jpeg": key.replace("webp", "jpg")} for size in ("96", "320")}
        row = User.objects.filter(pk=self.people[number].pk)
        self.change(lambda: row.update(avatar=avatar, avatar_state=AvatarState.READY))

    @rule(number=people, is_on=st.booleans())
    def make_private(self, number: int, is_on: bool) -> None:
        def change() -> None:
            privacy.change_privacy(self.person(number), is_private=is_on)

        self.change(change)

    @rule(number=people, is_on=st.booleans())
    def hide_counts(self, number: int, is_on: bool) -> None:
        self.change(lambda: change_hide_like_counts(self.person(number), hide=is_on))

    @rule(author=authors, is_on=st.sampled_from([True, False, False]))
    def suspend(self, author: int, is_on: bool) -> None:
        # The second author reads, too, and a suspended person has no session.
        if author == 0:
            person = self.person(author)
            self.change(lambda: suspend_person(person, reason="why") if is_on else restore_person(person))

    # Pairs of people.

    @rule(pair=pairs, is_on=st.sampled_from([True, True, False]))
    def follow(self, pair: tuple[int, int], is_on: bool) -> None:
        one, other = map(self.person, pair)
        self.change(lambda: follows.follow(one, followee=other) if is_on else follows.unfollow(one, followee=other))

    @rule(pair=pairs)
    def approve(self, pair: tuple[int, int]) -> None:
        one, other = map(self.person, pair)
        self.change(lambda: requests.approve_request(one, requester=other))

    @rule(pair=pairs, is_on=st.sampled_from([True, False, False]))
    def block(self, pair: tuple[int, int], is_on: bool) -> None:
        one, other = map(self.person, pair)
        self.change(lambda: blocks.block(one, blocked=other) if is_on else blocks.unblock(one, blocked=other))

    @rule(pair=pairs, is_on=st.sampled_from([True, False, False]))
    def mute(self, pair: tuple[int, int], is_on: bool) -> None:
        one, other = map(self.person, pair)
        self.change(lambda: mutes.mute(one, muted=other) if is_on else mutes.unmute(one, muted=other))

    @rule(pair=pairs, is_on=st.booleans())
    def restrict(self, pair: tuple[int, int], is_on: bool) -> None:
        one, other = map(self.person, pair)
        change = restrictions.restrict if is_on else restrictions.unrestrict
        self.change(lambda: change(one, restricted=other))

    @rule(pair=pairs, is_on=st.sampled_from([True, True, False]))
    def close_friend(self, pair: tuple[int, int], is_on: bool) -> None:
        one, other = map(self.person, pair)
        change = close_friends.add_close_friend if is_on else close_friends.remove_close_friend
        self.change(lambda: change(one, friend=other))

    # Readers and posts.

    @rule(number=people, index=posts, is_on=st.booleans())
    def like(self, number: int, index: int, is_on: bool) -> None:
        change = likes.like_post if is_on else likes.unlike_post
        self.change(lambda: change(self.post(index), liker=self.person(number)))

    @rule(number=people, index=posts, is_on=st.booleans())
    def save(self, number: int, index: int, is_on: bool) -> None:
        change = saves.save_post if is_on else saves.unsave_post
        self.change(lambda: change(self.post(index), person=self.person(number)))

    @rule(number=people, index=posts, text=texts)
    def comment(self, number: int, index: int, text: str) -> None:
        self.change(lambda: comments.add_comment(self.post(index), author=self.person(number), text=f"hello {text}"))

    @rule(number=people, index=posts)
    def remove_mention(self, number: int, index: int) -> None:
        self.change(lambda: mentions.remove_mention(self.person(number), post=self.post(index)))

    @rule(number=people, index=posts)
    def tag(self, number: int, index: int) -> None:
        medium = self.post(index).slides[0]
        self.change(lambda: tags.tag_person(medium, username=self.person(number).username, x=0.5, y=0.5))

    @rule(number=people, index=posts)
    def remove_tag(self, number: int, index: int) -> None:
        remover = self.person(number)
        if tag := PersonTag.objects.removable_by(remover).filter(post=self.post(index), removed_at=None).first():
            self.change(lambda: tags.remove_tag(tag, remover=remover))

    @rule(
        number=people,
        name=st.sampled_from(["sun", "snow"]),
        change=st.sampled_from([follow_tag, unfollow_tag, mute_tag, unmute_tag]),
    )
    def change_tag(self, number: int, name: str, change: Callable[..., Any]) -> None:
        self.change(lambda: change(self.person(number), name=name))

    @rule(what=st.sampled_from(["process", "valkey", "both"]))
    def lose_cache(self, what: str) -> None:
        """Forget entries, as after a restart, so that they are made at other times than after a change."""
        if what != "valkey":
            forget_local()
        if what != "process":
            for key in valkey.pages().scan_iter("parts:*"):
                valkey.pages().delete(key)
        self.change(lambda: None)


def renditions(number: int) -> list[dict[str, Any]]:
    return [
        {"width": width, "height": width, "webp": f"aa/{number}-{width}.webp", "jpeg": f"aa/{number}-{width}.jpg"}
        for width in (320, 640, 1080)
    ]
