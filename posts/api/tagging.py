"""Tagging people in photos, and removing mentions, in the JSON API."""

from __future__ import annotations

from ninja import Field, Schema

from accounts.api.bodies import Acting, ActingOnPost, check_actor, check_post
from accounts.api.people import read_id
from accounts.http import MemberRequest
from common.api import PROBLEMS, ApiRouter, NotFound, Problem
from common.api_bodies import IdIn
from common.linkify import extract_names
from common.refusals import Refusal
from posts.actions import mentions, tags
from posts.api.lookup import find_comment, visible_post
from posts.models import Comment, Media, PersonTag, Post

router = ApiRouter(tags=["posts"])


class NewTag(Acting):
    """A person to tag in a photo, and where."""

    username: str = Field(max_length=100, description="Their username, with or without @.")
    x: float = Field(0.5, ge=0, le=1, description="Distance from the left edge, as a fraction of the width.")
    y: float = Field(0.5, ge=0, le=1, description="Distance from the top, as a fraction of the height.")


class OldTag(Acting):
    """A person to remove from a photo."""

    person_id: IdIn = Field(description="Their id: the caller's, or anyone's in the caller's own photos.")


class TaggedStateOut(Schema):
    tagged: bool = Field(description="Whether the person is tagged in the photo now.")


class MentionedOut(Schema):
    mentioned: bool = Field(description="Whether the caller's name links to their profile there.")


@router.post("/media/{id}/tag", response={200: TaggedStateOut, **PROBLEMS})
def tag_person(request: MemberRequest, id: str, body: NewTag) -> TaggedStateOut:  # noqa: A002  (the name in the path)
    """Tag a person in a photo of one of the caller's posts, or move their tag. `id` is the id of the photo."""
    check_actor(request, body)
    own = Media.objects.filter(post__in=Post.objects.owned_by(request.user).order_by().values("pk"))
    medium = own.filter(pk=read_id(id)).first()
    if medium is None:
        raise NotFound
    try:
        tags.tag_person(medium, username=body.username, x=body.x, y=body.y)
    except (Media.DoesNotExist, Post.DoesNotExist) as error:
        raise NotFound from error
    except Refusal as error:
        raise Problem(409, "refused", str(error)) from error
    return TaggedStateOut(tagged=True)


@router.post("/media/{id}/untag", response={200: TaggedStateOut, **PROBLEMS})
def untag_person(request: MemberRequest, id: str, body: OldTag) -> TaggedStateOut:  # noqa: A002
    """Remove a tag of the caller, or any tag in the caller's own photo. Removing it again gives 404."""
    check_actor(request, body)
    posts = Post.objects.visible_to_or_owned_by(request.user).order_by().values("pk")
    removable = PersonTag.objects.visible_to(request.user).removable_by(request.user).filter(post__in=posts)
    tag = removable.select_related("media").filter(media_id=read_id(id), person_id=body.person_id).first()
    if tag is None:
        raise NotFound
    tags.remove_tag(tag, remover=request.user)
    return TaggedStateOut(tagged=False)


@router.post("/posts/{id}/unmention", response={200: MentionedOut, **PROBLEMS})
def unmention(request: MemberRequest, id: str, body: ActingOnPost | None = None) -> MentionedOut:  # noqa: A002
    """Remove the link from the caller's name in a caption. 404 if it is not there. Repeating it is harmless."""
    post = visible_post(request, id, body)
    _check_is_named(request, post.caption)
    mentions.remove_mention(request.user, post=post)
    return MentionedOut(mentioned=False)


@router.post("/comments/{id}/unmention", response={200: MentionedOut, **PROBLEMS})
def unmention_in_comment(request: MemberRequest, id: str, body: ActingOnPost | None = None) -> MentionedOut:  # noqa: A002
    """Remove the link from the caller's name in a comment. 404 if it is not there. Repeating it is harmless."""
    check_actor(request, body)
    comment: Comment = find_comment(request.user, id)
    check_post(body, comment.post_id)
    _check_is_named(request, comment.text)
    mentions.remove_mention(request.user, post=comment.post, comment=comment)
    return MentionedOut(mentioned=False)


def _check_is_named(request: MemberRequest, text: str) -> None:
    if request.user.username not in extract_names(text):
        raise NotFound
