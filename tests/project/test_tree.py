"""Rules for the files of the repository: vendored files, pinned packages, templates, icons, stylesheets."""

import hashlib
import json
import re
from pathlib import Path

import pytest

from scripts import icons

PROJECT = Path(__file__).resolve().parents[2]


def test_vendored_files_are_as_published():
    readme = (PROJECT / "static/vendor/README.md").read_text()
    listed = dict(re.findall(r"^\| `([^`]+)` .* `([0-9a-f]{64})` \|$", readme, re.MULTILINE))
    scripts = [path for path in (PROJECT / "static/vendor").rglob("*") if path.suffix in {".js", ".css"}]

    assert {path.relative_to(PROJECT / "static/vendor").as_posix() for path in scripts} == set(listed)
    for name, checksum in listed.items():
        assert hashlib.sha256((PROJECT / "static/vendor" / name).read_bytes()).hexdigest() == checksum, name


@pytest.mark.promise("C1")
@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_requirement_is_pinned_with_hashes(name):
    text = (PROJECT / name).read_text()
    pins = re.findall(r"^([A-Za-z0-9._\[\]-]+)==\S+ \\\n    --hash=sha256:", text, re.MULTILINE)
    lines = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]

    assert len(pins) == len(lines) > 10
    assert "--index-url" not in text
    assert "--find-links" not in text


@pytest.mark.promise("C1")
def test_every_npm_package_is_pinned_with_a_hash():
    direct = json.loads((PROJECT / "package.json").read_text())["devDependencies"]
    locked = json.loads((PROJECT / "package-lock.json").read_text())["packages"]
    root = locked.pop("")

    assert root["devDependencies"] == direct
    for name, version in direct.items():
        assert locked[f"node_modules/{name}"]["version"] == version, name
    assert all(package["integrity"].startswith("sha512-") for package in locked.values())


@pytest.mark.promise("H2")
def test_no_page_has_inline_scripts_or_styles():
    """The content security policy would block them."""
    for path in (PROJECT / "templates").rglob("*.html"):
        text = path.read_text()
        assert not re.search(r"<script(?![^>]*\bsrc=)", text), path
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=\"", text), path


def test_no_line_of_a_template_stylesheet_or_script_is_over_120_characters():
    """Formatters do not break comments and texts. Drawings of icons have no better place to break."""
    files = [
        *(PROJECT / "templates").rglob("*.html"),
        *(path for suffix in ("css", "js") for path in (PROJECT / "static").rglob(f"*.{suffix}")),
    ]
    long = [
        f"{path.relative_to(PROJECT)}:{number}"
        for path in files
        if "vendor" not in path.parts
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if len(line) > 120 and "data:image/svg+xml" not in line
    ]

    assert long == []


def test_the_stylesheet_of_icons_is_made_from_the_drawings():
    assert icons.STYLESHEET.read_text() == icons.stylesheet(), "run scripts/icons.py"


def test_every_icon_that_a_template_or_script_uses_is_drawn():
    used = {
        name
        for folder, suffix, pattern in (
            ("templates", "html", r'(?:\{% icon |symbol=|empty_state )"([^"]+)"'),
            ("static/js", "js", r'\bicon\("([^"]+)"'),
        )
        for path in (PROJECT / folder).rglob(f"*.{suffix}")
        for name in re.findall(pattern, path.read_text())
    }

    assert used - set(icons.icons()) == set()
    assert {"heart", "warning", "users"} < used


def test_the_stylesheet_imports_exactly_the_existing_files():
    folder = PROJECT / "static/css"
    imported = set(re.findall(r'@import url\("([^"]+)"\)', (folder / "site.css").read_text()))
    present = {path.relative_to(folder).as_posix() for path in folder.rglob("*.css")} - {"site.css"}

    assert imported == present
