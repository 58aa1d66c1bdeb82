"""A small world in which every text that somebody wrote is a word of its own, so that finding it says what leaked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from accounts.models import User
from common.ids import encode_shortcode
from notifications.record import events_for_comment, events_for_follow, events_for_like, record_event
from posts.models import Collection, Comment, Hashtag, Like, Media, Post, PostHashtag, UploadSession
from posts.models.media import MediaState
from search.models import PostDocument
from search.tags_and_places import slug_of
from social.actions import unfollow
from social.models import Block, CloseFriend, Follow, FollowRequest, Mute, Restrict
from tests.visibility.tables import COMMENTS, PEOPLE, POSTS, ROLES

PLANTED = re.compile(r"planted\d{4}", re.IGNORECASE)
MISSING = 1 << 60
FOLLOWING = {"follower", "close-friend", "muter", "muted", "restricted", "suspended", "deactivated"}
TALK = {"plain", "waiting", "by-blocked", "by-author", "reply", "under-waiting", "under-suspended"}
"""Of the comments those that are asked for one by one wherever something is done to one."""
CLOSE = {"close-friend", "close-outsider", "suspended", "deactivated"}


@dataclass(frozen=True)
class Thing:
    """What is looked at: `kwargs` are for addresses; `owner` is the name of whose it is."""

    label: str
    owner: str
    kwargs: dict[str, Any]
    pk: int
    column: str = ""
    writer: str = ""
    """Of a comment: the name of who wrote it; its kind is in `column`, and its post in `post`."""
    post: Thing | None = None


@dataclass
class World:
    people: dict[str, User] = field(default_factory=dict)
    """By what they are to both authors; and "open", "closed", the authors, and some more."""
    things: dict[str, list[Thing]] = field(default_factory=dict)
    planted: dict[str, tuple[str, Thing]] = field(default_factory=dict)
    """Word: (what it is, such as "caption", and of which thing)."""
    clients: dict[str, Client] = field(default_factory=dict)
    captions: dict[str, str] = field(default_factory=dict)
    """Files of captions: {key: words in it}."""

    @property
    def actors(self) -> list[str]:
        return [*ROLES, "open", "closed"]

    def plant(self, kind: str, thing: Thing | None = None) -> str:
        word = f"planted{len(self.planted):04}"
        self.planted[word] = (kind, thing)  # type: ignore[assignment]  # people are planted before they are things
        return word

    # --- The rule ---------------------------------------------------------------------------------------------------

    def role(self, actor: str, owner: str) -> str:
        """What `actor` is to `owner`, as the tables name it."""
        if actor == owner:
            return "author"
        if actor in {"anonymous", "suspended", "deactivated"}:
            return actor
        if {actor, owner} <= {"open", "closed"}:
            return "stranger"
        if owner in {"open", "closed"}:
            return actor
        if actor in {"open", "closed"} and owner in {"blocked", "blocker"}:
            return "blocker" if owner == "blocked" else "blocked"
        return "stranger"

    def post_cell(self, actor: str, post: Thing) -> str:
        return POSTS[self.role(actor, post.owner), post.column]

    def sees(self, actor: str, post: Thing) -> bool:
        return self.post_cell(actor, post) == "+"

    def reaches(self, actor: str, post: Thing) -> bool:
        return self.post_cell(actor, post) != "."

    def knows(self, actor: str, owner: str) -> bool:
        return owner not in {"suspended", "deactivated"} and PEOPLE[self.role(actor, owner), "profile"] == "+"

    def names(self, actor: str, owner: str) -> bool:
        """Whether `actor` may read the name of `owner`: known people, and those whom one has blocked oneself."""
        return owner not in {"suspended", "deactivated"} and PEOPLE[self.role(actor, owner), "profile"] != "."

    def inside(self, actor: str, owner: str) -> bool:
        column = "inside-closed" if owner == "closed" else "inside-open"
        return self.knows(actor, owner) and PEOPLE[self.role(actor, owner), column] == "+"

    def reads(self, actor: str, comment: Thing) -> bool:
        readers = COMMENTS[comment.column].split()
        assert comment.post
        allowed = "everybody" in readers or self.role(actor, comment.owner) in readers
        return allowed and self.sees(actor, comment.post) and self.knows(actor, comment.writer)

    def may_read(self, actor: str, word: str) -> bool:
        """Whether `actor` may be sent this planted word by anything at all."""
        kind, thing = self.planted[word]
        if kind in {"caption", "alt", "location", "key", "track"}:
            return self.reaches(actor, thing)
        if kind in {"file name", "reason"}:
            return actor == thing.owner and self.reaches(actor, thing)
        if kind == "comment":
            return self.reads(actor, thing)
        if kind in {"username", "name"}:
            return self.names(actor, thing.owner)
        if kind == "bio":
            return self.knows(actor, thing.owner)
        return actor == thing.owner and actor not in {"suspended", "deactivated"}

    # --- Asking -----------------------------------------------------------------------------------------------------

    def ask(
        self, actor: str, url: str, data: dict[str, Any] | None = None, *, method: str = "post", **headers: str
    ) -> Any:
        """GET, or `method` with `data`, with nothing remembered from what the browser asked before."""
        client = self.clients[actor]
        cookies = dict(client.cookies)
        if data is None:
            answer = client.get(url, headers=headers)
        elif url.startswith("/api/"):
            answer = getattr(client, method)(url, data, content_type="application/json", headers=headers)
        else:
            answer = client.post(url, data, headers=headers)
        client.cookies.clear()
        client.cookies.update(cookies)
        return answer

    def leaks(self, actor: str, answer: Any, url: str) -> list[str]:
        """What the answer has in it that `actor` may not read: sentences, [] if all is well."""
        text = text_of(answer)
        text += "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
        words = {word.lower() for word in PLANTED.findall(text)} - set(PLANTED.findall(url.lower()))
        bad = sorted(word for word in words if not self.may_read(actor, word))
        return [f"{actor} reads the {self.planted[w][0]} of {self.planted[w][1].label} at {url}" for w in bad]


def text_of(answer: Any) -> str:
    """What it says; of a file that is sent, what is read of it the first time is kept."""
    if answer.streaming:
        answer.was_read = getattr(answer, "was_read", None) or b"".join(answer).decode(errors="replace")
        return str(answer.was_read)
    return str(answer.text)


def plain(answer: Any, url: str) -> tuple[int, dict[str, str], str]:
    """What can be told from an answer: status, headers and body, without its own address and one-time tokens."""
    body = re.sub(r'(csrfmiddlewaretoken" value=|form_key" value=|X-CSRFToken": )"[^"]+"', "", text_of(answer))
    headers = {name: value.replace(quote(url), "URL") for name, value in answer.headers.items()}
    headers.pop("Content-Length", None)
    headers["Content-Security-Policy"] = re.sub(r"'nonce-[^']+'", "", headers.get("Content-Security-Policy", ""))
    return answer.status_code, headers, body.replace(quote(url), "URL").replace(url, "URL")


def changes() -> dict[str, int]:
    """How many rows of each table this transaction has written so far, sessions aside: updates too."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, n_tup_ins + n_tup_upd + n_tup_del AS written FROM pg_stat_xact_user_tables"
            " WHERE relname <> 'django_session' AND n_tup_ins + n_tup_upd + n_tup_del > 0"
        )
        return dict(cursor.fetchall())


# --- Making it ------------------------------------------------------------------------------------------------------


def make_world() -> World:
    """In the caller's transaction. Straight into the tables: what actions refuse is here too."""
    world = World()
    names = [*ROLES[1:], "open", "closed", "commenter", "gone", "away", "banned writer", "absent writer"]
    # Kind by kind, so that a search for the beginning of a word finds people a few at a time.
    words = {kind: [world.plant(kind) for _ in names] for kind in ("username", "name", "bio", "email")}
    for number, name in enumerate(names):
        _person(world, name, {kind: of_kind[number] for kind, of_kind in words.items()})
    for actor in [role for role in ROLES[1:] if role not in {"blocked", "blocker"}]:
        for author in ("open", "closed", "gone", "away"):
            _relate(world, actor, author)
    for author in ("open", "closed"):
        _posts(world, author)
    for author in ("gone", "away"):
        _post(world, author, "everyone", "gone")
    _tell(world)
    for author in ("open", "closed"):
        Block.objects.create(blocker=world.people[author], blocked=world.people["blocked"])
        Block.objects.create(blocker=world.people["blocker"], blocked=world.people[author])
    _own_files(world)
    _sign_in(world)
    hidden = {"suspended_at": ["suspended", "gone", "banned writer"], "deactivated_at": ["deactivated", "away"]}
    hidden["deactivated_at"].append("absent writer")
    for column, names in hidden.items():
        people = User.objects.filter(pk__in=[world.people[name].pk for name in names])
        people.update(**{column: timezone.now()}, session_epoch="another")
    return world


def _person(world: World, name: str, words: dict[str, str]) -> None:
    mail = f"{words['email']}@example.org"
    person = User(**words | {"email": mail}, is_private=name == "closed", is_staff=name == "moderator", folded_posts=1)
    person.set_unusable_password()
    person.save()
    # Whoever is hidden is so for the tables by these names.
    owner = {"gone": "suspended", "away": "deactivated"}.get(name, name)
    owner = {"banned writer": "suspended", "absent writer": "deactivated"}.get(owner, owner)
    thing = Thing(name, owner, {"username": person.username}, person.pk)
    world.people[name] = person
    if name in {"open", "closed", "gone", "away", "commenter", "blocked", "blocker"}:
        world.things.setdefault("person", []).append(thing)
    for kind, word in words.items():
        world.planted[word] = (kind, thing)


def _relate(world: World, actor: str, author: str) -> None:
    one, other = world.people[actor], world.people[author]
    if actor in FOLLOWING or actor == "ex-follower":
        Follow.objects.create(follower=one, followee=other)
    if actor == "ex-follower":
        unfollow(one, followee=other)
    if actor == "pending" and author == "closed":
        FollowRequest.objects.create(requester=one, target=other)
    if actor in CLOSE:
        CloseFriend.objects.create(owner=other, friend=one)
    if actor == "muter":
        Mute.objects.create(muter=one, muted=other)
    if actor == "muted":
        Mute.objects.create(muter=other, muted=one)
    if actor == "restricted":
        Restrict.objects.create(restricter=other, restricted=one)


def _posts(world: World, author: str) -> None:
    now = timezone.now()
    kinds = list(COMMENTS) if author == "open" else ["plain", "waiting", "by-blocked"]
    _comments(world, author, _post(world, author, "everyone", author), kinds)
    close = _post(world, author, "close", f"{author}-close", audience="close_friends")
    _comments(world, author, close, kinds=["plain"])
    _post(world, author, "archived", "unlisted", archived_at=now)
    if author == "closed":
        return
    _post(world, author, "deleted", "gone", deleted_at=now)
    _post(world, author, "processing", "unlisted", MediaState.PROCESSING, published_at=None)
    _post(world, author, "failed", "unlisted", MediaState.FAILED, published_at=None)
    post = _post(world, author, "removed", "unlisted", removed_at=now)
    Post.objects.filter(pk=post.pk).update(removed_reason=world.plant("reason", post))


def _post(world: World, author: str, state: str, column: str, made: str = MediaState.READY, **fields: Any) -> Thing:
    person = world.people[author]
    fields = {"published_at": timezone.now(), "fanned_out_at": timezone.now()} | fields
    row = Post.objects.create(author=person, **fields)
    kwargs: dict[str, Any] = {"shortcode": row.shortcode}
    thing = Thing(f"the {state} post of {author}", author, kwargs, row.pk, column)
    words = {kind: world.plant(kind, thing) for kind in ("caption", "location", "alt", "file name", "key", "track")}
    track = f"{len(world.captions):02x}/cc/{row.pk:028x}.vtt"
    world.captions[track] = words["track"]
    files = [{"width": 320, "height": 240, "webp": f"{words['key']}.webp", "jpeg": f"{words['key']}.jpg"}]
    medium = Media.objects.create(
        post=row, owner_id=person.pk, alt=words["alt"], original_name=words["file name"], width=320, height=240,
        state=made, error="It is broken." if made == MediaState.FAILED else "", original="aa/bb/original.jpg",
        kind="video", captions=track, video={"mp4": f"{words['key']}.mp4"},
        renditions=files if made == MediaState.READY else [],
    )  # fmt: skip
    Post.objects.filter(pk=row.pk).update(caption=f"{words['caption']} #seen", location=words["location"])
    tag, _ = Hashtag.objects.get_or_create(name="seen")
    PostHashtag.objects.create(post=row, hashtag=tag)
    kwargs |= {"media_id": medium.pk, "key": track}
    world.things.setdefault("post", []).append(thing)
    for document in PostDocument.objects.filter(post_id=thing.pk):
        kwargs = {"slug": slug_of(document.place.words)}
        world.things.setdefault("place", []).append(Thing(thing.label, author, kwargs, document.place_id, post=thing))
    Like.objects.create(post=row, liker=world.people["commenter"])
    return thing


def _comments(world: World, author: str, post: Thing, kinds: Iterable[str] = COMMENTS) -> None:
    threads: dict[str, Comment] = {}
    parents = {"reply": "plain", "under-waiting": "waiting", "under-removed": "removed"}
    parents["under-suspended"] = "by-suspended"
    writers = {"waiting": "restricted", "by-author": author, "by-suspended": "banned writer"}
    writers |= {"by-deactivated": "absent writer", "by-blocked": "blocked", "by-blocker": "blocker"}
    hidden = {"banned writer": "suspended", "absent writer": "deactivated"}
    for kind in kinds:
        writer = writers.get(kind, "commenter")
        row = Comment.objects.create(
            post_id=post.pk, author=world.people[writer], text="comment", hidden_until_approved=kind == "waiting",
            removed_at=timezone.now() if kind == "removed" else None,
            parent=threads.get(parents.get(kind, "")),
        )  # fmt: skip
        threads[kind] = row
        kwargs = post.kwargs | {"comment_id": row.pk}
        name = f"a comment ({kind}) under {post.label}"
        thing = Thing(name, author, kwargs, row.pk, kind, hidden.get(writer, writer), post)
        Comment.objects.filter(pk=row.pk).update(text=world.plant("comment", thing))
        world.things.setdefault("comment", []).append(thing)
        if author == "open" and kind in TALK and post.column == "open":
            world.things.setdefault("talk", []).append(thing)
        if not Like.objects.filter(post_id=post.pk, liker=world.people[writer]).exists():
            Like.objects.create(post_id=post.pk, liker=world.people[writer])


def _tell(world: World) -> None:
    """Notifications of all that there is, from before anybody was blocked or hidden."""
    for like in Like.objects.select_related("post"):
        for event in events_for_like(like):
            record_event(event)
    for comment in Comment.objects.select_related("post", "parent").filter(hidden_until_approved=False):
        for event in events_for_comment(comment):
            record_event(event)
    for follow in Follow.objects.all():
        for event in events_for_follow(follow):
            record_event(event)


def _own_files(world: World) -> None:
    """What is uploaded and not shared, and a collection of posts that were saved."""
    for author in ("open", "closed"):
        person = world.people[author]
        fields = {"owner_id": person.pk, "original": "aa/bb/original.jpg", "width": 320, "height": 240}
        medium = Media.objects.create(**fields, state=MediaState.FAILED, kind="video")
        upload = UploadSession.objects.create(owner_id=person.pk, size=9, prefix=f"prefix{author}")
        collection = Collection.objects.create(owner=person, name="kept")
        kwargs = {"media_id": medium.pk, "upload_id": upload.pk, "collection_id": collection.pk}
        thing = Thing(f"a file of {author}", author, kwargs, medium.pk, "own")
        Collection.objects.filter(pk=collection.pk).update(name=world.plant("collection", thing))
        Media.objects.filter(pk=medium.pk).update(original_name=world.plant("own file name", thing))
        UploadSession.objects.filter(pk=upload.pk).update(name=world.plant("own file name", thing))
        world.things.setdefault("file", []).append(thing)


def _sign_in(world: World) -> None:
    for name in world.actors:
        world.clients[name] = Client()
        if name != "anonymous":
            world.clients[name].force_login(world.people[name])


def missing(kwargs: dict[str, Any]) -> dict[str, Any]:
    """The same address of something that never was."""
    nothing = {"shortcode": encode_shortcode(MISSING), "username": "nobody.here", "slug": "no-such-place"}
    return {name: nothing.get(name, MISSING if isinstance(value, int) else value) for name, value in kwargs.items()}


@contextmanager
def undone() -> Iterator[None]:
    """What is done inside is taken back."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
