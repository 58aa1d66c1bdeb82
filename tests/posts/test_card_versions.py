"""The triggers that move the versions in the keys of cached cards."""

from __future__ import annotations

import itertools
import json

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import User
from posts.actions.captions import set_captions
from posts.actions.editing import edit_post
from posts.actions.requests import EditRequest
from posts.cards import TEMPLATES, draw
from posts.models import Media, Post
from posts.models.media import MediaKind
from posts.states import contents_of, visible_states
from posts.tasks import rerender
from tests.concurrency import run_concurrently

ROUNDS = 10
MORE_ROUNDS = 50
RENDITIONS = [{"width": 640, "height": 480, "webp": "aa/bb/d.webp", "jpeg": "aa/bb/d.jpg"}]
CAPTIONS = "WEBVTT\n\n00:00.000 --> 00:01.000\nHello\n"

OF_POST = {
    "caption": "new",
    "unlinked": ["somebody"],
    "location": "new",
    "audience": "close_friends",
    "edited_at": timezone.now(),
    "comments_off": True,
    "hide_likes": True,
}
OF_MEDIA = {
    "position": 5,
    "kind": MediaKind.VIDEO,
    "alt": "new",
    "width": 3,
    "height": 3,
    "captions": "aa/new.vtt",
    "state": "failed",
    "renditions": RENDITIONS,
    "video": {"mp4": "aa/new.mp4"},
    "placeholder": "data:new",
}
OF_AUTHOR = {
    "username": "newname",
    "name": "New Name",
    "avatar": {"96": {"webp": "aa/new.webp"}},
    "avatar_state": "ready",
    "is_private": True,
}
OF_NOBODY = {
    **dict.fromkeys(["folded_likes", "folded_comments"], 9),
    **dict.fromkeys(["archived_at", "removed_at", "fanned_out_at"], timezone.now()),
}
"""Columns of posts that change often, or that no card of a published post shows."""

NEED_NO_VERSION = {
    Post: {
        "id": "Never changes.",
        **dict.fromkeys(["published_at", "archived_at", "removed_at"], "Only published posts are drawn."),
    },
    Media: {"id": "Never changes."},
    User: {"id": "Never changes."},
}
"""Fields that cached pieces show without a version, and why they may."""


def set_column(table, pk, column, value):
    """Update a column by SQL, as code that knows nothing of cards would."""
    if isinstance(value, dict) or column == "renditions":
        value = json.dumps(value)
    with connection.cursor() as cursor:
        cursor.execute(f'UPDATE {table} SET "{column}" = %s WHERE id = %s', [value, pk])
        assert cursor.rowcount == 1


def versions(post):
    row = Post.objects.select_related("author").get(pk=post.pk)
    return row.card_version, row.author.card_version


@pytest.mark.parametrize("column", OF_POST)
def test_a_change_of_a_post_moves_its_version_once(post, column):
    before, author = versions(post)

    set_column("posts_post", post.pk, column, OF_POST[column])
    assert versions(post) == (before + 1, author)

    set_column("posts_post", post.pk, column, OF_POST[column])
    assert versions(post) == (before + 1, author)


def test_another_author_moves_the_version_of_a_post(post, stranger):
    before = versions(post)[0]

    set_column("posts_post", post.pk, "author_id", stranger.pk)

    assert versions(post)[0] == before + 1


@pytest.mark.parametrize("column", OF_MEDIA)
def test_a_change_of_a_slide_moves_the_version_of_its_post_once(author, share, column):
    post, other = share(author, photos=2), share(author)
    slide, before, of_other = post.slides[0].pk, versions(post)[0], versions(other)

    set_column("posts_media", slide, column, OF_MEDIA[column])
    assert versions(post)[0] == before + 1

    set_column("posts_media", slide, column, OF_MEDIA[column])
    assert versions(post)[0] == before + 1
    assert versions(other) == of_other


@pytest.mark.parametrize("column", OF_AUTHOR)
def test_a_change_of_the_author_moves_their_version_once(post, stranger, column):
    before = versions(post)
    of_stranger = User.objects.get(pk=stranger.pk).card_version

    set_column("accounts_user", post.author_id, column, OF_AUTHOR[column])
    assert versions(post) == (before[0], before[1] + 1)

    set_column("accounts_user", post.author_id, column, OF_AUTHOR[column])
    assert versions(post) == (before[0], before[1] + 1)
    assert User.objects.get(pk=stranger.pk).card_version == of_stranger


@pytest.mark.parametrize("column", OF_NOBODY)
def test_likes_comments_and_states_move_no_version(post, column):
    before = versions(post)

    set_column("posts_post", post.pk, column, OF_NOBODY[column])

    assert versions(post) == before


def test_slides_that_come_go_and_change_posts_move_the_version(author, share):
    post, other = share(author, photos=2), share(author)
    slide = post.slides[1]

    def moved(change):
        before = versions(post)[0], versions(other)[0]
        change()
        return versions(post)[0] - before[0], versions(other)[0] - before[1]

    assert moved(lambda: Media.objects.filter(pk=slide.pk).update(post=other, position=1)) == (1, 1)
    assert moved(lambda: Media.objects.filter(pk=slide.pk).delete()) == (0, 1)
    new = Media(post=post, owner_id=author.pk, position=1, width=1, height=1)
    assert moved(new.save) == (1, 0)
    assert moved(lambda: Media.objects.filter(pk=new.pk).update(progress=40, attempts=2, error="x")) == (0, 0)


def test_slides_of_an_unpublished_post_do_not_touch_its_row(author, share):
    post = share(author, photos=2)
    Post.objects.filter(pk=post.pk).update(published_at=None)

    def row():
        with connection.cursor() as cursor:
            cursor.execute("SELECT card_version, ctid FROM posts_post WHERE id = %s", [post.pk])
            return cursor.fetchone()

    before = row()
    post.media.update(renditions=RENDITIONS, state="ready")
    post.slides[1].delete()

    assert row() == before


@pytest.fixture
def read_fields(monkeypatch):
    """Return a function that calls another, and returns the fields that it read of each model."""

    def record(call):
        read = {model: set() for model in NEED_NO_VERSION}
        with monkeypatch.context() as patched:
            for model, found in read.items():
                fields = {field.attname for field in model._meta.concrete_fields}

                def get(self, name, *, found=found, fields=fields):
                    if name in fields:
                        found.add(name)
                    return object.__getattribute__(self, name)

                patched.setattr(model, "__getattribute__", get, raising=False)
            call()
        return read

    return record


def test_cached_pieces_show_no_field_that_moves_no_version(author, share, read_fields):
    plain, rich = share(author), share(author, photos=3, caption="Hello @author #sun " + "x" * 200, location="Here")
    hides = share(author, photos=2)
    rich.media.filter(position=0).update(placeholder="data:a")
    rich.media.filter(position=1).update(kind="video", video={"mp4": "a.mp4", "lost_sound": True}, captions="a.vtt")
    hides.media.filter(position=0).update(kind="video", video={"mp4": "a.mp4", "loops": True}, alt="")
    plain.media.update(alt="")
    Post.objects.filter(pk=hides.pk).update(hide_likes=True, comments_off=True, audience="close_friends")
    Post.objects.filter(pk=rich.pk).update(edited_at=timezone.now())
    User.objects.filter(pk=author.pk).update(avatar=OF_AUTHOR["avatar"], name="Anna")
    posts = contents_of([plain.pk, rich.pk, hides.pk])

    def draw_all():
        for piece, readers, post in itertools.product(TEMPLATES, ["visitors", "members", "author"], posts):
            for expanded, is_hideable in [(False, False), (True, True)]:
                draw(piece, post, readers, expanded=expanded, is_hideable=is_hideable)

    read = read_fields(draw_all)

    assert {"caption", "location", "edited_at"} < read[Post]
    for model, moving in ((Post, OF_POST), (Media, OF_MEDIA), (User, OF_AUTHOR)):
        assert read[model] <= moving.keys() | {"author_id"} | NEED_NO_VERSION[model].keys(), model
        assert NEED_NO_VERSION[model].keys() <= read[model], f"no longer read of {model}"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("rounds", [ROUNDS, pytest.param(MORE_ROUNDS, marks=pytest.mark.deep)])
def test_edits_captions_and_renderings_at_once_do_not_deadlock(author, share, rounds):
    post = share(author, photos=2)
    photo, video = post.slides
    Media.objects.filter(pk=video.pk).update(kind=MediaKind.VIDEO, video={"mp4": "aa/v.mp4"})

    for number in range(rounds):
        slides = [(photo.pk, f"first {number}"), (video.pk, f"second {number}")][:: 1 if number % 2 else -1]
        now = Post.objects.get(pk=post.pk)
        request = EditRequest(now.version, f"caption {number}", "", "everyone", slides)
        run_concurrently(
            lambda request=request: edit_post(Post(pk=post.pk), request),
            lambda number=number: set_captions(Media.objects.get(pk=video.pk), f"{CAPTIONS} {number}"),
            lambda: rerender(photo.pk),
        )

    state = visible_states([post.pk], author)[post.pk]
    assert state.card_version >= 1 + rounds * 3
    assert Post.objects.get(pk=post.pk).caption == f"caption {rounds - 1}"
