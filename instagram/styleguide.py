"""The style guide: each component in each of its states, drawn by the templates that the site uses. Development only.

People, posts and photos here are plain objects with what the templates read; nothing comes from the database, so the
page looks the same on every machine, and a component can be seen in a state that is hard to reach.
"""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from io import BytesIO
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.safestring import SafeString
from PIL import Image

from common.forms import GraphemeField
from common.limits import MAX_BIO_CHARS
from common.linkify import linkify
from common.pagination import Page
from posts.models.post import RATIO_CLASSES

COLOURS = [
    *["ground", "ground-raised", "ground-subtle", "ground-hover", "ground-pressed", "ground-inverse"],
    *["text", "text-muted", "line", "line-strong", "link", "focus"],
    *["primary", "primary-hover", "primary-quiet", "danger", "success", "warning", "like"],
]
"""The colour tokens that are shown. `static/styleguide/styleguide.css` has a rule for each: no inline styles."""

PHOTOS = settings.BASE_DIR / "demo" / "photos"
GREY = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='4' height='3'%3E%3Crect width='4' height='3' fill='%238a94a0'/%3E%3C/svg%3E"  # noqa: E501
"""Where the demo's photographs are not installed."""


@dataclass
class Person:
    pk: int
    username: str
    name: str = ""
    bio: str = ""
    link: str = ""
    picture: str = ""
    followed_by_viewer: bool = False
    reason: str = ""
    posts_count: int = 36
    followers_count: int = 12_408
    following_count: int = 317
    is_authenticated: bool = True
    is_staff: bool = False

    @property
    def display_name(self) -> str:
        return self.name or self.username

    @property
    def avatar_url(self) -> str:
        return photo(self.picture, 300)[0] if self.picture else ""

    @property
    def avatar_small_url(self) -> str:
        return photo(self.picture, 96)[0] if self.picture else ""

    @property
    def bio_html(self) -> SafeString:
        return linkify(self.bio)

    @property
    def link_text(self) -> str:
        return self.link.split("://", 1)[-1]

    def get_absolute_url(self) -> str:
        return f"/{self.username}/"


@dataclass
class Tag:
    pk: int
    person: Person
    x_percent: str
    y_percent: str

    @property
    def person_id(self) -> int:
        return self.person.pk


@dataclass
class Slide:
    """One photo of the demo, inlined. `sources` is empty: there is one size of it."""

    name: str
    alt: str = ""
    placeholder: str = ""
    sources: tuple[()] = ()
    srcset: str = ""
    shown_people: tuple[Tag, ...] = ()

    @property
    def has_people(self) -> bool:
        return bool(self.shown_people)

    @property
    def src(self) -> str:
        return photo(self.name)[0]

    thumb = src
    tile_srcset = ""

    @property
    def width(self) -> int:
        return photo(self.name)[1]

    @property
    def height(self) -> int:
        return photo(self.name)[2]


@dataclass
class Card:
    shortcode: str
    author: Person
    slides: list[Slide]
    caption: str = ""
    location: str = ""
    state: str = "published"
    audience: str = "everyone"
    edited_at: datetime | None = None
    failure: str = ""
    removed_reason: str = ""
    followed_tag: str = ""
    unlinked: tuple[()] = ()
    like_count: int = 0
    comment_count: int = 0
    liked_by_viewer: bool = False
    is_own: bool = False
    created_at: datetime = field(default_factory=lambda: timezone.now() - timedelta(hours=3))

    @property
    def caption_html(self) -> SafeString:
        return linkify(self.caption)

    @property
    def photo_label(self) -> str:
        return f"Photo by {self.author.display_name}"

    @property
    def ratio_class(self) -> str:
        ratio = self.slides[0].width / self.slides[0].height
        return min(RATIO_CLASSES, key=lambda name: abs(RATIO_CLASSES[name] - ratio))

    def get_absolute_url(self) -> str:
        return f"/p/{self.shortcode}/"


@dataclass
class Remark:
    pk: int
    author: Person
    text: str
    can_delete: bool = False
    like_count: int = 0
    liked_by_viewer: bool = False
    reply_count: int = 0
    pinned_at: datetime | None = None
    edited_at: datetime | None = None
    can_pin: bool = False
    can_edit: bool = False
    refusal: str = ""
    unlinked: tuple[()] = ()
    created_at: datetime = field(default_factory=lambda: timezone.now() - timedelta(minutes=42))
    url = "#comments-of-a-post"

    @property
    def text_html(self) -> SafeString:
        return linkify(self.text)


class ExampleForm(forms.Form):
    email = forms.EmailField(label="E-mail")
    username = forms.CharField(help_text="Up to 30 letters, digits, dots and underscores.")
    bio = GraphemeField(max_graphemes=MAX_BIO_CHARS, lines=True, required=False)
    photo = forms.FileField(required=False)


class RemarkForm(forms.Form):
    text = forms.CharField(max_length=10)


@cache
def photo(name: str, side: int = 640) -> tuple[str, int, int]:
    """A photograph of the demo within `side` px as a data: URI, with its width and height in pixels."""
    path = PHOTOS / f"{name}.jpg"
    if not path.exists():
        return GREY, 4, 3
    with Image.open(path) as image, BytesIO() as file:
        image.thumbnail((side, side))
        image.save(file, "JPEG", quality=80)
        return f"data:image/jpeg;base64,{b64encode(file.getvalue()).decode()}", image.width, image.height


def icons() -> list[str]:
    """The names in our sprite."""
    sprite = (settings.BASE_DIR / "static" / "icons" / "sprite.svg").read_text(encoding="utf-8")
    return sorted(re.findall(r'<symbol id="([a-z-]+)"', sprite))


def examples() -> dict[str, Any]:
    """The cast and what they shared."""
    viewer = Person(1, "mira.k", "Mira Kovač", picture="kingfisher-on-a-mossy-branch")
    anna = Person(2, "anna_lind", "Anna Lind", picture="orange-dahlia", reason="Popular")
    anna.bio, anna.link = (
        "Forests, streams and slow mornings.\nPrints on request. @mira.k #film",
        "https://example.org/anna",
    )
    ben = Person(3, "ben", followed_by_viewer=True)
    long_name = Person(4, "a_username_of_thirty_characters", "Somebody with a remarkably long name for one line")
    stream = Slide("forest-stream", "A stream falls in small steps between mossy stones in a forest.")
    panda, fig, bridge = Slide("red-panda"), Slide("half-a-fig-in-a-red-bowl"), Slide("suspension-bridge-at-night")
    heron = Slide("heron-in-flight", "A grey heron flies low over still water.")
    stream.shown_people = (Tag(1, ben, "30.0", "40.0"), Tag(2, viewer, "97.0", "5.0"))
    long_caption = (
        "Up before the sun for this one. The path was frozen, the flask was empty by six, and nobody else was there "
        "until the light had gone.\n\nWorth it. With @ben, who carried the tripod. #forest #stream #morning"
    )
    now = timezone.now()
    cards = {
        "One photo, with alt text, liked": Card(
            *("Sg1", anna, [stream], long_caption, "Picos de Europa"),
            like_count=1_204,
            comment_count=18,
            liked_by_viewer=True,
        ),
        "Several photos, one's own": Card(
            *("Sg2", viewer, [bridge, panda, fig], "Three of last month."),
            like_count=1,
            comment_count=1,
            is_own=True,
            created_at=now - timedelta(days=9),
        ),
        "There for a followed tag": Card("Sg9", ben, [panda], "Awake at last #redpanda", followed_tag="redpanda"),
        "Nothing but a wide photo": Card("Sg3", long_name, [heron], created_at=now),
        "For close friends, edited": Card(
            *("Sg7", anna, [fig], "The first fig.", "Oviedo"),
            audience="close_friends",
            edited_at=now,
            like_count=3,
        ),
        "Archived": Card("Sg8", viewer, [stream], "Away with it.", state="archived", is_own=True),
        "Processing": Card("Sg4", viewer, [panda], "Red panda", state="processing", is_own=True, created_at=now),
        "Failed": Card(
            *("Sg5", viewer, [panda], "Red panda"),
            state="failed",
            failure="panda.jpg: This file is damaged and cannot be read. Export it again and try once more.",
            is_own=True,
        ),
        "Removed by a moderator": Card(
            *("Sg6", viewer, [fig]), state="removed", removed_reason="It shows somebody else’s work.", is_own=True
        ),
    }
    return {
        "user": viewer,
        "people": [anna, ben, long_name],
        "person": anna,
        "cards": cards,
        "post": cards["One photo, with alt text, liked"],
        "remarks": [
            Remark(
                *(1, ben, "What a morning. Next time I bring two flasks."),
                like_count=3,
                reply_count=2,
                pinned_at=timezone.now(),
            ),
            Remark(
                2,
                viewer,
                "Beautiful, @anna_lind! Is that the trail above the lake? #hiking",
                True,
                edited_at=timezone.now(),
                can_edit=True,
            ),
            Remark(
                3,
                long_name,
                "Where is this?",
                like_count=1,
                liked_by_viewer=True,
                can_pin=True,
                refusal="You can pin 3 comments. Unpin one first.",
            ),
            Remark(4, anna, "Thank you, @mira.k."),
        ],
        "tiles": list(cards.values()),
        "page": Page([]),
    }


@login_not_required
def styleguide(request: HttpRequest) -> HttpResponse:
    example = ExampleForm(
        {"email": "anna@example", "username": "anna..lind", "bio": "Forests, streams and slow mornings."}, initial={}
    )
    example.add_error("username", "Two dots cannot stand together. Try anna.lind.")
    refused = RemarkForm({"text": "A comment that is too long"})
    context = examples() | {"colours": COLOURS, "icons": icons(), "form": example, "refused": refused}
    return render(request, "styleguide/styleguide.html", context)
