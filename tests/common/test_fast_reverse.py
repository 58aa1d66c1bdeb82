"""`fast_reverse` gives the same paths as Django's `reverse`."""

from __future__ import annotations

import pytest
from django.test.utils import override_script_prefix
from django.urls import NoReverseMatch, reverse

from common.fast_reverse import fast_reverse

ROUTES = [
    ("feed:home", []),
    ("posts:post", ["AbC-_9"]),
    ("posts:remove_slide", ["AbC-_9", 7000000001]),
    ("posts:captions", ["AbC-_9", 12]),
    ("feed:profile", ["anna.lind_"]),
    ("feed:tag", ["größe"]),
    ("feed:tag", ["a%b c?d#e"]),
    ("posts:file", [12, "renditions/ab/cd.webp"]),
]


@pytest.mark.parametrize(("view", "args"), ROUTES)
def test_paths_equal_those_of_reverse(view, args):
    assert fast_reverse(view, *args) == reverse(view, args=args)


def test_a_script_prefix_is_part_of_the_path():
    assert fast_reverse("posts:post", "abc") == "/p/abc/"
    with override_script_prefix("/photos/"):
        assert fast_reverse("posts:post", "abc") == "/photos/p/abc/"
    assert fast_reverse("posts:post", "abc") == "/p/abc/"


def test_unknown_views_and_wrong_numbers_of_arguments_raise():
    with pytest.raises(NoReverseMatch):
        fast_reverse("posts:nonexistent")
    with pytest.raises(NoReverseMatch):
        fast_reverse("posts:post", "abc", 1)
