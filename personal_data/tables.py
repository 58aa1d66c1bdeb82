"""Register the tables of personal data of `accounts`, of this app and of Django's admin.

Apps above this one register theirs in a `personal_data.py` of their own. `accounts` cannot, because it is below.
"""

from __future__ import annotations

from django.template.loader import render_to_string

from accounts.models import User
from personal_data import registry
from personal_data.actions.export import delete_export
from personal_data.models import Export
from personal_data.registry import ErasureResult, ExportWriter, PersonalTable, only_fields


def register() -> None:
    registry.register(
        "accounts",
        PersonalTable(
            "accounts.User",
            "pk",
            export_name="profile",
            export=_export_profile,
            file_count=_count_files,
            erase=_erase_nothing,
        ),
        PersonalTable(
            "accounts.OldUsername",
            "person",
            export_name="old_usernames",
            export_row=only_fields("username", "given_up_at"),
        ),
        PersonalTable(
            "account.EmailAddress",
            "user",
            export_name="email_addresses",
            export_row=only_fields("email", "verified"),
        ),
        PersonalTable("accounts.Session", "user", export_excluded_because="secrets that sign browsers in"),
        PersonalTable(
            "accounts.SubmittedForm", "person_id", export_excluded_because="hashes of forms sent in the last day"
        ),
        PersonalTable(
            "accounts.Mobile", "person", export_name="mobile", export_row=only_fields("number", "confirmed_at")
        ),
        PersonalTable(
            "accounts.PendingMobile", "person", export_excluded_because="an unconfirmed number, kept for minutes"
        ),
        PersonalTable(
            "admin.LogEntry",
            "user",
            export_excluded_because="a moderator's actions belong to the site and quote other people",
        ),
    )
    registry.register(
        "personal_data",
        PersonalTable(
            "personal_data.Export", "person", export_excluded_because="the export itself", erase=_erase_export
        ),
        PersonalTable(
            "personal_data.DeletionRecord",
            "person_id",
            export_excluded_because="exists only while the account is being deleted",
            erase=_erase_nothing,
        ),
    )


def _erase_nothing(person_id: int) -> ErasureResult:
    """Erase nothing: `personal_data.actions.erasure` handles this row as its last step."""
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
    row = only_fields(*_PROFILE_FIELDS)(person)
    writer.add_rows("profile", [row | {"joined": person.created_at} | files])
    context = {"person": person, "picture": files.get("picture")}
    writer.add_html(render_to_string("personal_data/archive/_profile.html", context))


_PROFILE_FIELDS = (
    "username",
    "email",
    "name",
    "bio",
    "link",
    "is_private",
    "who_may_tag",
    "hide_like_counts",
    "first_feed",
    "last_login",
    "last_seen_at",
)


def _erase_export(person_id: int) -> ErasureResult:
    export = Export.objects.filter(person_id=person_id).first()
    if export is None:
        return ErasureResult()
    delete_export(export)
    return ErasureResult(rows={Export._meta.db_table: 1}, files=bool(export.key))  # noqa: SLF001  (Django's, documented)
