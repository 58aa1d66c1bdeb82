"""Rendering of posts: cards, tiles, and the pieces of a post's page.

Everything that is the same for all readers of a post is rendered once (`draw`), with slots for the rest, and
`fill_slots` inserts what differs: counts, the reader's own like and save, links to people they may see. A reader is
never in reach of the templates, so nothing of one can be shown to another.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import escape
from django.utils.safestring import SafeString

from accounts.models import Viewer
from common.fast_reverse import Paths, current_paths, fast_reverse
from common.fragment_cache import get_parts
from common.ids import encode_shortcode, milliseconds_of
from common.linkify import extract_names, linkify
from common.pagination import Page
from common.parts import Parts, Slots, render_parts, static_parts
from common.templatetags.site import compact, short_time
from posts.models import Post
from posts.states import PostState, contents_of

Readers = Literal["visitors", "members", "author"]
"""Who reads a piece: only the author's has notes for the author, and only members' have boxes for comments."""

TEMPLATES: Final[dict[str, str]] = {
    "card": "posts/_card.html",
    "tile": "components/_tile.html",
    "header": "posts/_header.html",
    "media": "posts/_media.html",
    "actions": "posts/_actions.html",
    "likes": "posts/_likes.html",
    "caption": "posts/_caption.html",
    "comments_link": "posts/_comments_link.html",
    "flags": "posts/_flags.html",
    "thumb": "posts/_thumb.html",
}

EAGER, LAZY = 'fetchpriority="high"', 'loading="lazy"'


def state_of(post: Post) -> PostState:
    """Return the state of a post from `for_cards()`."""
    return PostState(
        pk=post.pk,
        card_version=post.card_version,
        author_version=post.author.card_version,
        author_id=post.author_id,
        like_count=post.like_count,
        likes_hidden=post.likes_hidden,
        comment_count=post.comment_count,
        is_liked=post.liked_by_viewer,
        is_saved=post.saved_by_viewer,
        is_own=post.is_own,
        named=post.named,
        photos_with_people=[slide.pk for slide in post.slides if slide.has_people],
    )


def readers_of(post: Post | PostState, viewer: Viewer) -> Readers:
    if not viewer.is_authenticated:
        return "visitors"
    return "author" if post.is_own else "members"


def draw(piece: str, post: Post, readers: Readers, **options: Any) -> Parts:
    """Render a piece of a post for these readers. No query. `options` go to the template.

    `post` needs its author and media. Cost: about 1 ms for a card.
    """
    slots = Slots()
    names = (name for name in extract_names(post.caption) if name not in post.unlinked)
    named = SafeString("".join(slots(f"is:{name}") for name in names))
    context = {"post": post, "readers": readers, "caption": _caption(post, slots), "named": named, **options}
    return render_parts(TEMPLATES[piece], context | {"flags": _flags(post, readers)}, slots)


def _flags(post: Post, readers: Readers) -> str:
    """Return the states of a post that its menus ask for, apart from whether it names the reader."""
    flags = {
        "own": readers == "author",
        "public": post.is_public,
        "comments-off": post.comments_off,
        "likes-hidden": post.hide_likes,
    }
    return " ".join([post.state, *(name for name, applies in flags.items() if applies)])


def _caption(post: Post, slots: Slots) -> SafeString:
    """Return the caption with links. Whether a name is one depends on the reader, so each has slots around it."""

    def anchor(name: str, shown: str) -> str:
        return f"{slots(f'name:{name}')}{escape(shown)}{slots(f'end:{name}')}"

    return linkify(post.caption, unlinked=post.unlinked, anchor_of_name=anchor)


class _Given(NamedTuple):
    """What the values of slots with an argument depend on."""

    state: PostState
    code: str
    viewer: Viewer
    people: Mapping[int, str] | None
    paths: Paths


class _Values(dict[str, str]):
    """Values of the slots; those with an argument are made when they are asked for."""

    given: _Given

    def __missing__(self, slot: str) -> str:
        kind, _, argument = slot.partition(":")
        state, code, viewer, people, paths = self.given
        if kind == "people":
            return _people_in(int(argument), state, code, paths) if people is None else people.get(int(argument), "")
        if kind == "is":
            return " named" if viewer.is_authenticated and viewer.username == argument else ""
        is_linked = state.named is None or argument in state.named
        if kind == "name":
            # A name of `extract_names` has no character to quote or to escape.
            return f'<a href="{paths.pattern("feed:profile", 1) % argument}">' if is_linked else ""
        if kind == "end":
            return "</a>" if is_linked else ""
        raise KeyError(slot)


def _people_in(media_id: int, state: PostState, code: str, paths: Paths) -> str:
    """Return the link to the people in a photo, "" if the reader can see none."""
    if media_id not in state.photos_with_people:
        return ""
    people_url = paths("posts:tagged_people", code, media_id)
    post_url = paths("posts:post", code)
    return static_parts("posts/_photo_people_link.html").fill({"people_url": people_url, "post_url": post_url})


def fill_slots(
    parts: Parts, state: PostState, viewer: Viewer, *, people: Mapping[int, str] | None = None, **shown: Any
) -> SafeString:
    """Return the HTML of a piece for `viewer`. No query; 5 to 10 µs.

    `people` has the HTML of the people tagged in each photo, by its id, for pages that do not let htmx fetch it. The
    other arguments are those of `_values`.
    """
    return parts.fill(_values(state, viewer, current_paths(), people=people, **shown))


def _values(
    state: PostState,
    viewer: Viewer,
    paths: Paths,
    *,
    loading: str = LAZY,
    followed_tag: str = "",
    why: str = "",
    people: Mapping[int, str] | None = None,
) -> _Values:
    """Return the values of the slots.

    `loading` is an attribute of the first photo: EAGER, LAZY or "". `followed_tag` is shown as the reason for the post,
    or else `why`, which is HTML.
    """
    code = encode_shortcode(state.pk)
    liked, saved = state.is_liked, state.is_saved
    values = _Values(_shown(liked, saved, state.like_count, state.likes_hidden, state.comment_count))
    values.given = _Given(state, code, viewer, people, paths)
    values["ago"] = short_time(int(time.time()) - milliseconds_of(state.pk) // 1000)
    values["loading"] = loading
    values["why"] = followed_tag_html(followed_tag) if followed_tag else why
    values["like_url"] = paths.pattern("posts:unlike" if liked else "posts:like", 1) % code
    values["save_url"] = paths.pattern("posts:unsave" if saved else "posts:save", 1) % code
    return values


@lru_cache(maxsize=4_000)
def _shown(liked: bool, saved: bool, likes: int, likes_hidden: bool, comments: int) -> dict[str, str]:
    """Return the values that are the same for all posts with these flags and counts. Callers copy it."""
    like_number, comment_number = "" if likes_hidden else compact(likes), compact(comments)
    all_comments = "1 comment" if comments == 1 else f"all {comment_number} comments"
    values = {
        "liked": "true" if liked else "false",
        "like_label": "Unlike" if liked else "Like",
        "saved": "true" if saved else "false",
        "save_label": "Remove from saved" if saved else "Save",
        "like_number": like_number,
        "tile_likes_hidden": " hidden" if likes_hidden else "",
        "comment_number": comment_number,
        "comments_hidden": "" if comments else " hidden",
        "comments": f"View {all_comments}" if comments else "",
    }
    if likes_hidden:
        return values | {"like_count": "", "likes": "Likes"}
    return values | {
        "like_count": f' data-like-count="{likes}"' if likes else ' data-like-count="0" hidden',
        "likes": f"{like_number} like" if likes == 1 else f"{like_number} likes",
    }


def _counts(state: PostState) -> dict[str, str]:
    """Return the values of the slots of a tile, except `loading`."""
    return {
        "like_number": "" if state.likes_hidden else compact(state.like_count),
        "tile_likes_hidden": " hidden" if state.likes_hidden else "",
        "comment_number": compact(state.comment_count),
    }


def followed_tag_html(tag: str) -> str:
    """Return the HTML of the reason for a post with a followed tag."""
    url = escape(fast_reverse("feed:tag", tag))
    return static_parts("posts/_why.html").fill({"url": url, "tag": escape(tag)})


def render_piece(
    piece: str, post: Post, viewer: Viewer, *, options: Mapping[str, Any] | None = None, **fill: Any
) -> SafeString:
    """Return the HTML of a piece of `post`, which comes from `for_cards()`, for `viewer`. No query.

    `options` go to the template, and other arguments to `fill_slots`.
    """
    parts = draw(piece, post, readers_of(post, viewer), **(options or {}))
    return fill_slots(parts, state_of(post), viewer, **fill)


def render_piece_of_page(
    piece: str, post: Post, viewer: Viewer, *, options: Mapping[str, Any], **fill: Any
) -> SafeString:
    """Like `render_piece`, from cached parts if the post is published: archiving moves no version."""
    if not post.is_published:
        return render_piece(piece, post, viewer, options=options, **fill)
    state, readers = state_of(post), readers_of(post, viewer)
    name = _name(piece, state, viewer, options)
    parts = get_parts([name], lambda missing: {name: draw(piece, post, readers, **options) for name in missing})
    return fill_slots(parts[name], state, viewer, **fill)


def flags_of(post: Post, viewer: Viewer) -> list[str]:
    """Return the states of a post from `for_cards()` for its menu (`posts.menu`)."""
    return render_piece("flags", post, viewer).split()


def render_states(
    piece: str,
    states: Sequence[PostState],
    viewer: Viewer,
    *,
    options: Mapping[str, Any] | None = None,
    loading: Sequence[str] = (),
    whys: Mapping[int, str] | None = None,
) -> list[SafeString]:
    """Return the HTML of a piece of each post, in order, from cached parts. For published posts only.

    `loading` has the attribute of the first photo for each of the first posts, and LAZY is that of the others.
    `whys` has the HTML of the reasons for posts, by id. A post that was changed or deleted since `states` was read is
    left out. Cost: no query if all parts are cached, otherwise two.
    """
    return [parts.fill(values) for parts, values in _filled(piece, states, viewer, options or {}, loading, whys or {})]


def render_cards(
    states: Sequence[PostState], viewer: Viewer, *, loading: Sequence[str] = (), whys: Mapping[int, str] | None = None
) -> list[bytes]:
    """Return the HTML of the card of each post in UTF-8; otherwise like `render_states`."""
    return [parts.fill_bytes(values) for parts, values in _filled("card", states, viewer, {}, loading, whys or {})]


def _filled(
    piece: str,
    states: Sequence[PostState],
    viewer: Viewer,
    options: Mapping[str, Any],
    loading: Sequence[str],
    whys: Mapping[int, str],
) -> Iterator[tuple[Parts, _Values]]:
    """Yield the parts of each post that has any, and the values of their slots; see `render_states`."""
    parts, paths = _parts_of(piece, states, viewer, options), current_paths()
    for at, state in enumerate(states):
        if state.pk in parts:
            attribute = loading[at] if at < len(loading) else LAZY
            why = whys.get(state.pk, "")
            yield parts[state.pk], _values(state, viewer, paths, loading=attribute, why=why)


class Cover(NamedTuple):
    """The first photo of a post."""

    width: str
    height: str
    thumb: SafeString = SafeString("")
    """Its address as HTML; "" while there is none."""

    @classmethod
    def of(cls, html: SafeString) -> Cover:
        """Return the cover that `posts/_thumb.html` describes."""
        width, height, *thumb = html.split()
        return cls(width, height, *map(SafeString, thumb))


class Tile(NamedTuple):
    """A tile of a grid of posts, for `{% post_tile %}`."""

    pk: int
    html: SafeString
    slides: Sequence[Cover] = ()
    """The cover, if the page shows it beside the grid."""

    @property
    def shortcode(self) -> str:
        return encode_shortcode(self.pk)


def covers_of(states: Sequence[PostState], viewer: Viewer) -> dict[int, Cover]:
    """Return the covers of posts by id, from cached parts; see `render_states`."""
    parts = _parts_of("thumb", states, viewer, {})
    return {pk: Cover.of(found.fill({})) for pk, found in parts.items()}


def render_tiles(
    states: Sequence[PostState], viewer: Viewer, *, is_first_page: bool = False, is_hideable: bool = False
) -> list[Tile]:
    """Return the tiles of a grid, in order, from cached parts; see `render_states`.

    The photos of the first row of a first page are loaded at once.
    """
    loading = (EAGER, "", "") if is_first_page else ()
    parts = _parts_of("tile", states, viewer, {"sizes": "", "is_hideable": is_hideable})
    return [
        Tile(state.pk, parts[state.pk].fill({**_counts(state), "loading": loading[at] if at < len(loading) else LAZY}))
        for at, state in enumerate(states)
        if state.pk in parts
    ]


def tile_page(
    request: HttpRequest, page: Page[PostState], *, is_hideable: bool = False, with_cover: bool = False
) -> Page[Tile]:
    """Return a page of posts as tiles; see `render_tiles`. With `with_cover`, the first one has its cover."""
    is_first = not request.GET.get("cursor")
    tiles = render_tiles(page.items, request.user, is_first_page=is_first, is_hideable=is_hideable)
    if with_cover and tiles:
        covers = covers_of([state for state in page if state.pk == tiles[0].pk], request.user)
        tiles[0] = tiles[0]._replace(slides=list(covers.values()))
    return Page(tiles, page.next_url)


def _parts_of(piece: str, states: Sequence[PostState], viewer: Viewer, options: Mapping[str, Any]) -> dict[int, Parts]:
    """Return the parts of a piece of these posts by id, except of posts that have changed since."""
    names = {state.pk: _name(piece, state, viewer, options) for state in states}

    def make(missing: Sequence[str]) -> dict[str, Parts]:
        wanted = set(missing)
        drawn = _draw_current(piece, [state for state in states if names[state.pk] in wanted], viewer, options)
        return {names[pk]: parts for pk, parts in drawn.items()}

    parts = get_parts(list(names.values()), make)
    return {pk: parts[name] for pk, name in names.items() if name in parts}


def _name(piece: str, state: PostState, viewer: Viewer, options: Mapping[str, Any]) -> str:
    """Return the name of the parts in the cache: everything that they depend on."""
    given = "".join([f":{key}={value}" for key, value in options.items()]) if options else ""
    versions = f"{state.pk}.{state.card_version}.{state.author_version}"
    return f"{piece}:{readers_of(state, viewer)}{given}:{versions}"


def _draw_current(
    piece: str, states: Sequence[PostState], viewer: Viewer, options: Mapping[str, Any]
) -> dict[int, Parts]:
    """Draw a piece of posts that are still as they were when `states` was read, by id. Two queries."""
    asked = {state.pk: state for state in states}
    drawn = {}
    for post in contents_of(asked):
        state = asked[post.pk]
        # Whether the reader may see the post was decided for the content of that moment. Archiving moves no version.
        is_same = (post.card_version, post.author.card_version) == (state.card_version, state.author_version)
        if is_same and post.is_published:
            drawn[post.pk] = draw(piece, post, readers_of(state, viewer), **options)
    return drawn


def card_response(request: HttpRequest, post: Post) -> HttpResponse:
    """Respond with a single card, for htmx."""
    return render(request, "posts/_one_card.html", {"post": post})
