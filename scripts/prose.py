"""Measure how plain the English of the project is, and fail if a kind of text exceeds its limit.

`make lint` runs this. It reads docstrings and comments of Python, comments and texts of templates, comments of
stylesheets and scripts, and Markdown, and counts two habits that make a reader decode a sentence:

- mannered phrases, such as a noun clause in place of a noun;
- fragments: a docstring or comment that opens with a preposition, relative pronoun or conjunction instead of a verb or
  a noun phrase.

Well-kept Django projects have 0.4 to 1.8 % and 0 to 3.7 %. The remedy is to say the sentence in another way, as in a
conversation with a colleague, and not to avoid the counted words. `--show N` prints the N worst texts of each kind.
"""

from __future__ import annotations

import argparse
import ast
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent

# The most that may be mannered and may open with a fragment, in per cent of the texts of a kind.
LIMITS = {
    "code": (2, 3),
    "tests": (2, 3),
    "templates": (2, 3),
    "static": (2, 3),
    "docs": (5, 5),
}

# Files that are not ours, not prose, or frozen.
SKIPPED = re.compile(r"(^|/)(vendor|migrations|files|content)/")

MANNERED = re.compile(
    r"""\b(?:
        whoever | whom | somebody | nobody | oneself | one['’]s | anew | of\ (?:it|which) | which\ is
      | those\ (?:who|that|of) | (?:is|are)\ no | who\ asks | the\ one\ who
      | what\ (?:is|was|has|does|can|comes|came|hangs|it|they|this|that|the|a|one|others|nobody|somebody)
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)
FRAGMENT = re.compile(
    r"""(?:
        After | Also | As | Before | By | For | From | In | Instead | Not | Of | So | Such | That | To | Until | What
      | Where | Which | Who | Whoever | With | Without
    )\b""",
    re.VERBOSE,
)


class Text(NamedTuple):
    path: str
    line: int
    words: str


def join(text: str) -> str:
    """Put a text on one line."""
    return " ".join(text.split())


def python_texts(source: str) -> Iterator[tuple[int, str]]:
    """Yield docstrings, strings that stand alone after a statement, and blocks of comments."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Expr(value=ast.Constant(value=str(text))):
                yield node.lineno, join(text)
    yield from comment_blocks(
        (token.start[0], token.string.lstrip("# "))
        for token in tokenize.generate_tokens(iter(source.splitlines(keepends=True)).__next__)
        if token.type == tokenize.COMMENT and not re.match(r"#\s*(noqa|type:|fmt:|---)", token.string)
    )


def comment_blocks(comments: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Join comments on successive lines."""
    start, previous, block = 0, -1, [""]
    for line, text in comments:
        if line != previous + 1:
            if start:
                yield start, join(" ".join(block))
            start, block = line, []
        block.append(text)
        previous = line
    if start:
        yield start, join(" ".join(block))


def template_texts(source: str) -> Iterator[tuple[int, str]]:
    """Yield comments and the texts between tags, without short labels."""
    plain = re.sub(r"{%.*?%}|{{.*?}}", lambda tag: re.sub(r"[^\n]", " ", tag[0]), source, flags=re.DOTALL)
    for match in re.finditer(r"{#(.*?)#}|>([^<>{}]{12,})<", plain, flags=re.DOTALL):
        if text := join(match[1] or match[2]):
            yield plain.count("\n", 0, match.start()) + 1, text


def mail_texts(source: str) -> Iterator[tuple[int, str]]:
    """Yield the paragraphs of a mail."""
    plain = re.sub(r"{%.*?%}|{{.*?}}|{#.*?#}", " ", source)
    for number, line in enumerate(plain.splitlines(), 1):
        if len(text := join(line)) >= 12:
            yield number, text


def static_texts(source: str) -> Iterator[tuple[int, str]]:
    """Yield block comments, and blocks of line comments."""
    for match in re.finditer(r"/\*(.*?)\*/", source, flags=re.DOTALL):
        text = join(re.sub(r"^\s*\*+", " ", match[1], flags=re.MULTILINE))
        if text and not text.startswith("---"):
            yield source.count("\n", 0, match.start()) + 1, text
    yield from comment_blocks(
        (number, match[1])
        for number, line in enumerate(source.splitlines(), 1)
        if (match := re.search(r"(?:^|\s)//\s+(?!---|biome-)(.*)", line))
    )


def markdown_texts(source: str) -> Iterator[tuple[int, str]]:
    """Yield paragraphs, list items and table rows, without code blocks."""
    plain = re.sub(r"```.*?```", lambda code: "\n" * code[0].count("\n"), source, flags=re.DOTALL)
    line = 1
    for block in re.split(r"(\n\s*\n|\n(?=[-|*\d]))", plain):
        text = join(block).lstrip("-|*# ")
        if len(text) > 20:
            yield line, text
        line += block.count("\n")


READERS = {
    ".py": python_texts,
    ".html": template_texts,
    ".txt": mail_texts,
    ".js": static_texts,
    ".css": static_texts,
    ".md": markdown_texts,
}


def kind_of(path: str) -> str:
    """Return the kind of texts in a file, or an empty string if it is not measured."""
    folder, _, rest = path.partition("/")
    suffix = Path(path).suffix
    if SKIPPED.search(path):
        return ""
    if suffix == ".md":
        return "docs"
    if suffix == ".py":
        return "tests" if rest and folder in {"tests", "bench"} else "code"
    return folder if folder in {"templates", "static"} and suffix in READERS else ""


def read_texts() -> dict[str, list[Text]]:
    """Return the texts of all files in the working tree that Git does not ignore, by kind."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    texts: dict[str, list[Text]] = {kind: [] for kind in LIMITS}
    for path in sorted(filter(kind_of, listed.split("\0"))):
        if not (ROOT / path).is_file():
            continue
        read = READERS[Path(path).suffix]
        texts[kind_of(path)] += [Text(path, *found) for found in read((ROOT / path).read_text(encoding="utf-8"))]
    return texts


def percentage(part: list[Text], whole: list[Text]) -> float:
    return 100 * len(part) / max(len(whole), 1)


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure how plain the English of the project is.")
    parser.add_argument("--show", type=int, default=0, metavar="N", help="print the N worst texts of each kind")
    options = parser.parse_args()
    is_over = False
    for kind, texts in read_texts().items():
        mannered = [text for text in texts if MANNERED.search(text.words)]
        fragments = [text for text in texts if FRAGMENT.match(text.words)]
        shares = percentage(mannered, texts), percentage(fragments, texts)
        is_kind_over = any(share > limit for share, limit in zip(shares, LIMITS[kind], strict=True))
        is_over = is_over or is_kind_over
        if is_kind_over or options.show:
            print(
                f"{kind}: {len(texts)} texts, mannered {shares[0]:.1f} % (limit {LIMITS[kind][0]:g} %), "
                f"fragments {shares[1]:.1f} % (limit {LIMITS[kind][1]:g} %)"
            )
        worst = sorted(mannered, key=lambda text: -len(MANNERED.findall(text.words)))
        shown = options.show or (10 if is_kind_over else 0)
        for text in chain(worst[:shown], fragments[:shown]):
            print(f"  {text.path}:{text.line}: {text.words[:150]}")
    return is_over


if __name__ == "__main__":
    sys.exit(main())
