"""What the admin pages of people, posts and comments share: an action that asks for a reason, and the log."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from allauth.account.decorators import secure_admin_login
from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.options import ModelAdmin
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

MAX_REASON_CHARS = 500


class ModeratedAdmin(ModelAdmin):
    """Rows are looked at and moderated here, not made, edited or deleted."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def ask_reason(
        self, request: HttpRequest, rows: QuerySet[Any], *, verb: str, act: Callable[[Any, str], bool]
    ) -> HttpResponse | None:
        """An admin action in two steps: a page that asks why, then `act(row, reason)` for each row.

        Each change is in the admin log with its reason; rows that were in that state already are not.
        """
        reason = request.POST.get("reason", "").strip()[:MAX_REASON_CHARS]
        if "confirmed" in request.POST and reason:
            self.act_on(request, rows, f"{verb}: {reason}", lambda row: act(row, reason))
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": f"{verb} {rows.count()} {self.opts.verbose_name_plural}",
            "rows": rows,
            "verb": verb,
            "opts": self.opts,
            "action": request.POST["action"],
            "missing": "confirmed" in request.POST,
            "max_length": MAX_REASON_CHARS,
        }
        return render(request, "admin/ask_reason.html", context)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Only what was changed here: the rest of the row may have moved since the page was opened."""
        many_to_many = {field.name for field in self.opts.many_to_many}
        if changed := [name for name in form.changed_data if name not in many_to_many]:
            obj.save(update_fields=changed)

    def act_on(self, request: HttpRequest, rows: Iterable[Model], message: str, act: Callable[[Any], bool]) -> None:
        """Do `act` to each row, log those that it changed, and say how many."""
        count = 0
        for row in rows:
            # Together, so that nothing is done and not logged, whatever happens to the rows after it.
            with transaction.atomic():
                if act(row):
                    count += 1
                    LogEntry.objects.log_actions(request.user.pk or 0, [row], CHANGE, message, single_object=True)
        name = self.opts.verbose_name if count == 1 else self.opts.verbose_name_plural
        level = messages.SUCCESS if count else messages.WARNING
        self.message_user(request, f"{count} {name} changed." if count else "Nothing to change.", level)


# Moderators sign in where everybody does, with its limits on guessing.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
admin.site.site_header = admin.site.site_title = "Moderation"
admin.site.index_title = "What there is"
