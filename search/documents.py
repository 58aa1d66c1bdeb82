"""The lexemes of `PostDocument`, which triggers write: see docs/database.md.

Each change of what a post is found by changes its document in the same transaction. Beside the stemmed words of caption
(weight B), place (C) and alt texts (D), a document has lexemes that are not words:

    @<id>        its author: a username may change without a change of thousands of documents
    #<name>      a hashtag of its caption
    %video       a kind of its media; %photo; %place if it has a place
    ~<level>:<n> its time: the n-th period of 2^level milliseconds
    <a> <b>      two adjacent words: for phrases, and for scripts without spaces

With the periods, a search for a common word reads the newest posts only: the index intersects the two lists and skips
the rest (`search.posts`).
"""

from __future__ import annotations

from typing import Final

LEVELS: Final = (22, 24, 26, 28, 30, 32)
"""Periods of 2^level milliseconds: from 70 minutes, each four times as long as the one before, to 50 days.

No longer period: a term with fewer hits than `search.posts.BATCH_SIZE` in 100 days has a posting list short enough to
scan.
The database function `search_index_post` has the same levels; a test compares them.
"""
