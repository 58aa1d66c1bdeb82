"""Write the stylesheet of the icons from the sprite with their drawings.

`python scripts/icons.py` writes `static/css/components/icons.css`; `stylesheet()` returns its text.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent
SPRITE: Final = HERE / "icons.svg"
STYLESHEET: Final = HERE.parent / "static/css/components/icons.css"

_SYMBOL: Final = re.compile(r'<symbol id="(?P<name>[\w-]+)" viewBox="(?P<box>[\d ]+)">(?P<drawing>.+?)</symbol>')
_HEAD: Final = """\
/* Drawings of the icons, made from scripts/icons.svg by scripts/icons.py. `.icon` shows them as masks. */
"""


def icons() -> dict[str, str]:
    """Return {name: address} of all icons of the sprite; the address is a data: URI."""
    return {
        found["name"]: _uri(
            f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='{found['box']}'>{found['drawing']}</svg>"
        )
        for found in _SYMBOL.finditer(SPRITE.read_text())
    }


def stylesheet() -> str:
    """Return the stylesheet: a class `i-<name>` for each icon.

    An icon with a filled twin, such as heart and heart-fill, shows the twin in a pressed button or a current link.
    """
    found = icons()
    rules = []
    for name, uri in found.items():
        plain = name.removesuffix("-fill")
        selectors = [f".i-{name}"]
        if plain != name and plain in found:
            selectors.append(f':is([aria-pressed="true"], [aria-current="page"]) > .i-{plain}')
        rules.append(",\n".join(selectors) + f' {{\n  --icon: url("{uri}");\n}}\n')
    return _HEAD + "\n".join(rules)


def _uri(svg: str) -> str:
    """Return an SVG as a data: URI for double quotes."""
    for character, escaped in (('"', "'"), ("%", "%25"), ("#", "%23"), ("<", "%3C"), (">", "%3E")):
        svg = svg.replace(character, escaped)
    return f"data:image/svg+xml,{svg}"


if __name__ == "__main__":
    STYLESHEET.write_text(stylesheet())
