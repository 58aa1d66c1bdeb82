"""Measure the bytes of a person, post, follow and like in PostgreSQL, with their indexes: `python -m bench.rows`.

Counter deltas are not counted: they are folded into columns within seconds.
"""

from __future__ import annotations

from bench.report import Table

TABLES = {
    "person": ["accounts_user"],
    "session": ["accounts_session"],
    "post": ["posts_post"],
    "photo or video": ["posts_media"],
    "search document": ["search_postdocument"],
    "post with its media and search document": ["posts_post", "posts_media", "search_postdocument"],
    "follow": ["social_follow"],
    "like": ["posts_like"],
    "comment": ["posts_comment"],
}
"""The tables of each subject. The first one has one row for each."""


def measure(title: str = "Bytes in PostgreSQL") -> list[Table]:
    """Return the bytes of one of each subject in the current database, which must have been vacuumed.

    A subject is left out if one of its tables is empty.
    """
    from django.db import connection

    table = Table(title, ["one", "number", "tables, bytes", "indexes, bytes", "together"])
    with connection.cursor() as cursor:
        for subject, names in TABLES.items():
            counts = []
            for name in names:
                cursor.execute(f"SELECT count(*) FROM {name}")
                counts.append(cursor.fetchone()[0])
            if not all(counts):
                continue
            cursor.execute(
                "SELECT sum(pg_table_size(name::regclass)), sum(pg_indexes_size(name::regclass))"
                " FROM unnest(%s) AS name",
                [names],
            )
            heap, indexes = (float(value) / counts[0] for value in cursor.fetchone())
            table.rows.append([subject, f"{counts[0]:,}", f"{heap:,.0f}", f"{indexes:,.0f}", f"{heap + indexes:,.0f}"])
    return [table]


def main() -> None:
    from bench.home_data import Size, filled_site

    with filled_site(Size()):
        for table in measure():
            table.print()


if __name__ == "__main__":
    main()
