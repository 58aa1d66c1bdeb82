"""The sentences on cards that say why a post is in a feed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from django.utils.html import escape

from accounts.models import User
from common.parts import static_parts
from feed.for_you import Reason
from feed.ranking import Kind
from posts.cards import followed_tag_html
from posts.states import PostState

SENTENCES: Final = {
    Kind.LIKES: ("Because you often like ", "’s posts"),
    Kind.COMMENTS: ("Because you often comment on ", "’s posts"),
    Kind.FAVOURITE: ("Because ", " is one of your favourites"),
    Kind.FOLLOW: ("Because you follow ", ""),
}
"""The text before and after the author's username."""


def reasons_html(states: Iterable[PostState], reasons: Mapping[int, Reason]) -> dict[int, str]:
    """Return the HTML of the reasons for posts that have a sentence, by id.

    The posts are visible to the reader, and so are their authors. One query if a sentence has a name.
    """
    named = {
        state.pk: state.author_id for state in states if state.pk in reasons and reasons[state.pk].kind in SENTENCES
    }
    people = User.objects.filter(pk__in=set(named.values())).values_list("pk", "username") if named else ()
    usernames = dict(people)
    html = {pk: followed_tag_html(reason.tag) for pk, reason in reasons.items() if reason.kind is Kind.TAG}
    for post_id, author_id in named.items():
        before, after = SENTENCES[reasons[post_id].kind]
        values = {"before": before, "name": escape(usernames.get(author_id, "")), "after": after}
        html[post_id] = static_parts("feed/_why.html").fill(values)
    return html
