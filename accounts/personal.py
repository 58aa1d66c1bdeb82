"""What of this app's tables is a person's: see `common.personal`."""

from __future__ import annotations

from typing import Any

from django.template.loader import render_to_string

from accounts.exporting import forget_export
from accounts.models import User
from accounts.records import Export
from common import personal
from common.personal import Archive, Removed, Rows


def register() -> None:
    personal.register(
        "accounts",
        Rows("accounts.User", "pk", file="profile", export=_export_profile, weigh=_weigh, erase=_last),
        Rows(
            "accounts.OldUsername",
            "person",
            file="old_usernames",
            row=lambda old: _only(old, "username", "given_up_at"),
        ),
        Rows("account.EmailAddress", "user", file="email_addresses", row=lambda one: _only(one, "email", "verified")),
        Rows("accounts.KeptAnswer", "person_id", why_not="answers of a day, which repeat what is told elsewhere"),
        Rows("accounts.SubmittedForm", "person_id", why_not="hashes of forms sent in the last day"),
        Rows("accounts.Export", "person", why_not="the archive itself", erase=_erase_export),
        Rows("accounts.Mobile", "person", file="mobile", row=lambda mobile: _only(mobile, "number", "confirmed_at")),
        Rows("accounts.MobileWish", "person", why_not="a number that nobody has confirmed, kept for minutes"),
        Rows(
            "accounts.PersonalToken",
            "person",
            file="tokens",
            row=lambda token: _only(token, "name", "created_at", "may_write", "expires_at", "last_used_at"),
        ),
        Rows("accounts.OAuthApp", "owner", file="own_apps", row=lambda app: _only(app, "name", "redirect_uris")),
        Rows(
            "accounts.OAuthGrant",
            "person",
            file="apps_let_in",
            row=lambda grant: {"app": grant.app.name} | _only(grant, "created_at", "may_write", "last_used_at"),
            related=("app",),
        ),
        Rows("accounts.DeletionRecord", "person_id", why_not="only there while the account goes", erase=_last),
        Rows("admin.LogEntry", "user", why_not="what a moderator did is the site's, and quotes others"),
    )


def _only(row: Any, *names: str) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def _last(person_id: int) -> Removed:
    """Goes at the end of `accounts.erasing`."""
    return Removed()


def _weigh(person: User) -> int:
    return bool(person.avatar) + bool(person.avatar_original)


def _export_profile(person: User, archive: Archive) -> None:
    files = {}
    if widest := person.avatar.get("320", {}).get("jpeg"):
        files["picture"] = "media/profile-picture.jpg"
        archive.add_file(files["picture"], "default", widest)
    if person.avatar_original:
        files["picture_original"] = f"originals/profile-picture.{person.avatar_original.rpartition('.')[2]}"
        archive.add_file(files["picture_original"], "originals", person.avatar_original)
    said = _only(person, *_PROFILE_FIELDS)
    archive.add_rows("profile", [said | {"joined": person.created_at} | files])
    archive.add_html(render_to_string("export/_profile.html", {"person": person, "picture": files.get("picture")}))


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


def _erase_export(person_id: int) -> Removed:
    export = Export.objects.filter(person_id=person_id).first()
    if export is None:
        return Removed()
    forget_export(export)
    return Removed(rows={"accounts_export": 1}, files=bool(export.key))
