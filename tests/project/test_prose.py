"""The check of plain English (`scripts/prose.py`) reads every kind of text."""

from __future__ import annotations

import pytest

from scripts import prose


@pytest.mark.parametrize(
    ("read", "source", "expected"),
    [
        (
            prose.python_texts,
            'def f():\n    """Return\n    one."""\n# A\n# block.\n',
            [(2, "Return one."), (4, "A block.")],
        ),
        (prose.python_texts, "x = 1  # noqa: E501\n", []),
        (
            prose.template_texts,
            "{# A comment. #}\n<p>A {% if x %}whole{% endif %} text.</p>",
            [(1, "A comment."), (2, "A whole text.")],
        ),
        (prose.mail_texts, "Hello {{ name }},\n\nYour post was restored.\n", [(3, "Your post was restored.")]),
        (prose.static_texts, "/* One\n * block. */\na(); // A\n// note.\n", [(1, "One block."), (3, "A note.")]),
        (
            prose.markdown_texts,
            "# A heading of the page\n\n```sh\nmake test\n```\n\n- An item in this short list.\n",
            [(1, "A heading of the page"), (7, "An item in this short list.")],
        ),
    ],
)
def test_texts_are_found_with_their_lines(read, source, expected):
    assert list(read(source)) == expected


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("posts/models/post.py", "code"),
        ("posts/migrations/0001_initial.py", ""),
        ("tests/posts/test_likes.py", "tests"),
        ("templates/account/email/post_removed_message.txt", "templates"),
        ("static/js/site.js", "static"),
        ("static/vendor/htmx-4.0.1/htmx.min.js", ""),
        ("docs/map.md", "docs"),
        ("requirements.txt", ""),
    ],
)
def test_each_file_has_its_kind(path, kind):
    assert prose.kind_of(path) == kind


def test_mannered_phrases_and_fragments_are_counted():
    assert prose.MANNERED.search("Return what is left of it.")
    assert prose.FRAGMENT.match("Of the viewer's posts, the newest.")
    assert not prose.MANNERED.search("Return the remaining bytes.")
    assert not prose.FRAGMENT.match("Return the newest post of the viewer.")
