"""The page as a whole."""

from playwright.sync_api import Page, expect


def test_the_page_opens(page: Page) -> None:
    """It is the Playground, and is connected."""
    expect(page.get_by_role("heading", name="Code Interpreter Playground")).to_be_visible()
    expect(page.get_by_role("heading", name="Results")).to_be_visible()
