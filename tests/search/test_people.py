"""Finding people by their names in any spelling, exact matches first."""

import pytest

from accounts.models import User
from social.actions.blocks import block
from social.actions.follows import follow
from social.search import find_people, shown_people


def found(query, viewer):
    return [one.username for one in shown_people(User.objects.for_display(), find_people(query, viewer), viewer)]


@pytest.mark.parametrize(
    ("query", "username"),
    [
        ("anna.k", "anna.k"),
        ("@anna.k", "anna.k"),
        ("ANNA.K", "anna.k"),
        ("zoe", "hannah"),
        ("Zoé", "hannah"),
        ("  zoë   maríe ", "hannah"),
        ("mar zo", "hannah"),
        ("nna", "hannah"),
        ("hanah", "hannah"),
        ("hnanah", "hannah"),
        ("Ζωή", "elli"),
        ("παππά", "elli"),
        ("pappa", "elli"),
        ("Серг", "sasha"),
        ("сергеи", "sasha"),
        ("sergei", "sasha"),
        ("Сегрей", "sasha"),
        ("田太", "taro"),
        ("山", "taro"),
        ("שלו", "noa"),
        ("🦊", "foxy"),
        ("foxy🦊", "foxy"),
        ("o'hara", "scarlett"),
        ("ohara", "scarlett"),
    ],
)
def test_people_are_found_by_any_spelling_of_their_names(query, username, person):
    for name, shown in (("anna.k", ""), ("hannah", "Zoë Márie"), ("elli", "Ζωή Παππά"), ("sasha", "Сергей Щукин")):
        person(name, name=shown)
    for name, shown in (("taro", "山田太郎"), ("noa", "שלום"), ("foxy", "Foxy 🦊"), ("scarlett", "Scarlett O’Hara")):
        person(name, name=shown)

    assert username in found(query, person("viewer"))


def test_exact_matches_come_first_then_prefixes_of_names_then_of_words_then_infixes(person):
    viewer = person("viewer")
    inside, word, beginning, exact = person("joanna"), person("x", name="Big Anna"), person("annabel"), person("anna")

    assert found("anna", viewer) == [one.username for one in (exact, beginning, word, inside)]


def test_equal_matches_are_ordered_by_followees_their_followees_and_followers(person):
    viewer, friend = person("viewer"), person("friend")
    names = ("annaone", "annatwo", "annathree", "annafour")
    nobody, famous, near, followed = (person(name) for name in names)
    User.objects.filter(pk=famous.pk).update(folded_followers=1_000)
    follow(viewer, followee=friend)
    follow(friend, followee=near)
    follow(viewer, followee=followed)

    assert found("anna", viewer) == ["annafour", "annathree", "annatwo", "annaone"]
    assert nobody.username == "annaone"


@pytest.mark.promise("A7")
def test_blocked_suspended_and_deactivated_people_are_not_found(person):
    from django.utils import timezone

    viewer, blocker, gone, away, there = (person(f"{name}.cole") for name in ("v", "b", "g", "a", "t"))
    block(blocker, blocked=viewer)
    User.objects.filter(pk=gone.pk).update(suspended_at=timezone.now())
    User.objects.filter(pk=away.pk).update(deactivated_at=timezone.now())

    for query in ("cole", "b.cole", "coel", "g.cole"):
        assert not set(found(query, viewer)) - {"v.cole", "t.cole"}
    assert found("cole", viewer) == ["t.cole", "v.cole"]
    assert there.pk


def test_a_changed_name_is_found_immediately_and_the_old_one_is_not(person):
    anna, viewer = person("anna", name="Before"), person("viewer")
    User.objects.filter(pk=anna.pk).update(name="Afterwards")

    assert found("afterw", viewer) == ["anna"]
    assert found("before", viewer) == []


def test_the_longest_name_fits_in_any_script(person):
    person("long", name="写" * 64)

    assert found("写写", person("viewer")) == ["long"]


@pytest.mark.parametrize("spelt_out", [0, 1, 500])
def test_misspelled_names_are_found_among_popular_followed_and_all_people(spelt_out, person, monkeypatch):
    viewer, known, friend, other = person("viewer"), person("jonas.a"), person("jonas.b"), person("jonas.c")
    User.objects.filter(pk=known.pk).update(folded_followers=9)
    follow(viewer, followee=friend)
    monkeypatch.setattr("social.search.MAX_EDIT_DISTANCE_CANDIDATES", spelt_out)

    assert found("jonsa", viewer) == [one.username for one in (friend, known, other)]
    some = [one.id for one in find_people("jonsa", viewer, wanted=2)]
    assert some[0] == friend.pk
    assert len(some) >= 2
