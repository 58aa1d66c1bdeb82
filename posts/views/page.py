"""The page of one post, which the views of posts and of comments show."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from accounts.http import SiteRequest
from common.limits import MAX_PINNED_COMMENTS
from common.pagination import Page, cursor_of, page_by_id
from posts.forms.comments import CommentForm
from posts.models import Comment, Post
from posts.preview import preview_of

COMMENTS_PER_PAGE = 20
MORE_POSTS = 6


def post_page(
    request: SiteRequest, post: Post, comment_form: CommentForm, *, thread: Comment | None = None, status: int = 200
) -> HttpResponse:
    """Render the page of `post`, which comes from `for_cards`.

    With `thread`, which comes from `visible_comment`, only this thread is shown, open.
    """
    context: dict[str, Any]
    if thread is None:
        context = {"pinned": pinned_comments(request, post), "comments": newest_comments(request, post)}
    else:
        context = {"comments": Page([thread]), "thread": thread, "thread_replies": newest_replies(request, thread)}
    context |= {"post": post, "comment_form": comment_form, "preview": preview_of(request, post)}
    if post.state == "published":
        context["more_posts"] = more_posts_of_author(request, post)
    return render(request, "posts/post.html", context, status=status)


def more_posts_of_author(request: SiteRequest, post: Post) -> list[Post]:
    """Return the newest other posts by the author of `post` that the viewer may see. Two queries."""
    posts = Post.objects.visible_to(request.user).filter(author_id=post.author_id).exclude(pk=post.pk)
    return list(posts.for_cards(request.user).order_by("-pk")[:MORE_POSTS])


def pinned_comments(request: SiteRequest, post: Post) -> list[Comment]:
    """Return the pinned comments, the last pinned first; none past the first page of comments. One query."""
    if cursor_of(request) is not None:
        return []
    pinned = Comment.objects.visible_to(request.user).filter(post=post, pinned_at__isnull=False)
    return list(pinned.with_viewer_state(request.user).order_by("-pinned_at")[:MAX_PINNED_COMMENTS])


def newest_comments(request: SiteRequest, post: Post) -> Page[Comment]:
    """Return one page of the threads of `post`, oldest first; the next page has older ones. One query."""
    threads = Comment.objects.threads().visible_to(request.user).filter(post=post, pinned_at=None)
    page = page_by_id(request, threads.with_viewer_state(request.user), COMMENTS_PER_PAGE)
    # The post's own page continues at the list of comments, too.
    return _oldest_first(page, reverse("posts:comments", args=[post.shortcode]))


def newest_replies(request: SiteRequest, thread: Comment) -> Page[Comment]:
    """Return one page of the replies under `thread`, which comes from `visible_comment`, like `newest_comments`."""
    replies = Comment.objects.visible_ignoring_thread(request.user).filter(parent=thread)
    page = page_by_id(request, replies.with_viewer_state(request.user), COMMENTS_PER_PAGE)
    return _oldest_first(page, reverse("posts:replies", args=[thread.post.shortcode, thread.pk]))


def _oldest_first(page: Page[Comment], url: str) -> Page[Comment]:
    """Reverse a page of comments, and let it continue at `url`."""
    page.items.reverse()
    if page.next_url:
        page.next_url = f"{url}?{page.next_url.split('?', 1)[1]}"
    return page
