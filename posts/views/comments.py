from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.form_keys import Submission
from accounts.http import MemberRequest, SiteRequest
from common.http import varies_by_htmx
from common.refusals import Refusal
from posts.actions import comments as actions
from posts.forms.comments import CommentForm
from posts.models import Comment, Post
from posts.views.lookup import (
    does_not_exist_as_404,
    editable_comment,
    own_post,
    thread_url,
    visible_card,
    visible_comment,
    visible_post,
    visible_thread,
)
from posts.views.page import comment_rows_for, newest_comments, newest_replies, pinned_comments, post_page


@require_POST
def add(request: MemberRequest, shortcode: str) -> HttpResponse:
    """Add a comment or, with `parent`, a reply.

    htmx gets the comment, or the thread of the reply, together with an empty form. An invalid form comes back with
    422 and the text that was typed.
    """
    post = visible_card(request, shortcode)
    form = CommentForm(request.POST)
    is_valid = form.is_valid()
    added: Comment | None = None
    try:
        # An invalid form needs it, too, to remain the form of a reply.
        form.reply_to = _replied_to(request, post, form.cleaned_data["parent"])
        if is_valid:
            added = _add_once(request, post, form)
    except Refusal as refused:
        form.reply_to = None
        form.add_error("text", str(refused))
    if added is None:
        if not request.htmx:
            return post_page(request, post, form, status=422)
        return render(request, "posts/_comment_refused.html", {"post": post, "comment_form": form}, status=422)
    if not request.htmx:
        return redirect(_url_after_change(post, added))
    context: dict[str, Any] = {"post": _with_counts(request, post), "comment_form": CommentForm()}
    if added.parent_id:
        thread = visible_comment(request, post, added.parent_id)
        context |= {"comment": thread, "thread_replies": newest_replies(request, thread)}
        return render(request, "posts/_reply_added.html", context)
    # Read again, with the annotations that the template needs.
    context["comment"] = visible_comment(request, post, added.pk)
    return render(request, "posts/_comment_added.html", context)


def _add_once(request: MemberRequest, post: Post, form: CommentForm) -> Comment:
    """Return the new comment, or the one that an identical submission of the form wrote."""
    added: Comment | None = None

    def add() -> int:
        nonlocal added
        added = actions.add_comment(post, author=request.user, text=form.cleaned_data["text"], reply_to=form.reply_to)
        return added.pk

    with does_not_exist_as_404():
        comment_id = Submission(request).run_once(add)
    return added or visible_comment(request, post, comment_id)


def _replied_to(request: MemberRequest, post: Post, comment_id: int | None) -> Comment | None:
    """Return the comment that is replied to, or None. Raises Refusal if the viewer may not see it."""
    if comment_id is None:
        return None
    found = Comment.objects.visible_to(request.user).filter(post=post, pk=comment_id).select_related("author").first()
    if found is None:
        raise Refusal(actions.PARENT_IS_GONE)
    return found


def _with_counts(request: SiteRequest, post: Post) -> Post:
    """Return the post with its current counts."""
    return get_object_or_404(Post.objects.for_cards(request.user), pk=post.pk)


@require_safe
@login_not_required
def older(request: SiteRequest, shortcode: str) -> HttpResponse:
    """Show further comments: a fragment for htmx, otherwise the post's page from the cursor on."""
    post = visible_card(request, shortcode)
    if not request.htmx:
        return varies_by_htmx(post_page(request, post, CommentForm()))
    context = {"post": post, "pinned": pinned_comments(request, post), "comments": newest_comments(request, post)}
    return varies_by_htmx(render(request, "posts/_comments.html", context))


@require_safe
@login_not_required
def replies(request: SiteRequest, shortcode: str, comment_id: int) -> HttpResponse:
    """Show the replies of one thread: a fragment for htmx, otherwise the post's page with that thread open."""
    post = visible_card(request, shortcode)
    thread = visible_thread(request, post, comment_id)
    if not request.htmx:
        return varies_by_htmx(post_page(request, post, CommentForm(), thread=thread))
    context = {"post": post, "comments": newest_replies(request, thread), "more": "View more replies"}
    return varies_by_htmx(render(request, "posts/_comments.html", context))


@require_safe
def reply(request: MemberRequest, shortcode: str, comment_id: int) -> HttpResponse:
    """Show the post's page with a thread open and a reply begun, for browsers without JavaScript."""
    post = visible_card(request, shortcode)
    reply_to = thread = visible_comment(request, post, comment_id)
    if reply_to.parent_id is not None:
        thread = visible_comment(request, post, reply_to.parent_id)
    form = CommentForm(initial={"text": f"@{reply_to.author.username} "})
    form.reply_to = reply_to
    return post_page(request, post, form, thread=thread)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: MemberRequest, shortcode: str, comment_id: int) -> HttpResponse:
    """Edit the viewer's own comment: GET shows the form, POST saves. A fragment for htmx, otherwise a page."""
    post = visible_post(request, shortcode)
    comment = editable_comment(request, post, comment_id)
    form = CommentForm(request.POST if request.method == "POST" else None, initial={"text": comment.text})
    if request.method == "POST" and form.is_valid():
        try:
            with does_not_exist_as_404():
                actions.edit_comment(comment, text=form.cleaned_data["text"])
        except Refusal as refused:
            form.add_error("text", str(refused))
        else:
            return varies_by_htmx(_line_or_redirect(request, post, comment))
    template = "posts/_comment_editing.html" if request.htmx else "posts/edit_comment.html"
    context = {"post": post, "comment": comment, "form": form}
    return varies_by_htmx(render(request, template, context, status=422 if form.errors else 200))


@require_safe
@login_not_required
def show(request: SiteRequest, shortcode: str, comment_id: int) -> HttpResponse:
    """Redirect to the comment within its thread. htmx gets the comment's line, when an edit is cancelled."""
    post = visible_card(request, shortcode)
    comment = visible_comment(request, post, comment_id)
    if not request.htmx:
        return varies_by_htmx(redirect(thread_url(post, comment)))
    return varies_by_htmx(_line(request, post, comment))


@require_POST
def pin(request: MemberRequest, shortcode: str, comment_id: int) -> HttpResponse:
    post = own_post(request, shortcode)
    comment = visible_comment(request, post, comment_id)
    try:
        with does_not_exist_as_404():
            actions.pin_comment(comment)
    except Refusal as refused:
        if not request.htmx:
            messages.error(request, str(refused))
            return redirect(f"{post.get_absolute_url()}#comment-{comment.pk}")
        return _line(request, post, comment, refusal=str(refused), status=422)
    return _line_or_redirect(request, post, comment)


@require_POST
def unpin(request: MemberRequest, shortcode: str, comment_id: int) -> HttpResponse:
    post = own_post(request, shortcode)
    comment = visible_comment(request, post, comment_id)
    actions.unpin_comment(comment)
    return _line_or_redirect(request, post, comment)


def _line_or_redirect(request: MemberRequest, post: Post, comment: Comment) -> HttpResponse:
    """Return the updated line of a comment for htmx; otherwise redirect to the comment."""
    if not request.htmx:
        return redirect(_url_after_change(post, comment))
    return _line(request, post, visible_comment(request, post, comment.pk))


def _url_after_change(post: Post, comment: Comment) -> str:
    """Return the URL that shows a reply within its thread, and another comment on the post's page."""
    return thread_url(post, comment) if comment.parent_id else f"{post.get_absolute_url()}#comment-{comment.pk}"


def _line(request: SiteRequest, post: Post, comment: Comment, *, refusal: str = "", status: int = 200) -> HttpResponse:
    return HttpResponse(comment_rows_for(request, post).line(comment, refusal=refusal), status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: MemberRequest, shortcode: str, comment_id: int) -> HttpResponse:
    """Delete a comment. GET asks for confirmation, for browsers without JavaScript."""
    post = visible_post(request, shortcode)
    deletable = Comment.objects.deletable_by(request.user).filter(post=post).select_related("author", "post")
    comment = get_object_or_404(deletable, pk=comment_id)
    if request.method != "POST":
        return render(request, "posts/confirm_delete_comment.html", {"post": post, "comment": comment})
    actions.delete_comment(comment)
    if not request.htmx:
        return redirect(post)
    return render(request, "posts/_comment_deleted.html", {"post": _with_counts(request, post)})


@require_POST
def approve(request: MemberRequest, shortcode: str, comment_id: int) -> HttpResponse:
    """Approve a comment that waits under the viewer's own post. htmx gets the updated comment."""
    post = visible_post(request, shortcode)
    waiting = Comment.objects.visible_to(request.user).waiting_for(request.user).filter(post=post)
    actions.approve_comment(get_object_or_404(waiting, pk=comment_id))
    comment = visible_comment(request, post, comment_id)
    if not request.htmx:
        return redirect(f"{post.get_absolute_url()}#comment-{comment_id}")
    context = {"post": _with_counts(request, post), "comment": comment}
    return render(request, "posts/_comment_approved.html", context)


@require_POST
def turn_on(request: MemberRequest, shortcode: str) -> HttpResponse:
    return _turn(request, shortcode, on=True)


@require_POST
def turn_off(request: MemberRequest, shortcode: str) -> HttpResponse:
    return _turn(request, shortcode, on=False)


def _turn(request: MemberRequest, shortcode: str, *, on: bool) -> HttpResponse:
    post = own_post(request, shortcode)
    if actions.set_comments_enabled(post, on=on):
        messages.success(request, f"Comments are turned {'on' if on else 'off'}.")
    return redirect(post)
