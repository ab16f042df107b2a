"""Runs code on the page, as people do."""

import re

from playwright.sync_api import Locator, Page, expect


def start(page: Page, code: str) -> Locator:
    """Types code, and starts it. Returns the pane with the results."""
    editor = page.get_by_role("textbox", name="Python code")
    editor.fill(code)
    editor.press("Control+Enter")
    return page.get_by_role("region", name="Results", exact=True)


def run(page: Page, code: str) -> Locator:
    """Runs code to its end. Returns the pane with the results."""
    number = page.get_by_role("toolbar", name="Runs").get_by_role("button").count() + 1
    results = start(page, code)
    ended = re.compile(rf"Run {number}, (succeeded|failed|canceled|refused|unknown)")
    expect(results.get_by_role("button", name=ended)).to_have_attribute("aria-current", "true", timeout=30_000)
    return results
