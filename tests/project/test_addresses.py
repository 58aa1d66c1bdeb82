"""No page contains a hard-coded URL: with all URLs of the site under another prefix, every link still works."""

import re

import pytest
from django.urls import reverse

from posts.actions.comments import add_comment
from posts.actions.likes import like_post
from posts.menu import AUTHOR, CODE
from tests.conftest import HTMX
from tests.project.moved_urls import PREFIX

URL = re.compile(r"""\s(?P<attribute>[a-z-]+)=["'](?P<url>/[^"'\s]*)["']""")
FOLLOWED = {"href", "hx-get"}


@pytest.fixture
def moved(settings):
    settings.ROOT_URLCONF = "tests.project.moved_urls"


@pytest.fixture
def content(author, follower, share):
    """Create a post with everything that is a link: a mention, a tag, a place, a comment and a like."""
    post = share(author, caption="Up early with @follower #sunrise", location="Picos de Europa")
    add_comment(post, author=follower, text="Thank you, @author! #sunset")
    like_post(post, liker=follower)
    return post


def urls_in(answer):
    """Return (attribute, URL) of all absolute paths in a page, without fragments."""
    html = answer.content.decode()
    return {(match["attribute"], match["url"].replace("&amp;", "&").partition("#")[0]) for match in URL.finditer(html)}


def hard_coded(answer):
    return {url for _, url in urls_in(answer) if not url.startswith((PREFIX, "/static/"))}


PAGES = [
    ("feed:home", {}),
    ("feed:explore", {}),
    ("feed:suggested", {}),
    ("feed:tag", {"tag": "sunrise"}),
    ("feed:followed_tags", {}),
    ("feed:archive", {}),
    ("feed:profile", {"username": "author"}),
    ("feed:profile", {"username": "follower"}),
    ("feed:tagged", {"username": "author"}),
    ("search:search", {}),
    ("notifications:page", {}),
    ("posts:create", {}),
    ("posts:saved", {}),
    ("social:followers", {"username": "author"}),
    ("social:requests", {}),
    ("accounts:settings", {}),
    ("accounts:edit", {}),
]


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["author", pytest.param("stranger", marks=pytest.mark.deep)])
def test_every_link_works_when_all_urls_have_another_prefix(name, moved, content, signed_in, author, stranger):
    browser = signed_in({"author": author, "stranger": stranger}[name])
    starts = {reverse(page, kwargs=kwargs) for page, kwargs in PAGES} | {content.get_absolute_url()}
    starts.add(f"{reverse('search:search')}?q=sunrise")
    todo, seen = set(starts), set()
    while todo:
        url = todo.pop()
        seen.add(url)
        answer = browser.get(url)
        assert answer.status_code in {200, 302}, url
        if answer.status_code == 302:
            assert answer.url.startswith((PREFIX, "/static/")), url
            continue
        if "text/html" not in answer["Content-Type"]:
            continue
        assert hard_coded(answer) == set(), url
        if url in starts:
            todo |= {link for attribute, link in urls_in(answer) if attribute in FOLLOWED} - seen
            # Scripts replace the placeholders in the menu that they copy.
            todo = {link for link in todo if link.startswith(PREFIX) and not {CODE, AUTHOR} & set(link.split("/"))}


@pytest.mark.django_db
def test_visitors_get_no_hard_coded_urls(moved, content, client):
    for url in (reverse("feed:home"), reverse("account_login"), reverse("account_signup"), content.get_absolute_url()):
        assert hard_coded(client.get(url)) == set(), url


@pytest.mark.django_db
def test_fragments_have_no_hard_coded_urls(moved, content, signed_in, follower):
    browser = signed_in(follower)
    for url in (
        reverse("posts:comments", args=[content.shortcode]),
        f"{reverse('search:suggest')}?q=sun",
        f"{reverse('feed:home')}?cursor={content.pk + 1}",
    ):
        assert hard_coded(browser.get(url, headers=HTMX)) == set(), url
