"""What of this app's tables is a person's: see `common.personal_data`."""

from __future__ import annotations

from common import personal_data
from common.personal_data import PersonalTable


def register() -> None:
    personal_data.register(
        "notifications",
        PersonalTable(
            "notifications.Occurrence",
            "recipient_id",
            export_excluded_because="with the notifications that they are of",
        ),
        PersonalTable("notifications.Occurrence", "actor", export_excluded_because="what others were told"),
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
