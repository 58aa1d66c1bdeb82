"""Sessions in PostgreSQL. Reading one also reads the person who is signed in, and their flags.

Every page needs all three, so they are one statement. Nothing is cached between requests: a log-out, a suspension and a
new password act at the next request, whether Valkey answers or not.
"""

from __future__ import annotations

from typing import Any, Final, cast

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore
from django.db.models import QuerySet
from django.db.models.functions import Now

from accounts.flags import flag_conditions, flags_of_row
from accounts.models import Session, User
from common.replicas import reading_from_primary
from common.statements import Statement

PERSON_FIELDS: Final = (
    "id",
    "username",
    "name",
    "email",
    "bio",
    "link",
    "avatar",
    "avatar_state",
    "avatar_error",
    # The session's hash and what it means to be signed in.
    "password",
    "session_epoch",
    "suspended_at",
    "deactivated_at",
    "last_seen_at",
    # Permissions and choices.
    "is_staff",
    "is_superuser",
    "is_private",
    "who_may_tag",
    "hide_like_counts",
    "first_feed",
    "accepts_requests_up_to",
    "follows_version",
)
"""The columns of `request.user` that are loaded. Reading another one costs a query, which loads all others."""


class SessionStore(DatabaseSessionStore):
    """Django's database sessions, in a table that names the person. The name makes signatures of old rows valid."""

    _person: User | None = None

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    @property
    def person(self) -> User | None:
        """The person of the session as it was loaded, with flags. It is not checked: see `accounts.middleware`."""
        self._get_session()  # type: ignore[attr-defined]  # loads it, and marks it as accessed
        return self._person

    def load(self) -> dict[str, Any]:
        """Return the content of the session, {} if it is missing or expired. One query."""
        # A replica may lack a session that has just begun, or still have one that has ended.
        with reading_from_primary():
            row = _OPEN_SESSION.first(key=self.session_key)
        if row is None:
            self._session_key = None
            return {}
        if row.user is not None:
            self._person = row.user
            self._person.flags = flags_of_row(row)
        return self.decode(row.session_data)

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        """Return the row for `data`, with the id of the person who is signed in."""
        row = cast("Session", super().create_model_instance(data))
        row.user_id = int(data[SESSION_KEY]) if data.get(SESSION_KEY) else None
        return row

    def delete(self, session_key: str | None = None) -> None:
        """Delete a session, by default this one. One query."""
        if key := session_key or self.session_key:
            Session.objects.filter(pk=key).delete()


def _open_session(key: str) -> QuerySet[Session]:
    sessions: QuerySet[Session] = Session.objects.filter(pk=key, expire_date__gt=Now())
    columns = [f"user__{name}" for name in PERSON_FIELDS]
    return sessions.select_related("user").only("session_data", "user", *columns).annotate(**flag_conditions("user_id"))


_OPEN_SESSION: Final = Statement("open_session", _open_session, key="text")
