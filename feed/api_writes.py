"""The caller's profile, Explore, suggestions and tags, in the JSON API: writing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from django.db import transaction
from django.http import HttpResponse
from ninja import Field, Schema

from accounts.actions.contact import change_email, change_mobile
from accounts.actions.profile import edit_profile as do_edit_profile
from accounts.api.bodies import Acting, ActingOnPerson, ActingOnPost, check_actor, check_post, not_oneself
from accounts.api.people import find_person
from accounts.forms.contact import ChangeEmailForm
from accounts.forms.profile import ProfileForm
from accounts.http import MemberRequest
from accounts.models import User
from common.api import PROBLEMS, Problem, ValidationFailed
from common.api_bodies import IdIn, form_problem
from common.ratelimit_responses import RateLimitedError, rate_limit_problem
from common.refusals import Refusal
from feed import actions
from feed.api import OwnProfileOut, normal_tag, own_profile_out, router
from feed.explore import MAX_SEEN_PER_REPORT, remember_seen
from feed.tag_views import tag_state
from posts.api import find_post
from posts.models import Post


class ProfileChange(Acting):
    """What is not said stays."""

    name: str | None = None
    bio: str | None = None
    link: str | None = Field(None, description="A page elsewhere; empty: none.")
    email: str | None = Field(
        None, description="Changes once the link that is mailed to it has been followed. Empty: stays as it is."
    )
    mobile: str | None = Field(
        None, description="With country code. Changes once confirmed by a code. Empty: removes the number."
    )


class ChangedProfileOut(OwnProfileOut):
    waiting: list[Literal["email", "mobile"]] = Field(description="What was asked for and waits to be confirmed.")


@router.post("/user/profile/", response={200: ChangedProfileOut, **PROBLEMS})
def edit_own_profile(request: MemberRequest, body: ProfileChange) -> ChangedProfileOut:
    """Change some of one's own profile: all that is sent, or nothing of it."""
    check_actor(request, body)
    try:
        waiting = _change(request, body)
    except Refusal as error:
        raise _problem_of(error) from error
    return ChangedProfileOut(**own_profile_out(request).model_dump(), waiting=waiting)


@transaction.atomic
def _change(request: MemberRequest, body: ProfileChange) -> list[Literal["email", "mobile"]]:
    user = User.objects.lock(request.user.pk)
    texts = {name: getattr(user, name) for name in ("name", "bio", "link")}
    new_email = (body.email or "").strip()
    sent = {name: text for name in texts if (text := getattr(body, name)) is not None}
    form = ProfileForm(texts | sent)
    if not form.is_valid():
        raise form_problem(form)
    waiting: list[Literal["email", "mobile"]] = []
    if new_email and new_email.lower() != user.email:
        # Before a message is sent to the number: what is refused has done nothing.
        email = ChangeEmailForm(data={"email": new_email}, user=user)
        if not email.is_valid():
            raise form_problem(email)
    if body.mobile is not None and change_mobile(user, body.mobile) and body.mobile.strip():
        waiting.append("mobile")
    if new_email and change_email(user, new_email, request=request):
        waiting.append("email")
    do_edit_profile(user, **{name: form.cleaned_data[name] for name in texts})
    return waiting


def _problem_of(refusal: Refusal) -> Problem:
    if isinstance(refusal, RateLimitedError):
        return rate_limit_problem(refusal.limit, refusal.retry_after)
    return ValidationFailed({f"body.{refusal.field}": refusal.message})


# --- Explore and suggestions ------------------------------------------------------------------------------------------


class SeenBody(Acting):
    posts: list[IdIn] = Field(
        max_length=MAX_SEEN_PER_REPORT,
        description=f"The ids of posts that were in view for a second: at most {MAX_SEEN_PER_REPORT}.",
    )


@router.post("/explore/seen", tags=["posts"], response={204: None, **PROBLEMS})
def report_seen(request: MemberRequest, body: SeenBody) -> Any:
    """Record which posts of Explore were in view for a second. They come after all others for a week."""
    check_actor(request, body)
    visible = Post.objects.visible_to(request.user).filter(pk__in=body.posts)
    remember_seen(request.user, visible.values_list("pk", flat=True))
    return HttpResponse(status=204)


class HiddenOut(Schema):
    hidden: bool = Field(description="Whether Explore no longer shows the post to the caller.")


@router.post("/explore/{id}/hide", tags=["posts"], response={200: HiddenOut, **PROBLEMS})
def hide_from_explore(request: MemberRequest, id: str, body: ActingOnPost | None = None) -> HiddenOut:  # noqa: A002
    """Hide a post from the caller's Explore. Repeating it is harmless."""
    actions.hide_from_explore(request.user, post=_visible_post(request, id, body))
    return HiddenOut(hidden=True)


@router.post("/explore/{id}/show", tags=["posts"], response={200: HiddenOut, **PROBLEMS})
def show_in_explore(request: MemberRequest, id: str, body: ActingOnPost | None = None) -> HiddenOut:  # noqa: A002
    """Show a hidden post in the caller's Explore again. Repeating it is harmless."""
    actions.show_in_explore(request.user, post=_visible_post(request, id, body))
    return HiddenOut(hidden=False)


def _visible_post(request: MemberRequest, ref: str, body: ActingOnPost | None) -> Post:
    check_actor(request, body)
    post = find_post(Post.objects.visible_to(request.user), ref)
    check_post(body, post.pk)
    return post


class DismissedOut(Schema):
    dismissed: bool = Field(description="Whether the person is no longer suggested to the caller.")


@router.post("/suggestions/{id}/dismiss", response={200: DismissedOut, **PROBLEMS})
def dismiss_suggestion(request: MemberRequest, id: str, body: ActingOnPerson | None = None) -> DismissedOut:  # noqa: A002
    """Stop suggesting a person to the caller. Repeating it is harmless."""
    actions.dismiss_suggestion(request.user, dismissed=_another(request, id, body))
    return DismissedOut(dismissed=True)


@router.post("/suggestions/{id}/restore", response={200: DismissedOut, **PROBLEMS})
def restore_suggestion(request: MemberRequest, id: str, body: ActingOnPerson | None = None) -> DismissedOut:  # noqa: A002
    """Allow a dismissed person to be suggested again. Repeating it is harmless."""
    actions.restore_suggestion(request.user, dismissed=_another(request, id, body))
    return DismissedOut(dismissed=False)


def _another(request: MemberRequest, ref: str, body: ActingOnPerson | None) -> User:
    check_actor(request, body)
    return not_oneself(request, find_person(User.objects.visible_to(request.user), ref))


# --- Tags -------------------------------------------------------------------------------------------------------------


class TagStateOut(Schema):
    """What the caller has chosen for a tag: following it ends a mute, and muting it ends following."""

    tag: str = Field(description="Without #, in its normal form.", examples=["sunset"])
    followed: bool = Field(description="Whether the caller follows it.")
    muted: bool = Field(description="Whether the caller has muted it.")


def _tag_state(request: MemberRequest, ref: str, body: Acting | None, act: Callable[..., bool]) -> TagStateOut:
    check_actor(request, body)
    name = normal_tag(ref)
    try:
        act(request.user, name=name)
    except Refusal as error:
        raise Problem(409, "refused", str(error)) from error
    state = tag_state(name, request.user)
    return TagStateOut(tag=name, followed=state["followed"], muted=state["muted"])


@router.post("/tags/{id}/follow", tags=["tags"], response={200: TagStateOut, **PROBLEMS})
def follow_tag(request: MemberRequest, id: str, body: Acting | None = None) -> TagStateOut:  # noqa: A002
    """Follow a tag: its posts come to the caller's home page. `{id}` is the tag without #. Repeating it is harmless."""
    return _tag_state(request, id, body, actions.follow_tag)


@router.post("/tags/{id}/unfollow", tags=["tags"], response={200: TagStateOut, **PROBLEMS})
def unfollow_tag(request: MemberRequest, id: str, body: Acting | None = None) -> TagStateOut:  # noqa: A002
    """Stop following a tag. Repeating it is harmless."""
    return _tag_state(request, id, body, actions.unfollow_tag)


@router.post("/tags/{id}/mute", tags=["tags"], response={200: TagStateOut, **PROBLEMS})
def mute_tag(request: MemberRequest, id: str, body: Acting | None = None) -> TagStateOut:  # noqa: A002
    """Mute a tag: its posts leave the caller's home page and Explore. Repeating it is harmless."""
    return _tag_state(request, id, body, actions.mute_tag)


@router.post("/tags/{id}/unmute", tags=["tags"], response={200: TagStateOut, **PROBLEMS})
def unmute_tag(request: MemberRequest, id: str, body: Acting | None = None) -> TagStateOut:  # noqa: A002
    """End the mute of a tag. Repeating it is harmless."""
    return _tag_state(request, id, body, actions.unmute_tag)
