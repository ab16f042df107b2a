"""Runs code on the page, as people do."""

import re

from playwright.sync_api import Locator, Page, expect

SECONDS = 40
"""That a run may take on a busy machine, whose first import of matplotlib takes most of it."""


def editor(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Python code")


def results(page: Page) -> Locator:
    """The pane with the results."""
    return page.get_by_role("region", name="Results", exact=True)


def expect_result(page: Page, text: str) -> None:
    expect(results(page)).to_contain_text(text, timeout=SECONDS * 1000)


def start(page: Page, code: str) -> Locator:
    """Types code, and starts it. Returns the pane with the results."""
    editor(page).fill(code)
    editor(page).press("Control+Enter")
    return results(page)


def run(page: Page, code: str) -> Locator:
    """Runs code to its end. Returns the pane with the results."""
    number = page.get_by_role("toolbar", name="Runs").get_by_role("button").count() + 1
    pane = start(page, code)
    ended = re.compile(rf"Run {number}, (succeeded|failed|canceled|refused|unknown)")
    expect(pane.get_by_role("button", name=ended)).to_have_attribute("aria-current", "true", timeout=SECONDS * 1000)
    return pane
