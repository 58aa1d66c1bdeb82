"""The demo's people and posts hold together before anything is made of them."""

import json
from itertools import chain
from pathlib import Path

import pytest

from accounts.usernames import username_format_error
from common import limits
from common.linkify import extract_names, extract_tags
from common.text import clean_line, clean_text, grapheme_length
from media.probe import probe_photo

FOLDER = Path(__file__).resolve().parents[2] / "demo"
PEOPLE = json.loads((FOLDER / "people.json").read_text())
POSTS = json.loads((FOLDER / "posts.json").read_text())
USERNAMES = {one["username"] for one in PEOPLE}
CREDITS = {
    cells[0]: {"author": cells[3], "licence": cells[4]}
    for line in (FOLDER / "CREDITS.md").read_text().splitlines()
    if len(cells := [cell.strip() for cell in line.strip("| ").split("|")]) == 7 and cells[0].endswith(".jpg")
}
EVERY_PHOTO = sorted(path.name for path in (FOLDER / "photos").iterdir())

each_person = pytest.mark.parametrize("person", PEOPLE, ids=lambda one: one["username"])
each_post = pytest.mark.parametrize("post", POSTS, ids=lambda one: one["photos"][0]["file"])


def test_every_photo_is_in_a_post_and_credited():
    shown = [photo["file"] for post in POSTS for photo in post["photos"]]

    assert len(EVERY_PHOTO) == 36
    assert sorted(shown) == EVERY_PHOTO
    assert sorted(CREDITS) == EVERY_PHOTO


@each_post
def test_a_photo_whose_licence_asks_for_it_is_credited_in_the_caption(post):
    for photo in post["photos"]:
        credit = CREDITS[photo["file"]]
        if credit["licence"].startswith("CC BY"):
            assert f"{credit['author']} ({credit['licence']})" in post["caption"]


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*/*.jpg")), ids=lambda path: path.name)
def test_every_file_is_a_photo_that_the_site_takes(path):
    with path.open("rb") as file:
        assert probe_photo(file).format == "JPEG"


@each_person
def test_a_person_keeps_the_limits_and_follows_people_there_are(person):
    # People cannot sign up as "demo", a reserved name, but the command may create it.
    assert username_format_error(person["username"]) == "" or person["username"] == "demo"
    assert person["name"] == clean_line(person["name"])
    assert grapheme_length(person["name"]) <= limits.MAX_NAME_CHARS
    assert person["bio"] == clean_text(person["bio"])
    assert grapheme_length(person["bio"]) <= limits.MAX_BIO_CHARS
    assert (FOLDER / "avatars" / person["avatar"]).exists()
    assert person["avatar_photo"] in CREDITS
    assert set(person["follows"]) <= USERNAMES - {person["username"]}
    assert len(set(person["follows"])) == len(person["follows"])


@each_post
def test_a_post_keeps_the_limits_and_knows_its_people(post):
    assert post["author"] in USERNAMES
    assert 1 <= len(post["photos"]) <= limits.MAX_SLIDES
    assert post["caption"] == clean_text(post["caption"])
    assert grapheme_length(post["caption"]) <= limits.MAX_CAPTION_CHARS
    assert grapheme_length(post["location"]) <= limits.MAX_LOCATION_CHARS
    assert 1 <= len(extract_tags(post["caption"])) <= limits.MAX_HASHTAGS
    assert set(post["likes"]) <= USERNAMES - {post["author"]}
    assert len(set(post["likes"])) == len(post["likes"])
    for photo in post["photos"]:
        assert 20 <= grapheme_length(photo["alt"]) <= limits.MAX_ALT_CHARS


@each_post
def test_comments_come_in_order_between_their_post_and_now(post):
    hours = [comment["hours_later"] for comment in post["comments"]]

    assert hours == sorted(hours)
    assert all(0 < later < post["hours_ago"] for later in hours)
    for comment in post["comments"]:
        assert comment["author"] in USERNAMES
        assert comment["text"] == clean_text(comment["text"])
        assert 0 < grapheme_length(comment["text"]) <= limits.MAX_COMMENT_CHARS


def test_whoever_is_mentioned_exists():
    texts = chain(
        (post["caption"] for post in POSTS),
        (comment["text"] for post in POSTS for comment in post["comments"]),
        (person["bio"] for person in PEOPLE),
    )

    assert {name for text in texts for name in extract_names(text)} <= USERNAMES


def test_a_rerun_can_tell_posts_and_comments_apart():
    assert len({(post["author"], post["caption"]) for post in POSTS}) == len(POSTS)
    for post in POSTS:
        texts = {(comment["author"], comment["text"]) for comment in post["comments"]}
        assert len(texts) == len(post["comments"])


def test_it_is_a_lively_month():
    assert len(PEOPLE) >= 15
    assert max(post["hours_ago"] for post in POSTS) <= 5 * 7 * 24
    assert sum(len(post["photos"]) > 1 for post in POSTS) >= 5
    assert all(any(person["username"] in one["follows"] for one in PEOPLE) for person in PEOPLE)
    (demo,) = [person for person in PEOPLE if person["username"] == "demo"]
    # The home page is full, and at least one person is left to suggest.
    assert sum(post["author"] in demo["follows"] for post in POSTS) >= 12
    assert len(USERNAMES - {"demo", *demo["follows"]}) >= 5
