"""The lexemes of `PostDocument`, which triggers write: see docs/database.md.

A change of a post changes its document in the same transaction. A document has the stemmed words of the caption (weight
B), the place (C) and the alt texts (D), and lexemes that are not words:

    @<id>        its author; with ids, a changed username changes no documents
    #<name>      a hashtag of its caption
    %video       a kind of its media; %photo; %place if it has a place
    ~<level>:<n> its time: the n-th period of 2^level milliseconds
    <a> <b>      two adjacent words: for phrases, and for scripts without spaces

Because of the periods, a search for a common word only reads the newest posts: the index intersects the lists of the
word and the period (`search.posts`).
"""

from __future__ import annotations

from typing import Final

LEVELS: Final = (22, 24, 26, 28, 30, 32)
"""Levels of periods: 2^level milliseconds, from 70 minutes to 50 days, each four times as long as the one before.

No longer period: a term with fewer hits than `search.posts.BATCH_SIZE` in 100 days has a posting list short enough to
scan.
The database function `search_index_post` has the same levels; a test compares them.
"""
