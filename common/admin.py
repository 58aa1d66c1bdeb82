"""Shared parts of the admin pages of people, posts and comments: actions with a reason, and the log."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from allauth.account.decorators import secure_admin_login
from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.options import ModelAdmin
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.formats import date_format

from common.ids import first_id_at

MAX_REASON_CHARS = 500


class ModeratedAdmin(ModelAdmin):
    """Admin pages for viewing and moderating rows that moderators cannot add or delete."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def ask_reason(
        self, request: HttpRequest, rows: QuerySet[Any], *, verb: str, act: Callable[[Any, str], bool]
    ) -> HttpResponse | None:
        """Run an admin action in two steps: a page that asks for a reason, then `act(row, reason)` for each row.

        Each change is logged with its reason; rows that were already in the target state are not logged.
        """
        reason = request.POST.get("reason", "").strip()[:MAX_REASON_CHARS]
        if "confirmed" in request.POST and reason:
            self.act_on(request, rows, f"{verb}: {reason}", lambda row: act(row, reason))
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": f"{verb} {self.counted(rows.count())}",
            "rows": rows,
            "verb": verb,
            "opts": self.opts,
            "action": request.POST["action"],
            "missing": "confirmed" in request.POST,
            "max_length": MAX_REASON_CHARS,
        }
        return render(request, "admin/ask_reason.html", context)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save only the changed fields: the others may have changed since the page was opened."""
        many_to_many = {field.name for field in self.opts.many_to_many}
        if changed := [name for name in form.changed_data if name not in many_to_many]:
            obj.save(update_fields=changed)

    def act_on(self, request: HttpRequest, rows: Iterable[Model], message: str, act: Callable[[Any], bool]) -> None:
        """Call `act` for each row, log the rows that it changed, and show a message with their number."""
        count = 0
        for row in rows:
            # One transaction per row, so that a failure in a later row leaves no change without a log entry.
            with transaction.atomic():
                if act(row):
                    count += 1
                    LogEntry.objects.log_actions(request.user.pk or 0, [row], CHANGE, message, single_object=True)
        level = messages.SUCCESS if count else messages.WARNING
        self.message_user(request, f"{self.counted(count)} changed." if count else "Nothing to change.", level)

    def counted(self, count: int) -> str:
        """Format a number of rows with the model's name: "1 person", "2 people"."""
        return f"{count} {self.opts.verbose_name if count == 1 else self.opts.verbose_name_plural}"


class CreatedFilter(admin.SimpleListFilter):
    """Filter rows by the day of their creation, using the time in their ids."""

    title = "created"
    parameter_name = "created"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("today", "Today"), ("week", "Past 7 days")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() in {"today", "week"}:
            return queryset.filter(pk__gte=first_id_at(start_of_day(days_ago=0 if self.value() == "today" else 6)))
        return queryset


def start_of_day(*, days_ago: int = 0) -> datetime:
    """Return the last midnight in the site's time zone, or the one `days_ago` days earlier."""
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - timedelta(days=days_ago)


def shown_time(moment: datetime) -> str:
    """Format `moment` as the admin formats date fields; it prints the values of properties unformatted."""
    return date_format(timezone.localtime(moment), "DATETIME_FORMAT")


@dataclass(frozen=True)
class Figure:
    """A number on the overview, with a link to the list of the counted rows."""

    label: str
    count: int
    url: str


FIGURES: Final[list[Callable[[], Figure]]] = []
"""Functions that compute the figures of the overview, added by the apps; each costs one query."""


class ModerationSite(admin.AdminSite):
    """The moderators' admin site: an overview with today's figures, and a box with lists for each app."""

    site_header = site_title = "Moderation"
    index_title = "Overview"
    index_template = "admin/overview.html"

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        return super().index(request, {**(extra_context or {}), "figures": [figure() for figure in FIGURES]})

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Send moderators to the site's sign-in page, which limits failed attempts."""
        answer: HttpResponse = secure_admin_login(super().login)(request, extra_context)
        return answer
