"""Expected visibility, written by hand and independently of the code that is tested against it.

A row is the viewer's role towards the author, a column a kind of object.
"""

from __future__ import annotations

ROLES = ["anonymous", "stranger", "ex-follower", "pending", "follower", "close-friend", "close-outsider"]
ROLES += ["muter", "muted", "restricted", "blocked", "blocker", "moderator", "suspended", "deactivated"]
"""Roles towards both authors. Followers are: follower, close-friend, muter, muted, restricted, suspended, deactivated.

A close-outsider is a close friend who does not follow. The suspended and the deactivated were close friends, and send
the cookies of their old sessions.
"""


def _table(text: str) -> dict[tuple[str, str], str]:
    head, *rows = (line.split() for line in text.strip().splitlines())
    return {(row[0], column): cell for row in rows for column, cell in zip(head, row[1:], strict=True)}


# + visible everywhere; o visible on the author's own pages only; . does not exist for the viewer
POSTS = _table(
    """
                public  public-close  private  private-close  unlisted  gone
anonymous       +       .             .        .              .         .
stranger        +       .             .        .              .         .
ex-follower     +       .             .        .              .         .
pending         +       .             .        .              .         .
follower        +       .             +        .              .         .
close-friend    +       +             +        +              .         .
close-outsider  +       +             .        .              .         .
muter           +       .             +        .              .         .
muted           +       .             +        .              .         .
restricted      +       .             +        .              .         .
blocked         .       .             .        .              .         .
blocker         .       .             .        .              .         .
moderator       +       .             .        .              .         .
suspended       +       .             .        .              .         .
deactivated     +       .             .        .              .         .
author          +       +             +        +              o         .
    """
)
"""Posts of a public and of a private account; `-close` are for close friends.

Unlisted posts are archived, removed by a moderator, processing or failed. Gone are deleted posts, and all posts of
suspended or deactivated people.
"""

PEOPLE = _table(
    """
                profile  lists-public  lists-private
anonymous       +        +             .
stranger        +        +             .
ex-follower     +        +             .
pending         +        +             .
follower        +        +             +
close-friend    +        +             +
close-outsider  +        +             .
muter           +        +             +
muted           +        +             +
restricted      +        +             +
blocked         .        .             .
blocker         n        .             .
moderator       +        +             .
suspended       +        +             .
deactivated     +        +             .
author          +        +             +
    """
)
"""Profile: username, picture, bio and counts; n: the username alone, to unblock. Lists: followers and followees."""

COMMENTS = {
    "plain": "everybody",
    "by-author": "everybody",
    "waiting": "author restricted",
    "by-blocked": "",
    "by-blocker": "",
    "removed": "",
    "by-suspended": "",
    "by-deactivated": "",
    "reply": "everybody",
    "under-waiting": "author restricted",
    "under-removed": "",
    "under-suspended": "",
}
"""The roles that read a comment of this kind, among viewers who see the post and the writer's profile."""
