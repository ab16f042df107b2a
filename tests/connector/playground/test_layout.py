"""Where the regions of the page are, on each size of screen, and how the keyboard moves among them."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import FloatRect, Locator, Page, expect

from tests.conftest import Api
from tests.connector.playground.screens import SCREENS

browser = pytest.mark.browser
Open = Callable[..., Page]

PHONE = SCREENS["phone"]
TABLET = {"viewport": {"width": 820, "height": 1180}}
SHIFTS = """
globalThis.shifts = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) globalThis.shifts.push(entry.value);
}).observe({ type: "layout-shift", buffered: true });
"""


def pane(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name, exact=True)


def box(locator: Locator) -> FloatRect:
    found = locator.bounding_box()
    assert found
    return found


def no_scrolling(page: Page) -> None:
    """Nothing is wider than the page."""
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0


@browser
def test_desktop(page: Page) -> None:
    """Files, Code and Results are side by side, and fill the page."""
    files, code, results = (box(pane(page, name)) for name in ("Files", "Code", "Results"))
    assert files["y"] == code["y"] == results["y"]
    assert files["x"] < code["x"] < results["x"]
    assert results["x"] + results["width"] == 1280
    assert results["y"] + results["height"] == 800
    expect(page.get_by_role("tablist", name="Panes")).to_be_hidden()
    no_scrolling(page)


@browser
def test_tablet(open_page: Open, api: Api) -> None:
    """On a tablet, Results are below, as wide as the page."""
    page = open_page(api, **TABLET)
    expect(pane(page, "Results")).to_be_visible()
    code, results = box(pane(page, "Code")), box(pane(page, "Results"))
    assert results["y"] >= code["y"] + code["height"]
    assert results["width"] == 820
    no_scrolling(page)


@browser
def test_phone(open_page: Open, api: Api) -> None:
    """On a phone, tabs show one pane at a time, and Run is at the bottom: it shows the results."""
    page = open_page(api, **PHONE)
    panes = page.get_by_role("tablist", name="Panes")
    expect(pane(page, "Code")).to_be_visible()
    expect(pane(page, "Files")).to_be_hidden()
    panes.get_by_role("tab", name="Files").tap()
    expect(pane(page, "Files")).to_be_visible()
    expect(pane(page, "Code")).to_be_hidden()
    panes.get_by_role("tab", name="Code").tap()
    run = page.get_by_role("button", name="Run", exact=True)
    expect(run).to_have_count(1)
    assert box(run)["height"] >= 44
    assert box(run)["y"] + box(run)["height"] > 844 - 20
    page.get_by_role("textbox", name="Python code").fill("import time\nprint('first')\ntime.sleep(60)")
    run.tap()
    expect(pane(page, "Results")).to_contain_text("first", timeout=15_000)
    cancel = page.get_by_role("button", name="Cancel", exact=True)
    assert box(cancel)["height"] >= 44
    cancel.tap()
    expect(pane(page, "Results")).to_contain_text("Canceled", timeout=15_000)
    expect(run).to_be_visible()
    no_scrolling(page)


@browser
@pytest.mark.parametrize(("width", "height"), [(320, 640), (640, 400), (844, 390), (1024, 768)])
def test_no_page_is_wider_than_the_screen(open_page: Open, api: Api, width: int, height: int) -> None:
    """Down to 320 pixels, and at 200 % zoom, the page is used without scrolling to the side."""
    page = open_page(api, viewport={"width": width, "height": height})
    page.get_by_role("textbox", name="Python code").fill("print('x' * 300)")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_role("tab", name="Session 1")).to_contain_text("left")
    no_scrolling(page)
    page.get_by_role("button", name="More for this session").click()
    panel = page.get_by_role("group", name="More for this session")
    expect(panel).to_be_visible()
    assert box(panel)["x"] >= 0 and box(panel)["x"] + box(panel)["width"] <= width
    panel.get_by_role("button", name="Use an existing session ID").click()
    dialog = box(page.get_by_role("dialog"))
    assert dialog["x"] >= 0 and dialog["x"] + dialog["width"] <= width and dialog["height"] <= height


@browser
def test_panes_by_keyboard(page: Page) -> None:
    """F6 goes from pane to pane, and from the last one on to the browser; the skip link leads to the code."""
    page.keyboard.press("Tab")
    skip = page.get_by_role("button", name="Skip to the code")
    expect(skip).to_be_focused()
    assert box(skip)["y"] >= 0
    skip.press("Enter")
    expect(page.get_by_role("textbox", name="Python code")).to_be_focused()
    page.keyboard.press("F6")
    expect(pane(page, "Results")).to_be_focused()
    page.keyboard.press("Shift+F6")
    page.keyboard.press("Shift+F6")
    expect(pane(page, "Files")).to_be_focused()
    prevented = """(key) => !document.activeElement.dispatchEvent(
        new KeyboardEvent("keydown", { key: "F6", shiftKey: key, bubbles: true, cancelable: true }))"""
    assert page.evaluate(prevented, True) is False


@browser
def test_splitters(page: Page) -> None:
    """The lines between panes move by mouse, and by arrow keys."""
    line = page.get_by_role("separator", name="Width of Files")
    line.focus()
    page.keyboard.press("ArrowRight")
    expect(line).to_have_attribute("aria-valuenow", "272")
    assert box(pane(page, "Files"))["width"] == 272
    page.keyboard.press("Home")
    assert box(pane(page, "Files"))["width"] == 180
    page.keyboard.press("Enter")
    assert box(pane(page, "Files"))["width"] == 256
    line = page.get_by_role("separator", name="Width of Results")
    before = box(pane(page, "Results"))
    page.mouse.move(before["x"], 400)
    page.mouse.down()
    page.mouse.move(before["x"] - 100, 400, steps=4)
    page.mouse.up()
    assert abs(box(pane(page, "Results"))["width"] - before["width"] - 100) < 8
    line.focus()
    page.keyboard.press("ArrowRight")
    assert box(pane(page, "Results"))["width"] < before["width"] + 92
    line.dblclick()
    assert box(pane(page, "Results"))["width"] == before["width"]


@browser
def test_shortcuts(page: Page) -> None:
    """A dialog lists the keyboard shortcuts, and returns the focus to its button."""
    button = page.get_by_role("button", name="Keyboard shortcuts")
    button.click()
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_contain_text("Run the code")
    page.get_by_role("button", name="Close", exact=True).click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(button).to_be_focused()


@browser
def test_landmarks(page: Page) -> None:
    """The page has one heading of the first level, landmarks, and a heading for each pane."""
    assert page.get_by_role("heading", level=1).all_inner_texts() == ["Code Interpreter Playground"]
    expect(page.get_by_role("banner")).to_have_count(1)
    expect(page.get_by_role("main")).to_have_count(1)
    expect(page.get_by_role("navigation", name="Sessions")).to_be_visible()
    for name in ("Files", "Code", "Results"):
        expect(pane(page, name).get_by_role("heading", name=name, level=2, exact=True)).to_be_visible()


@browser
@pytest.mark.parametrize("options", [{}, TABLET, PHONE], ids=["desktop", "tablet", "phone"])
def test_nothing_moves(open_page: Open, api: Api, options: dict[str, Any]) -> None:
    """What is painted first stays where it is when the page is there."""
    page = open_page(api, **options)
    page.add_init_script(SHIFTS)
    page.reload()
    expect(page.get_by_role("textbox", name="Python code")).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert sum(page.evaluate("shifts")) < 0.02


@browser
def test_colors_of_the_system(open_page: Open, api: Api) -> None:
    """With the colors of the system, which tab is selected is seen."""
    page = open_page(api, forced_colors="active")
    page.get_by_role("button", name="New session").click()
    color = "element => getComputedStyle(element).borderBottomColor"
    selected, other = page.get_by_role("tab", name="Session 2"), page.get_by_role("tab", name="Session 1")
    assert selected.evaluate(color) != other.evaluate(color)
