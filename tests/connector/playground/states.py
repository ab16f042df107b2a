"""The states in which people see the page: how to get there from an opened page. For axe-core and for screenshots."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

LONGEST_RUN = 60_000
"""Milliseconds, on a busy machine."""


def show_pane(page: Page, name: str) -> None:
    """Shows a pane, where there is room for only one of them."""
    tab = page.get_by_role("tablist", name="Panes").get_by_role("tab", name=name)
    if tab.is_visible():
        tab.click()


def start_example(page: Page, name: str) -> None:
    show_pane(page, "Results")
    page.get_by_role("region", name="Results").get_by_role("button", name=name).click()
    show_pane(page, "Results")


def nothing_has_run(page: Page) -> None:
    show_pane(page, "Results")
    expect(page.get_by_text("Nothing has run yet")).to_be_visible()


def succeeded(page: Page) -> None:
    start_example(page, "Sales report")
    expect(page.locator(".run-status")).to_contain_text("Succeeded", timeout=LONGEST_RUN)
    expect(page.get_by_role("region", name="Results").get_by_role("img").first).to_be_visible()


def running(page: Page) -> None:
    start_example(page, "A long run")
    results = page.get_by_role("region", name="Results")
    expect(page.locator(".run-status")).to_contain_text("Running")
    expect(results.get_by_text("Printed")).to_be_visible(timeout=LONGEST_RUN)


def failed(page: Page) -> None:
    start_example(page, "A run that fails")
    expect(page.locator(".run-status")).to_contain_text("Failed", timeout=LONGEST_RUN)


def files_listed(page: Page) -> None:
    succeeded(page)
    show_pane(page, "Files")
    expect(page.get_by_role("region", name="Files").get_by_text("sales.csv")).to_be_visible()


def file_previewed(page: Page) -> None:
    files_listed(page)
    page.get_by_role("region", name="Files").get_by_role("button", name="sales.csv").first.click()
    expect(page.get_by_role("dialog").get_by_role("columnheader").first).to_be_visible()


def used_elsewhere(page: Page) -> None:
    succeeded(page)
    show_pane(page, "Code")
    page.get_by_role("button", name="Use it elsewhere").click()
    expect(page.get_by_role("tab", name="Logic Apps")).to_be_visible()


STATES: dict[str, Callable[[Page], None]] = {
    "nothing-has-run": nothing_has_run,
    "succeeded": succeeded,
    "running": running,
    "failed": failed,
    "files": files_listed,
    "preview": file_previewed,
    "use-it-elsewhere": used_elsewhere,
}
"""By name, those of a page that is connected and needs no key."""
