"""Check pages with axe and for horizontal scrolling, at phone and desktop size, in light and dark colours."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Literal

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, ViewportSize

from tests.e2e.conftest import DESKTOP, PHONE

SIZES: dict[str, ViewportSize] = {"desktop": DESKTOP, "phone": PHONE}
SEVERE = {"serious", "critical"}
ALL: dict[str, Any] = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
"""All rules that axe runs by default, and WCAG 2.2 AA "target size (minimum)", which it does not."""
STATES: tuple[tuple[str, Literal["light", "dark"]], ...] = (
    ("desktop", "light"),
    ("desktop", "dark"),
    ("phone", "dark"),
    ("phone", "light"),
)
COLOURS = ALL | {"runOnly": ["color-contrast"]}
"""The only rule whose result can differ between light and dark."""

NO_TRANSITIONS = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync("*, ::before, ::after { transition: none !important }");
  document.adoptedStyleSheets.push(sheet);
}"""
WITH_TRANSITIONS = "() => { document.adoptedStyleSheets.pop(); }"
SETTLE = """async () => {
  for (let turn = 0; turn < 2; turn++) await new Promise((drawn) => requestAnimationFrame(drawn));
  for (const animation of document.getAnimations()) {
    if (animation.effect.getComputedTiming().endTime !== Infinity) animation.finish();
  }
}"""
"""Wait until the new size and colours are drawn. Transitions are off so that axe sees final colours."""


def faults(page: Page, place: str) -> list[str]:
    """Describe each serious fault of the page in its current state, prefixed with `place`. Takes about a second."""
    found = []
    before = page.viewport_size
    assert before
    page.evaluate(AXE_SCRIPT)
    page.evaluate(NO_TRANSITIONS)
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.set_viewport_size(DESKTOP)
    # Each state differs from the one before in one thing, because each change lays out and draws the page again.
    for size, scheme in STATES:
        if page.viewport_size != SIZES[size]:
            page.set_viewport_size(SIZES[size])
        else:
            page.emulate_media(color_scheme=scheme)
        page.evaluate(SETTLE)
        options = json.dumps(ALL if scheme == "light" else COLOURS)
        for violation in page.evaluate(f"axe.run({options}).then((results) => results.violations)"):
            if violation["impact"] in SEVERE:
                nodes = [node["html"][:160] for node in violation["nodes"][:3]]
                found.append(f"{place}, {size}, {scheme}: {violation['id']}: {nodes}")
        if (width := page.evaluate("document.documentElement.scrollWidth - innerWidth")) > 0:
            found.append(f"{place}, {size}: {width} px wider than the window")
    page.evaluate(WITH_TRANSITIONS)
    page.set_viewport_size(before)
    return found


def faults_of_pages(pages: Iterable[tuple[Page, str]]) -> list[str]:
    """Open each URL in its browser page and describe the faults."""
    found = []
    for page, url in pages:
        page.goto(url)
        found += faults(page, url)
    return found
