"""A browser for tests of the page: Debian's Chromium, driven by Playwright.

Without Chromium, the tests are skipped; in CI, where REQUIRE_CHROMIUM is set, they fail. In every test, what the page's
policy refuses and what its scripts throw fails the test.
"""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Route, expect, sync_playwright

from connector.playground import site
from tests.conftest import Api

PATIENCE = 20_000
"""Milliseconds until a test gives up waiting: what takes one second may take several on a busy machine."""

# Chromium refuses its sandbox to root, and many containers refuse it to other users.
OPTIONS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--no-proxy-server"]
NAMES = ("chromium", "chromium-browser", "google-chrome")
SOURCES = Path(site.__file__).parent / "page"
SCRIPTS = re.compile(r"/playground/[0-9a-f]{16}/(.+\.js)$")
REPORT_REFUSALS = """addEventListener("securitypolicyviolation", (event) => {
  const place = `${event.sourceFile}:${event.lineNumber}`;
  console.error(`policy: ${event.effectiveDirective} refuses ${event.blockedURI} ${place}`);
});"""
"""Run in every document, because Chromium does not report all refusals on its console."""


def chromium() -> str | None:
    """The path of the browser. None if it is not installed."""
    wanted = os.environ.get("CHROMIUM")
    return next(filter(None, map(shutil.which, [wanted] if wanted else NAMES)), None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Until the end of the module: Playwright's event loop runs in this thread, and no other can run meanwhile."""
    wanted, path = os.environ.get("CHROMIUM"), chromium()
    if path is None:
        problem = f"CHROMIUM is {wanted}, which is no program." if wanted else "Chromium is not installed."
        explanation = f"{problem} Install Debian's package chromium, or set CHROMIUM to its path."
        pytest.fail(explanation) if os.environ.get("REQUIRE_CHROMIUM") else pytest.skip(explanation)
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=OPTIONS)
        yield running
        running.close()


@pytest.fixture
def open_context(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Returns a function that opens a window of its own: with `page_options`, such as viewport and color_scheme."""
    contexts: list[BrowserContext] = []

    def opened(**page_options: Any) -> BrowserContext:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **page_options})
        context.set_default_timeout(PATIENCE)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        contexts.append(context)
        return context

    yield opened
    for context in contexts:
        context.close()


class Complaints(list[str]):
    """What went wrong in a page although nobody saw it. A test that provokes something removes it."""

    def expect(self, part: str) -> None:
        """Removes the complaints that contain the text. There must be one."""
        found = [complaint for complaint in self if part in complaint]
        assert found, f"no complaint contains {part!r}: {list(self)}"
        self[:] = [complaint for complaint in self if complaint not in found]


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    """Must be empty when the test ends."""
    noted = Complaints()
    yield noted
    assert not noted


@pytest.fixture
def open_page(open_context: Callable[..., BrowserContext], complaints: Complaints) -> Callable[..., Page]:
    """Returns a function that opens the Playground of a connector, in a window with `page_options`.

    With `from_sources`, its scripts are the modules of which they are built, which a test can import, too.
    """

    def opened(api: Api, *, from_sources: bool = False, **page_options: Any) -> Page:
        page = open_context(**page_options).new_page()
        if from_sources:
            page.route(SCRIPTS, _respond_with_source)
        page.add_init_script(REPORT_REFUSALS)
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("console", lambda message: _note(message, complaints))
        page.goto(f"{api.url}/playground")
        return page

    return opened


@pytest.fixture
def page(open_page: Callable[..., Page], api: Api) -> Page:
    """The Playground of the connector with the emulator."""
    return open_page(api)


def _respond_with_source(route: Route) -> None:
    address = SCRIPTS.search(route.request.url)
    assert address is not None
    route.fulfill(path=SOURCES / address[1], content_type="text/javascript")


def _note(message: ConsoleMessage, complaints: Complaints) -> None:
    # Chromium reports every response that is no success there. Whether the page handles it is for tests to say.
    if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
        complaints.append(f"{message.type}: {message.text}")
