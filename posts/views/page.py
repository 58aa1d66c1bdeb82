"""The page of one post: what the views of posts and of comments both answer with."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render

from accounts.http import SiteRequest
from accounts.models import DISPLAY_FIELDS
from common.pagination import Page, page_by_id
from posts.forms import CommentForm
from posts.models import Comment, Post
from posts.preview import preview_of

COMMENTS_PER_PAGE = 20


def post_page(request: SiteRequest, post: Post, comment_form: CommentForm, status: int = 200) -> HttpResponse:
    """`post` comes from `for_cards()`."""
    context = {
        "post": post,
        "comments": newest_comments(request, post),
        "comment_form": comment_form,
        "preview": preview_of(request, post),
    }
    return render(request, "posts/post.html", context, status=status)


def newest_comments(request: SiteRequest, post: Post) -> Page[Comment]:
    """One page of the comments of `post`, the oldest of the page first; the next page is of older ones. One query."""
    comments = (
        Comment.objects.visible_to(request.user)
        .filter(post=post)
        .select_related("author")
        .only("id", "post_id", "text", "hidden_until_approved", *(f"author__{name}" for name in DISPLAY_FIELDS))
    )
    page = page_by_id(request, comments, COMMENTS_PER_PAGE)
    page.items.reverse()
    for comment in page:
        comment.post = post
        mark_deletable(request, comment)
    if page.next_url:
        # The post's own page, too, continues at the list of comments.
        page.next_url = f"{post.get_absolute_url()}comments/?{page.next_url.split('?', 1)[1]}"
    return page


def mark_deletable(request: SiteRequest, comment: Comment) -> None:
    """Set `deletable` for the one who asks: their own comment, or any under their own post; and `approvable`."""
    comment.deletable = request.user.pk in {comment.author_id, comment.post.author_id}
    comment.approvable = comment.hidden_until_approved and request.user.pk == comment.post.author_id
