from __future__ import annotations

from functools import cache
from typing import Any

from django import template
from django.template import Context
from django.template.loader import render_to_string
from django.utils.functional import SimpleLazyObject
from django.utils.safestring import SafeString, mark_safe

from common.csrf import csrf_field
from common.fast_reverse import Paths, current_paths
from common.pagination import Page
from common.parts import render_parts
from posts.cards import EAGER, LAZY, Tile, render_piece, render_piece_of_page, render_states
from posts.comment_rows import CommentRows, comment_form, comment_like, comment_likes
from posts.forms.comments import CommentForm
from posts.menu import AUTHOR, CODE, menu_items, share_of
from posts.models import Comment, Media, Post
from posts.preview import preview_tags
from posts.states import PostState

register = template.Library()


@register.simple_tag(takes_context=True)
def post_card(
    context: Context, post: Post, eager: bool = False, expanded: bool = False, followed_tag: str = ""
) -> SafeString:
    """Render the card of `post`; `expanded` shows the whole caption."""
    options = {"expanded": expanded}
    loading = EAGER if eager else LAZY
    return render_piece("card", post, context["user"], options=options, loading=loading, followed_tag=followed_tag)


@register.simple_tag(takes_context=True)
def post_tile(
    context: Context, post: Post | Tile, position: int | None = None, sizes: str = "", is_hideable: bool = False
) -> SafeString:
    """Render the tile of `post` in a grid. The photos at the positions 1 to 3 are loaded at once.

    Tiles that the view has rendered (`posts.cards.render_tiles`) are shown as they are.
    """
    if isinstance(post, Tile):
        return post.html
    options = {"sizes": sizes, "is_hideable": is_hideable}
    loading = LAZY if position is None or position > 3 else EAGER if position == 1 else ""
    return render_piece("tile", post, context["user"], options=options, loading=loading)


@register.simple_tag(takes_context=True)
def post_grid(context: Context, posts: Page[Post | Tile]) -> SafeString:
    """Render the tiles of a page of posts. The photos of the first row of a first page are loaded at once."""
    is_first = not context["request"].GET.get("cursor")
    tiles = [post_tile(context, post, at if is_first else None) for at, post in enumerate(posts, start=1)]
    return mark_safe("".join(tiles))  # noqa: S308  (joined HTML)


@register.simple_tag(takes_context=True)
def post_tiles(context: Context, states: list[PostState]) -> SafeString:
    """Render the tiles of posts in a grid."""
    tiles = render_states("tile", states, context["user"], options={"sizes": "", "is_hideable": False})
    return mark_safe("".join(tiles))  # noqa: S308  (joined HTML)


@register.simple_tag(takes_context=True)
def post_piece(context: Context, post: Post, piece: str, sizes: str = "") -> SafeString:
    """Render a piece of the page of `post`."""
    people = None
    if piece == "media" and hasattr(post.slides[0], "shown_people"):
        people = {slide.pk: _people(context, post, slide) for slide in post.slides if slide.has_people}
    options = {"sizes": sizes, "expanded": True}
    return render_piece_of_page(piece, post, context["user"], options=options, loading=EAGER, people=people)


def _people(context: Context, post: Post, slide: Media) -> SafeString:
    """Render the people tagged in a photo for a page whose browser may not have scripts to fetch them."""
    return render_to_string("posts/_photo_people.html", {"post": post, "slide": slide}, context["request"])


@register.simple_tag(takes_context=True)
def people_slot(context: Context, slide: Media) -> SafeString:
    """Mark the place of the people tagged in a photo."""
    return SafeString("") if slide.is_video else context["slots"](f"people:{slide.pk}")


@register.simple_tag(takes_context=True)
def post_templates(context: Context) -> SafeString:
    """Render the menus and the comment box that scripts copy for the posts of a page."""
    is_member = context["is_member"] if "slots" in context else context["user"].is_authenticated
    return _post_templates(bool(is_member), current_paths())


@cache
def _post_templates(is_member: bool, paths: Paths) -> SafeString:
    """Render the templates, once for each prefix of addresses."""
    context = {
        "items": menu_items(CODE, AUTHOR, is_member=is_member),
        "share": share_of(CODE, AUTHOR, origin="", is_public=True),
        "comment_form": comment_form(CODE, paths("posts:post", CODE), is_copied=True) if is_member else "",
    }
    return render_parts("posts/_post_templates.html", context).fill({})


@register.simple_tag(takes_context=True)
def comment_box(context: Context) -> SafeString:
    """Render the comment box of `post`, with what is in `comment_form`."""
    post: Post = context["post"]
    form: CommentForm = context["comment_form"]
    has_text = form.is_bound or form.initial
    return comment_form(
        post.shortcode,
        post.get_absolute_url(),
        csrf=csrf_field(context["request"]),
        is_off=post.comments_off and not form.is_bound,
        reply_to=form.reply_to,
        text=(form["text"].value() or "") if has_text else "",
        error=str(next(iter(form["text"].errors), "")) if form.is_bound else "",
    )


@register.simple_tag(takes_context=True)
def comment_rows(context: Context, comments: Page[Comment] | list[Comment] | None, replies: Any = None) -> SafeString:
    """Render comments of `post`. With `replies`, a page, there is one comment, whose thread is open."""
    opened = _open(context, replies) if replies else SafeString("")
    return _rows(context).rows(comments or (), replies=opened)


@register.simple_tag(takes_context=True)
def comment_row(context: Context, comment: Comment, refusal: str = "") -> SafeString:
    """Render a comment with its collapsed replies."""
    return _rows(context).row(comment, refusal=refusal)


@register.simple_tag(takes_context=True)
def comment_line(context: Context, comment: Comment, refusal: str = "") -> SafeString:
    """Render the text and the actions of a comment."""
    return _rows(context).line(comment, refusal=refusal)


@register.simple_tag(takes_context=True)
def comment_thread(context: Context, comment: Comment, replies: Page[Comment]) -> SafeString:
    """Render the open thread of a comment."""
    return _rows(context).thread(comment, _open(context, replies) if replies else SafeString(""))


register.simple_tag(comment_like)
register.simple_tag(preview_tags)
register.simple_tag(comment_likes)


def _rows(context: Context) -> CommentRows:
    csrf = SimpleLazyObject(lambda: csrf_field(context["request"]))
    return CommentRows(context["user"], context["post"].comments_off, csrf)


def _open(context: Context, replies: Page[Comment]) -> SafeString:
    values = {"post": context["post"], "comments": replies, "more": "View more replies"}
    return render_to_string("posts/_comments.html", values, context["request"])
