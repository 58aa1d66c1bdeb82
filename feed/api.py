"""Profiles, and the lists of posts, in the JSON API: reading."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from ninja import Field, Query, Router, Schema

from accounts.actions.contact import mobile_number
from accounts.api.authentication import ANYBODY
from accounts.api.people import (
    FollowRelation,
    ListedPersonOut,
    PersonOut,
    find_person,
    follow_relation,
    person_fields,
    read_id,
)
from accounts.http import MemberRequest
from accounts.models import User
from common.api import PROBLEMS, IdPaging, Listed, NotFound, Paging, Problem, absolute, listed
from common.linkify import normalize_tag
from common.pagination import Page, page_by_id, url_after
from common.text import clean_line
from feed.explore import ExploreCursor, explore_page
from feed.home import home_posts
from feed.models import TagFollow, TagMute
from feed.profiles import count_visible_posts, posts_of, profiles_for, tagged_page
from feed.suggestions import suggestions_after
from feed.tag_views import is_tag
from feed.tags import posts_with_tag
from posts.api import PostOut, for_answers, post_fields, post_out
from posts.models import Post
from social.queries import with_visible_content

router = Router(tags=["people"])


class RelationOut(Schema):
    """What the one who asks is to somebody. The three last only they themselves are told."""

    standing: FollowRelation
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
            standing=follow_relation(request, person),
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
        "is_open": person.is_content_visible,
        "viewer": viewer,
    }


def own_profile_out(request: MemberRequest) -> OwnProfileOut:
    """Three queries, whatever the token or session cost."""
    person = profiles_for(request.user).get(pk=request.user.pk)
    return OwnProfileOut(
        **profile_fields(request, person), email=person.email, mobile=mobile_number(request.user) or None
    )


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
    person = find_person(with_visible_content(request.user).for_display(), id)
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


class ExplorePostOut(PostOut):
    """A post in Explore."""

    seen: bool = Field(description="Whether the caller saw it there in the last week: such posts come last.")


@router.get("/explore", auth=ANYBODY, tags=["posts"], response={200: Listed[ExplorePostOut], **PROBLEMS})
def list_explore(request: HttpRequest, response: HttpResponse, paging: Query[Paging]) -> Listed[ExplorePostOut]:
    """List recent posts that people like, by authors whom the caller does not follow.

    Reading the list marks nothing as seen: report what was in view with POST /api/explore/seen.
    """
    cursor = ExploreCursor.parse(paging.cursor)
    found = explore_page(request.user, cursor=cursor, count=paging.limit, load=for_answers)
    items = [
        ExplorePostOut(**post_fields(request, post), seen=number >= found.new_count)
        for number, post in enumerate(found.posts)
    ]
    return listed(request, response, Page([], url_after(request, found.next) if found.next else ""), items)


@router.get("/tags/{id}/posts", auth=ANYBODY, tags=["posts"], response={200: Listed[PostOut], **PROBLEMS})
def list_posts_of_tag(
    request: HttpRequest,
    response: HttpResponse,
    id: str,  # noqa: A002
    paging: Query[IdPaging],
) -> Listed[PostOut]:
    """List the posts with a tag, the newest first. `{id}` is the tag without #."""
    posts = posts_with_tag(normal_tag(id), request.user)
    page = page_by_id(request, for_answers(posts, request.user), paging.limit)
    return listed(request, response, page, [post_out(request, post) for post in page])


class SuggestedPersonOut(ListedPersonOut):
    """A person whom the caller might want to follow."""

    reason: str = Field(description="Why they are suggested, a sentence for people.", examples=["Followed by anna"])


class SuggestionPaging(Paging):
    cursor: str = Field("", pattern=r"^([0-9]{1,3})?$", description="`next` of the page before, as it was.")


@router.get("/suggestions", response={200: Listed[SuggestedPersonOut], **PROBLEMS})
def list_suggestions(
    request: MemberRequest, response: HttpResponse, paging: Query[SuggestionPaging]
) -> Listed[SuggestedPersonOut]:
    """List people whom the caller might want to follow, each with the reason."""
    people, end = suggestions_after(request.user, int(paging.cursor or 0), count=paging.limit)
    items = [
        SuggestedPersonOut(
            **person_fields(request, person),
            standing=follow_relation(request, person),
            reason=person.reason,  # type: ignore[attr-defined]  # set by suggestions_after
        )
        for person in people
    ]
    return listed(request, response, Page([], "" if end is None else url_after(request, end)), items)


class TagOut(Schema):
    tag: str = Field(description="Without #, in its normal form.", examples=["sunset"])
    url: str


@router.get("/user/tags", tags=["tags"], response={200: Listed[TagOut], **PROBLEMS})
def list_followed_tags(request: MemberRequest, response: HttpResponse, paging: Query[IdPaging]) -> Listed[TagOut]:
    """List the tags that the caller follows, the last followed first."""
    return _tags(request, response, TagFollow.objects.filter(person=request.user), paging.limit)


@router.get("/user/muted-tags", tags=["tags"], response={200: Listed[TagOut], **PROBLEMS})
def list_muted_tags(request: MemberRequest, response: HttpResponse, paging: Query[IdPaging]) -> Listed[TagOut]:
    """List the tags that the caller has muted, the last muted first."""
    return _tags(request, response, TagMute.objects.filter(person=request.user), paging.limit)


def _tags(request: MemberRequest, response: HttpResponse, rows: QuerySet[Any], size: int) -> Listed[TagOut]:
    page = page_by_id(request, rows.select_related("hashtag"), size)
    items = [TagOut(tag=row.hashtag.name, url=absolute(request, row.hashtag.get_absolute_url())) for row in page]
    return listed(request, response, page, items)


def normal_tag(ref: str) -> str:
    """Return the normal form of the tag `ref`. Raises NotFound if no caption can carry it."""
    name = normalize_tag(clean_line(ref))
    if not is_tag(name):
        raise NotFound
    return name


def _check_own(request: MemberRequest, ref: str) -> None:
    """Raises 403 for whoever else: the same whether they are there or not, so that nothing is told of them."""
    try:
        is_own = ref.lower() == f"@{request.user.username}" or read_id(ref) == request.user.pk
    except NotFound:
        is_own = False
    if not is_own:
        raise Problem(403, "not-yours", "This is for its owner alone.")
