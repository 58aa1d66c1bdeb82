from __future__ import annotations

from importlib import import_module
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession, BaseSessionManager
from django.db import models


class SessionQuerySet(models.QuerySet["Session"]):
    def of(self, person_id: int) -> SessionQuerySet:
        """Return the sessions in which this person is signed in."""
        return self.filter(user_id=person_id)


class Session(AbstractBaseSession):
    """A session of a browser, with the person who is signed in. `accounts.sessions` reads and writes it.

    The table has no constraint for the person: rows are deleted when sessions end, expire, or the account is erased,
    and a row of a missing person is not a sign-in.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DO_NOTHING, null=True, db_constraint=False, editable=False, related_name="+"
    )
    """The person; null for visitors. Its index serves ending the sessions of one person."""

    # Annotations of accounts.flags.flag_conditions().
    has_unread: bool
    has_requests: bool
    follows_tags: bool
    has_unfinished_posts: bool

    objects: ClassVar[Any] = BaseSessionManager.from_queryset(SessionQuerySet)()

    @classmethod
    def get_session_store_class(cls) -> type:
        return import_module(settings.SESSION_ENGINE).SessionStore  # type: ignore[no-any-return]
