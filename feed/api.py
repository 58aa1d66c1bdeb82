"""Profiles, and the lists of posts, in the JSON API: reading."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Field, Query, Router, Schema

from accounts.api import ANYBODY, PersonOut, Standing, find_person, person_fields, read_id, standing_of
from accounts.contact import number_of
from accounts.http import MemberRequest
from accounts.models import User
from common.api import PROBLEMS, IdPaging, Listed, Missing, Problem, listed
from common.pagination import Page, page_by_id, url_after
from feed.home import home_posts
from feed.profiles import count_visible_posts, posts_of, profiles_for, tagged_page
from posts.api import PostOut, for_answers, post_fields, post_out
from posts.models import Post
from social.people import open_to

router = Router(tags=["people"])


class RelationOut(Schema):
    """What the one who asks is to somebody. The three last only they themselves are told."""

    standing: Standing
    follows_you: bool
    muted: bool
    restricted: bool
    close_friend: bool = Field(description="Whether the one who asks counts them among their close friends.")


class ProfileOut(PersonOut):
    """A person, as the one who asks sees them."""

    bio: str = Field(examples=["Light, mostly."])
    link: str = Field(description='A page of theirs elsewhere; "" without one.', examples=["https://example.com/"])
    post_count: int = Field(description="Of the posts that whoever sees this profile sees.")
    follower_count: int
    following_count: int
    is_open: bool = Field(description="Whether the one who asks may see their posts, and lists of people.")
    viewer: RelationOut | None = Field(description="Null for who is not signed in, and on one's own profile.")


class OwnProfileOut(ProfileOut):
    """Oneself, with what nobody else is told."""

    email: str
    mobile: str | None = Field(description="In E.164; null without one.", examples=["+4915112345678"])


class HomePostOut(PostOut):
    """A post on somebody's home page."""

    followed_tag: str = Field(
        description='The followed tag for which alone it is there; "" where the author is followed.'
    )


def profile_fields(request: HttpRequest, person: User) -> dict[str, Any]:
    """`person` comes from `profiles_for`. A query for those who are close friends, and on one's own."""
    count_visible_posts(person, request.user)
    viewer = None
    if request.user.is_authenticated and person.pk != request.user.pk:
        viewer = RelationOut(
            standing=standing_of(request, person),
            follows_you=person.follows_viewer,
            muted=person.is_muted,
            restricted=person.is_restricted,
            close_friend=person.is_close_friend,  # type: ignore[attr-defined]  # annotated
        )
    return person_fields(request, person) | {
        "bio": person.bio,
        "link": person.link,
        "post_count": person.posts_count,
        "follower_count": person.followers_count,
        "following_count": person.following_count,
        "is_open": person.is_open,
        "viewer": viewer,
    }


def own_profile_out(request: MemberRequest) -> OwnProfileOut:
    """Three queries, whatever the token or session cost."""
    person = profiles_for(request.user).get(pk=request.user.pk)
    return OwnProfileOut(**profile_fields(request, person), email=person.email, mobile=number_of(request.user) or None)


@router.get("/users/{id}", auth=ANYBODY, response={200: ProfileOut, **PROBLEMS})
def get_person(request: HttpRequest, id: str) -> ProfileOut:  # noqa: A002  (the name in the address)
    """A person, by number or `@username`."""
    return ProfileOut(**profile_fields(request, find_person(profiles_for(request.user), id)))


@router.get("/user/profile/", response={200: OwnProfileOut, **PROBLEMS})
def get_own_profile(request: MemberRequest) -> OwnProfileOut:
    """Oneself: what others see, and mail address and mobile number, which nobody else does."""
    return own_profile_out(request)


class PostsPaging(IdPaging):
    tagged: bool = Field(False, description="The posts in whose photos the person is tagged, instead of their own.")


@router.get("/users/{id}/posts", auth=ANYBODY, tags=["posts"], response={200: Listed[PostOut], **PROBLEMS})
def list_posts_of_person(
    request: HttpRequest,
    response: HttpResponse,
    id: str,  # noqa: A002
    paging: Query[PostsPaging],
) -> Listed[PostOut]:
    """Somebody's posts, newest first; 404 where the account is private and not followed."""
    person = find_person(open_to(request.user).for_display(), id)
    if paging.tagged:
        posts = for_answers(Post.objects.visible_to(request.user), request.user)
        page = tagged_page(request, person, posts, paging.limit)
    else:
        page = page_by_id(request, for_answers(posts_of(person, request.user), request.user), paging.limit)
    return listed(request, response, page, [post_out(request, post) for post in page])


@router.get("/feed/{id}", tags=["posts"], response={200: Listed[HomePostOut], **PROBLEMS})
def get_feed(
    request: MemberRequest,
    response: HttpResponse,
    id: str,  # noqa: A002
    paging: Query[IdPaging],
) -> Listed[HomePostOut]:
    """One's own home page: posts of those one follows and of followed tags, newest first. Of others nobody's: 403."""
    _check_own(request, id)
    posts, end = home_posts(request.user, before=paging.before, count=paging.limit, load=for_answers)
    page = Page(posts, url_after(request, end) if end else "")
    items = [HomePostOut(**post_fields(request, post), followed_tag=post.followed_tag) for post in page]
    return listed(request, response, page, items)


def _check_own(request: MemberRequest, ref: str) -> None:
    """Raises 403 for whoever else: the same whether they are there or not, so that nothing is told of them."""
    try:
        is_own = ref.lower() == f"@{request.user.username}" or read_id(ref) == request.user.pk
    except Missing:
        is_own = False
    if not is_own:
        raise Problem(403, "not-yours", "This is for its owner alone.")
