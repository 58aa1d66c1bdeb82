from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.actions.moderation import restore_person, suspend_person
from accounts.models import User
from common.admin import FIGURES, CreatedFilter, Figure, ModeratedAdmin, shown_time, start_of_day
from common.ids import first_id_at


class AccountStatusFilter(admin.SimpleListFilter):
    title = "standing"
    parameter_name = "standing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("active", "Active"), ("suspended", "Suspended")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        if self.value() in {"active", "suspended"}:
            return queryset.filter(suspended_at__isnull=self.value() == "active")
        return queryset


class JoinedFilter(CreatedFilter):
    title = "joined"
    parameter_name = "joined"


@FIGURES.append
def people_today() -> Figure:
    count = User.objects.filter(pk__gte=first_id_at(start_of_day())).count()
    return Figure("People joined today", count, f"{reverse('admin:accounts_user_changelist')}?joined=today")


@admin.register(User)
class UserAdmin(ModeratedAdmin):
    """Find, inspect, suspend and restore users."""

    list_display = ["picture", "username", "name", "email", "joined", "followers", "posts_", "standing"]
    list_display_links = ["picture", "username"]
    list_filter = [AccountStatusFilter, JoinedFilter, "is_staff"]
    search_fields = ["username", "name", "email"]
    search_help_text = "Part of a username, a name or an email address"
    ordering = ["-id"]
    list_per_page = 50
    show_full_result_count = False
    actions = ["suspend", "restore"]
    fields = [
        "picture",
        "username",
        "email",
        "name",
        "bio",
        "link",
        "joined",
        "last_seen_at",
        "last_login",
        "followers",
        "following",
        "posts_",
        "standing",
        "is_staff",
        "groups",
        "profile",
    ]
    filter_horizontal = ["groups"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        people: QuerySet[User] = User.objects.with_counts()
        return people

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        """Make all fields read-only, except that superusers may change moderators and their groups."""
        open_fields = {"is_staff", "groups"} if request.user.is_superuser else set()
        return [name for name in self.fields or [] if isinstance(name, str) and name not in open_fields]

    @admin.display(description="picture")
    def picture(self, person: User) -> SafeString | str:
        if not person.avatar_small_url:
            return "No picture"
        return format_html('<img src="{}" width="40" height="40" alt="">', person.avatar_small_url)

    @admin.display(description="joined", ordering="id")
    def joined(self, person: User) -> str:
        return shown_time(person.created_at)

    @admin.display(description="followers", ordering="folded_followers")
    def followers(self, person: User) -> int:
        return person.followers_count

    @admin.display(description="following")
    def following(self, person: User) -> int:
        return person.following_count

    @admin.display(description="posts", ordering="folded_posts")
    def posts_(self, person: User) -> int:
        return person.posts_count

    @admin.display(description="standing", ordering="suspended_at")
    def standing(self, person: User) -> str:
        return "Active" if person.is_active else f"Suspended: {person.suspended_reason}"

    @admin.display(description="on the site")
    def profile(self, person: User) -> SafeString:
        return format_html('<a href="{}">{}</a>', person.get_absolute_url(), person.get_absolute_url())

    @admin.action(description="Suspend, with a reason", permissions=["change"])
    def suspend(self, request: HttpRequest, rows: QuerySet[User]) -> HttpResponse | None:
        # Moderators cannot suspend themselves, other moderators or superusers.
        rows = rows.exclude(username=request.user.get_username())
        if not request.user.is_superuser:
            rows = rows.filter(is_staff=False, is_superuser=False)
        return self.ask_reason(
            request, rows, verb="Suspend", act=lambda person, reason: suspend_person(person, reason=reason)
        )

    @admin.action(description="Restore", permissions=["change"])
    def restore(self, request: HttpRequest, rows: QuerySet[User]) -> None:
        self.act_on(request, rows, "Restored", restore_person)
