"""What of this app's tables is a person's: see `common.personal`."""

from __future__ import annotations

from common import personal
from common.personal import Rows


def register() -> None:
    personal.register(
        "notifications",
        Rows("notifications.Occurrence", "recipient_id", why_not="with the notifications that they are of"),
        Rows("notifications.Occurrence", "actor", why_not="what others were told"),
        Rows(
            "notifications.Notification",
            "recipient",
            file="notifications",
            row=lambda row: {"kind": row.kind, "at": row.created_at},
        ),
        Rows("notifications.Preferences", "person", file="notification_settings", row=lambda row: row.allowed),
    )
