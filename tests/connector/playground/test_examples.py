"""Examples: from opening the page to a chart with one click."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.connector.playground.running import SECONDS, editor, expect_result, results


def start(page: Page, name: str) -> None:
    page.get_by_role("button", name="Examples").click()
    page.get_by_role("group", name="Examples").get_by_role("button", name=name).click()


@pytest.mark.browser
def test_the_sales_story_by_mouse(page: Page) -> None:
    """One click: a file is uploaded, a chart and a table are shown, a file is made, and the code is there to change."""
    results(page).get_by_role("button", name="Sales report").click()
    expect_result(page, "Succeeded")
    expect(results(page)).to_contain_text("358 orders, revenue 230,459")
    expect(results(page).get_by_role("img", name=re.compile("Revenue in 2025"))).to_be_visible()
    expect(results(page).get_by_role("cell", name="Office chair")).to_be_visible()
    files = page.get_by_role("region", name="Files", exact=True)
    expect(files).to_contain_text("sales.csv")
    expect(files).to_contain_text("revenue.png")
    editor(page).fill((editor(page).input_value()).replace('"product"', '"region"'))
    page.get_by_role("region", name="Code").get_by_role("button", name="Run", exact=True).click()
    expect(results(page).get_by_role("cell", name="North")).to_be_visible(timeout=SECONDS * 1000)


@pytest.mark.browser
def test_the_sales_story_by_keyboard(page: Page) -> None:
    """The same without a mouse: to the example, through the results, into the editor, and run again."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement.textContent.includes('Sales report')"):
            break
        if page.evaluate("() => document.activeElement.matches('textarea')"):
            page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    expect_result(page, "Succeeded")
    expect(results(page).get_by_role("img", name=re.compile("Revenue in 2025"))).to_be_visible()
    assert page.evaluate("() => document.activeElement !== document.body"), "the focus is lost"
    for _ in range(60):
        if page.evaluate("() => document.activeElement.matches('textarea')"):
            break
        page.keyboard.press("Shift+Tab")
    expect(editor(page)).to_be_focused()
    page.keyboard.press("ControlOrMeta+End")
    page.keyboard.press("Enter")
    page.keyboard.type("'by keyboard'")
    page.keyboard.press("Control+Enter")
    expect_result(page, "by keyboard")


@pytest.mark.browser
def test_a_run_that_fails(page: Page) -> None:
    """The error, its hint, and the line in the editor."""
    start(page, "A run that fails")
    expect_result(page, "Did you mean 'units'?")
    marked = page.locator(".error-line")
    expect(marked).to_contain_text('orders["unit"]')
    expect(page.get_by_role("button", name="Error in line 11")).to_be_visible()


@pytest.mark.browser
def test_a_long_run(page: Page) -> None:
    """It prints as it goes, and can be canceled."""
    start(page, "A long run")
    expect_result(page, "Step 2 of 60")
    page.get_by_role("region", name="Code").get_by_role("button", name="Cancel", exact=True).click()
    expect_result(page, "Canceled")
    expect(results(page)).not_to_contain_text("Step 60 of 60")


@pytest.mark.browser
def test_an_excel_report(page: Page) -> None:
    """A workbook is written and listed."""
    start(page, "Excel report")
    expect_result(page, "4 regions, 358 orders")
    expect(page.get_by_role("region", name="Files", exact=True)).to_contain_text("sales_report.xlsx")


@pytest.mark.browser
def test_interactive_output(page: Page) -> None:
    """HTML of the code is shown with its script."""
    start(page, "Interactive output")
    expect_result(page, "Succeeded")
    frame = results(page).frame_locator("iframe")
    expect(frame.locator("#count")).to_have_text("9 points", timeout=SECONDS * 1000)
    frame.get_by_role("slider").fill("20")
    expect(frame.locator("#count")).to_have_text("20 points")


@pytest.mark.browser
def test_own_code_is_not_lost(page: Page) -> None:
    """An example that takes the place of own code says so, and Undo brings it back; one of another example does not."""
    editor(page).fill("my_own = 'work'")
    start(page, "A run that fails")
    note = page.get_by_role("region", name="Code").get_by_role("status")
    expect(page.locator(".error-line")).to_have_count(1, timeout=SECONDS * 1000)
    expect(note).to_contain_text("has replaced your code")
    page.get_by_role("button", name="Undo").click()
    expect(editor(page)).to_have_value("my_own = 'work'")
    expect(note).to_have_count(0)
    editor(page).fill("")
    start(page, "A run that fails")
    expect(results(page).get_by_role("button", name="Run 2, failed")).to_be_visible(timeout=SECONDS * 1000)
    start(page, "Interactive output")
    expect(editor(page)).to_have_value(re.compile("IPython"))
    expect(note).to_have_count(0)


@pytest.mark.browser
def test_a_file_of_the_same_name_is_not_replaced(page: Page) -> None:
    """An example does not overwrite another file that has its file's name: it says so, and does not start."""
    files = [{"name": "sales.csv", "mimeType": "text/csv", "buffer": b"mine\n1\n"}]
    page.locator("input[type=file]").first.set_input_files(files)
    expect(page.get_by_role("region", name="Files", exact=True)).to_contain_text("sales.csv")
    expect(page.get_by_role("button", name="End session")).to_be_visible(timeout=SECONDS * 1000)
    start(page, "Sales report")
    note = page.get_by_role("region", name="Code").get_by_role("status")
    expect(note).to_contain_text("This session has another sales.csv.")
    expect(editor(page)).to_have_value("")


@pytest.mark.browser
def test_an_example_without_a_connection(page: Page) -> None:
    """If the file of an example cannot be loaded, the page says so; once the connection is back, it starts."""
    page.context.set_offline(True)
    start(page, "Sales report")
    note = page.get_by_role("region", name="Code").get_by_role("status")
    expect(note).to_contain_text("The example could not be loaded.")
    page.context.set_offline(False)
    start(page, "Sales report")
    expect_result(page, "358 orders")


@pytest.mark.browser
def test_an_example_during_a_run(page: Page) -> None:
    """While code runs, an example says that it has to wait, and changes nothing."""
    start(page, "A long run")
    expect_result(page, "Step 1 of 60")
    start(page, "A run that fails")
    note = page.get_by_role("region", name="Code").get_by_role("status")
    expect(note).to_contain_text("Wait until the run has ended, or cancel it.")
    expect(editor(page)).to_have_value(re.compile("import random"))


@pytest.mark.browser
def test_an_example_after_its_session(page: Page) -> None:
    """In a session that has ended, an example uploads its file again, as that is gone."""
    start(page, "Excel report")
    expect_result(page, "4 regions, 358 orders")
    page.get_by_role("button", name="End session").click()
    page.get_by_role("dialog").get_by_role("button", name="End session").click()
    expect(page.get_by_role("tab", name=re.compile("Session 1.*ended"))).to_be_visible()
    start(page, "Excel report")
    expect(results(page).get_by_role("button", name=re.compile("Run 2"))).to_be_visible(timeout=SECONDS * 1000)
    expect_result(page, "4 regions, 358 orders")
