"""Links between Markdown files work, and decision records are complete."""

import re
import subprocess
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
HEADINGS = ["Context", "Decision", "Alternatives", "Consequences"]


def documents() -> list[Path]:
    """Return every Markdown file under version control."""
    listed = subprocess.run(["git", "ls-files", "-z", "*.md"], cwd=PROJECT, capture_output=True, text=True, check=True)
    return [PROJECT / name for name in listed.stdout.split("\0") if name and (PROJECT / name).exists()]


def anchors(path: Path) -> set[str]:
    """Return the fragment that GitHub gives each heading of a page."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_relative_link_leads_to_a_file_and_a_heading():
    broken = []
    for path in documents():
        for link in re.findall(r"\]\((?!https?:)([^)\s]+)\)", path.read_text()):
            name, _, anchor = link.partition("#")
            target = (path.parent / name).resolve() if name else path
            if not target.exists() or (anchor and anchor not in anchors(target)):
                broken.append(f"{path.relative_to(PROJECT)}: {link}")

    assert len(documents()) > 20
    assert broken == []


def test_every_decision_record_has_the_same_sections_and_is_in_the_index():
    folder = PROJECT / "docs" / "decisions"
    index = (folder / "README.md").read_text()
    records = sorted(folder.glob("[0-9]*.md"))

    assert len({path.name[:4] for path in records}) == len(records)
    for path in records:
        text = path.read_text()
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == HEADINGS, path
        assert re.search(r"^\*\*Status:\*\* \w.*\n(.+\n)*\n\*\*Date:\*\* \d{4}-\d\d-\d\d$", text, re.MULTILINE), path
        assert f"({path.name})" in index, path
