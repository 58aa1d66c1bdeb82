"""HTML that is rendered once for all readers, and the white space of templates."""

from __future__ import annotations

import pytest
from django.template import Context, Engine, Origin

from common.parts import Parts, ReaderInPartsError, Slots, render_parts
from common.template_loader import _compact

HOSTILE = "100% %s %(x)s %% {{ user }} {% if %} <b>\"'&</b> \u202eevil 0123456789abcdef01234567:liked;"


@pytest.fixture
def template(tmp_path, settings):
    """Return a function that stores a template and returns its name."""

    def store(source):
        (tmp_path / "part.html").write_text("{% load site %}" + source)
        return "part.html"

    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path, *settings.TEMPLATES[0]["DIRS"]]}]
    return store


def test_slots_are_filled_and_any_other_text_stays_escaped_as_it_is(template):
    name = template('<p title="{{ text }}">{{ text }}</p>{% slot "a" %}|{% slot "b:1.x_y" %}|{% slot "a" %}')
    expected = Engine().from_string('<p title="{{ text }}">{{ text }}</p>').render(Context({"text": HOSTILE}))

    parts = render_parts(name, {"text": HOSTILE})

    assert parts.slots == ("a", "b:1.x_y", "a")
    filled = parts.fill({"a": "100%s", "b:1.x_y": "<i>"})
    assert filled == f"{expected}100%s|<i>|100%s"
    assert parts.fill_bytes({"a": "100%s", "b:1.x_y": "é"}, {"a": b"\xc3\xbc"}) == f"{expected}ü|é|ü".encode()
    assert Parts.load(parts.dump()) == parts


def test_a_slot_without_a_value_is_an_error(template):
    with pytest.raises(KeyError):
        render_parts(template('{% slot "a" %}'), {}).fill({})


@pytest.mark.parametrize(
    "source",
    [
        "{{ user.username }}",
        "{{ request.path }}",
        "{% if user.is_authenticated %}a{% endif %}",
        "{% if post and user.is_authenticated %}a{% endif %}",
        "{% if not user.is_authenticated %}a{% endif %}",
        "{% with x=user %}{{ x }}{% endwith %}",
        "{% firstof request.user 'a' %}",
        "{% include 'part.html' with user=user only %}",
    ],
)
def test_a_template_of_parts_cannot_read_a_reader(template, source):
    with pytest.raises(ReaderInPartsError):
        render_parts(template(source), {"post": 1})


def test_parts_contain_no_token(template):
    assert render_parts(template("<form>{% csrf_token %}</form>"), {}).fill({}) == "<form></form>"


def test_text_with_the_marks_of_another_rendering_is_no_slot(template):
    mark = Slots()("liked")

    assert render_parts(template("{{ text }}"), {"text": mark}) == Parts(mark.encode(), ())


@pytest.mark.parametrize(
    ("source", "compact"),
    [
        ("<p>\n  one\n  <b>two</b>\n</p>\n", "<p>\none\n<b>two</b></p>"),
        ("a\n<div>\n  {{ y.0 }}\n  b\n</div>\n<i>c</i>\n<i>d</i>\n", "a<div>\n1\nb</div><i>c</i>\n<i>d</i>\n"),
        ("{# A comment. #}\n{% load site %}\none", "one"),
        ("one\n{% if x %}\n  two\n{% endif %}\nthree", "one\nthree"),
        ("one\n{% if y %}\n  two\n{% else %}\n  no\n{% endif %}\nthree", "one\ntwo\nthree"),
        ("{% for n in y %}\n<i>{{ n }}</i>\n{% endfor %}\nend", "<i>1</i>\n<i>2</i>\nend"),
        ("{{ y.0 }}\n{{ y.1 }}", "1\n2"),
        ("{% firstof y.0 %}\n{% firstof y.1 %}", "1\n2"),
    ],
)
def test_white_space_between_words_stays(settings, source, compact):
    settings.DEBUG = False
    compacted = _compact(Origin("a.html"), source).replace("{% load site %}", "")

    assert Engine().from_string(compacted).render(Context({"y": [1, 2]})) == compact


def test_text_templates_stay_as_they_are(settings):
    settings.DEBUG = False

    assert _compact(Origin("mail.txt"), "{% if x %}\n  a\n") == "{% if x %}\n  a\n"
