"""People named in a post: tagging people in photos, and removing tags and mentions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from accounts.http import MemberRequest, SiteRequest
from common.http import varies_by_htmx
from common.ids import decode_shortcode
from common.linkify import extract_names
from common.refusals import Refusal
from posts.actions import mentions, tags
from posts.forms.editing import EditForm
from posts.models import Media, PersonTag, Post
from posts.models.media import load_shown_people
from posts.views.lookup import own_card, visible_card, visible_comment, visible_post
from posts.views.page import comment_rows_for


@dataclass
class TagForm:
    """The username and position that were typed, in per cent of the photo, and the error."""

    username: str = ""
    x: str = "50"
    y: str = "50"
    error: str = ""

    def fractions(self) -> tuple[float, float]:
        """Return the position as fractions of width and height. Raises ValueError if it is outside the photo."""
        x, y = (float(text.replace(",", ".")) / 100 for text in (self.x, self.y))
        if not all(math.isfinite(number) and 0 <= number <= 1 for number in (x, y)):
            raise ValueError
        return x, y


def load_people(request: SiteRequest, post: Post) -> None:
    """Load the people tagged in the photos of `post`. One query; none if no one is tagged."""
    if any(medium.has_people for medium in post.slides):
        load_shown_people(post.slides, request.user)


@require_safe
@login_not_required
def tagged_people(request: SiteRequest, shortcode: str, media_id: int) -> HttpResponse:
    """Return the people tagged in one photo to htmx, when the viewer opens the list; else redirect to the post."""
    posts = Post.objects.visible_to_or_owned_by(request.user)
    post = get_object_or_404(posts, pk=decode_shortcode(shortcode))
    medium = get_object_or_404(Media.objects.filter(post=post), pk=media_id)
    if not request.htmx:
        return varies_by_htmx(redirect(post))
    load_shown_people([medium], request.user)
    return varies_by_htmx(render(request, "posts/_people.html", {"post": post, "slide": medium}))


@require_POST
def tag_person(request: MemberRequest, shortcode: str, media_id: int) -> HttpResponse:
    """Tag a person in the viewer's own photo. An invalid form comes back as it was typed, with the error."""
    post = own_card(request, shortcode)
    medium = _slide(post, media_id)
    form = TagForm(*(request.POST.get(name, "").strip()[:100] for name in ("username", "x", "y")))
    try:
        x, y = form.fractions()
        tags.tag_person(medium, username=form.username, x=x, y=y)
    except ValueError:
        form.error = "Enter the position in per cent, from 0 to 100: from the left, and from the top."
    except Refusal as error:
        form.error = str(error)
    except (Media.DoesNotExist, Post.DoesNotExist) as error:
        raise Http404 from error
    if not form.error and not request.htmx:
        messages.success(request, f"You tagged {form.username.removeprefix('@').lower()}.")
    return _tagging(request, post, media_id, form if form.error else TagForm())


@require_POST
def remove_tag(request: MemberRequest, shortcode: str, tag_id: int) -> HttpResponse:
    """Remove a tag of the viewer, or any tag in the viewer's own photo."""
    post = get_object_or_404(Post.objects.visible_to_or_owned_by(request.user), pk=decode_shortcode(shortcode))
    removable = PersonTag.objects.visible_to(request.user).removable_by(request.user).filter(post=post)
    tag = get_object_or_404(removable.select_related("media", "person"), pk=tag_id)
    tags.remove_tag(tag, remover=request.user)
    if post.author_id == request.user.pk and request.POST.get("from") == "edit":
        return _tagging(request, own_card(request, shortcode), tag.media_id, TagForm())
    if request.htmx:
        load_shown_people([tag.media], request.user)
        return render(request, "posts/_people.html", {"post": post, "slide": tag.media})
    is_self = tag.person_id == request.user.pk
    messages.success(request, "You’re no longer tagged." if is_self else f"You removed {tag.person.username}.")
    return redirect(post)


def _slide(post: Post, media_id: int) -> Media:
    for medium in post.slides:
        if medium.pk == media_id:
            return medium
    raise Http404


def _tagging(request: MemberRequest, post: Post, media_id: int, form: TagForm) -> HttpResponse:
    """Return the section of the edit page about one photo for htmx; otherwise the page."""
    status = 422 if form.error else 200
    if request.htmx:
        medium = _slide(post, media_id)
        load_shown_people([medium], request.user)
        number = post.slides.index(medium) + 1
        context = {"post": post, "medium": medium, "number": number, "tag_form": form}
        return render(request, "posts/_tagging.html", context, status=status)
    if not form.error:
        return redirect(f"{reverse('posts:edit', args=[post.shortcode])}#people-{media_id}")
    return edit_page(request, EditForm(post), status=status, tag_form=form, tag_media_id=media_id)


def edit_page(request: MemberRequest, form: EditForm, *, status: int = 200, **more: Any) -> HttpResponse:
    """Render the page that edits a post and the people tagged in its photos."""
    load_people(request, form.post)
    context = {"form": form, "post": form.post, "empty_tag_form": TagForm(), **more}
    return render(request, "posts/edit.html", context, status=status)


@require_POST
def unmention(request: MemberRequest, shortcode: str) -> HttpResponse:
    """Remove the link from the viewer's name in the caption."""
    post = visible_post(request, shortcode)
    if request.user.username not in extract_names(post.caption):
        raise Http404
    mentions.remove_mention(request.user, post=post)
    messages.success(request, "Your name no longer links to your profile there.")
    if request.htmx:
        return HttpResponse(headers={"HX-Redirect": post.get_absolute_url()})
    return redirect(post)


@require_POST
def unmention_in_comment(request: MemberRequest, shortcode: str, comment_id: int) -> HttpResponse:
    """Remove the link from the viewer's name in a comment. htmx gets the updated line."""
    post = visible_card(request, shortcode)
    comment = visible_comment(request, post, comment_id)
    if request.user.username not in extract_names(comment.text):
        raise Http404
    mentions.remove_mention(request.user, post=post, comment=comment)
    if not request.htmx:
        messages.success(request, "Your name no longer links to your profile there.")
        return redirect(f"{post.get_absolute_url()}#comment-{comment.pk}")
    comment.refresh_from_db(fields=["unlinked"])
    return HttpResponse(comment_rows_for(request, post).line(comment))
