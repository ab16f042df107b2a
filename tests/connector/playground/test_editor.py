"""The editor: what keys do in it, what it remembers, and how it shows where code has failed."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.conftest import Api
from tests.connector.playground.running import SECONDS, editor, results
from tests.connector.playground.screens import SCREENS

RERENDER = """async () => {
  const main = document.querySelector('script[type="module"]').src;
  const { update } = await import(new URL("state/store.js", main));
  update();
  await Promise.resolve();
}"""
DROP = """([target, name, text]) => {
  const data = new DataTransfer();
  data.items.add(new File([text], name, { type: "text/plain" }));
  for (const kind of ["dragenter", "dragover", "drop"])
    target.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
}"""
TYPE_AND_PAINT = """async (letters) => {
  const painted = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  const times = [];
  for (const letter of letters) {
    const start = performance.now();
    document.execCommand("insertText", false, letter);
    await painted();
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)];
}"""


def paste(page: Page, code: str) -> None:
    page.evaluate("(text) => navigator.clipboard.writeText(text)", code)
    editor(page).focus()
    page.keyboard.press("ControlOrMeta+v")


def run(page: Page, code: str) -> None:
    editor(page).fill(code)
    page.get_by_role("button", name="Run", exact=True).click()


def marked_lines(page: Page) -> Locator:
    return page.locator(".error-line")


@pytest.mark.browser
def test_keys_indent(page: Page) -> None:
    """Tab indents by four spaces, Shift-Tab takes that back, and Enter keeps the indentation, or adds to it."""
    editor(page).focus()
    page.keyboard.type("for number in range(3):")
    page.keyboard.press("Enter")
    page.keyboard.type("square = number ** 2")
    page.keyboard.press("Enter")
    page.keyboard.type("print(square)")
    expect(editor(page)).to_have_value("for number in range(3):\n    square = number ** 2\n    print(square)")
    page.keyboard.press("Home")
    page.keyboard.press("Tab")
    expect(editor(page)).to_have_value("for number in range(3):\n    square = number ** 2\n        print(square)")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    expect(editor(page)).to_have_value("for number in range(3):\n    square = number ** 2\nprint(square)")


@pytest.mark.browser
def test_escape_and_tab_leave_the_editor(page: Page) -> None:
    """Escape, then Tab moves on; any other key in between, and Tab indents again. The page says so."""
    expect(page.get_by_text("Esc, then Tab leaves the editor")).to_be_visible()
    expect(editor(page)).to_have_accessible_description(re.compile("press Escape, then Tab"))
    editor(page).focus()
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    page.keyboard.press("Tab")
    expect(editor(page)).to_have_value("a   ")
    page.keyboard.press("Escape")
    expect(editor(page)).to_be_focused()
    page.keyboard.press("Tab")
    expect(editor(page)).not_to_be_focused()
    expect(page.get_by_label("Time limit")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Escape")
    page.keyboard.press("Shift+Tab")
    expect(page.get_by_role("region", name="Code").get_by_role("button", name="Run", exact=True)).to_be_focused()


@pytest.mark.browser
def test_special_spaces_are_pasted_as_ordinary_ones(page: Page) -> None:
    """As web pages have them; the page says so, and undo takes back what was pasted."""
    editor(page).fill("a = 1")
    paste(page, "\nif a:\n\u00a0\u00a0\u00a0\u00a0print(a\u200b)")
    expect(editor(page)).to_have_value("a = 1\nif a:\n    print(a)")
    expect(page.get_by_role("region", name="Code").get_by_role("status")).to_contain_text("ordinary spaces")
    page.keyboard.press("ControlOrMeta+z")
    expect(editor(page)).to_have_value("a = 1")


@pytest.mark.browser
@pytest.mark.parametrize("keys", ["Control+Enter", "Meta+Enter", "Shift+Enter"])
def test_keys_run_the_code(page: Page, keys: str) -> None:
    """Ctrl-Enter, Cmd-Enter, and Shift-Enter as in notebooks, run the code and add no line to it."""
    editor(page).fill("6 * 7")
    page.keyboard.press(keys)
    expect(results(page)).to_contain_text("42", timeout=SECONDS * 1000)
    expect(editor(page)).to_have_value("6 * 7")
    expect(editor(page)).to_be_focused()


@pytest.mark.browser
def test_code_is_colored(page: Page) -> None:
    """Keywords, strings, numbers and comments have classes; what looks like HTML in them is text."""
    editor(page).fill("import os  # <img src=x onerror=alert(1)>\nname = '<b>bold</b>'\nsize = 12")
    expect(page.locator(".pce-line .token.keyword", has_text="import")).to_be_visible()
    expect(page.locator(".pce-line .token.comment")).to_have_text("# <img src=x onerror=alert(1)>")
    expect(page.locator(".pce-line .token.string")).to_have_text("'<b>bold</b>'")
    expect(page.locator(".pce-line .token.number")).to_have_text("12")
    expect(page.locator(".pce-line img, .pce-line b")).to_have_count(0)


@pytest.mark.browser
def test_rendering_leaves_the_editor_alone(open_page: Callable[..., Page], api: Api) -> None:
    """What is typed, the selection and the focus stay when the rest of the page is rendered."""
    page = open_page(api, from_sources=True)
    editor(page).fill("one\ntwo\nthree")
    editor(page).evaluate("(element) => { element.setSelectionRange(4, 7); element.isSame = true; }")
    page.evaluate(RERENDER)
    expect(editor(page)).to_be_focused()
    expect(editor(page)).to_have_value("one\ntwo\nthree")
    kept = editor(page).evaluate("(element) => [element.isSame, element.selectionStart, element.selectionEnd]")
    assert kept == [True, 4, 7]


@pytest.mark.browser
def test_the_foot_says_where_the_caret_is(page: Page) -> None:
    """Line and column, from 1."""
    foot = page.locator(".code-foot")
    expect(foot).to_contain_text("Line 1, column 1")
    editor(page).focus()
    page.keyboard.type("a = 1\nbc")
    expect(foot).to_contain_text("Line 2, column 3")
    page.keyboard.press("ArrowUp")
    expect(foot).to_contain_text("Line 1, column 3")


@pytest.mark.browser
def test_undo_is_of_one_session(page: Page) -> None:
    """Each session has its own code, caret and undo; another session's edits are not undone."""
    editor(page).focus()
    page.keyboard.type("first = 1")
    page.get_by_role("button", name="New session").click()
    expect(editor(page)).to_have_value("")
    editor(page).focus()
    page.keyboard.type("second = 2")
    for _ in range(len("second = 2")):  # how much is undone at a time depends on the speed of typing
        page.keyboard.press("ControlOrMeta+z")
    expect(editor(page)).to_have_value("")
    page.keyboard.press("ControlOrMeta+y")
    page.get_by_role("tab", name="Session 1").click()
    expect(editor(page)).to_have_value("first = 1")
    assert editor(page).evaluate("(element) => element.selectionStart") == len("first = 1")
    editor(page).focus()
    page.keyboard.press("ControlOrMeta+z")
    expect(editor(page)).not_to_have_value("first = 1")
    page.get_by_role("tab", name="Session 2").click()
    expect(editor(page)).not_to_have_value("")


@pytest.mark.browser
def test_the_place_of_each_session_is_kept(page: Page) -> None:
    """Code that was scrolled is where it was when its session is shown again."""
    editor(page).fill("\n".join(f"line_{number} = {number}" for number in range(300)))
    container = page.locator(".prism-code-editor")
    container.evaluate("(element) => element.scrollTo(0, 2000)")
    page.get_by_role("button", name="New session").click()
    page.get_by_role("tab", name="Session 1").click()
    page.wait_for_function("() => document.querySelector('.prism-code-editor').scrollTop === 2000")


@pytest.mark.browser
def test_the_line_of_an_error_is_marked(page: Page) -> None:
    """The line that raised an error is marked and described; the mark moves with it, and goes when it is edited."""
    run(page, "values = {'a': 1}\nprint('before')\nvalues['b']")
    expect(marked_lines(page)).to_have_text("values['b']\n", timeout=SECONDS * 1000)
    expect(editor(page)).to_have_accessible_description(re.compile("Line 3 raised an error: KeyError"))
    editor(page).focus()
    page.keyboard.press("ControlOrMeta+Home")
    page.keyboard.press("Enter")
    expect(marked_lines(page)).to_have_text("values['b']\n")
    page.get_by_role("button", name="Error in line 4").click()
    expect(editor(page)).to_be_focused()
    expect(page.locator(".code-foot")).to_contain_text("Line 4")
    page.keyboard.press("End")
    page.keyboard.press("Backspace")
    expect(marked_lines(page)).to_have_count(0)
    expect(editor(page)).to_have_accessible_description(re.compile(r"^[^:]*then Tab\.\s*$"))
    expect(page.get_by_role("button", name="Error in line 4")).to_have_count(0)


@pytest.mark.browser
def test_the_mark_goes_with_the_next_run(page: Page) -> None:
    """Another run begins without a mark, and code that was changed meanwhile gets none."""
    run(page, "import time\ntime.sleep(1)\n1 / 0")
    editor(page).fill("# other code now\nimport time\ntime.sleep(0)")
    expect(results(page)).to_contain_text("ZeroDivisionError", timeout=SECONDS * 1000)
    expect(marked_lines(page)).to_have_count(0)
    run(page, "1 / 0")
    expect(marked_lines(page)).to_have_count(1, timeout=SECONDS * 1000)
    editor(page).focus()
    page.keyboard.press("ControlOrMeta+End")
    page.keyboard.press("Enter")
    page.keyboard.type("import time; time.sleep(3)")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("region", name="Code").get_by_role("button", name="Cancel", exact=True)).to_be_visible()
    expect(marked_lines(page)).to_have_count(0)


@pytest.mark.browser
def test_a_dropped_program_is_loaded(page: Page) -> None:
    """A Python file that is dropped on the editor becomes its code, and the former code can be brought back."""
    editor(page).fill("mine = 1")
    target = page.locator(".editor").element_handle()
    page.evaluate(DROP, [target, "program.py", "print('dropped')\r\n"])
    expect(editor(page)).to_have_value("print('dropped')\n")
    note = page.get_by_role("region", name="Code").get_by_role("status")
    expect(note).to_contain_text("program.py has replaced your code.")
    page.get_by_role("button", name="Undo").click()
    expect(editor(page)).to_have_value("mine = 1")
    page.keyboard.press("ControlOrMeta+z")
    expect(editor(page)).to_have_value("print('dropped')\n")
    page.evaluate(DROP, [target, "long.py", "#" * 262_145])
    expect(note).to_contain_text("long.py has 262,145 characters")
    expect(editor(page)).to_have_value("print('dropped')\n")


@pytest.mark.browser
def test_other_files_that_are_dropped_are_uploaded(page: Page) -> None:
    """Data that is dropped on the editor goes to the files of the session."""
    page.evaluate(DROP, [page.locator(".editor").element_handle(), "prices.csv", "price\n12\n"])
    expect(page.get_by_role("region", name="Files")).to_contain_text("prices.csv")
    expect(editor(page)).to_have_value("")


@pytest.mark.browser
def test_long_code_stays_usable(page: Page) -> None:
    """5,000 lines can be pasted, edited and undone; a keystroke takes a fraction of a second even on a busy machine."""
    code = "\n".join(f"value_{number} = compute({number}, 'text')  # note" for number in range(5000))
    paste(page, code)
    expect(editor(page)).to_have_value(code)
    expect(page.locator(".pce-line")).to_have_count(5000)
    editor(page).evaluate("(element) => element.setSelectionRange(90_000, 90_000)")
    assert page.evaluate(TYPE_AND_PAINT, ["a", "b", "c", "d", "e", "f", "g"]) < 1000
    for _ in range(7):
        page.keyboard.press("ControlOrMeta+z")
    expect(editor(page)).to_have_value(code)


@pytest.mark.browser
def test_the_longest_code_is_taken(page: Page) -> None:
    """262,144 characters in one line are pasted and run."""
    code = "len('" + "x" * (262_144 - len("len('')")) + "')"
    paste(page, code)
    expect(editor(page)).to_have_value(code)
    editor(page).evaluate("(element) => element.setSelectionRange(9000, 9003)")
    assert page.evaluate(TYPE_AND_PAINT, ["abc"]) < 3000
    page.keyboard.press("Control+Enter")
    expect(results(page)).to_contain_text("262137", timeout=SECONDS * 1000)


@pytest.mark.browser
def test_phones_do_not_zoom_in(open_page: Callable[..., Page], api: Api) -> None:
    """On touch screens the text is 16 px, because Safari zooms in on smaller text; nothing corrects what is typed."""
    page = open_page(api, **SCREENS["phone"])
    expect(editor(page)).to_have_css("font-size", "16px")
    for name, value in [("spellcheck", "false"), ("autocapitalize", "off"), ("autocorrect", "off")]:
        expect(editor(page)).to_have_attribute(name, value)


@pytest.mark.browser
def test_the_line_of_an_error_is_shown_on_phones(open_page: Callable[..., Page], api: Api) -> None:
    """Run shows the results, and the line in the error leads back to the code, with the line selected."""
    page = open_page(api, **SCREENS["phone"])
    editor(page).fill("\n" * 60 + "1 / 0" + "\n" * 60)
    page.get_by_role("button", name="Run", exact=True).filter(visible=True).tap()
    expect(results(page)).to_contain_text("ZeroDivisionError", timeout=SECONDS * 1000)
    expect(editor(page)).not_to_be_visible()
    results(page).get_by_role("button", name="line 61").tap()
    expect(editor(page)).to_be_focused()
    expect(marked_lines(page)).to_be_in_viewport()
    selected = editor(page).evaluate("(element) => element.value.slice(element.selectionStart, element.selectionEnd)")
    assert selected == "1 / 0"


@pytest.mark.browser
def test_the_code_of_an_earlier_run_comes_back(page: Page) -> None:
    """History puts the code of a run into the editor; what was there is not lost."""
    run(page, "'the first'")
    expect(results(page)).to_contain_text("Succeeded", timeout=SECONDS * 1000)
    editor(page).fill("'the second'")
    page.get_by_role("button", name="History").click()
    page.get_by_role("button", name="Code of run 1").click()
    expect(editor(page)).to_have_value("'the first'")
    expect(editor(page)).to_be_focused()
    page.keyboard.press("ControlOrMeta+z")
    expect(editor(page)).to_have_value("'the second'")
