"""Finding posts and people in languages that attach particles or omit vowels."""

import pytest

from search.highlighting import highlight
from tests.search.test_people import found as people_found
from tests.search.test_posts import found


@pytest.mark.parametrize(
    ("caption", "query"),
    [
        ("번역을 부탁해 서울타워에서", "번역"),
        ("번역을 부탁해 서울타워에서", "서울"),
        ("번역을 부탁해 서울타워에서", "타워"),
        ("번역을 부탁해 서울타워에서", '"번역을 부탁해"'),
        ("Crème brûlée à l’été", "été"),
        ("Crème brûlée à l'été", "l’été"),
        ("Crème brûlée à l'été", '"à l\'été"'),
        ("tomber d’accord", "accord"),
        ("dell'arte", "arte"),
        ("je crois qu’il dort", '"il dort"'),
        ("aujourd'hui", "aujourdhui"),
        ("l'eau", "eau"),
        ("don’t move", "dont"),
        ("it's Scarlett O’Hara", "ohara"),
        ("it's Scarlett O’Hara", "hara"),
        ("今日は東京タワーに行きました", "東京"),
        ("ขอบคุณมากครับ", "มาก"),
    ],
)
def test_a_post_is_found_by_a_word_inside_its_words(caption, query, author, share, stranger):
    post = share(author, caption=caption)

    assert found(query, stranger) == [post.pk]


@pytest.mark.parametrize(
    ("caption", "query"),
    [("번역을 부탁해", "역번"), ("서울", "서우"), ("don't", "t"), ("it's", "s"), ("l’été", "ete2"), ("東京", "京東")],
)
def test_a_post_is_not_found_by_letters_that_are_not_a_word(caption, query, author, share, stranger):
    share(author, caption=caption)

    assert found(query, stranger) == []


def test_people_are_found_by_part_of_a_korean_name_and_after_an_apostrophe(person):
    viewer = person("viewer")
    person("minsu", name="김민수")
    person("jeanne", name="Jeanne d’Arc")

    assert [people_found(query, viewer) for query in ("민수", "arc", "darc", "d'Arc")] == [
        ["minsu"],
        ["jeanne"],
        ["jeanne"],
        ["jeanne"],
    ]


@pytest.mark.parametrize(
    ("text", "query", "marked"),
    [
        ("번역을 부탁해", "번역", "<mark>번역</mark>을 부탁해"),
        ("서울타워에서", "타워", "서울<mark>타워</mark>에서"),
        ("à l’été", "été", "à l’<mark>été</mark>"),
        ("à l’été, le lac", "l'été", "à <mark>l’été</mark>, le lac"),
        ("Don’t touch", "don't", "<mark>Don’t</mark> touch"),
    ],
)
def test_these_words_are_marked(text, query, marked):
    assert highlight(text, [query]) == marked
