"""The three feeds of the home page: Following, Favourites and For you."""

from __future__ import annotations

from typing import Final, Generic, NamedTuple

from accounts.models import Feed, User
from common.pagination import parse_cursor
from feed.favourites import read_favourites
from feed.for_you import ForYouCursor, Reason, read_for_you
from feed.home import Item, Load, favourite_states, home_states, read_home
from feed.ranking import Kind
from posts.states import PostState


class FeedPage(NamedTuple, Generic[Item]):
    posts: list[Item]
    next_cursor: str
    """The text that continues the feed; "" at the end."""
    reasons: dict[int, Reason]
    """Why posts are in the feed, by post id; posts of followed people in Following and Favourites have none."""
    seen_from: int | None = None
    """The index of the first post that the reader has seen before, if that part of For you begins on this page."""


def feed_of(text: str, reader: User) -> Feed:
    """Return the feed with this name; for any other text, the one that `reader` opens first."""
    return _FEEDS.get(text) or _FEEDS[reader.first_feed]


_FEEDS: Final[dict[str, Feed]] = {feed.value: feed for feed in Feed}


def feed_page(reader: User, feed: Feed, *, cursor: str, count: int, load: Load[Item]) -> FeedPage[Item]:
    """Return up to `count` posts of a feed after `cursor`, the `next_cursor` of the page before it.

    `load` returns the posts that are shown: `feed.home.unmuted_posts` for Favourites, `shown_on_home` for the
    others. An unknown cursor means the first page. For the cost see the function of each feed.
    """
    if feed == Feed.FOR_YOU:
        ranked = read_for_you(reader, cursor=ForYouCursor.parse(cursor), count=count, load=load)
        return FeedPage(ranked.posts, _text(ranked.next_cursor), ranked.reasons, ranked.seen_from)
    before = parse_cursor(cursor)
    if feed == Feed.FAVOURITES:
        posts, end = read_favourites(reader, before=before, count=count, load=load)
        return FeedPage(posts, _text(end), {})
    newest = read_home(reader, before=before, count=count, load=load)
    reasons = {pk: Reason(Kind.TAG, tag) for pk, tag in newest.followed_tags.items()}
    return FeedPage(newest.posts, _text(newest.next_cursor), reasons)


def feed_states(reader: User, feed: Feed, *, cursor: str, count: int) -> FeedPage[PostState]:
    """Return `feed_page` for cards."""
    load = favourite_states if feed == Feed.FAVOURITES else home_states
    return feed_page(reader, feed, cursor=cursor, count=count, load=load)


def _text(cursor: object) -> str:
    return "" if cursor is None else str(cursor)
