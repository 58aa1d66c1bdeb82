"""A reader's contacts with authors: counts of their own likes and comments of the last 90 days, for "For you".

They are counted from the rows of the likes and comments, so nothing is stored for the ranking, and a like that is taken
back no longer counts. Visits of profiles are not recorded.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.utils import timezone

from accounts.models import User
from common.ids import first_id_at
from common.replicas import read_connection
from feed.ranking import Contacts

CONTACT_DAYS: Final = 90
MAX_CONTACTS: Final = 300
"""Upper limit of the likes, and of the comments, that are read, newest first."""


def contacts_of(reader: User) -> dict[int, Contacts]:
    """Return how often `reader` liked and commented on posts of each author; authors without contact are missing.

    Likes count if the post is at most CONTACT_DAYS old, because their index has the post and not the time of the like.
    One query, which reads at most MAX_CONTACTS likes and comments and the rows of their posts.
    """
    since = first_id_at(timezone.now() - timedelta(days=CONTACT_DAYS))
    with read_connection().cursor() as cursor:
        cursor.execute(
            """
            SELECT post.author_id, sum(contact.likes), sum(contact.comments)
            FROM (
                (SELECT post_id, 1 AS likes, 0 AS comments FROM posts_like
                 WHERE liker_id = %(reader)s AND post_id > %(since)s ORDER BY post_id DESC LIMIT %(count)s)
                UNION ALL
                (SELECT post_id, 0, 1 FROM posts_comment
                 WHERE author_id = %(reader)s AND id > %(since)s ORDER BY id DESC LIMIT %(count)s)
            ) AS contact
            JOIN posts_post AS post ON post.id = contact.post_id
            GROUP BY post.author_id
            """,
            {"reader": reader.pk, "since": since, "count": MAX_CONTACTS},
        )
        return {author_id: Contacts(likes, comments) for author_id, likes, comments in cursor.fetchall()}
