"""The states in which people see the page: how to get there from an opened page. For axe-core and for screenshots."""

from collections.abc import Callable
from typing import NamedTuple

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


def canceled(page: Page) -> None:
    running(page)
    page.get_by_role("button", name="Cancel", exact=True).locator("visible=true").click()
    expect(page.locator(".run-status")).to_contain_text("Canceled", timeout=LONGEST_RUN)


def interactive_output(page: Page) -> None:
    show_pane(page, "Code")
    page.get_by_role("button", name="Examples").click()
    page.get_by_role("button", name="Interactive output").click()
    show_pane(page, "Results")
    expect(page.frame_locator("iframe").get_by_role("slider")).to_be_visible(timeout=LONGEST_RUN)


def chart_zoomed(page: Page) -> None:
    succeeded(page)
    page.get_by_role("button", name="Zoom").click()
    expect(page.get_by_role("dialog").get_by_role("img")).to_be_visible()


def connection_shown(page: Page) -> None:
    page.get_by_role("button", name="Connection").click()
    expect(page.get_by_role("dialog", name="Connection")).to_contain_text("pandas")


def connection_refused(page: Page) -> None:
    page.get_by_role("button", name="Connection").click()
    expect(page.get_by_role("dialog", name="Connection")).to_contain_text("Session Executor")


def offline(page: Page) -> None:
    succeeded(page)
    page.context.set_offline(True)
    expect(page.get_by_role("button", name="Connection")).to_contain_text("Offline")


def key_needed(page: Page) -> None:
    expect(page.get_by_role("dialog", name="Function key")).to_be_visible()


def key_refused(page: Page) -> None:
    page.get_by_role("textbox", name="Key").fill("a-wrong-key")
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.get_by_role("dialog")).to_contain_text("This key was not accepted.")


def expired(page: Page) -> None:
    succeeded(page)
    expect(page.get_by_role("alert")).to_contain_text("This session has expired.", timeout=LONGEST_RUN)


class State(NamedTuple):
    """How to get there, and on which connector: `open`, `keyed` (it requires a function key), `denied` (whose identity
    lacks the role) or `short` (whose sessions expire after SHORT_LIFE).
    """

    reach: Callable[[Page], None]
    connector: str = "open"


SHORT_LIFE = 8
"""Seconds."""

STATES = {
    "nothing-has-run": State(nothing_has_run),
    "succeeded": State(succeeded),
    "interactive-output": State(interactive_output),
    "zoom": State(chart_zoomed),
    "running": State(running),
    "canceled": State(canceled),
    "failed": State(failed),
    "files": State(files_listed),
    "preview": State(file_previewed),
    "use-it-elsewhere": State(used_elsewhere),
    "connection": State(connection_shown),
    "offline": State(offline),
    "key-needed": State(key_needed, "keyed"),
    "key-refused": State(key_refused, "keyed"),
    "connection-refused": State(connection_refused, "denied"),
    "expired": State(expired, "short"),
}
"""By name."""
