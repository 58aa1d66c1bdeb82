"""Register this app's tables of personal data."""

from __future__ import annotations

from personal_data import registry
from personal_data.registry import PersonalTable, only_fields


def register() -> None:
    registry.register(
        "api_access",
        PersonalTable(
            "api_access.PersonalToken",
            "person",
            export_name="tokens",
            export_row=only_fields("name", "created_at", "may_write", "expires_at", "last_used_at"),
        ),
        PersonalTable(
            "api_access.OAuthApp", "owner", export_name="own_apps", export_row=only_fields("name", "redirect_uris")
        ),
        PersonalTable(
            "api_access.OAuthGrant",
            "person",
            export_name="authorized_apps",
            export_row=lambda grant: (
                {"app": grant.app.name, "created_at": grant.created_at, "may_write": grant.may_write}
                | {"last_used_at": grant.last_used_at}
            ),
            related=("app",),
        ),
        PersonalTable(
            "api_access.IdempotencyRecord",
            "person_id",
            export_excluded_because="responses kept for one day, which repeat data exported elsewhere",
        ),
    )
