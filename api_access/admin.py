from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from api_access.actions.apps import delete_app
from api_access.actions.tokens import revoke_token
from api_access.models import OAuthApp, PersonalToken
from common.admin import ModeratedAdmin


@admin.register(PersonalToken)
class PersonalTokenAdmin(ModeratedAdmin):
    """Show the owner, expiry and last use of tokens, and revoke stolen ones."""

    list_display = ["name", "person", "may_write", "expires_at", "last_used_at"]
    list_select_related = ["person"]
    search_fields = ["person__username"]
    search_help_text = "Part of a username"
    ordering = ["-id"]
    show_full_result_count = False
    actions = ["revoke"]
    fields = ["name", "person", "may_write", "expires_at", "last_used_at"]
    readonly_fields = ["name", "person", "may_write", "expires_at", "last_used_at"]

    @admin.action(description="Revoke", permissions=["change"])
    def revoke(self, request: HttpRequest, rows: QuerySet[PersonalToken]) -> None:
        self.act_on(request, rows, "Revoked", revoke_token)


@admin.register(OAuthApp)
class OAuthAppAdmin(ModeratedAdmin):
    """Show the owner and redirect URIs of apps, and delete harmful ones."""

    list_display = ["name", "owner", "client_id", "is_confidential_"]
    list_select_related = ["owner"]
    search_fields = ["name", "owner__username", "client_id"]
    search_help_text = "Part of a name, a username or a client id"
    ordering = ["-id"]
    show_full_result_count = False
    actions = ["delete_apps"]
    fields = ["name", "owner", "client_id", "redirect_uris"]
    readonly_fields = ["name", "owner", "client_id", "redirect_uris"]

    @admin.display(description="has a secret", boolean=True)
    def is_confidential_(self, app: OAuthApp) -> bool:
        return app.is_confidential

    @admin.action(description="Delete, and revoke all access", permissions=["change"])
    def delete_apps(self, request: HttpRequest, rows: QuerySet[OAuthApp]) -> None:
        self.act_on(request, rows, "Deleted", delete_app)
