"""A real Chromium on the served engine. A page that logs an error or scrolls sideways fails its test."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from django.db import connections
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from tests.browser import chromium
from tests.pages.makers import PHONE

PHONE_SIZE = {"width": 390, "height": 844}
DESK_SIZE = {"width": 1280, "height": 900}

# A machine that runs the whole suite is busy with other things too.
PATIENCE_MS = 20_000
expect.set_options(timeout=PATIENCE_MS)

OpenTab = Callable[..., Page]


@pytest.fixture(scope="package")
def browser(django_db_setup: None) -> Iterator[Browser]:
    """One Chromium for all tests here.

    Playwright's synchronous API runs an event loop in this thread, wherefore Django would refuse
    the ORM in it; nothing here is asynchronous, so it may. Under the loop Django opens connections
    apart from the thread's own, and only from there they can be closed.
    """
    try:
        path = chromium.found_or_installed()
    except chromium.NoChromium as error:
        pytest.fail(str(error), pytrace=False)
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        started = playwright.chromium.launch(executable_path=path, args=list(chromium.LAUNCH))
        yield started
        connections.close_all()
        started.close()


@pytest.fixture
def open_tab(browser: Browser, served: str, streamed: str, committed: None) -> Iterator[OpenTab]:
    """Open a tab of a browser of its own at a path; `phone=False` is a desktop.

    `prepare` is called with the tab before it goes there. In the end no tab may have logged an error,
    other than those with the words `but`, or be wider than its screen.
    """
    problems: list[str] = []
    tabs: list[Page] = []
    foreseen: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        if message.type == "error" and not any(words in message.text for words in foreseen):
            problems.append(message.text)

    with ExitStack() as closing:

        def open_at(
            path: str,
            *,
            phone: bool = True,
            prepare: Callable[[Page], object] = lambda tab: None,
            but: str = "",
            **given: Any,
        ) -> Page:
            foreseen.extend([but] if but else [])
            size = PHONE_SIZE if phone else DESK_SIZE
            context = browser.new_context(
                base_url=served, viewport=size, user_agent=PHONE if phone else None, **given
            )
            closing.callback(context.close)
            tab = context.new_page()
            tab.set_default_timeout(PATIENCE_MS)
            tab.on("console", heard)
            tab.on("pageerror", lambda error: problems.append(str(error)))
            tabs.append(tab)
            prepare(tab)
            tab.goto(path)
            return tab

        yield open_at
        problems += [f"{tab.url} scrolls sideways" for tab in tabs if _is_too_wide(tab)]
    assert problems == []


def _is_too_wide(tab: Page) -> bool:
    return bool(tab.locator("html").evaluate("html => html.scrollWidth > html.clientWidth"))
