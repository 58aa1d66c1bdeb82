"""Sessions in PostgreSQL. Reading one also reads the person who is signed in, and their flags.

Every page needs all three, so they are one statement. Nothing is cached between requests: a log-out, a suspension and a
new password act at the next request, whether Valkey answers or not.
"""

from __future__ import annotations

import json
from typing import Any, Final, cast

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore
from django.db.models import QuerySet
from django.db.models.functions import Now

from accounts.flags import NAMES, Flags, flag_conditions
from accounts.models import Session, User
from common.replicas import read_connection, reading_from_primary
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
    # These decide whether the session is valid.
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


_CONCRETE_FIELDS: Final = User._meta.concrete_fields  # noqa: SLF001  (Django's documented API)
_COLUMNS: Final = tuple(field.attname for field in _CONCRETE_FIELDS if field.attname in PERSON_FIELDS)
"""PERSON_FIELDS in the order of the model, as `from_db` takes them."""


class SessionStore(DatabaseSessionStore):
    """Django's database sessions, in a table that names the person. The name makes signatures of old rows valid."""

    _person: User | None = None

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    @property
    def person(self) -> User | None:
        """The person of the session as it was loaded, with flags. It is not checked: see `accounts.middleware`."""
        self.get("")  # loads it, and marks it as accessed
        return self._person

    def load(self) -> dict[str, Any]:
        """Return the content of the session, {} if it is missing or expired. One query."""
        # A replica may lack a session that has just begun, or still have one that has ended.
        with reading_from_primary():
            row = _OPEN_SESSION.first(key=self.session_key)
        if row is None:
            self._session_key = None
            return {}
        data, flags, person = row[0], row[1 : 1 + len(NAMES)], row[1 + len(NAMES) :]
        if person[0] is not None:
            self._person = User.from_db(read_connection().alias, _COLUMNS, person)
            self._person.flags = Flags(*flags)
        return self.decode(data)

    def encode(self, session_dict: dict[str, Any]) -> str:
        """Return the content as JSON. The table is our own, so a signature would prove nothing."""
        return json.dumps(session_dict, separators=(",", ":"))

    def decode(self, session_data: bytes | str) -> dict[str, Any]:
        """Return the content of a row; of rows from before the format was JSON, as Django does."""
        if session_data[:1] not in {"{", b"{"}:
            return super().decode(session_data)
        return cast("dict[str, Any]", json.loads(session_data))

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        """Return the row for `data`, with the id of the person who is signed in."""
        row = cast("Session", super().create_model_instance(data))
        row.user_id = int(data[SESSION_KEY]) if data.get(SESSION_KEY) else None
        return row

    def delete(self, session_key: str | None = None) -> None:
        """Delete a session, by default this one. One query."""
        if key := session_key or self.session_key:
            Session.objects.filter(pk=key).delete()


def _open_session(key: str) -> QuerySet[Any, Any]:
    sessions: QuerySet[Session] = Session.objects.filter(pk=key, expire_date__gt=Now())
    columns = [f"user__{name}" for name in _COLUMNS]
    return sessions.annotate(**flag_conditions("user_id")).values_list("session_data", *NAMES, *columns)


_OPEN_SESSION: Final = Statement[Any]("open_session", _open_session, key="text")
