"""User texts in Arabic or Hebrew do not reorder the English text around them.

In text they are in elements that isolate; in attributes, titles and messages, where elements are impossible, between
the characters U+2068 and U+2069.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from django.test import Client

from api_access.actions.tokens import create_token
from common.text import isolate
from notifications.tasks import notify_of_comment
from posts.actions.comments import add_comment
from posts.actions.saves import create_collection, put_in_collection
from search.actions import save_search
from social.actions.follows import follow

RTL = "שלום"
NAMES = {
    "name": f"{RTL} Name.",
    "bio": f"{RTL} Bio.",
    "caption": f"{RTL} Caption.",
    "place": f"{RTL} Place.",
    "comment": f"{RTL} Comment.",
    "collection": f"{RTL} Collection.",
    "token": f"{RTL} Token.",
    "query": f"{RTL} Query.",
}
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


def mixed(text: str) -> list[str]:
    """Return [text] if it has RTL letters beside others and does not isolate them, else []."""
    outside = re.sub("\u2068[^\u2068\u2069]*\u2069", "", text)
    is_user_text = text in {*NAMES.values(), RTL}
    return [text] if RTL in outside and not is_user_text else []


class Texts(HTMLParser):
    """Collect the text nodes with RTL letters, and for each whether an enclosing element isolates it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[tuple[str, bool]] = []
        self.found: list[tuple[str, bool]] = []
        self.untyped: list[str] = []
        self.unmarked: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        isolates = tag == "bdi" or attributes.get("dir") == "auto"
        if tag == "input" and RTL in (attributes.get("value") or "") and not isolates:
            self.untyped.append(attributes.get("name") or "")
        for name in ("alt", "aria-label", "title"):
            self.unmarked += [value for value in mixed(attributes.get(name) or "") if not isolates]
        if tag not in VOID:
            self.open.append((tag, isolates))

    def handle_endtag(self, tag):
        if any(name == tag for name, _ in self.open):
            while self.open.pop()[0] != tag:
                pass

    def handle_data(self, data):
        tags = [tag for tag, _ in self.open]
        if "title" in tags:
            self.unmarked += mixed(data)
        if RTL in data and not {"script", "style", "title"} & set(tags):
            self.found.append((data.strip(), any(isolates for _, isolates in self.open)))


@pytest.fixture
def pages(author, follower, share, tasks_run):
    """Return pages that show texts in Hebrew, as (viewer, URL, kinds of texts on it)."""
    author.name, author.bio = NAMES["name"], NAMES["bio"]
    author.save()
    follower.name = NAMES["name"]
    follower.save()
    follow(author, followee=follower)
    post = share(author, caption=NAMES["caption"] + " #שלום", location=NAMES["place"])
    post.media.update(alt=NAMES["caption"])
    comment = add_comment(post, author=follower, text=NAMES["comment"])
    notify_of_comment(comment.pk)
    collection = create_collection(owner=follower, name=NAMES["collection"])
    put_in_collection(post, person=follower, collection=collection)
    save_search(follower, text=NAMES["query"])
    create_token(author, name=NAMES["token"], may_write=False, days=7)
    url = post.get_absolute_url()
    return [
        (author, author.get_absolute_url(), ["name", "bio"]),
        (author, "/", ["caption", "place", "name"]),
        (follower, "/", ["caption", "place"]),
        (follower, url, ["caption", "place", "comment"]),
        (None, f"{url}embed/", ["caption"]),
        (author, f"{url}edit/", ["caption", "place"]),
        (author, "/accounts/edit/", ["name", "bio"]),
        (author, "/accounts/tokens/", ["token"]),
        (author, "/notifications/", ["comment"]),
        (author, f"{author.get_absolute_url()}followers/", ["name"]),
        (follower, "/accounts/close-friends/?q=author", ["name"]),
        (follower, "/saved/", ["collection"]),
        (follower, collection.get_absolute_url(), ["collection"]),
        (follower, f"{url}collections/", ["collection"]),
        (follower, f"{collection.get_absolute_url()}rename/", ["collection"]),
        (follower, f"{collection.get_absolute_url()}delete/", ["collection"]),
        (follower, f"/search/?q={RTL}", ["name", "caption", "place"]),
        (follower, f"/search/suggest/?q={RTL}", ["name", "place"]),
        (follower, f"/search/?q={RTL}xyz", []),
        (follower, "/search/", ["query"]),
        (follower, "/explore/tags/שלום/", []),
    ]


def test_user_texts_are_isolated_on_every_page(pages):
    for viewer, url, words in pages:
        client = Client()
        if viewer is not None:
            client.force_login(viewer)
        response = client.get(url)
        texts = Texts(response.text)

        assert response.status_code == 200, url
        assert all(is_isolated for _, is_isolated in texts.found), (url, texts.found)
        assert texts.untyped == [], url
        assert texts.unmarked == [], url
        shown = response.text.replace("<mark>", "").replace("</mark>", "")
        assert [word for word in words if NAMES[word] not in shown] == [], url


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Ada", "Ada"), (RTL, f"\u2068{RTL}\u2069"), ("مرحبا 2", "\u2068مرحبا 2\u2069"), ("", ""), ("写真", "写真")],
)
def test_only_texts_with_right_to_left_letters_are_isolated(text, expected):
    assert isolate(text) == expected


def test_messages_isolate_the_names_in_them(follower):
    client = Client()
    client.force_login(follower)
    collection = create_collection(owner=follower, name=NAMES["collection"])

    answer = client.post(f"{collection.get_absolute_url()}delete/", follow=True)

    assert f"“\u2068{NAMES['collection']}\u2069” was deleted." in answer.text
