"""Rows of search results as the pages show them, with the matching words highlighted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.html import escape
from django.utils.safestring import SafeString

from accounts.http import MemberRequest
from accounts.models import User, Viewer
from common.fast_reverse import fast_reverse
from common.parts import static_parts
from common.templatetags.site import avatar
from posts.models import Post
from search.highlighting import highlight
from search.query import Query
from search.tags_and_places import Topic
from social.queries import visible_people_in_order
from social.rows import follow_button
from social.search import find_people


@dataclass(frozen=True)
class PersonRow:
    person: User
    username: SafeString
    name: SafeString
    viewer: Viewer

    @property
    def html(self) -> SafeString:
        """The row on the page of results, with a button to follow the person."""
        return static_parts("search/_person.html").fill(
            {
                "url": escape(fast_reverse("feed:profile", self.person.username)),
                "avatar": avatar(self.person, 44),
                "username": self.username,
                "name": self.name,
                "follow_button": follow_button(self.person, self.viewer),
            }
        )


@dataclass(frozen=True)
class FoundPostRow:
    post: Post
    snippet: SafeString


def suggested_people(request: MemberRequest, query: Query, number: int) -> list[User]:
    """Return the `number` best people for the query."""
    found = find_people(query.words, request.user, wanted=number)[:number]
    return visible_people_in_order([one.id for one in found], request.user)


def person_rows(people: Iterable[User], query: Query, viewer: Viewer) -> list[PersonRow]:
    words = query.words.replace("@", " ").split()
    return [
        PersonRow(
            person,
            username=highlight(person.username, words, inside=True),
            name=highlight(person.name, words, inside=True),
            viewer=viewer,
        )
        for person in people
    ]


def highlight_topics(found: Sequence[Topic], query: Query) -> None:
    """Set `highlighted` of tags and places."""
    words = query.words.split()
    for topic in found:
        topic.highlighted = highlight(topic.name, words, inside=True)
