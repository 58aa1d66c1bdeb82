"""Cards, which are the same for all readers but for their slots."""

from __future__ import annotations

import re

import pytest
from django.utils.html import escape

from common import valkey
from common.fragment_cache import forget_local
from posts.actions.archiving import archive_post
from posts.actions.editing import delete_post
from posts.actions.likes import like_post
from posts.actions.moderation import remove_post
from posts.actions.saves import save_post
from posts.cards import TEMPLATES, draw, render_piece, render_states
from posts.models import Post
from posts.states import visible_states
from social.actions.blocks import block

HOSTILE = "100% %s %(a)s <b>\"'&</b> {{ user }} {% now 'Y' %} \u202eevil _code_ _author_ @"


def card_of(post, reader):
    return Post.objects.for_cards(reader).get(pk=post.pk)


@pytest.mark.parametrize("piece", sorted(TEMPLATES))
@pytest.mark.parametrize("ending", ["", "x" * 200], ids=["short", "long"])
def test_what_is_drawn_is_the_same_for_every_reader(piece, ending, author, follower, stranger, share):
    post = share(author, caption=f"{HOSTILE}{follower.username} @{stranger.username} {ending}", photos=2)
    like_post(post, liker=follower)
    save_post(post, person=follower)
    block(follower, blocked=stranger)

    drawn = [draw(piece, card_of(post, reader), "members") for reader in (follower, stranger)]

    assert drawn[0] == drawn[1]
    card = card_of(post, stranger)
    assert card.is_own is card.liked_by_viewer is card.saved_by_viewer is False
    assert "Unlike" not in render_piece(piece, card, stranger)


def test_a_caption_is_shown_as_it_was_written(author, follower, share):
    caption = HOSTILE + follower.username
    post = share(author, caption=caption)

    html = render_piece("caption", card_of(post, follower), follower, options={"expanded": True})

    link = f'<a href="/{follower.username}/">@{follower.username}</a>'
    assert escape(caption[: caption.rindex("@")]) + link in html


def test_names_that_a_reader_may_not_see_are_no_links_for_them_only(author, follower, stranger, share):
    post = share(author, caption=f"With @{follower.username}.")
    block(follower, blocked=stranger)

    shown = {reader: render_piece("card", card_of(post, reader), reader) for reader in (author, stranger)}

    assert f'<a href="/{follower.username}/">@{follower.username}</a>.' in shown[author]
    assert f"With @{follower.username}." in shown[stranger]
    assert f'href="/{follower.username}/"' not in shown[stranger]


def test_the_states_of_a_card_name_only_its_own_reader(author, follower, stranger, share):
    post = share(author, caption=f"With @{follower.username}")

    def states(reader):
        html = render_piece("card", card_of(post, reader), reader)
        return set(re.search(r'data-flags="([^"]*)"', html)[1].split())

    assert states(follower) == {"published", "public", "named"}
    assert states(stranger) == {"published", "public"}
    assert states(author) == {"published", "public", "own"}


@pytest.mark.parametrize("change", [archive_post, lambda post: remove_post(post, reason="why"), delete_post])
def test_a_post_hidden_after_its_state_was_read_is_neither_shown_nor_cached(change, follower, post):
    states = list(visible_states([post.pk], follower).values())
    before = render_states("card", states, follower)
    forget_local()
    valkey.pages().flushdb()

    change(post)

    assert render_states("card", states, follower) == []
    Post.objects.filter(pk=post.pk).update(archived_at=None, removed_at=None, deleted_at=None)
    valkey.pages().flushdb()
    assert render_states("card", states, follower) == before
