"""Who may see what, by hand: what the site does is held against these, and they know nothing of its code.

Rows are what the one who looks is to the author, columns what is looked at.
"""

from __future__ import annotations

ROLES = ["anonymous", "stranger", "ex-follower", "pending", "follower", "close-friend", "close-outsider"]
ROLES += ["muter", "muted", "restricted", "blocked", "blocker", "moderator", "suspended", "deactivated"]
"""What somebody can be to both authors, beside one of them. All but the first two, the blocked, the blocker, the
outsiders and the moderator follow them; a close-outsider is a close friend who does not follow; the suspended and the
deactivated were close friends, and still hold their old cookies.
"""


def _table(text: str) -> dict[tuple[str, str], str]:
    head, *rows = (line.split() for line in text.strip().splitlines())
    return {(row[0], column): cell for row in rows for column, cell in zip(head, row[1:], strict=True)}


# + sees it everywhere; o only on pages of their own; . it is not there.
POSTS = _table(
    """
                open  open-close  closed  closed-close  unlisted  gone
anonymous       +     .           .       .             .         .
stranger        +     .           .       .             .         .
ex-follower     +     .           .       .             .         .
pending         +     .           .       .             .         .
follower        +     .           +       .             .         .
close-friend    +     +           +       +             .         .
close-outsider  +     +           .       .             .         .
muter           +     .           +       .             .         .
muted           +     .           +       .             .         .
restricted      +     .           +       .             .         .
blocked         .     .           .       .             .         .
blocker         .     .           .       .             .         .
moderator       +     .           .       .             .         .
suspended       +     .           .       .             .         .
deactivated     +     .           .       .             .         .
author          +     +           +       +             o         .
    """
)
"""Of a public account (open) and a private one (closed). Unlisted: archived, removed by a moderator, processing,
failed. Gone: deleted; and all of people who are suspended or deactivated.
"""

PEOPLE = _table(
    """
                profile  inside-open  inside-closed
anonymous       +        +            .
stranger        +        +            .
ex-follower     +        +            .
pending         +        +            .
follower        +        +            +
close-friend    +        +            +
close-outsider  +        +            .
muter           +        +            +
muted           +        +            +
restricted      +        +            +
blocked         .        .            .
blocker         n        .            .
moderator       +        +            .
suspended       +        +            .
deactivated     +        +            .
author          +        +            +
    """
)
"""Profile: the name, picture, bio and counts. n: the name alone, where one can unblock. Inside: lists of people."""

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
"""Which of those who see the post and know the writer read such a comment."""
