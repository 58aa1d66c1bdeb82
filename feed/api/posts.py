"""Lists of posts in the JSON API: of a person, of the home page, of a tag."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, HttpResponse
from ninja import Field, Query

from accounts.api.authentication import ANYBODY
from accounts.api.people import find_person, read_id
from accounts.http import MemberRequest
from accounts.models import Feed, User
from common.api import PROBLEMS, ApiRouter, IdPaging, Listed, NotFound, Paging, Problem, listed
from common.pagination import Page, url_after
from common.statements import Statement
from feed.api.tags import normal_tag
from feed.feeds import feed_page
from feed.for_you import Reason
from feed.home import shown_on_home, unmuted_posts
from feed.profiles import posts_of, tagged_page
from feed.ranking import Kind
from feed.tags import posts_with_tag
from posts.api.output import PostOut, for_output, newest_output, page_of_output, post_fields, post_out, visible_output
from posts.models import Post
from social.queries import with_visible_content

router = ApiRouter(tags=["posts"])

CURSOR_PATTERN = r"^([0-9]{0,19}|[0-9]{1,15}_([0-9]{1,3}|before_[0-9]{1,19}))$"


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
        page = tagged_page(request, person, visible_output, paging.limit)
    else:
        page = page_of_output(request, _POSTS_OF_PERSON, paging.limit, author=person.pk)
    return listed(request, response, page, [post_out(request, post) for post in page])


_POSTS_OF_PERSON: Final = newest_output(
    "output_of_person", lambda viewer, author: posts_of(User(pk=author), viewer), author="bigint"
)


class HomePostOut(PostOut):
    """A post in a feed of the caller."""

    followed_tag: str = Field(
        description='The followed tag that is the reason for the post; "" if the caller follows the author.'
    )
    reason: Kind | None = Field(
        description="Why the post is in the feed: the caller often likes or comments on posts of the author (likes, "
        "comments), the author is a favourite or followed, the post has a followed tag, or it is the caller's own. "
        "Null in Following and Favourites, except for tags, and for older posts in For you."
    )


class FeedPaging(Paging):
    kind: Feed = Field(
        Feed.FOLLOWING,
        description="following: newest first. favourites: all posts of the caller's favourites, newest first. for-you: "
        "the newest posts of Following, ranked by age, by how often the caller likes and comments on posts of the "
        "author, and by favourites; posts seen before come last, and then older posts, newest first.",
    )
    cursor: str = Field("", pattern=CURSOR_PATTERN, description="`next` of the previous page, unchanged.")


@router.get("/feed/{id}", response={200: Listed[HomePostOut], **PROBLEMS})
def get_feed(
    request: MemberRequest,
    response: HttpResponse,
    id: str,  # noqa: A002
    paging: Query[FeedPaging],
) -> Listed[HomePostOut]:
    """List the posts of one of the caller's feeds: of followed people and tags. 403 for other people's."""
    _check_own(request, id)
    load = _favourites_output if paging.kind == Feed.FAVOURITES else _home_output
    found = feed_page(request.user, paging.kind, cursor=paging.cursor, count=paging.limit, load=load)
    page = Page(found.posts, url_after(request, found.next_cursor) if found.next_cursor else "")
    items = [_home_post_out(request, post, found.reasons.get(post.pk)) for post in page]
    return listed(request, response, page, items)


def _home_post_out(request: HttpRequest, post: Post, reason: Reason | None) -> HomePostOut:
    tag, kind = (reason.tag, reason.kind) if reason else ("", None)
    return HomePostOut(**post_fields(request, post), followed_tag=tag, reason=kind)


def _home_output(reader: User, ids: list[int]) -> list[Post]:
    return _HOME_OUTPUT.rows(reader=reader.pk, ids=ids)


_HOME_OUTPUT: Final = Statement[Post](
    "home_output",
    lambda reader, ids: for_output(shown_on_home(User(pk=reader), ids), User(pk=reader)),
    reader="bigint",
    ids="bigint[]",
)


def _favourites_output(reader: User, ids: list[int]) -> list[Post]:
    return _FAVOURITES_OUTPUT.rows(reader=reader.pk, ids=ids)


_FAVOURITES_OUTPUT: Final = Statement[Post](
    "favourites_output",
    lambda reader, ids: for_output(unmuted_posts(User(pk=reader), ids), User(pk=reader)),
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
    page = page_of_output(request, _POSTS_WITH_TAG, paging.limit, tag=normal_tag(id))
    return listed(request, response, page, [post_out(request, post) for post in page])


_POSTS_WITH_TAG: Final = newest_output("output_of_tag", lambda viewer, tag: posts_with_tag(tag, viewer), tag="text")
