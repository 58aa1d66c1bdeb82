"""Browsers on the running site, and users signed up in them."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize

from tests.visitors import Visitor

PASSWORD = "correct-horse-battery"
PHONE: ViewportSize = {"width": 390, "height": 844}
DESKTOP: ViewportSize = {"width": 1280, "height": 900}
_numbers = count(1)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium-headless-shell") or shutil.which("chromium")
    assert chromium, "Chromium is missing: `make test` installs it, or set CHROMIUM to its path."
    arguments = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking", "--disable-extensions"]
    # A separate GPU process only costs time on machines without a graphics card.
    arguments += ["--disable-gpu", "--in-process-gpu", "--disable-gpu-rasterization"]
    return {**browser_type_launch_args, "executable_path": chromium, "args": arguments}


@pytest.fixture(scope="session")
def idle_contexts() -> dict[bool, list[BrowserContext]]:
    """Unused contexts, by whether they run scripts. Reuse keeps the scripts and styles of the site in their cache."""
    return {True: [], False: []}


def _reset(context: BrowserContext, origin: str) -> None:
    """Remove everything that a test left in the context, except the cache of files."""
    blank = context.new_page()
    for page in context.pages:
        if page != blank:
            page.close()
    context.unroute_all()
    context.set_offline(False)
    context.set_default_timeout(30_000)
    context.clear_permissions()
    context.clear_cookies()
    session = context.new_cdp_session(blank)
    session.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"})
    session.detach()
    blank.close()


@pytest.fixture
def open_browser(
    browser: Browser, site: Any, idle_contexts: dict[bool, list[BrowserContext]]
) -> Iterator[Callable[..., Page]]:
    """Return a function that opens a page in a browser context of its own.

    After the test, the consoles must contain no errors: no CSP violation, no exception and no failed request, except
    messages that contain a string in `forgive`.
    """
    contexts: list[tuple[bool, BrowserContext]] = []
    errors: list[str] = []

    def open_page(*, javascript: bool = True, size: ViewportSize = DESKTOP, forgive: tuple[str, ...] = ()) -> Page:
        if idle_contexts[javascript]:
            context = idle_contexts[javascript].pop()
        else:
            context = browser.new_context(base_url=site.base_url, java_script_enabled=javascript, viewport=DESKTOP)
        contexts.append((javascript, context))
        page = context.new_page()
        if size != DESKTOP:
            page.set_viewport_size(size)

        def record(text: str) -> None:
            if not any(part in text for part in forgive):
                errors.append(f"{page.url}: {text}")

        page.on("console", lambda message: record(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: record(str(error)))
        return page

    yield open_page
    for javascript, context in contexts:
        _reset(context, site.base_url)
        idle_contexts[javascript].append(context)
    assert not errors, f"{errors}\n\nThe site's log ends with:\n{site.output()[-6000:]}"


@pytest.fixture
def sign_up(open_browser: Callable[..., Page], site: Any) -> Callable[..., Page]:
    """Return a function that signs up a new user and opens the page `at` in a browser.

    `by_hand` has the user sign up in the browser; the default, by requests, is faster. `page.username` is the
    name, and `page.visitor` is the same session without a browser, for quick preparations.
    """

    def sign_up(name: str = "person", *, by_hand: bool = False, at: str = "/", **options: Any) -> Page:
        page = open_browser(**options)
        if by_hand:
            username = f"{name}{next(_numbers)}"
            fields = {"email": f"{username}@example.org", "username": username, "password1": PASSWORD}
            page.goto("/accounts/signup/")
            for field, text in fields.items():
                page.fill(f"[name={field}]", text)
            page.click("main form[method=post] button[type=submit]")
            page.wait_for_url(re.compile(r"//[^/]+/$"))
            cookies = {one["name"]: one["value"] for one in page.context.cookies()}
            visitor = Visitor(site.port, username, cookies)
        else:
            visitor = Visitor(site.port).sign_up(name)
            page.context.add_cookies(
                [{"name": key, "value": value, "url": site.base_url} for key, value in visitor.cookies.items()]
            )
            page.goto(at)
        known: Any = page
        known.username, known.visitor = visitor.username, visitor
        return page

    return sign_up
