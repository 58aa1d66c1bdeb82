"""The page of one post, which the views of posts and of comments show."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.functional import SimpleLazyObject

from accounts.http import SiteRequest
from common.csrf import csrf_field
from common.fast_reverse import fast_reverse
from common.pagination import Page, cursor_of, page_of
from posts.comment_rows import CommentRows
from posts.comments import COMMENTS_PER_PAGE, newest_replies_of, newest_threads_of, pinned_comments_of
from posts.forms.comments import CommentForm
from posts.loaded import more_posts_of
from posts.models import Comment, Post
from posts.preview import describe


def post_page(
    request: SiteRequest, post: Post, comment_form: CommentForm, *, thread: Comment | None = None, status: int = 200
) -> HttpResponse:
    """Render the page of `post`, which comes from `posts.loaded`.

    With `thread`, which comes from `visible_comment`, only this thread is shown, open.
    """
    context: dict[str, Any]
    if thread is None:
        context = {"pinned": pinned_comments(request, post), "comments": newest_comments(request, post)}
    else:
        context = {"comments": Page([thread]), "thread": thread, "thread_replies": newest_replies(request, thread)}
    context |= {
        "post": post,
        "comment_form": comment_form,
        "preview": describe(request, post) if post.has_preview else None,
    }
    if post.state == "published":
        context["more_posts"] = more_posts_of(post.author_id, request.user, but=post.pk)
    return render(request, "posts/post.html", context, status=status)


def comment_rows_for(request: SiteRequest, post: Post) -> CommentRows:
    """Return what renders comments of `post` without a template."""
    return CommentRows(request.user, post.comments_off, SimpleLazyObject(lambda: csrf_field(request)))


def pinned_comments(request: SiteRequest, post: Post) -> list[Comment]:
    """Return the pinned comments, the last pinned first; none past the first page of comments. One query."""
    return pinned_comments_of(post.pk, request.user) if cursor_of(request) is None else []


def newest_comments(request: SiteRequest, post: Post) -> Page[Comment]:
    """Return one page of the threads of `post`, oldest first; the next page has older ones. One query."""
    threads = newest_threads_of(post.pk, request.user, before=cursor_of(request))
    # The post's own page continues at the list of comments, too.
    return _oldest_first(request, threads, fast_reverse("posts:comments", post.shortcode))


def newest_replies(request: SiteRequest, thread: Comment) -> Page[Comment]:
    """Return one page of the replies under `thread`, which comes from `visible_comment`, like `newest_comments`."""
    replies = newest_replies_of(thread.pk, request.user, before=cursor_of(request))
    return _oldest_first(request, replies, fast_reverse("posts:replies", thread.post.shortcode, thread.pk))


def _oldest_first(request: SiteRequest, comments: list[Comment], url: str) -> Page[Comment]:
    """Return a page of comments, oldest first, that continues at `url`."""
    page = page_of(request, comments, COMMENTS_PER_PAGE)
    page.items.reverse()
    if page.next_url:
        page.next_url = f"{url}?{page.next_url.split('?', 1)[1]}"
    return page
