"""Unsaved users, posts and comments in every state, for the templates of the site.

They are instances of the models, so the style guide cannot drift from them. The attributes that querysets annotate are
set here by hand, as no query runs.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import Any

from django.utils import timezone

from accounts.models import User
from common.ids import first_id_at
from common.pagination import Page
from posts.models import Audience, Comment, Media, PersonTag, Post
from posts.models.media import MediaState
from styleguide.photos import key_of, scaled

_numbers = count(1)


def example_user(username: str, name: str = "", *, photo: str = "", **fields: Any) -> User:
    """Return a user, as annotated by `with_counts` and `with_follow_state`."""
    avatar = {size: {"webp": key_of(photo, int(size))} for size in ("320", "96")} if photo else {}
    user = User(pk=next(_numbers), username=username, name=name, avatar=avatar)
    annotations = {"followers_count": 12_408, "following_count": 317, "posts_count": 36}
    annotations |= {"followed_by_viewer": False, "requested_by_viewer": False}
    for field, value in (annotations | fields).items():
        setattr(user, field, value)
    return user


def example_photo(name: str, alt: str = "", *, state: MediaState = MediaState.READY, error: str = "") -> Media:
    """Return a photo of the demo content, rendered in two sizes unless `state` says otherwise."""
    sizes = [(side, *scaled(name, side)[1:]) for side in (640, 1080)]
    renditions = [
        {"width": width, "height": height, "webp": key_of(name, side), "jpeg": key_of(name, side)}
        for side, width, height in sizes
    ]
    _, width, height = sizes[-1]
    medium = Media(pk=next(_numbers), alt=alt, width=width, height=height, original_name=f"{name}.jpg")
    medium.state, medium.error = state, error
    medium.renditions = renditions if state == MediaState.READY else []
    return medium


def tag_people(medium: Media, *tags: tuple[User, float, float]) -> Media:
    """Tag people in a photo, each at a position in fractions of its width and height."""
    medium.shown_people = [PersonTag(pk=next(_numbers), person=person, x=x, y=y) for person, x, y in tags]
    medium.has_people = True
    return medium


def example_post(author: User, slides: list[Media], caption: str = "", *, hours_ago: float = 3, **fields: Any) -> Post:
    """Return a published post, as annotated by `for_cards`."""
    created_at = timezone.now() - timedelta(hours=hours_ago)
    # The lowest bits tell posts of the same moment apart.
    post = Post(pk=first_id_at(created_at) + next(_numbers), author=author, caption=caption, published_at=created_at)
    post.slides = slides
    annotations = {"like_count": 0, "comment_count": 0, "likes_hidden": False}
    annotations |= {"liked_by_viewer": False, "saved_by_viewer": False, "is_own": False}
    for field, value in (annotations | fields).items():
        setattr(post, field, value)
    return post


def example_comment(post: Post, author: User, text: str, **fields: Any) -> Comment:
    """Return a comment, as annotated by `with_viewer_state`."""
    written_at = timezone.now() - timedelta(minutes=3)
    comment = Comment(pk=first_id_at(written_at) + next(_numbers), post=post, author=author, text=text)
    for field, value in fields.items():
        setattr(comment, field, value)
    return comment


def examples() -> dict[str, Any]:
    """Return the context of `styleguide/styleguide.html`."""
    viewer = example_user("mira.k", "Mira Kovač", photo="kingfisher-on-a-mossy-branch")
    anna = example_user(
        "anna_lind",
        "Anna Lind",
        photo="orange-dahlia",
        bio="Forests, streams and slow mornings.\nPrints on request. @mira.k #film",
        link="https://example.org/anna",
    )
    ben = example_user("ben", followed_by_viewer=True)
    long_name = example_user("a_username_of_thirty_characters", "A person with a remarkably long name for one line")
    cards = example_cards(viewer, anna, ben, long_name)
    post = cards["One photo, with alt text, liked"][0]
    return {
        "user": viewer,
        "people": [(anna, "Popular"), (ben, ""), (long_name, "")],
        "person": anna,
        "cards": cards,
        "post": post,
        "comments": example_comments(post, viewer, anna, ben, long_name),
        "tiles": [card for card, _ in cards.values()],
        "page": Page([]),
    }


def example_cards(viewer: User, anna: User, ben: User, long_name: User) -> dict[str, tuple[Post, str]]:
    """Return posts by the name of their state, each with the followed tag that brought it to the home page."""
    stream = example_photo("forest-stream", "A stream falls in small steps between mossy stones in a forest.")
    panda, fig, bridge = (
        example_photo(name) for name in ("red-panda", "half-a-fig-in-a-red-bowl", "suspension-bridge-at-night")
    )
    heron = example_photo("heron-in-flight", "A grey heron flies low over still water.")
    processing = example_photo("red-panda", state=MediaState.PROCESSING)
    failed = example_photo(
        "red-panda",
        state=MediaState.FAILED,
        error="This file is damaged and cannot be read. Export it again and try once more.",
    )
    long_caption = (
        "Up before the sun for this one. The path was frozen, the flask was empty by six, and there was no one else "
        "until the light had gone.\n\nWorth it. With @ben, who carried the tripod. #forest #stream #morning"
    )
    now = timezone.now()
    cards: dict[str, Post] = {
        "One photo, with alt text, liked": example_post(
            anna,
            [tag_people(stream, (ben, 0.3, 0.4), (viewer, 0.97, 0.05))],
            long_caption,
            location="Picos de Europa",
            like_count=1_204,
            comment_count=18,
            liked_by_viewer=True,
        ),
        "Several photos, own post": example_post(
            viewer,
            [bridge, panda, fig],
            "Three of last month.",
            hours_ago=9 * 24,
            like_count=1,
            comment_count=1,
            is_own=True,
        ),
        "Because of a followed tag": example_post(ben, [panda], "Awake at last #redpanda"),
        "A wide photo without a caption": example_post(long_name, [heron], hours_ago=0),
        "For close friends, edited": example_post(
            anna,
            [fig],
            "The first fig.",
            location="Oviedo",
            audience=Audience.CLOSE_FRIENDS,
            edited_at=now,
            like_count=3,
        ),
        "Archived": example_post(viewer, [stream], "Away with it.", archived_at=now, is_own=True),
        "Processing": example_post(viewer, [processing], "Red panda", hours_ago=0, published_at=None, is_own=True),
        "Failed": example_post(viewer, [failed], "Red panda", published_at=None, is_own=True),
        "Removed by a moderator": example_post(
            viewer, [fig], removed_at=now, removed_reason="It shows someone else’s work.", is_own=True
        ),
    }
    return {name: (post, "redpanda" if name == "Because of a followed tag" else "") for name, post in cards.items()}


def example_comments(post: Post, viewer: User, anna: User, ben: User, long_name: User) -> list[tuple[Comment, str]]:
    """Return comments in several states, each with a refusal to show below it, or ""."""
    now = timezone.now()
    pinned = example_comment(
        post, ben, "What a morning. Next time I bring two flasks.", like_count=3, reply_count=2, pinned_at=now
    )
    own = example_comment(
        post,
        viewer,
        "Beautiful, @anna_lind! Is that the trail above the lake? #hiking",
        edited_at=now,
        is_own=True,
    )
    on_own_post = example_comment(
        post, long_name, "Where is this?", like_count=1, liked_by_viewer=True, is_on_own_post=True
    )
    plain = example_comment(post, anna, "Thank you, @mira.k.")
    refusal = "3 comments are pinned, and no more can be. Unpin one first."
    return [(pinned, ""), (own, ""), (on_own_post, refusal), (plain, "")]
