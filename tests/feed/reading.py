"""Read the home page of a reader."""

from __future__ import annotations

from accounts.models import User
from feed.home import home_posts


def home_of(reader: User, before: int | None = None, count: int = 12) -> list[int]:
    """Return the ids on the home page of `reader`, newest first."""
    reader.refresh_from_db()
    return [post.pk for post in home_posts(reader, before=before, count=count)[0]]
