"""A real browser on the whole running site."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

PASSWORD = "correct-horse-battery"
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 900}
_numbers = count(1)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    assert chromium, "Chromium is missing: `make test` installs it, or set CHROMIUM to its path."
    arguments = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking", "--disable-extensions"]
    # Without a graphics card a process for it only costs time.
    arguments += ["--disable-gpu", "--in-process-gpu", "--disable-gpu-rasterization"]
    return {**browser_type_launch_args, "executable_path": chromium, "args": arguments}


@pytest.fixture
def open_browser(browser: Browser, site: Any) -> Iterator[Callable[..., Page]]:
    """`open_browser(javascript=True, size=DESKTOP)`: a page in a browser of its own, on the site.

    At the end it is held against it: no CSP violation, no error of a script and no failed file in its console.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_page(*, javascript: bool = True, size: dict[str, int] = DESKTOP, forgive: tuple[str, ...] = ()) -> Page:
        context = browser.new_context(base_url=site.base_url, java_script_enabled=javascript, viewport=size)
        contexts.append(context)
        page = context.new_page()

        def hear(text: str) -> None:
            if not any(part in text for part in forgive):
                complaints.append(f"{page.url}: {text}")

        page.on("console", lambda message: hear(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: hear(str(error)))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not complaints, f"{complaints}\n\nThe site's log ends with:\n{site.output()[-6000:]}"


@pytest.fixture
def sign_up(open_browser: Callable[..., Page], site: Any) -> Callable[..., Page]:
    """A new person, signed up and in, on their home page; `by_hand` through the pages, else by the same requests."""

    def sign_up(name: str = "person", *, by_hand: bool = False, **options: Any) -> Page:
        page = open_browser(**options)
        username = f"{name}{next(_numbers)}"
        fields = {"email": f"{username}@example.org", "username": username, "password1": PASSWORD}
        if by_hand:
            page.goto("/accounts/signup/")
            for field, text in fields.items():
                page.fill(f"[name={field}]", text)
            page.click("main form[method=post] button[type=submit]")
            page.wait_for_url(re.compile(r"//[^/]+/$"))
        else:
            token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', page.request.get("/accounts/signup/").text())
            assert token
            form = fields | {"csrfmiddlewaretoken": token[1]}
            headers = {"Referer": f"{site.base_url}/accounts/signup/"}
            answer = page.request.post("/accounts/signup/", form=form, headers=headers, max_redirects=0)
            assert answer.status == 302, answer.text()
            page.goto("/")
        page.username = username  # type: ignore[attr-defined]
        return page

    return sign_up
