"""Build the small world of world.py in the database."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.test import Client
from django.utils import timezone

from accounts.models import User
from notifications.actions import record_event
from notifications.causes import events_for_comment, events_for_follow, events_for_like
from posts.models import Collection, Comment, Hashtag, Like, Media, Post, PostHashtag, UploadSession
from posts.models.media import MediaState
from search.models import PostDocument
from search.tags_and_places import slug_of
from social.actions.follows import unfollow
from social.models import Block, CloseFriend, Follow, FollowRequest, Mute, Restrict
from tests.visibility.tables import COMMENTS, ROLES
from tests.visibility.world import Target, World

FOLLOWING = {"follower", "close-friend", "muter", "muted", "restricted", "suspended", "deactivated"}
CLOSE = {"close-friend", "close-outsider", "suspended", "deactivated"}
SAMPLED_COMMENTS = {"plain", "waiting", "by-blocked", "by-author", "reply", "under-waiting", "under-suspended"}
"""Kinds of comments for the endpoints that act on a single comment; all kinds would take too long."""


def make_world() -> World:
    """Build the world in the caller's transaction, by inserting rows, because actions would refuse some of them."""
    world = World()
    names = [
        *ROLES[1:],
        "public",
        "private",
        "commenter",
        "suspended author",
        "deactivated author",
        "suspended writer",
        "deactivated writer",
    ]
    # Words are numbered kind by kind, so that a search for a prefix finds a few people at a time.
    words = {kind: [world.plant(kind) for _ in names] for kind in ("username", "name", "bio", "email")}
    for number, name in enumerate(names):
        _add_user(world, name, {kind: of_kind[number] for kind, of_kind in words.items()})
    for actor in [role for role in ROLES[1:] if role not in {"blocked", "blocker"}]:
        for author in ("public", "private", "suspended author", "deactivated author"):
            _add_relations(world, actor, author)
    for author in ("public", "private"):
        _add_posts(world, author)
    for author in ("suspended author", "deactivated author"):
        _add_post(world, author, "everyone", "gone")
    _notify(world)
    for author in ("public", "private"):
        Block.objects.create(blocker=world.people[author], blocked=world.people["blocked"])
        Block.objects.create(blocker=world.people["blocker"], blocked=world.people[author])
    _add_own_items(world)
    _sign_in(world)
    for state in ("suspended", "deactivated"):
        people = User.objects.filter(pk__in=[world.people[f"{state}{kind}"].pk for kind in ("", " author", " writer")])
        people.update(**{f"{state}_at": timezone.now()}, session_epoch="another")
    return world


def _add_user(world: World, name: str, words: dict[str, str]) -> None:
    mail = f"{words['email']}@example.org"
    person = User(**words | {"email": mail}, is_private=name == "private", is_staff=name == "moderator", folded_posts=1)
    person.set_unusable_password()
    person.save()
    target = Target(name, _row_of(name), {"username": person.username}, person.pk)
    world.people[name] = person
    if name in {"public", "private", "suspended author", "deactivated author", "commenter", "blocked", "blocker"}:
        world.targets.setdefault("person", []).append(target)
    for kind, word in words.items():
        world.planted[word] = (kind, target)


def _row_of(name: str) -> str:
    """Return the row of the tables for one of the people, without the ending of "suspended author" and the like."""
    return name.removesuffix(" author").removesuffix(" writer")


def _add_relations(world: World, actor: str, author: str) -> None:
    one, other = world.people[actor], world.people[author]
    if actor in FOLLOWING or actor == "ex-follower":
        Follow.objects.create(follower=one, followee=other)
    if actor == "ex-follower":
        unfollow(one, followee=other)
    if actor == "pending" and author == "private":
        FollowRequest.objects.create(requester=one, target=other)
    if actor in CLOSE:
        CloseFriend.objects.create(owner=other, friend=one)
    if actor == "muter":
        Mute.objects.create(muter=one, muted=other)
    if actor == "muted":
        Mute.objects.create(muter=other, muted=one)
    if actor == "restricted":
        Restrict.objects.create(restricter=other, restricted=one)


def _add_posts(world: World, author: str) -> None:
    now = timezone.now()
    kinds = list(COMMENTS) if author == "public" else ["plain", "waiting", "by-blocked"]
    _add_comments(world, author, _add_post(world, author, "everyone", author), kinds)
    close = _add_post(world, author, "close", f"{author}-close", audience="close_friends")
    _add_comments(world, author, close, kinds=["plain"])
    _add_post(world, author, "archived", "unlisted", archived_at=now)
    if author == "private":
        return
    _add_post(world, author, "deleted", "gone", deleted_at=now)
    _add_post(world, author, "processing", "unlisted", MediaState.PROCESSING, published_at=None)
    _add_post(world, author, "failed", "unlisted", MediaState.FAILED, published_at=None)
    post = _add_post(world, author, "removed", "unlisted", removed_at=now)
    Post.objects.filter(pk=post.pk).update(removed_reason=world.plant("reason", post))


def _add_post(
    world: World, author: str, state: str, column: str, media_state: str = MediaState.READY, **fields: Any
) -> Target:
    person = world.people[author]
    fields = {"published_at": timezone.now(), "fanned_out_at": timezone.now()} | fields
    row = Post.objects.create(author=person, **fields)
    kwargs: dict[str, Any] = {"shortcode": row.shortcode}
    target = Target(f"the {state} post of {author}", author, kwargs, row.pk, column)
    words = {kind: world.plant(kind, target) for kind in ("caption", "location", "alt", "file name", "key", "track")}
    track = f"{len(world.captions):02x}/cc/{row.pk:028x}.vtt"
    world.captions[track] = words["track"]
    files = [{"width": 320, "height": 240, "webp": f"{words['key']}.webp", "jpeg": f"{words['key']}.jpg"}]
    medium = Media.objects.create(
        post=row, owner_id=person.pk, alt=words["alt"], original_name=words["file name"], width=320, height=240,
        state=media_state, error="It is broken." if media_state == MediaState.FAILED else "",
        original="aa/bb/original.jpg", kind="video", captions=track, video={"mp4": f"{words['key']}.mp4"},
        renditions=files if media_state == MediaState.READY else [],
    )  # fmt: skip
    Post.objects.filter(pk=row.pk).update(caption=f"{words['caption']} #seen", location=words["location"])
    tag, _ = Hashtag.objects.get_or_create(name="seen")
    PostHashtag.objects.create(post=row, hashtag=tag)
    kwargs |= {"media_id": medium.pk, "key": track}
    world.targets.setdefault("post", []).append(target)
    for document in PostDocument.objects.filter(post_id=target.pk):
        assert document.place
        kwargs = {"slug": slug_of(document.place.words)}
        place = Target(target.label, author, kwargs, document.place.pk, post=target)
        world.targets.setdefault("place", []).append(place)
    Like.objects.create(post=row, liker=world.people["commenter"])
    return target


def _add_comments(world: World, author: str, post: Target, kinds: Iterable[str] = COMMENTS) -> None:
    threads: dict[str, Comment] = {}
    parents = {"reply": "plain", "under-waiting": "waiting", "under-removed": "removed"}
    parents["under-suspended"] = "by-suspended"
    writers = {"waiting": "restricted", "by-author": author, "by-suspended": "suspended writer"}
    writers |= {"by-deactivated": "deactivated writer", "by-blocked": "blocked", "by-blocker": "blocker"}
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
        target = Target(name, author, kwargs, row.pk, kind, _row_of(writer), post)
        Comment.objects.filter(pk=row.pk).update(text=world.plant("comment", target))
        world.targets.setdefault("comment", []).append(target)
        if author == "public" and kind in SAMPLED_COMMENTS and post.column == "public":
            world.targets.setdefault("sampled comment", []).append(target)
        if not Like.objects.filter(post_id=post.pk, liker=world.people[writer]).exists():
            Like.objects.create(post_id=post.pk, liker=world.people[writer])


def _notify(world: World) -> None:
    """Create all notifications, as they were before anyone was blocked, suspended or deactivated."""
    for like in Like.objects.select_related("post"):
        for event in events_for_like(like):
            record_event(event)
    for comment in Comment.objects.select_related("post", "parent").filter(hidden_until_approved=False):
        for event in events_for_comment(comment):
            record_event(event)
    for follow in Follow.objects.all():
        for event in events_for_follow(follow):
            record_event(event)


def _add_own_items(world: World) -> None:
    """Add media and uploads that are not shared, and collections of saved posts."""
    for author in ("public", "private"):
        person = world.people[author]
        fields = {"owner_id": person.pk, "original": "aa/bb/original.jpg", "width": 320, "height": 240}
        medium = Media.objects.create(**fields, state=MediaState.FAILED, kind="video")
        upload = UploadSession.objects.create(owner_id=person.pk, size=9, prefix=f"prefix{author}")
        collection = Collection.objects.create(owner=person, name="kept")
        kwargs = {"media_id": medium.pk, "upload_id": upload.pk, "collection_id": collection.pk}
        target = Target(f"an own item of {author}", author, kwargs, medium.pk, "own")
        Collection.objects.filter(pk=collection.pk).update(name=world.plant("collection", target))
        Media.objects.filter(pk=medium.pk).update(original_name=world.plant("own file name", target))
        UploadSession.objects.filter(pk=upload.pk).update(name=world.plant("own file name", target))
        world.targets.setdefault("own item", []).append(target)


def _sign_in(world: World) -> None:
    for name in world.actors:
        world.clients[name] = Client()
        if name != "anonymous":
            world.clients[name].force_login(world.people[name])
