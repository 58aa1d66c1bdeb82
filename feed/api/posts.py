"""Lists of posts in the JSON API: of a person, of the home page, of a tag."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, HttpResponse
from ninja import Field, Query, Router

from accounts.api.authentication import ANYBODY
from accounts.api.people import find_person, read_id
from accounts.http import MemberRequest
from accounts.models import User
from common.api import PROBLEMS, IdPaging, Listed, NotFound, Problem, listed
from common.pagination import Page, page_by_id, url_after
from common.statements import Statement
from feed.api.tags import normal_tag
from feed.home import read_home, shown_on_home
from feed.profiles import posts_of, tagged_page
from feed.tags import posts_with_tag
from posts.api.output import PostOut, for_output, post_fields, post_out
from posts.models import Post
from social.queries import with_visible_content

router = Router(tags=["posts"])


class PostsPaging(IdPaging):
    tagged: bool = Field(False, description="List posts in whose photos the person is tagged, instead of their own.")


@router.get("/users/{id}/posts", auth=ANYBODY, response={200: Listed[PostOut], **PROBLEMS})
def list_posts_of_person(
    request: HttpRequest,
    response: HttpResponse,
    id: str,  # noqa: A002
    paging: Query[PostsPaging],
) -> Listed[PostOut]:
    """List a person's posts, newest first. 404 if the account is private and not followed."""
    person = find_person(with_visible_content(request.user).for_display(), id)
    if paging.tagged:
        posts = for_output(Post.objects.visible_to(request.user), request.user)
        page = tagged_page(request, person, posts, paging.limit)
    else:
        page = page_by_id(request, for_output(posts_of(person, request.user), request.user), paging.limit)
    return listed(request, response, page, [post_out(request, post) for post in page])


class HomePostOut(PostOut):
    """A post on the caller's home page."""

    followed_tag: str = Field(
        description='The followed tag that is the reason for the post; "" if the caller follows the author.'
    )


@router.get("/feed/{id}", response={200: Listed[HomePostOut], **PROBLEMS})
def get_feed(
    request: MemberRequest,
    response: HttpResponse,
    id: str,  # noqa: A002
    paging: Query[IdPaging],
) -> Listed[HomePostOut]:
    """List the posts of the caller's home page, newest first: of followed people and tags. 403 for other people's."""
    _check_own(request, id)
    posts, end, followed_tags = read_home(request.user, before=paging.before, count=paging.limit, load=_home_output)
    page = Page(posts, url_after(request, end) if end else "")
    items = [HomePostOut(**post_fields(request, post), followed_tag=followed_tags.get(post.pk, "")) for post in page]
    return listed(request, response, page, items)


def _home_output(reader: User, ids: list[int]) -> list[Post]:
    return _HOME_OUTPUT.rows(reader=reader.pk, ids=ids)


_HOME_OUTPUT: Final = Statement[Post](
    "home_output",
    lambda reader, ids: for_output(shown_on_home(User(pk=reader), ids), User(pk=reader)),
    reader="bigint",
    ids="bigint[]",
)


def _check_own(request: MemberRequest, ref: str) -> None:
    """Raise a 403 unless `ref` is the caller. The answer does not reveal whether another person exists."""
    try:
        is_own = ref.lower() == f"@{request.user.username}" or read_id(ref) == request.user.pk
    except NotFound:
        is_own = False
    if not is_own:
        raise Problem(403, "not-yours", "Only the owner can see this.")


@router.get("/tags/{id}/posts", auth=ANYBODY, response={200: Listed[PostOut], **PROBLEMS})
def list_posts_of_tag(
    request: HttpRequest,
    response: HttpResponse,
    id: str,  # noqa: A002
    paging: Query[IdPaging],
) -> Listed[PostOut]:
    """List the posts with a tag, newest first. `{id}` is the tag without #."""
    posts = posts_with_tag(normal_tag(id), request.user)
    page = page_by_id(request, for_output(posts, request.user), paging.limit)
    return listed(request, response, page, [post_out(request, post) for post in page])
