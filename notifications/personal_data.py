"""Personal data in the tables of this app: see `personal_data.registry`."""

from __future__ import annotations

from personal_data import registry
from personal_data.registry import PersonalTable


def register() -> None:
    registry.register(
        "notifications",
        PersonalTable(
            "notifications.Occurrence",
            "recipient_id",
            export_excluded_because="exported with their notifications",
        ),
        PersonalTable(
            "notifications.Occurrence", "actor", export_excluded_because="belongs to the people who were notified"
        ),
        PersonalTable(
            "notifications.Notification",
            "recipient",
            export_name="notifications",
            export_row=lambda row: {"kind": row.kind, "at": row.created_at},
        ),
        PersonalTable(
            "notifications.Preferences",
            "person",
            export_name="notification_settings",
            export_row=lambda row: row.allowed,
        ),
    )
