"""People who like a post or a comment, the newest like first, for pages and the API."""

from __future__ import annotations

from typing import Final

from accounts.models import Viewer
from accounts.statements import ViewerStatement
from posts.models import CommentLike, Like, Post
from social.lists import PeopleList

likers_of_post: Final = PeopleList("likers_of_post", Like.objects, of="post", who="liker")
likers_of_comment: Final = PeopleList("likers_of_comment", CommentLike.objects, of="comment", who="person")


def find_post_with_likers(post_id: int, viewer: Viewer) -> Post | None:
    """Return the post if `viewer` may see it and list its likers, or None. One query."""
    return _POST.first(viewer, post=post_id)


_POST: Final = ViewerStatement[Post](
    "post_with_likers",
    lambda viewer, post: Post.objects.visible_to(viewer).with_likers_visible_to(viewer).filter(pk=post),
    post="bigint",
)
