"""Sessions in PostgreSQL. Reading one also reads the person who is signed in, and their flags.

Every page needs all three, so they are one statement. Nothing is cached between requests: a log-out, a suspension and a
new password act at the next request, whether Valkey answers or not.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any, Final, cast

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils.crypto import constant_time_compare

from accounts.flags import NAMES, Flags, flag_conditions
from accounts.models import Session, User
from common.replicas import read_connection, reading_from_primary
from common.statements import Statement
from realtime.tell import check_people

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

    def flush(self) -> None:
        """End the session, and its sockets."""
        person = self.get(SESSION_KEY)
        super().flush()
        if person:
            check_people([int(person)])


def _open_session(key: str) -> QuerySet[Any, Any]:
    sessions: QuerySet[Session] = Session.objects.filter(pk=key, expire_date__gt=Now())
    columns = [f"user__{name}" for name in _COLUMNS]
    return sessions.annotate(**flag_conditions("user_id")).values_list("session_data", *NAMES, *columns)


def people_of_sessions(keys: Collection[str]) -> dict[str, int]:
    """Return the id of the person for each of these sessions that is valid: open, of an active person, with their hash.

    Sockets are checked by this (`realtime`), as pages are by `accounts.middleware`. One query.
    """
    with reading_from_primary():
        rows = _OPEN_SESSIONS.rows(keys=list(keys))
    found = {}
    for key, data, *person in rows:
        content, user = SessionStore().decode(data), User.from_db("default", _CHECKED_COLUMNS, person)
        is_there = user.is_active and user.deactivated_at is None
        is_valid = is_there and content.get(SESSION_KEY) == str(user.pk)
        if is_valid and constant_time_compare(content.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash()):
            found[key] = user.pk
    return found


_CHECKED_FIELDS: Final = ("id", "password", "session_epoch", "suspended_at", "deactivated_at")
_CHECKED_COLUMNS: Final = tuple(field.attname for field in _CONCRETE_FIELDS if field.attname in _CHECKED_FIELDS)


def _open_sessions(keys: list[str]) -> QuerySet[Any, Any]:
    sessions: QuerySet[Session] = Session.objects.filter(pk__any_of=keys, expire_date__gt=Now(), user__id__isnull=False)
    return sessions.values_list("session_key", "session_data", *(f"user__{name}" for name in _CHECKED_COLUMNS))


_OPEN_SESSIONS: Final = Statement[Any]("open_sessions", _open_sessions, keys="text[]")
_OPEN_SESSION: Final = Statement[Any]("open_session", _open_session, key="text")
