"""What axe finds on a page, on a phone and on a desk, by day and by night; and whether it is wider than its window."""

from __future__ import annotations

import json
from itertools import product

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

from tests.e2e.conftest import DESKTOP, PHONE

SIZES = {"desktop": DESKTOP, "phone": PHONE}
GRAVE = {"serious", "critical"}
ALL = {"resultTypes": ["violations"]}
COLOURS = ALL | {"runOnly": ["color-contrast"]}
"""All that can differ between light and dark."""

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
"""Wait until the new size and colours are drawn. Without transitions no colour is caught half-way to its new value."""


def faults(page: Page, place: str) -> list[str]:
    """A sentence for each fault of the page as it is now, which is called `place`. Takes about a second."""
    found = []
    before = page.viewport_size
    page.evaluate(AXE_SCRIPT)
    page.evaluate(NO_TRANSITIONS)
    for (size, viewport), scheme in product(SIZES.items(), ("light", "dark")):
        page.set_viewport_size(viewport)
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.evaluate(SETTLE)
        options = json.dumps(ALL if scheme == "light" else COLOURS)
        for violation in page.evaluate(f"axe.run({options}).then((results) => results.violations)"):
            if violation["impact"] in GRAVE:
                nodes = [node["html"][:160] for node in violation["nodes"][:3]]
                found.append(f"{place}, {size}, {scheme}: {violation['id']}: {nodes}")
        if (width := page.evaluate("document.documentElement.scrollWidth - innerWidth")) > 0:
            found.append(f"{place}, {size}: {width} px wider than the window")
    page.evaluate(WITH_TRANSITIONS)
    page.set_viewport_size(before)
    page.emulate_media(color_scheme="light")
    return found
