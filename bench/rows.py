"""Measure the bytes of a person, post, follow and like in PostgreSQL, with their indexes: `python -m bench.rows`.

Prints JSON. Counter deltas are not counted: they are folded into columns within seconds.
"""

from __future__ import annotations

import json
from typing import Final

from bench.home_data import SMALL, Size, fill
from bench.scratch import scratch_site

TABLES: Final = {
    "person": ("accounts_user", ["accounts_user"]),
    "session": ("accounts_session", ["accounts_session"]),
    "post": ("posts_post", ["posts_post", "posts_media", "posts_hashtag", "posts_posthashtag", "search_postdocument"]),
    "follow": ("social_follow", ["social_follow"]),
    "like": ("posts_like", ["posts_like"]),
}
"""For each subject: the table with one row each, and all its tables."""


def measure(size: Size = SMALL) -> dict[str, int]:
    """Fill a scratch database; return the bytes of one of each subject."""
    from django.db import connection

    fill(size)
    found = {}
    with connection.cursor() as cursor:
        cursor.execute("VACUUM FULL")
        for subject, (counted, tables) in TABLES.items():
            cursor.execute(f"SELECT count(*) FROM {counted}")
            rows = cursor.fetchone()[0]
            cursor.execute("SELECT sum(pg_total_relation_size(name::regclass)) FROM unnest(%s) AS name", [tables])
            found[subject] = round(cursor.fetchone()[0] / rows)
    return found


def main() -> None:
    with scratch_site():
        print(json.dumps(measure(Size()), indent=4))


if __name__ == "__main__":
    main()
