"""Reading, editing and deleting one post in the JSON API."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Field

from accounts.api.authentication import ANYBODY
from accounts.api.bodies import ActingOnPost, check_actor, check_post
from accounts.http import MemberRequest
from common.api import PROBLEMS, ApiRouter, Problem
from common.api_bodies import MAX_LIST_ITEMS, Body, IdIn
from common.refusals import Refusal
from common.text import clean_line, clean_text
from posts.actions import editing
from posts.actions.requests import EditRequest, InvalidRequestError
from posts.api.errors import invalid_request_problem
from posts.api.lookup import find_post, own_post
from posts.api.output import PostOut, for_output, post_out
from posts.models import Audience, Post

router = ApiRouter(tags=["posts"])


class SlideIn(Body):
    id: IdIn
    alt: str | None = Field(None, description="Alternative text; unchanged if left out.")


class PostChange(ActingOnPost):
    """Changes of a post. Fields that are left out stay as they are."""

    caption: str | None = None
    location: str | None = None
    audience: Audience | None = None
    media: list[SlideIn] | None = Field(
        None, max_length=MAX_LIST_ITEMS, description="All files of the post, in their new order."
    )

    def edit_request(self, post: Post) -> EditRequest:
        """Return the request to edit `post`."""
        saved = {medium.pk: medium.alt for medium in post.slides}
        slides = list(saved.items())
        if self.media is not None:
            slides = [(one.id, saved.get(one.id, "") if one.alt is None else clean_text(one.alt)) for one in self.media]
        return EditRequest(
            version=post.version,
            caption=post.caption if self.caption is None else clean_text(self.caption),
            location=post.location if self.location is None else clean_line(self.location),
            audience=self.audience or post.audience,
            slides=slides,
        )


@router.get("/posts/{id}", auth=ANYBODY, response={200: PostOut, **PROBLEMS})
def get_post(request: HttpRequest, id: str) -> PostOut:  # noqa: A002  (the name in the path)
    """Return a post, by id or shortcode. Its author gets it in any state."""
    posts = Post.objects.visible_to_or_owned_by(request.user)
    return post_out(request, find_post(for_output(posts, request.user), id))


@router.patch("/posts/{id}", response={200: PostOut, **PROBLEMS})
def edit_post(request: MemberRequest, id: str, body: PostChange) -> PostOut:  # noqa: A002
    """Edit one of the caller's posts: its texts, its audience, the order of its files and their alternative texts."""
    check_actor(request, body)
    own = Post.objects.owned_by(request.user)
    post = find_post(own.for_cards(request.user), id)
    check_post(body, post.pk)
    try:
        editing.edit_post(post, body.edit_request(post))
    except InvalidRequestError as error:
        raise invalid_request_problem(error, {"alt": "media", "slides": "media"}) from error
    except editing.EditConflictError as error:
        raise Problem(409, "changed", str(error)) from error
    except Refusal as error:
        raise Problem(409, "refused", str(error)) from error
    return post_out(request, for_output(own, request.user).get(pk=post.pk))


@router.delete("/posts/{id}", response={204: None, **PROBLEMS})
def delete_post(request: MemberRequest, id: str, body: ActingOnPost | None = None) -> Any:  # noqa: A002
    """Delete one of the caller's posts, immediately and permanently."""
    editing.delete_post(own_post(request, id, body))
    return HttpResponse(status=204)
