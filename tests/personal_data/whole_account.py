"""Create an account that uses every feature, with a unique word in each of its texts."""

from __future__ import annotations

import struct
from datetime import timedelta
from io import BytesIO
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.admin.models import CHANGE, LogEntry
from django.db import connection
from django.db.models import F
from django.utils import timezone

from accounts.actions.contact import change_mobile
from accounts.actions.usernames import change_username
from accounts.models import POSTS, AvatarState, Session, User
from api_access.actions.tokens import create_token
from common import valkey
from common.ids import SEQUENCE_BITS, SHARD_MASK
from feed import timelines
from feed.models import TagFollow, TagMute
from media.storage import new_key
from notifications.models import Preferences
from notifications.tasks import notify_of_follow, notify_of_like
from personal_data.actions.export import request_export
from personal_data.tasks import build_export
from posts.actions.comments import add_comment
from posts.actions.hidden_words import set_hidden_words
from posts.actions.likes import like_comment, like_post
from posts.actions.media import receive_file
from posts.actions.tags import tag_person
from posts.models import (
    COMMENTS,
    LIKES,
    Collection,
    Comment,
    Like,
    Media,
    Mention,
    Post,
    PostHashtag,
    Save,
    UploadSession,
)
from posts.models.hashtag import Hashtag
from posts.models.media import MediaState
from social.actions.blocks import block
from social.actions.close_friends import add_close_friend
from social.actions.follows import follow
from social.actions.mutes import mute
from social.actions.privacy import change_privacy
from social.actions.restrictions import restrict
from tests import stores

TOKEN = "quokkaberry"


def post_of(author: User, photo: bytes, n: int = 0, **options: Any) -> Post:
    """Create a published post with one photo and its files."""
    return posts_of(author, photo, 1, first=n, **options)[0]


def new_ids(owner: User, count: int) -> list[int]:
    """Return ids on the owner's shard, for `bulk_create`, which does not return the ids of the database."""
    shard = (owner.pk & SHARD_MASK) >> SEQUENCE_BITS
    with connection.cursor() as cursor:
        cursor.execute("SELECT snowflake_id(clock_timestamp(), %s) FROM generate_series(1, %s)", [shard, count])
        return [row[0] for row in cursor.fetchall()]


def posts_of(author: User, photo: bytes, count: int, *, first: int = 0, token: str = TOKEN) -> list[Post]:
    """Create `count` published posts in bulk."""
    now = timezone.now()
    shared = {"author": author, "location": f"{token} street", "published_at": now, "fanned_out_at": now}
    posts = [
        Post(pk=pk, caption=f"{token} {n} <b>&", **shared)
        for n, pk in zip(range(first, first + count), new_ids(author, count), strict=True)
    ]
    Post.objects.bulk_create(posts)
    media = []
    for post in posts:
        original, webp, jpeg = new_key(".jpg"), new_key(".webp"), new_key(".jpg")
        for alias, key in (("originals", original), ("default", webp), ("default", jpeg)):
            stores.put(alias, key, photo)
        media.append(
            Media(
                post=post,
                owner_id=author.pk,
                alt=f"{token} alt",
                original=original,
                original_name=f"{token}.jpg",
                width=400,
                height=300,
                state=MediaState.READY,
                renditions=[{"width": 400, "height": 300, "webp": webp, "jpeg": jpeg}],
            )
        )
    Media.objects.bulk_create(media)
    POSTS.add(author.pk, count)
    return posts


def fill(anna: User, others: list[User], photo: bytes, *, posts: int) -> None:
    """Use every feature as `anna`, and as `others` on her content."""
    ben, carla, dora = others
    User.objects.filter(pk=anna.pk).update(bio=f"{TOKEN} bio", name=f"{TOKEN} name", avatar_state=AvatarState.READY)
    picture = {"320": {"webp": new_key(".webp"), "jpeg": new_key(".jpg")}}
    original = new_key(".jpg")
    for key in picture["320"].values():
        stores.put("default", key, photo)
    stores.put("originals", original, photo)
    User.objects.filter(pk=anna.pk).update(avatar=picture, avatar_original=original)
    change_username(anna, f"{TOKEN}1")
    change_username(anna, f"{TOKEN}2")
    anna.refresh_from_db()
    EmailAddress.objects.create(user=anna, email=f"{TOKEN}@example.org")

    own = posts_of(anna, photo, posts)
    tag = Hashtag.objects.create(name=f"{TOKEN}tag")
    PostHashtag.objects.create(post=own[0], hashtag=tag)
    shared_tag = Hashtag.objects.create(name="sun")
    bens = post_of(ben, photo, token="ben's own")
    PostHashtag.objects.bulk_create(PostHashtag(post=post, hashtag=shared_tag) for post in (own[0], bens))

    follow(anna, followee=ben)
    follow(ben, followee=anna)
    change_privacy(carla, is_private=True)
    follow(anna, followee=carla)
    add_close_friend(anna, friend=ben)
    add_close_friend(ben, friend=anna)
    restrict(anna, restricted=carla)
    restrict(carla, restricted=anna)
    block(anna, blocked=dora)

    for post, person in ((bens, anna), (own[0], ben), (own[0], carla), (bens, carla)):
        like_post(post, liker=person)
        add_comment(post, author=person, text=f"{TOKEN} said" if person == anna else "ben's own words")
    # Notifications in both directions: a like and a follow.
    for post, person in ((bens, anna), (own[0], ben)):
        notify_of_like(post.pk, person.pk)
    for follower, followee in ((anna, ben), (ben, anna)):
        notify_of_follow(follower.pk, followee.pk)
    mute(anna, muted=ben)
    mute(ben, muted=anna)

    collection = Collection.objects.create(owner=anna, name=f"{TOKEN} collection")
    Save.objects.create(person=anna, post=bens, collection=collection)
    Save.objects.create(person=ben, post=own[0])
    TagFollow.objects.create(person=anna, hashtag=shared_tag)
    TagMute.objects.create(person=anna, hashtag=tag)
    set_hidden_words(anna, [f"{TOKEN}word"])
    like_comment(Comment.objects.get(post=bens, author=carla), liker=anna)
    like_comment(Comment.objects.get(post=bens, author=anna), liker=ben)
    tag_person(bens.media.get(), username=anna.username, x=0.5, y=0.5)
    tag_person(own[0].media.get(), username=ben.username, x=0.5, y=0.5)
    Mention.objects.create(post=own[0], person=ben)
    Preferences.objects.create(person=anna, allowed={"like": "off"})
    change_mobile(anna, "+41791234567")
    create_token(anna, name=f"{TOKEN} program", may_write=True, days=30)
    unshared = receive_file(owner=anna, file=BytesIO(photo), name=f"{TOKEN}-draft.jpg")
    assert unshared.post_id is None
    UploadSession.objects.create(owner_id=anna.pk, name=f"{TOKEN}.mp4", size=5, prefix=f"{anna.pk:x}-parts")
    stores.put("incoming", f"{anna.pk:x}-parts/000001", b"parts")

    build_export(request_export(anna).pk)
    for subject in (anna, own[0], Comment.objects.filter(author=anna).earliest("pk")):
        LogEntry.objects.log_actions(ben.pk, [subject], CHANGE, f"{TOKEN} reason", single_object=True)
    for reader in (anna, ben):
        reader.refresh_from_db()
        timelines.read(reader, before=None, count=10)


def time_passes() -> None:
    """Make deletions due, and sessions 31 days older."""
    Session.objects.update(expire_date=F("expire_date") - timedelta(days=31))
    User.objects.filter(deletes_at__isnull=False).update(deletes_at=timezone.now() - timedelta(seconds=1))


# --- Searching for traces -------------------------------------------------------------------------------------------


def rows_with(*words: str) -> list[str]:
    """Return the rows of all tables that contain one of `words` in any column."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT t::text FROM "{table}" AS t')
            found += [f"{table}: {row}" for (row,) in cursor.fetchall() if any(word in row for word in words)]
    return found


def sessions_of(person_id: int) -> list[Session]:
    return [one for one in Session.objects.all() if one.get_decoded().get("_auth_user_id") == str(person_id)]


def cache_entries_with(person_id: int, post_ids: list[int]) -> list[bytes]:
    """Return the keys in Valkey that contain the user's id, and home timelines that contain their posts."""
    client = valkey.client()
    members = [struct.pack(">q", post_id) for post_id in post_ids]
    found = []
    for key in client.scan_iter():
        dumped = client.dump(key) or b""
        words = [str(person_id).encode(), TOKEN.encode()]
        in_list = client.type(key) == b"list" and any(member in members for member in client.lrange(key, 0, -1))
        if in_list or any(word in key or word in dumped for word in words):
            found.append(key)
    return found


def counts_are_exact() -> bool:
    """Return True if every displayed count equals the number of rows."""
    people = User.objects.with_counts()
    posts = Post.objects.annotate(likes_now=LIKES.value(), comments_now=COMMENTS.value())
    return all(
        (one.followers_count, one.following_count) == (one.follows_received.count(), one.follows_made.count())
        for one in people
    ) and all(
        (post.likes_now, post.comments_now)
        == (
            Like.objects.filter(post=post).count(),
            Comment.objects.filter(post=post, hidden_until_approved=False, removed_at=None).count(),
        )
        for post in posts
    )
