"""Two worlds that differ by what is hidden: people and posts with pinned ids, and answers that can be compared."""

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
from notifications.record import (
    events_for_comment,
    events_for_follow,
    events_for_like,
    events_for_mention,
    events_for_request,
    events_for_tag,
    record_event,
)
from posts.actions.archiving import archive_post
from posts.actions.editing import delete_post
from posts.actions.moderation import remove_post
from posts.actions.sharing import Slide, share_post
from posts.models import Collection, Comment, CommentLike, Like, Media, Mention, PersonTag, Post, Save
from posts.models.media import MediaState
from social.models import Block, CloseFriend, Follow, FollowRequest, Mute, Restrict
from tests.visibility.world import plain

MAX_PAGES = 200
_NEXT = re.compile(r'(?:href|hx-get)="([^"]*[?&;]cursor=[^"]*)"')
_TIME = re.compile(r"<time.*?</time>", re.DOTALL)

Answers = dict[str, Any]
_numbers = count(1)


@dataclass
class Twins:
    people: dict[str, User] = field(default_factory=dict)
    posts: dict[str, Post] = field(default_factory=dict)
    comments: dict[str, Comment] = field(default_factory=dict)
    collection: Collection | None = None


def pin_the_clock() -> None:
    """Make snowflakes start at the moment `at` sets, until the transaction is taken back."""
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


def at(minutes_ago: float) -> None:
    """Create what follows so many minutes ago: by their ids hidden rows stand between visible ones."""
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
VIEWERS = ("anonymous", "stranger", "reader", "beside")


def make_visible() -> Twins:
    """Make what everybody sees, in the caller's transaction.

    `reader` follows anna, ben, and a tag, and has an account of their own to which things happen; `stranger` has done
    nothing; `beside` will have blocks around them.
    """
    world = Twins()
    at(900)
    for name in ("stranger", "reader", "beside", "locked", "anna", "ben", "fan"):
        person(world, name)
    User.objects.filter(username__in=["reader", "locked"]).update(is_private=True)
    world.people |= {one.username: one for one in User.objects.filter(username__in=world.people)}
    at(800)
    for who, whom in [("reader", "anna"), ("reader", "ben"), ("anna", "carla"), ("ben", "carla"), ("fan", "anna")]:
        if whom == "carla" and whom not in world.people:
            at(250)
            person(world, "carla")
            at(790)
        follow(world, who, whom)
    follow_tag(world.people["reader"], name="quorbletag")
    world.collection = Collection.objects.create(owner=world.people["reader"], name="kept")
    for minutes, (author, caption, place) in VISIBLE.items():
        at(minutes)
        world.posts[str(minutes)] = share(world, author, caption, place)
    at(90)
    for name in ("stranger", "reader", "beside"):
        world.posts[name] = share(world, name, "mine")
    for minutes in ("600", "100", "stranger", "reader", "beside"):
        at(85)
        post = world.posts[minutes]
        for name in ("fan", "anna"):
            act(world, name, post)
        save(world, post)
        tag(world, post, "fan")
        world.comments[minutes] = Comment.objects.filter(post=post).order_by("id")[0]
    at(80)
    FollowRequest.objects.create(requester=world.people["fan"], target=world.people["reader"])
    for request in FollowRequest.objects.all():
        for event in events_for_request(request):
            record_event(event)
    fold_counters()
    return world


def person(world: Twins, name: str) -> User:
    """Add somebody whose name is found by "harbor"."""
    one = User(username=name, email=f"{name}@example.org", name=f"Harbor {name.title()}")
    one.set_unusable_password()
    one.save()
    world.people[name] = User.objects.get(pk=one.pk)
    return world.people[name]


def follow(world: Twins, who: str, whom: str) -> None:
    """Add a follow that no count has: counts keep what hidden people did (docs/decisions/0010)."""
    found = Follow.objects.create(follower=world.people[who], followee=world.people[whom])
    for event in events_for_follow(found):
        record_event(event)


def share(world: Twins, author: str, caption: str, place: str = "", **options: Any) -> Post:
    owner = world.people[author]
    files = [{"width": 320, "height": 240, "webp": "aa/bb/c.webp", "jpeg": "aa/bb/c.jpg"}]
    medium = Media.objects.create(
        owner_id=owner.pk, state=options.pop("state", MediaState.READY), original="aa/bb/o.jpg", width=320, height=240,
        renditions=files, kind="photo",
    )  # fmt: skip
    slides = [Slide(medium.pk, "a photograph of quorble light")]
    return share_post(author=owner, slides=slides, caption=caption, location=place, **options)


def act(world: Twins, who: str, post: Post) -> None:
    """Like, comment, reply, mention and like a comment, and tell of it all, without moving any count."""
    actor, author = world.people[who], post.author
    for event in events_for_like(Like.objects.create(post=post, liker=actor)):
        record_event(event)
    thread = Comment.objects.filter(post=post, parent=None).order_by("id").first()
    first = Comment.objects.create(post=post, author=actor, text=f"quorble @{author.username}")
    reply = Comment.objects.create(post=post, author=actor, text="quorble", parent=thread or first)
    CommentLike.objects.create(comment=thread or first, person=actor)
    for comment in (first, reply):
        for event in events_for_comment(comment):
            record_event(event)


def save(world: Twins, post: Post) -> None:
    Save.objects.create(post=post, person=world.people["reader"], collection=world.collection)


def tag(world: Twins, post: Post, *names: str) -> None:
    """Say that people are in the photo and in the caption."""
    for name in names:
        found = PersonTag.objects.create(post=post, media=post.slides[0], person=world.people[name], x=0.5, y=0.5)
        mention = Mention.objects.create(post=post, person=world.people[name])
        for event in [*events_for_tag(found), *events_for_mention(mention)]:
            record_event(event)


# --- Hidden -----------------------------------------------------------------------------------------------------------


def _hidden_posts(world: Twins, author: str, hide: Callable[[Post], object], **options: Any) -> None:
    """Add posts between the visible ones and after them, with tags, places and words of their own, and hide them."""
    for number, minutes in enumerate((650, 350, 1)):
        at(minutes)
        caption = f"quorble light hiddenword #quorbletag #quorbelb #quorbelx{number} #hiddentag"
        post = share(world, author, caption, ("Quorble Bay", "Quorble Lanx", "Hidden Place")[number], **options)
        if post.published_at:
            act(world, "fan", post)
            save(world, post)
            names = [name for name in ("fan", "reader", "stranger") if name != author]
            tag(world, post, *names)
        hide(post)


def _hidden_person(world: Twins, name: str, hide: Callable[[User], object]) -> None:
    """Add somebody, found by names near to visible ones, who follows, is followed and did a little of everything."""
    at(450)
    one = person(world, name)
    viewers = ("stranger", "reader")
    at(449)
    for other in ("anna", "ben", "carla", "fan"):
        follow(world, name, other)
        follow(world, other, name)
    follow(world, "reader", name)
    for minutes in ("600", "100", *viewers):
        # Before the visible acts: a row of notifications stands where its newest act was (docs/decisions/0018).
        at(86)
        act(world, name, world.posts[minutes])
        tag(world, world.posts[minutes], name)
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


def _nothing(row: object) -> None:
    """Leave it as it is: it is hidden already."""


FROM_ALL: dict[str, Callable[[Twins], None]] = {
    "archived posts": lambda world: _hidden_posts(world, "anna", archive_post),
    "removed posts": lambda world: _hidden_posts(world, "ben", lambda post: remove_post(post, reason="why")),
    "deleted posts": lambda world: _hidden_posts(world, "anna", delete_post),
    "posts for close friends": lambda world: _hidden_posts(world, "anna", _nothing, audience="close_friends"),
    "processing posts": lambda world: _hidden_posts(world, "ben", _nothing, state=MediaState.PROCESSING),
    "posts of a private account": lambda world: _hidden_posts(world, "locked", _nothing),
    "a suspended person": lambda world: _hidden_person(world, "harborx", _set(suspended_at=timezone.now())),
    "a deactivated person": lambda world: _hidden_person(world, "harbory", _set(deactivated_at=timezone.now())),
}
"""Hidden from each of VIEWERS."""


def _beside_a_block(world: Twins, name: str, *, is_blocker: bool) -> None:
    at(451)
    one = person(world, name)
    for other in ("anna", "ben", "carla", "fan"):
        follow(world, name, other)
        follow(world, other, name)
    for minutes in ("600", "100", "beside"):
        at(86)
        act(world, name, world.posts[minutes])
    beside = world.people["beside"]
    _hidden_posts(world, name, _nothing)
    if is_blocker:
        Block.objects.create(blocker=one, blocked=beside)
    else:
        Block.objects.create(blocker=beside, blocked=one)


FROM_ONE: dict[str, Callable[[Twins], None]] = {
    "somebody who has blocked the viewer": lambda world: _beside_a_block(world, "harborx", is_blocker=True),
    "somebody whom the viewer has blocked": lambda world: _beside_a_block(world, "harbory", is_blocker=False),
}
"""Hidden from `beside` alone."""


# --- Asking -----------------------------------------------------------------------------------------------------------


@contextmanager
def as_new() -> Iterator[None]:
    """Forget what caches and Valkey keep, and fold all counters."""
    valkey.client().flushdb()
    cache.clear()
    fold_counters()
    yield


def walk(client: Client, urls: list[tuple[str, dict[str, str]]]) -> Answers:
    """Ask for each address and for every further page that the answers name, each once; return what can be told."""
    found: Answers = {}
    asked, known = list(urls), {url for url, _ in urls}
    while asked:
        address, headers = asked.pop()
        answer = client.get(address, headers=headers)
        status, sent, body = plain(answer, address)
        found[address] = (status, sent, _TIME.sub("", body))
        further = [url for url in _further(address, answer.text) if url not in known]
        known.update(further)
        asked += [(url, headers) for url in further]
        assert len(found) < len(urls) + MAX_PAGES, f"the pages of {address} have no end"
    return found


def _further(address: str, body: str) -> list[str]:
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
    """Say where two worlds can be told apart: the addresses, and the first difference of each."""
    return [
        f"{key}: {_first_difference(str(one.get(key)), str(other.get(key)))}"
        for key in sorted(one.keys() | other.keys())
        if one.get(key) != other.get(key)
    ]


def _first_difference(one: str, other: str) -> str:
    start = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return f"…{one[max(0, start - 80) : start + 120]!r} | …{other[max(0, start - 20) : start + 120]!r}"
