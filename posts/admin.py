from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from common.admin import FIGURES, CreatedFilter, Figure, ModeratedAdmin, shown_time, start_of_day
from common.forms import GraphemeField
from common.ids import first_id_at
from common.limits import MAX_HIDDEN_WORD_CHARS
from common.text import shorten
from posts.actions.comments import remove_comment, restore_comment
from posts.actions.moderation import remove_post, restore_post
from posts.models import Comment, HiddenWord, Media, Post, normalize_words
from posts.models.media import MediaState


class RemovedFilter(admin.SimpleListFilter):
    title = "standing"
    parameter_name = "standing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("visible", "Visible"), ("removed", "Removed")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() in {"visible", "removed"}:
            return queryset.filter(removed_at__isnull=self.value() == "visible")
        return queryset


class StateFilter(RemovedFilter):
    """The filter of posts, which can also select posts whose photos or videos could not be processed."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [*super().lookups(request, model_admin), ("failed", "Failed")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "failed":
            return queryset.filter(published_at=None, pk__in=failed_media().values("post_id"))
        return super().queryset(request, queryset)


class SharedFilter(CreatedFilter):
    title = "shared"
    parameter_name = "shared"


def failed_media() -> QuerySet[Media]:
    return Media.objects.filter(state=MediaState.FAILED, post__deleted_at=None, post__published_at=None)


@FIGURES.append
def posts_today() -> Figure:
    count = Post.objects.filter(pk__gte=first_id_at(start_of_day()), deleted_at=None).count()
    return Figure("Posts shared today", count, f"{reverse('admin:posts_post_changelist')}?shared=today")


@FIGURES.append
def media_failed() -> Figure:
    count = failed_media().filter(post__isnull=False).count()
    return Figure(
        "Files that could not be processed", count, f"{reverse('admin:posts_post_changelist')}?standing=failed"
    )


class ArchivedFilter(admin.SimpleListFilter):
    title = "archive"
    parameter_name = "archived"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("no", "Not archived"), ("yes", "Archived by its author")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() in {"no", "yes"}:
            return queryset.filter(archived_at__isnull=self.value() == "no")
        return queryset


class ReadOnlyAdmin(ModeratedAdmin):
    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [name for name in self.fields or [] if isinstance(name, str)]


@admin.register(Post)
class PostAdmin(ReadOnlyAdmin):
    """View posts with their photos; remove and restore them."""

    list_display = [
        *["thumbnail", "shortcode", "author", "caption_start", "made", "edited_at"],
        *["likes_", "comments_", "audience", "standing"],
    ]
    list_display_links = ["thumbnail", "shortcode"]
    list_filter = [StateFilter, SharedFilter, "audience", ArchivedFilter, "published_at"]
    search_fields = ["caption", "location", "author__username"]
    search_help_text = "A part of a caption, a place or a username"
    ordering = ["-id"]
    list_per_page = 30
    show_full_result_count = False
    actions = ["remove", "restore"]
    fields = [
        "photos",
        "author",
        "caption",
        "location",
        "made",
        "published_at",
        "edited_at",
        "archived_at",
        "audience",
        "likes_",
        "comments_",
        "standing",
        "page",
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Post]:
        return Post.objects.filter(deleted_at__isnull=True).for_cards(request.user)

    @admin.display(description="photo")
    def thumbnail(self, post: Post) -> SafeString | str:
        thumb = post.slides[0].thumb if post.slides else ""
        return format_html('<img src="{}" height="80" alt="">', thumb) if thumb else post.state

    @admin.display(description="photos")
    def photos(self, post: Post) -> SafeString:
        pictures = ((medium.thumb, medium.alt) for medium in post.slides if medium.thumb)
        return format_html_join(" ", '<img src="{}" alt="{}" height="240">', pictures)

    @admin.display(description="caption")
    def caption_start(self, post: Post) -> str:
        return shorten(post.caption, 80)

    @admin.display(description="shared", ordering="id")
    def made(self, post: Post) -> str:
        return shown_time(post.created_at)

    @admin.display(description="likes", ordering="folded_likes")
    def likes_(self, post: Post) -> int:
        return post.like_count

    @admin.display(description="comments", ordering="folded_comments")
    def comments_(self, post: Post) -> int:
        return post.comment_count

    @admin.display(description="standing")
    def standing(self, post: Post) -> str:
        return f"Removed: {post.removed_reason}" if post.removed_at else post.state.capitalize()

    @admin.display(description="on the site")
    def page(self, post: Post) -> SafeString:
        return format_html('<a href="{}">{}</a>', post.get_absolute_url(), post.get_absolute_url())

    @admin.action(description="Remove, with a reason", permissions=["change"])
    def remove(self, request: HttpRequest, rows: QuerySet[Post]) -> HttpResponse | None:
        return self.ask_reason(request, rows, verb="Remove", act=lambda post, reason: remove_post(post, reason=reason))

    @admin.action(description="Restore", permissions=["change"])
    def restore(self, request: HttpRequest, rows: QuerySet[Post]) -> None:
        self.act_on(request, rows, "Restored", restore_post)


@admin.register(Comment)
class CommentAdmin(ReadOnlyAdmin):
    """View, remove and restore comments."""

    list_display = ["text_start", "author", "post", "made", "standing"]
    list_filter = [RemovedFilter]
    list_select_related = ["author", "post"]
    search_fields = ["text", "author__username"]
    search_help_text = "A part of a comment or a username"
    ordering = ["-id"]
    list_per_page = 50
    show_full_result_count = False
    actions = ["remove", "restore"]
    fields = ["text", "author", "post", "parent", "made", "edited_at", "standing"]

    @admin.display(description="comment")
    def text_start(self, comment: Comment) -> str:
        return shorten(comment.text, 100)

    @admin.display(description="written", ordering="id")
    def made(self, comment: Comment) -> str:
        return shown_time(comment.created_at)

    @admin.display(description="standing")
    def standing(self, comment: Comment) -> str:
        return f"Removed: {comment.removed_reason}" if comment.removed_at else "Visible"

    @admin.action(description="Remove, with a reason", permissions=["change"])
    def remove(self, request: HttpRequest, rows: QuerySet[Comment]) -> HttpResponse | None:
        return self.ask_reason(
            request, rows, verb="Remove", act=lambda comment, reason: remove_comment(comment, reason=reason)
        )

    @admin.action(description="Restore", permissions=["change"])
    def restore(self, request: HttpRequest, rows: QuerySet[Comment]) -> None:
        self.act_on(request, rows, "Restored", restore_comment)


class SiteWordForm(forms.ModelForm):
    word = GraphemeField(
        max_graphemes=MAX_HIDDEN_WORD_CHARS,
        label="Word",
        help_text="A word or phrase. Comments that contain it wait for the approval of the post's author. "
        "Capitals, accents and punctuation don't matter.",
    )

    class Meta:
        model = HiddenWord
        fields = ["word"]

    def clean_word(self) -> str:
        word: str = self.cleaned_data["word"]
        pattern = normalize_words(word)
        if not pattern:
            raise forms.ValidationError("Enter at least one letter, digit or symbol.")
        if HiddenWord.objects.filter(owner=None, pattern=pattern).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError("This word is already on the list.")
        self.instance.pattern = pattern
        return word


@admin.register(HiddenWord)
class SiteWordAdmin(admin.ModelAdmin):
    """Hidden words of the site, which apply to all posts. Moderators do not see the lists of users."""

    form = SiteWordForm
    list_display = ["word"]
    search_fields = ["word"]
    ordering = ["pattern"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[HiddenWord]:
        return HiddenWord.objects.filter(owner=None)
