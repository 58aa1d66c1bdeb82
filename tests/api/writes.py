"""The writes of the API, each with the page that does the same, and a comparison of the rows that they leave."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from accounts.models import User
from feed.actions import dismiss_suggestion, follow_tag, hide_from_explore, mute_tag
from posts.actions.archiving import archive_post
from posts.actions.comments import pin_comment, set_comments_enabled
from posts.actions.likes import like_comment, like_post, set_likes_hidden
from posts.actions.saves import put_in_collection, save_post
from posts.actions.tags import tag_person
from posts.models import Collection, Comment, Media, Post
from social.actions.blocks import block
from social.actions.close_friends import add_close_friend
from social.actions.feed_choices import add_favourite
from social.actions.follows import follow
from social.actions.mutes import mute
from social.actions.privacy import change_privacy
from social.actions.restrictions import restrict


@dataclass
class Act:
    """A write that a page and the API have in common. `filled` replaces names such as {post} in its texts."""

    page: str
    api: str
    sent: dict[str, Any] = field(default_factory=dict)
    """Fields of the page's form."""
    body: dict[str, Any] | None = None
    """JSON body of the API request."""
    form: dict[str, Any] | None = None
    """Form fields of the API request, if it is a form."""
    method: str = "POST"
    before: Callable[[Any], Any] = lambda world: None
    status: int = 200


def asks(world: Any) -> None:
    change_privacy(world["me"], is_private=True)
    follow(world["other"], followee=world["me"])


def favour(me: User, author: User) -> None:
    follow(me, followee=author)
    add_favourite(me, followee=author)


def tag(world: Any) -> None:
    tagged = tag_person(Media.objects.get(pk=world["slide_0"]), username="other", x=0.5, y=0.5)
    world["tag"], world["other_id"] = tagged.pk, world["other"].pk


def mention(world: Any) -> None:
    Post.objects.filter(pk=world["post"].pk).update(caption="With @myself")
    Comment.objects.filter(pk=world["comment"]).update(text="See @myself")


ACTS = {
    "follow": Act("/author/follow/", "/users/@author/follow"),
    "ask to follow": Act(
        "/author/follow/", "/users/@author/follow", before=lambda w: change_privacy(w["author"], is_private=True)
    ),
    "unfollow": Act(
        "/author/unfollow/", "/users/@author/unfollow", before=lambda w: follow(w["me"], followee=w["author"])
    ),
    "block": Act("/author/block/", "/users/@author/block", before=lambda w: follow(w["me"], followee=w["author"])),
    "unblock": Act(
        "/author/unblock/", "/users/@author/unblock", before=lambda w: block(w["me"], blocked=w["author"])
    ),
    "mute": Act("/author/mute/", "/users/@author/mute"),
    "unmute": Act("/author/unmute/", "/users/@author/unmute", before=lambda w: mute(w["me"], muted=w["author"])),
    "restrict": Act("/author/restrict/", "/users/@author/restrict"),
    "unrestrict": Act(
        "/author/unrestrict/", "/users/@author/unrestrict", before=lambda w: restrict(w["me"], restricted=w["author"])
    ),
    "add a close friend": Act("/author/add-close-friend/", "/users/@author/add-close-friend"),
    "remove a close friend": Act(
        "/author/remove-close-friend/", "/users/@author/remove-close-friend",
        before=lambda w: add_close_friend(w["me"], friend=w["author"]),
    ),
    "add a favourite": Act(
        "/author/add-favourite/", "/users/@author/add-favourite", before=lambda w: follow(w["me"], followee=w["author"])
    ),
    "remove a favourite": Act(
        "/author/remove-favourite/", "/users/@author/remove-favourite", before=lambda w: favour(w["me"], w["author"])
    ),
    "show fewer posts": Act(
        "/author/volume/", "/users/@author/volume", {"volume": "fewer"}, {"volume": "fewer"},
        before=lambda w: follow(w["me"], followee=w["author"]),
    ),
    "remove a follower": Act(
        "/other/remove-follower/", "/users/@other/remove-follower",
        before=lambda w: follow(w["other"], followee=w["me"]),
    ),
    "go private": Act("/accounts/privacy/private/", "/user/privacy", body={"is_private": True}),
    "go public": Act("/accounts/privacy/public/", "/user/privacy", body={"is_private": False}, before=asks),
    "who may tag": Act(
        "/accounts/privacy/tags/", "/user/privacy", {"who_may_tag": "nobody"}, {"who_may_tag": "nobody"}
    ),
    "hide like counts": Act("/accounts/privacy/likes/", "/user/privacy", {"hide": "1"}, {"hide_like_counts": True}),
    "approve": Act("/accounts/requests/other/approve/", "/follow-requests/@other/approve", before=asks),
    "refuse": Act("/accounts/requests/other/refuse/", "/follow-requests/@other/refuse", before=asks),
    "approve all": Act("/accounts/requests/approve-all/", "/follow-requests/approve-all", before=asks),
    "refuse all": Act("/accounts/requests/refuse-all/", "/follow-requests/refuse-all", before=asks),
    "hidden words": Act(
        "/accounts/hidden-words/", "/user/hidden-words", {"words": "spam\n  big   sale "},
        {"words": ["spam", "  big   sale "]},
    ),
    "tag a person": Act(
        "/p/{own}/people/{slide_0}/tag/", "/media/{slide_0}/tag", {"username": "@other", "x": "25", "y": "75"},
        {"username": "@other", "x": 0.25, "y": 0.75},
    ),
    "remove a tag": Act(
        "/p/{own}/people/tags/{tag}/remove/", "/media/{slide_0}/untag", body={"person_id": "{other_id}"}, before=tag
    ),
    "unmention": Act("/p/{post}/unmention/", "/posts/{post}/unmention", before=mention),
    "unmention in a comment": Act(
        "/p/{post}/comments/{comment}/unmention/", "/comments/{comment}/unmention", before=mention
    ),
    "retry a file": Act(
        "/create/media/{medium}/retry/", "/media/{medium}/retry",
        before=lambda w: Media.objects.filter(pk=w["medium"]).update(state="failed", error="Broken."),
    ),
    "delete a file": Act("/create/media/{medium}/delete/", "/media/{medium}", method="DELETE", status=204),
    "like": Act("/p/{post}/like/", "/posts/{post}/like", body={"userId": "{me_id}", "postId": "{post_id}"}),
    "unlike": Act("/p/{post}/unlike/", "/posts/{post}/unlike", before=lambda w: like_post(w["post"], liker=w["me"])),
    "save": Act("/p/{post}/save/", "/posts/{post}/save"),
    "unsave": Act("/p/{post}/unsave/", "/posts/{post}/unsave", before=lambda w: save_post(w["post"], person=w["me"])),
    "comment": Act(
        "/p/{post}/comment/", "/posts/{post}/comment", {"text": "So lovely @author"}, {"text": "So lovely @author"},
        status=201,
    ),
    "reply": Act(
        "/p/{post}/comment/", "/posts/{post}/comment", {"text": "Yes", "parent": "{comment}"},
        {"text": "Yes", "parent_id": "{comment}"}, status=201,
    ),
    "delete a comment": Act(
        "/p/{own}/comments/{under_own}/delete/", "/comments/{under_own}", method="DELETE", status=204
    ),
    "edit a comment": Act(
        "/p/{post}/comments/{mine}/edit/", "/comments/{mine}", {"text": "Changed @author"},
        {"comment": "Changed @author"}, method="PATCH",
    ),
    "like a comment": Act("/p/{post}/comments/{comment}/like/", "/comments/{comment}/like"),
    "unlike a comment": Act(
        "/p/{post}/comments/{comment}/unlike/", "/comments/{comment}/unlike",
        before=lambda w: like_comment(Comment.objects.get(pk=w["comment"]), liker=w["me"]),
    ),
    "pin": Act("/p/{own}/comments/{under_own}/pin/", "/comments/{under_own}/pin"),
    "unpin": Act(
        "/p/{own}/comments/{under_own}/unpin/", "/comments/{under_own}/unpin",
        before=lambda w: pin_comment(Comment.objects.get(pk=w["under_own"])),
    ),
    "approve a comment": Act(
        "/p/{own}/comments/{under_own}/approve/", "/comments/{under_own}/approve",
        before=lambda w: Comment.objects.filter(pk=w["under_own"]).update(hidden_until_approved=True),
    ),
    "archive": Act("/p/{own}/archive/", "/posts/{own}/archive"),
    "unarchive": Act("/p/{own}/unarchive/", "/posts/{own}/unarchive", before=lambda w: archive_post(w["own"])),
    "comments off": Act("/p/{own}/comments/off/", "/posts/{own}/comments/off"),
    "comments on": Act(
        "/p/{own}/comments/on/", "/posts/{own}/comments/on", before=lambda w: set_comments_enabled(w["own"], on=False)
    ),
    "hide likes": Act("/p/{own}/likes/hide/", "/posts/{own}/likes/hide"),
    "show likes": Act(
        "/p/{own}/likes/show/", "/posts/{own}/likes/show", before=lambda w: set_likes_hidden(w["own"], hide=True)
    ),
    "create a collection": Act("/saved/new/", "/collections", {"name": "Sea"}, {"name": "Sea"}, status=201),
    "rename a collection": Act(
        "/saved/{collection}/rename/", "/collections/{collection}", {"name": "Sea"}, {"name": "Sea"}, method="PATCH"
    ),
    "delete a collection": Act(
        "/saved/{collection}/delete/", "/collections/{collection}", method="DELETE", status=204,
        before=lambda w: save_post(w["post"], person=w["me"]),
    ),
    "save into a collection": Act(
        "/p/{post}/collections/", "/posts/{post}/save", {"collection": "{collection}"},
        {"collection_id": "{collection}"},
    ),
    "take out of a collection": Act(
        "/p/{post}/collections/", "/posts/{post}/save", {"collection": ""}, {"collection_id": None},
        before=lambda w: put_in_collection(
            w["post"], person=w["me"], collection=Collection.objects.get(pk=w["collection"])
        ),
    ),
    "edit a post": Act(
        "/p/{own}/edit/", "/posts/{own}",
        {"slide": ["{slide_1}", "{slide_0}"], "alt": ["one", "zero"], "version": "{version}", "caption": "New #words",
         "location": "Bern", "audience": "close_friends"},
        {"media": [{"id": "{slide_1}", "alt": "one"}, {"id": "{slide_0}", "alt": "zero"}], "caption": "New #words",
         "location": "Bern", "audience": "close_friends"},
        method="PATCH",
    ),
    "delete a post": Act("/p/{own}/delete/", "/posts/{own}", method="DELETE", status=204),
    "share a file": Act(
        "/create/", "/posts", {"files": "photo", "alt": "A cup", "caption": "Mine #sun", "location": "Bern"},
        form={"files": "photo", "alt": "A cup", "caption": "Mine #sun", "location": "Bern"}, status=201,
    ),
    "share what was sent before": Act(
        "/create/", "/posts", {"media": ["{medium}"], "alt": ["A cup"], "caption": "Mine", "audience": "close_friends"},
        {"media": ["{medium}"], "alt": ["A cup"], "caption": "Mine", "audience": "close_friends"}, status=201,
    ),
    "profile": Act(
        "/accounts/edit/", "/user/profile/", {"name": "Me", "bio": "Light,\nmostly", "link": "example.org/me"},
        {"name": "Me", "bio": "Light,\nmostly", "link": "example.org/me"},
    ),
    "e-mail": Act(
        "/accounts/email/", "/user/profile/", {"email": "new@example.org", "action_add": ""},
        {"email": "new@example.org"},
    ),
    "mobile": Act(
        "/accounts/mobile/", "/user/profile/", {"mobile": "+41 79 123 45 67"}, {"mobile": "+41791234567"},
    ),
    "set the picture": Act(
        "/accounts/edit/", "/user/profile/avatar/", {"avatar": "photo"}, form={"file": "photo"}
    ),
    "remove the picture": Act(
        "/accounts/avatar/remove/", "/user/profile/avatar/", method="DELETE",
        before=lambda w: User.objects.filter(pk=w["me"].pk).update(avatar_state="failed", avatar_error="Broken."),
    ),
    "hide from Explore": Act("/explore/posts/{post}/hide/", "/explore/{post}/hide"),
    "show in Explore": Act(
        "/explore/posts/{post}/show/", "/explore/{post}/show",
        before=lambda w: hide_from_explore(w["me"], post=w["post"]),
    ),
    "dismiss": Act("/explore/people/author/dismiss/", "/suggestions/@author/dismiss"),
    "restore": Act(
        "/explore/people/author/restore/", "/suggestions/@author/restore",
        before=lambda w: dismiss_suggestion(w["me"], dismissed=w["author"]),
    ),
    "follow a tag": Act("/explore/tags/sun/follow/", "/tags/sun/follow"),
    "unfollow a tag": Act(
        "/explore/tags/sun/unfollow/", "/tags/sun/unfollow", before=lambda w: follow_tag(w["me"], name="sun")
    ),
    "mute a tag": Act("/explore/tags/sun/mute/", "/tags/sun/mute", before=lambda w: follow_tag(w["me"], name="sun")),
    "unmute a tag": Act(
        "/explore/tags/sun/unmute/", "/tags/sun/unmute", before=lambda w: mute_tag(w["me"], name="sun")
    ),
    "read notifications": Act(
        "/notifications/read/", "/notifications/read", {"up_to": "{notification}"}, {"up_to": "{notification}"}
    ),
}  # fmt: skip

UNLIKE = {"accounts_pendingmobile": {"sealed", "code_hash"}, "posts_uploadsession": {"prefix"}}
"""Columns with random values."""
Rows = dict[str, list[dict[str, Any]]]

KEY = re.compile(r"[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]+")


def filled(value: Any, world: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        return {key: filled(one, world) for key, one in value.items()}
    if isinstance(value, list):
        return [filled(one, world) for one in value]
    named = {name: getattr(one, "shortcode", one) for name, one in world.items()}
    return value.format(**named) if isinstance(value, str) else value


def rows() -> Rows:
    """Return the rows of all tables, except sessions and the idempotency records of API requests."""
    found = {}
    with connection.cursor() as cursor:
        for table in sorted(connection.introspection.table_names(cursor)):
            if table in {"accounts_session", "django_migrations", "api_access_idempotencyrecord"}:
                continue
            cursor.execute(f'SELECT * FROM "{table}"')
            names = [column.name for column in cursor.description]
            found[table] = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return found


def comparable(after: Rows, before: Rows) -> dict[str, list[str]]:
    """Return `after` without the values that differ in every run: new ids, times, and the names of new files."""
    known = {table: {row.get("id") for row in of_table} for table, of_table in before.items()}
    everything = set().union(*known.values())

    def same(table: str, name: str, value: Any) -> Any:
        if name in UNLIKE.get(table, ()):
            return bool(value)
        if isinstance(value, datetime):
            return "a time"
        is_new = (name == "id" and value not in known[table]) or (name.endswith("_id") and value not in everything)
        if isinstance(value, int) and is_new:
            return "a new number"
        return KEY.sub("a file", value) if isinstance(value, str) else value

    return {
        table: sorted(str({name: same(table, name, value) for name, value in row.items()}) for row in of_table)
        for table, of_table in after.items()
    }
