"""Two worlds that differ in hidden objects only, with ids that do not depend on them, and a way to compare answers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from html import unescape
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import User
from common import valkey
from common.ids import first_id_at
from common.tasks import fold_counters
from feed.actions import follow_tag
from notifications.actions import record_event
from notifications.causes import (
    events_for_comment,
    events_for_follow,
    events_for_like,
    events_for_mention,
    events_for_request,
    events_for_tag,
)
from posts.actions.archiving import archive_post
from posts.actions.editing import delete_post
from posts.actions.moderation import remove_post
from posts.actions.new_slides import Slide
from posts.actions.sharing import share_post
from posts.models import Collection, Comment, CommentLike, Like, Media, Mention, PersonTag, Post, Save
from posts.models.media import MediaState
from social.models import Block, CloseFriend, Follow, FollowRequest, Mute, Restrict
from tests.visibility.world import comparable

MAX_PAGES = 200
_NEXT = re.compile(r'(?:href|hx-get)="([^"]*[?&;]cursor=[^"]*)"')
_TIME = re.compile(r"<time.*?</time>", re.DOTALL)

Answers = dict[str, Any]
_numbers = count(1)


@dataclass
class Twins:
    people: dict[str, User] = field(default_factory=dict)
    posts: dict[str, Post] = field(default_factory=dict)
    """Posts by the minutes ago in VISIBLE, and the viewers' own by username."""
    comments: dict[str, Comment] = field(default_factory=dict)
    """A comment on some of the posts, by the same keys."""
    collection: Collection | None = None


def control_ids() -> None:
    """Make ids start at the moment that `set_clock` sets, until the transaction is rolled back."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            CREATE SEQUENCE twins_sequence;
            CREATE OR REPLACE FUNCTION snowflake_id(at timestamptz DEFAULT clock_timestamp(), shard int DEFAULT NULL)
            RETURNS bigint LANGUAGE sql VOLATILE AS $$
                SELECT current_setting('twins.at')::bigint + nextval('twins_sequence')
            $$;
            """
        )


def set_clock(minutes_ago: float) -> None:
    """Give rows created from now on ids of that time, so that hidden rows are sorted between visible ones."""
    moment = first_id_at(timezone.now() - timedelta(minutes=minutes_ago))
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('twins.at', %s, true)", [str(moment)])


# --- Visible ----------------------------------------------------------------------------------------------------------

VISIBLE = {
    # minutes ago: (author, caption, place)
    600: ("anna", "quorble light #quorbletag #quorbela", "Quorble Lane"),
    500: ("ben", "quorble light at sea #quorbletag #quorbelb", "Quorble Lane"),
    400: ("anna", "light quorble #quorbletag", "Quorble Bay"),
    300: ("carla", "quorble light #quorbletag #quorbelc", "Quorble Bay"),
    200: ("anna", "quorble and evening light #quorbletag", ""),
    100: ("ben", "quorble light #quorbletag", "Quorble Hill"),
}
VIEWERS = ("anonymous", "stranger", "reader", "blocky")


def make_visible() -> Twins:
    """Build the visible objects in the caller's transaction.

    The viewer `reader` follows anna, ben and a tag, and receives notifications; `stranger` has done nothing; `blocky`
    will have blocks in both directions.
    """
    world = Twins()
    set_clock(900)
    for name in ("stranger", "reader", "blocky", "locked", "anna", "ben", "fan"):
        add_person(world, name)
    User.objects.filter(username__in=["reader", "locked"]).update(is_private=True)
    world.people |= {one.username: one for one in User.objects.filter(username__in=world.people)}
    set_clock(800)
    for follower, followee in [
        ("reader", "anna"),
        ("reader", "ben"),
        ("anna", "carla"),
        ("ben", "carla"),
        ("fan", "anna"),
    ]:
        if followee == "carla" and followee not in world.people:
            set_clock(250)
            add_person(world, "carla")
            set_clock(790)
        add_follow(world, follower, followee)
    follow_tag(world.people["reader"], name="quorbletag")
    world.collection = Collection.objects.create(owner=world.people["reader"], name="kept")
    for minutes_ago, (author, caption, place) in VISIBLE.items():
        set_clock(minutes_ago)
        world.posts[str(minutes_ago)] = add_post(world, author, caption, place)
    set_clock(90)
    for name in ("stranger", "reader", "blocky"):
        world.posts[name] = add_post(world, name, "mine")
    for key in ("600", "100", "stranger", "reader", "blocky"):
        set_clock(85)
        post = world.posts[key]
        for name in ("fan", "anna"):
            add_interactions(world, name, post)
        add_save(world, post)
        add_tags(world, post, "fan")
        world.comments[key] = Comment.objects.filter(post=post).order_by("id")[0]
    set_clock(80)
    FollowRequest.objects.create(requester=world.people["fan"], target=world.people["reader"])
    for request in FollowRequest.objects.all():
        for event in events_for_request(request):
            record_event(event)
    fold_counters()
    return world


def add_person(world: Twins, name: str) -> User:
    """Add a user whose name is found by "harbor"."""
    one = User(username=name, email=f"{name}@example.org", name=f"Harbor {name.title()}")
    one.set_unusable_password()
    one.save()
    world.people[name] = User.objects.get(pk=one.pk)
    return world.people[name]


def add_follow(world: Twins, follower: str, followee: str) -> None:
    """Add a follow without counting it, because counts include hidden people (docs/decisions/0010)."""
    found = Follow.objects.create(follower=world.people[follower], followee=world.people[followee])
    for event in events_for_follow(found):
        record_event(event)


def add_post(world: Twins, author: str, caption: str, place: str = "", **options: Any) -> Post:
    owner = world.people[author]
    files = [{"width": 320, "height": 240, "webp": "aa/bb/c.webp", "jpeg": "aa/bb/c.jpg"}]
    medium = Media.objects.create(
        owner_id=owner.pk, state=options.pop("state", MediaState.READY), original="aa/bb/o.jpg", width=320, height=240,
        renditions=files, kind="photo",
    )  # fmt: skip
    slides = [Slide(medium.pk, "a photograph of quorble light")]
    return share_post(author=owner, slides=slides, caption=caption, location=place, **options)


def add_interactions(world: Twins, name: str, post: Post) -> None:
    """Add a like, a comment, a reply, a mention and a comment like with their notifications, without counting them."""
    actor, author = world.people[name], post.author
    for event in events_for_like(Like.objects.create(post=post, liker=actor)):
        record_event(event)
    thread = Comment.objects.filter(post=post, parent=None).order_by("id").first()
    first = Comment.objects.create(post=post, author=actor, text=f"quorble @{author.username}")
    reply = Comment.objects.create(post=post, author=actor, text="quorble", parent=thread or first)
    CommentLike.objects.create(comment=thread or first, person=actor)
    for comment in (first, reply):
        for event in events_for_comment(comment):
            record_event(event)


def add_save(world: Twins, post: Post) -> None:
    Save.objects.create(post=post, person=world.people["reader"], collection=world.collection)


def add_tags(world: Twins, post: Post, *names: str) -> None:
    """Tag people in the photo and mention them in the caption."""
    for name in names:
        found = PersonTag.objects.create(post=post, media=post.slides[0], person=world.people[name], x=0.5, y=0.5)
        mention = Mention.objects.create(post=post, person=world.people[name])
        for event in [*events_for_tag(found), *events_for_mention(mention)]:
            record_event(event)


# --- Hidden -----------------------------------------------------------------------------------------------------------


def _hidden_posts(world: Twins, author: str, hide: Callable[[Post], object], **options: Any) -> None:
    """Add posts between and after the visible ones, with their own tags, places and words, and hide them."""
    for number, minutes in enumerate((650, 350, 1)):
        set_clock(minutes)
        caption = f"quorble light hiddenword #quorbletag #quorbelb #quorbelx{number} #hiddentag"
        post = add_post(world, author, caption, ("Quorble Bay", "Quorble Lanx", "Hidden Place")[number], **options)
        if post.published_at:
            add_interactions(world, "fan", post)
            add_save(world, post)
            names = [name for name in ("fan", "reader", "stranger") if name != author]
            add_tags(world, post, *names)
        hide(post)


def _hidden_person(world: Twins, name: str, hide: Callable[[User], object]) -> None:
    """Add a user with a name similar to visible ones, and with relations and acts of every kind, then hide them."""
    set_clock(450)
    one = add_person(world, name)
    viewers = ("stranger", "reader")
    set_clock(449)
    for other in ("anna", "ben", "carla", "fan"):
        add_follow(world, name, other)
        add_follow(world, other, name)
    add_follow(world, "reader", name)
    for minutes in ("600", "100", *viewers):
        # Older than the visible acts, because a notification is sorted by its newest act (docs/decisions/0018).
        set_clock(86)
        add_interactions(world, name, world.posts[minutes])
        add_tags(world, world.posts[minutes], name)
    for viewer in viewers:
        FollowRequest.objects.create(requester=one, target=world.people[viewer])
    reader = world.people["reader"]
    CloseFriend.objects.create(owner=reader, friend=one)
    Mute.objects.create(muter=world.people["stranger"], muted=one)
    Restrict.objects.create(restricter=reader, restricted=one)
    for request in FollowRequest.objects.filter(requester=one):
        for event in events_for_request(request):
            record_event(event)
    _hidden_posts(world, name, lambda post: None)
    hide(one)


def _set(**fields: Any) -> Callable[[Any], object]:
    return lambda row: type(row).objects.filter(pk=row.pk).update(**fields)


def _already_hidden(row: object) -> None:
    """Do nothing."""


HIDDEN_FROM_ALL: dict[str, Callable[[Twins], None]] = {
    "archived posts": lambda world: _hidden_posts(world, "anna", archive_post),
    "removed posts": lambda world: _hidden_posts(world, "ben", lambda post: remove_post(post, reason="why")),
    "deleted posts": lambda world: _hidden_posts(world, "anna", delete_post),
    "posts for close friends": lambda world: _hidden_posts(world, "anna", _already_hidden, audience="close_friends"),
    "processing posts": lambda world: _hidden_posts(world, "ben", _already_hidden, state=MediaState.PROCESSING),
    "posts of a private account": lambda world: _hidden_posts(world, "locked", _already_hidden),
    "a suspended person": lambda world: _hidden_person(world, "harborx", _set(suspended_at=timezone.now())),
    "a deactivated person": lambda world: _hidden_person(world, "harbory", _set(deactivated_at=timezone.now())),
}
"""Kinds of objects that all VIEWERS cannot see, and how to add them."""


def _person_in_a_block(world: Twins, name: str, *, is_blocker: bool) -> None:
    set_clock(451)
    one = add_person(world, name)
    for other in ("anna", "ben", "carla", "fan"):
        add_follow(world, name, other)
        add_follow(world, other, name)
    for minutes in ("600", "100", "blocky"):
        set_clock(86)
        add_interactions(world, name, world.posts[minutes])
    viewer = world.people["blocky"]
    _hidden_posts(world, name, _already_hidden)
    if is_blocker:
        Block.objects.create(blocker=one, blocked=viewer)
    else:
        Block.objects.create(blocker=viewer, blocked=one)


HIDDEN_FROM_BLOCKY: dict[str, Callable[[Twins], None]] = {
    "a person who has blocked the viewer": lambda world: _person_in_a_block(world, "harborx", is_blocker=True),
    "a person blocked by the viewer": lambda world: _person_in_a_block(world, "harbory", is_blocker=False),
}
"""Kinds of objects that only `blocky` cannot see."""


# --- Requests ---------------------------------------------------------------------------------------------------------


@contextmanager
def fresh_caches() -> Iterator[None]:
    """Empty the caches and Valkey, and fold all counters."""
    valkey.client().flushdb()
    cache.clear()
    fold_counters()
    yield


def crawl(client: Client, urls: list[tuple[str, dict[str, str]]]) -> Answers:
    """Request each URL, and all further pages that the answers link to, once each; return comparable answers."""
    found: Answers = {}
    pending, known = list(urls), {url for url, _ in urls}
    while pending:
        url, headers = pending.pop()
        answer = client.get(url, headers=headers)
        status, sent, body = comparable(answer, url)
        found[url] = (status, sent, _TIME.sub("", body))
        further = [url for url in _further_pages(url, answer.text) if url not in known]
        known.update(further)
        pending += [(url, headers) for url in further]
        assert len(found) < len(urls) + MAX_PAGES, f"the pages of {url} do not end"
    return found


def _further_pages(address: str, body: str) -> list[str]:
    if address.startswith("/api/"):
        try:
            cursor = json.loads(body).get("next")
        except ValueError:
            return []
        query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()} | {"cursor": cursor}
        return [f"{urlsplit(address).path}?{urlencode(query)}"] if cursor else []
    urls = [unescape(url) for url in _NEXT.findall(body)]
    return [url if url.startswith("/") else f"{urlsplit(address).path}{url}" for url in urls]


def differences(one: Answers, other: Answers) -> list[str]:
    """Describe each URL whose answers differ, with the first difference."""
    return [
        f"{key}: {_first_difference(str(one.get(key)), str(other.get(key)))}"
        for key in sorted(one.keys() | other.keys())
        if one.get(key) != other.get(key)
    ]


def _first_difference(one: str, other: str) -> str:
    start = next(
        (index for index, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
    return f"…{one[max(0, start - 80) : start + 120]!r} | …{other[max(0, start - 20) : start + 120]!r}"
