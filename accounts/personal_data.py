"""What of this app's tables is a person's: see `common.personal_data`."""

from __future__ import annotations

from typing import Any

from django.template.loader import render_to_string

from accounts.exports import delete_export
from accounts.models import User
from accounts.records import Export
from common import personal_data
from common.personal_data import ErasureResult, ExportWriter, PersonalTable


def register() -> None:
    personal_data.register(
        "accounts",
        PersonalTable(
            "accounts.User", "pk", export_name="profile", export=_export_profile, file_count=_count_files, erase=_last
        ),
        PersonalTable(
            "accounts.OldUsername",
            "person",
            export_name="old_usernames",
            export_row=lambda old: _only(old, "username", "given_up_at"),
        ),
        PersonalTable(
            "account.EmailAddress",
            "user",
            export_name="email_addresses",
            export_row=lambda one: _only(one, "email", "verified"),
        ),
        PersonalTable(
            "accounts.SubmittedForm", "person_id", export_excluded_because="hashes of forms sent in the last day"
        ),
        PersonalTable("accounts.Export", "person", export_excluded_because="the archive itself", erase=_erase_export),
        PersonalTable(
            "accounts.Mobile",
            "person",
            export_name="mobile",
            export_row=lambda mobile: _only(mobile, "number", "confirmed_at"),
        ),
        PersonalTable(
            "accounts.PendingMobile",
            "person",
            export_excluded_because="a number that nobody has confirmed, kept for minutes",
        ),
        PersonalTable(
            "accounts.DeletionRecord",
            "person_id",
            export_excluded_because="only there while the account goes",
            erase=_last,
        ),
        PersonalTable(
            "admin.LogEntry", "user", export_excluded_because="what a moderator did is the site's, and quotes others"
        ),
    )


def _only(row: Any, *names: str) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def _last(person_id: int) -> ErasureResult:
    """Goes at the end of `accounts.deletion`."""
    return ErasureResult()


def _count_files(person: User) -> int:
    return bool(person.avatar) + bool(person.avatar_original)


def _export_profile(person: User, writer: ExportWriter) -> None:
    files = {}
    if widest := person.avatar.get("320", {}).get("jpeg"):
        files["picture"] = "media/profile-picture.jpg"
        writer.add_file(files["picture"], "default", widest)
    if person.avatar_original:
        files["picture_original"] = f"originals/profile-picture.{person.avatar_original.rpartition('.')[2]}"
        writer.add_file(files["picture_original"], "originals", person.avatar_original)
    said = _only(person, *_PROFILE_FIELDS)
    writer.add_rows("profile", [said | {"joined": person.created_at} | files])
    writer.add_html(render_to_string("export/_profile.html", {"person": person, "picture": files.get("picture")}))


_PROFILE_FIELDS = (
    "username",
    "email",
    "name",
    "bio",
    "link",
    "is_private",
    "who_may_tag",
    "hide_like_counts",
    "last_login",
    "last_seen_at",
)


def _erase_export(person_id: int) -> ErasureResult:
    export = Export.objects.filter(person_id=person_id).first()
    if export is None:
        return ErasureResult()
    delete_export(export)
    return ErasureResult(rows={"accounts_export": 1}, files=bool(export.key))
