"""Check pages with axe and for horizontal scrolling, at phone and desktop size, in light and dark colours.

`make test` checks each page once at each size and once in each colour scheme: pages take turns between the two pairs of
these states. `make test-deep` checks most pages in all four.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal
from weakref import WeakKeyDictionary

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, ViewportSize

from tests.e2e.conftest import DESKTOP, PHONE

SIZES: dict[str, ViewportSize] = {"desktop": DESKTOP, "phone": PHONE}
SEVERE = {"serious", "critical"}
RULES: dict[str, Any] = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
"""All rules that axe runs by default, and WCAG 2.2 AA "target size (minimum)", which it does not."""
State = tuple[str, Literal["light", "dark"]]
TURNS: tuple[tuple[State, ...], ...] = (
    (("desktop", "light"), ("phone", "dark")),
    (("desktop", "dark"), ("phone", "light")),
)
_turns: WeakKeyDictionary[Page, int] = WeakKeyDictionary()
"""How often each browser page was checked."""

in_all_states = pytest.mark.parametrize(
    "all_states", [False, pytest.param(True, marks=pytest.mark.deep)], ids=["some states", "all states"]
)

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


def faults(page: Page, place: str, *, all_states: bool = False) -> list[str]:
    """Describe each serious fault of the page in its current state, prefixed with `place`. Takes half a second."""
    found = []
    before = page.viewport_size
    assert before
    turn = _turns[page] = _turns.get(page, -1) + 1
    page.evaluate(AXE_SCRIPT)
    page.evaluate(NO_TRANSITIONS)
    page.emulate_media(reduced_motion="reduce")
    for size, scheme in [state for states in TURNS for state in states] if all_states else TURNS[turn % len(TURNS)]:
        page.set_viewport_size(SIZES[size])
        page.emulate_media(color_scheme=scheme)
        page.evaluate(SETTLE)
        violations = page.evaluate("(rules) => axe.run(rules).then((results) => results.violations)", RULES)
        for violation in violations:
            if violation["impact"] in SEVERE:
                nodes = [node["html"][:160] for node in violation["nodes"][:3]]
                found.append(f"{place}, {size}, {scheme}: {violation['id']}: {nodes}")
        if (width := page.evaluate("document.documentElement.scrollWidth - innerWidth")) > 0:
            found.append(f"{place}, {size}: {width} px wider than the window")
    page.evaluate(WITH_TRANSITIONS)
    page.set_viewport_size(before)
    return found


def faults_of_pages(pages: Iterable[tuple[Page, str]], *, all_states: bool = False) -> list[str]:
    """Open each URL in its browser page and describe the faults."""
    found = []
    for page, url in pages:
        page.goto(url)
        found += faults(page, url, all_states=all_states)
    return found
