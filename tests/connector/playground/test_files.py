"""The files of a session: the list, downloads, and deletion with undo."""

import re
import time
import uuid
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import Api
from tests.connector.playground.files import (
    choose_action,
    drop,
    item,
    row,
    session_of,
    stored,
    upload,
    upload_named,
    uploads,
)
from tests.connector.playground.screens import SCREENS


def _files(page: Page) -> Any:
    return page.get_by_role("list", name="Files of the session")


def _refresh(page: Page) -> None:
    page.get_by_role("button", name="More for files").click()
    page.get_by_role("menuitem", name="Refresh").click()


@pytest.mark.browser
def test_an_empty_session_says_what_to_do(page: Page) -> None:
    """Without files, one sentence says how they get there."""
    expect(page.get_by_role("region", name="Files")).to_contain_text("No files yet. Drop files or a folder here")


@pytest.mark.browser
def test_what_code_writes_is_listed_and_marked(page: Page, api: Api) -> None:
    """After a run, its files are in the list, marked as new or changed."""
    upload(page, old_dot_txt="1", same_dot_txt="1")
    code = page.get_by_role("textbox", name="Python code")
    code.fill("import os\nos.makedirs('out')\nopen('out/report.txt', 'w').write('x')\nopen('old.txt', 'w').write('22')")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(item(page, "report.txt")).to_contain_text("new")
    expect(item(page, "old.txt")).to_contain_text("changed · 2 B")
    expect(item(page, "same.txt")).to_contain_text("1 B")
    expect(item(page, "same.txt")).not_to_contain_text("changed")


@pytest.mark.browser
def test_files_are_sorted_and_filtered(page: Page) -> None:
    """The list is sorted by name, time or size, and has a filter when it is long."""
    expect(page.get_by_role("textbox", name="Filter files")).to_have_count(0)
    upload_named(page, {f"part {number}.txt": "x" * (20 - number) for number in range(1, 12)})
    names = _files(page).get_by_role("button", name=re.compile("^part"))
    expect(names).to_have_text([f"part {number}.txt" for number in range(1, 12)])
    page.get_by_role("button", name="More for files").press("ArrowDown")
    page.get_by_role("menuitemradio", name="Largest first").press("Enter")
    expect(names.first).to_have_text("part 1.txt")
    page.get_by_role("button", name="More for files").click()
    expect(page.get_by_role("menuitemradio", name="Largest first")).to_be_checked()
    page.keyboard.press("Escape")
    page.get_by_role("textbox", name="Filter files").fill("part 11")
    expect(names).to_have_text(["part 11.txt"])
    expect(page.get_by_role("textbox", name="Filter files")).to_be_focused()
    page.get_by_role("textbox", name="Filter files").fill("nothing")
    expect(page.get_by_text("No file name contains this.")).to_be_visible()


@pytest.mark.browser
def test_thousands_of_files_are_listed(page: Page, api: Api) -> None:
    """All pages of a list are read, and as many rows shown as a browser can bear; more on request."""
    session_id = upload(page, first_dot_txt="1")
    api.execute("for number in range(1200): open(f'file {number:04}.txt', 'w').close()", session_id)
    _refresh(page)
    expect(page.get_by_role("region", name="Files")).to_contain_text("1,201 · 1 B")
    expect(_files(page).get_by_role("listitem")).to_have_count(200)
    page.get_by_role("button", name="Show more of 1,001 others").click()
    expect(_files(page).get_by_role("listitem")).to_have_count(400)


HOSTILE = [
    "<img src=x onerror=alert(1)>.csv",
    "\u202egpj.exe",
    "a\nb.txt",
    "x" * 240 + ".txt",
    '"><script>alert(1)<\\script>.html',
]


@pytest.mark.browser
def test_hostile_names_are_shown_harmlessly(page: Page, api: Api) -> None:
    """Names that code has made change nothing on the page: markup is text, and invisible characters are visible."""
    session_id = upload(page, first_dot_txt="1")
    api.execute(f"for name in {HOSTILE!r}: open(name, 'w').write('x')", session_id)
    _refresh(page)
    for shown in (HOSTILE[0], "⟨202E⟩gpj.exe", "a␊b.txt", HOSTILE[3], HOSTILE[4]):
        expect(row(page, shown)).to_be_visible()
    assert page.evaluate("() => document.querySelectorAll('#files img, #files script').length") == 0
    pane = page.get_by_role("region", name="Files")
    assert pane.evaluate("(pane) => pane.scrollWidth <= pane.clientWidth"), "a long name makes the pane wider"
    choose_action(page, "a␊b.txt", "Preview")
    expect(page.get_by_role("dialog", name="a␊b.txt")).to_contain_text("x")


@pytest.mark.browser
@pytest.mark.parametrize("name", ["100% of #1.bin", "Größe – 2026.bin", "ordinary.bin"])
def test_a_download_has_the_same_bytes(page: Page, name: str) -> None:
    """A file is saved under its name, byte by byte."""
    content = bytes(range(256)) * 40
    upload_named(page, {name: content})
    with page.expect_download() as download:
        choose_action(page, name, "Download")
    assert download.value.suggested_filename == name
    assert download.value.path().read_bytes() == content


@pytest.mark.browser
def test_more_than_100_mb_are_downloaded_in_ranges(page: Page, api: Api) -> None:
    """A file that no response can hold is fetched in ranges, while its progress is shown."""
    page.add_init_script("delete window.showSaveFilePicker")
    page.reload()
    session_id = upload(page, first_dot_txt="1")
    api.execute("open('large.bin', 'wb').write(bytes(range(250)) * 420_000)", session_id)
    _refresh(page)
    statuses: list[int] = []
    page.on("response", lambda response: statuses.append(response.status) if "/content" in response.url else None)
    with page.expect_download(timeout=60_000) as download:
        choose_action(page, "large.bin", "Download")
        expect(page.get_by_role("progressbar", name="Download of large.bin")).to_be_visible()
    assert statuses == [206, 206, 206, 206]
    saved = download.value.path().read_bytes()
    assert len(saved) == 105_000_000
    assert saved == bytes(range(250)) * 420_000


@pytest.mark.browser
def test_a_download_goes_on_after_a_break(page: Page) -> None:
    """A download whose connection was lost is tried again."""
    upload(page, data_dot_csv="a,b")
    page.route("**/files/data.csv/content*", lambda route: route.abort(), times=1)
    with page.expect_download() as download:
        choose_action(page, "data.csv", "Download")
    assert download.value.path().read_text() == "a,b"


@pytest.mark.browser
def test_a_file_that_is_gone_has_the_error_on_its_row(page: Page, api: Api) -> None:
    """What goes wrong with a file is said on its row."""
    session_id = upload(page, gone_dot_txt="1", other_dot_txt="1")
    api.execute("import os\nos.remove('gone.txt')", session_id)
    choose_action(page, "gone.txt", "Download")
    failed = item(page, "gone.txt")
    expect(failed.get_by_role("alert")).to_contain_text("gone.txt")
    failed.get_by_role("button", name="Dismiss").click()
    expect(page.get_by_role("alert")).to_have_count(0)


@pytest.mark.browser
def test_a_list_that_failed_can_be_asked_for_again(page: Page) -> None:
    """What goes wrong with the list is said above it; the files that are known stay."""
    upload(page, kept_dot_txt="1")
    failure = {"error": {"code": "PoolRejected", "message": "The pool refused the call. Check the settings."}}
    page.route("**/api/files?*", lambda route: route.fulfill(status=502, json=failure), times=1)
    page.route("**/api/files?*", lambda route: route.fulfill(status=502, json=failure), times=1)
    _refresh(page)
    files = page.get_by_role("region", name="Files")
    expect(files.get_by_role("alert")).to_contain_text("The pool refused the call.")
    expect(row(page, "kept.txt")).to_be_visible()
    page.unroute_all()
    files.get_by_role("button", name="List again").click()
    expect(files.get_by_role("alert")).to_have_count(0)


@pytest.mark.browser
def test_a_deletion_is_undone(page: Page, api: Api) -> None:
    """A deleted file can be brought back for some seconds; the keyboard is enough for that, and the focus stays."""
    session_id = upload(page, kept_dot_txt="1")
    page.get_by_role("button", name="More for kept.txt").press("Enter")
    expect(page.get_by_role("menuitem", name="Preview")).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    undo = page.get_by_role("button", name="Undo the deletion of kept.txt")
    expect(undo).to_be_focused()
    expect(_files(page)).to_contain_text("Deleting in")
    undo.press("Enter")
    expect(row(page, "kept.txt")).to_be_focused()
    assert stored(api, session_id) == {"kept.txt": 1}


@pytest.mark.browser
def test_a_deletion_is_performed(page: Page, api: Api) -> None:
    """When the time to undo it is over, the file is deleted."""
    page.clock.install()
    session_id = upload(page, kept_dot_txt="1", gone_dot_txt="1")
    choose_action(page, "gone.txt", "Delete")
    assert stored(api, session_id) == {"kept.txt": 1, "gone.txt": 1}
    with page.expect_response(lambda response: response.request.method == "DELETE"):
        page.clock.fast_forward(8000)
    expect(_files(page).get_by_role("listitem")).to_have_count(1)
    assert stored(api, session_id) == {"kept.txt": 1}


@pytest.mark.browser
def test_a_deletion_is_performed_when_the_page_is_left(page: Page, api: Api) -> None:
    """A file that was deleted is deleted, even if the page is closed before the time to undo it is over."""
    session_id = upload(page, gone_dot_txt="1")
    choose_action(page, "gone.txt", "Delete")
    page.goto("about:blank")
    deadline = time.monotonic() + 10
    while stored(api, session_id) and time.monotonic() < deadline:
        pass
    assert stored(api, session_id) == {}


@pytest.mark.browser
def test_a_run_finds_what_the_page_shows(page: Page) -> None:
    """A file that was just deleted is not there when code runs."""
    upload(page, gone_dot_txt="1", kept_dot_txt="1")
    choose_action(page, "gone.txt", "Delete")
    page.get_by_role("textbox", name="Python code").fill("import os\nprint('found:', 'gone.txt' in os.listdir())")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_role("region", name="Results")).to_contain_text("found: False")


@pytest.mark.browser
def test_a_name_is_used_again_after_its_deletion(page: Page, api: Api) -> None:
    """A file that is uploaded under the name of one that was just deleted is kept."""
    page.clock.install()
    session_id = upload(page, report_dot_txt="old")
    choose_action(page, "report.txt", "Delete")
    drop(page, "() => [new File(['newer'], 'report.txt')]")
    expect(row(page, "report.txt")).to_be_visible()
    page.clock.fast_forward(10_000)
    _refresh(page)
    expect(row(page, "report.txt")).to_be_visible()
    assert stored(api, session_id) == {"report.txt": 5}


@pytest.mark.browser
def test_a_deletion_that_fails_brings_the_file_back(page: Page) -> None:
    """A file that could not be deleted is in the list again, with the reason."""
    page.clock.install()
    upload(page, kept_dot_txt="1")
    failure = {"error": {"code": "PoolRejected", "message": "The pool refused the call. Check the settings."}}
    page.route("**/api/files/kept.txt*", lambda route: route.fulfill(status=502, json=failure))
    choose_action(page, "kept.txt", "Delete")
    page.clock.fast_forward(8000)
    expect(_files(page).get_by_role("alert")).to_contain_text("The pool refused the call.")
    expect(row(page, "kept.txt")).to_be_visible()


@pytest.mark.browser
def test_the_menu_is_used_with_the_keyboard(page: Page) -> None:
    """Arrow keys move in the menu of a file, and Esc closes it and gives the focus back."""
    upload(page, data_dot_csv="a,b")
    button = page.get_by_role("button", name="More for data.csv")
    button.press("ArrowDown")
    expect(page.get_by_role("menuitem", name="Preview")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("menuitem", name="Delete")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("menuitem", name="Download")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("menu")).to_have_count(0)
    expect(button).to_be_focused()


@pytest.mark.browser
def test_a_path_is_copied(page: Page) -> None:
    """The path that code finds a file under is copied."""
    upload(page, data_dot_csv="a,b")
    choose_action(page, "data.csv", "Copy path")
    expect(page.get_by_role("status").filter(has_text="Copied")).to_have_count(1)
    assert page.evaluate("() => navigator.clipboard.readText()") == "/mnt/data/data.csv"


@pytest.mark.browser
def test_code_that_reads_a_file_is_added(page: Page) -> None:
    """Code that reads a file is put into the editor, and runs as it stands."""
    upload_named(page, {'numbers "1".csv': "a,b\n1,2\n", "more.csv": "a,b\n5,6\n"})
    choose_action(page, 'numbers "1".csv', "Add code that reads it")
    choose_action(page, "more.csv", "Add code that reads it")
    code = page.get_by_role("textbox", name="Python code")
    expect(code).to_have_value(re.compile(r"numbers \\\"1\\\"\.csv"))
    assert code.input_value().count("import pandas as pd") == 1
    code.fill(code.input_value() + "print(int(data['b'].sum()))")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_role("region", name="Results")).to_contain_text("6")


@pytest.mark.browser
def test_files_belong_to_their_session(page: Page) -> None:
    """Another session has other files; uploads that were begun go on in the background."""
    upload(page, first_dot_txt="1")
    first = session_of(page)
    page.get_by_role("button", name="New session").click()
    expect(page.get_by_text("No files yet.")).to_be_visible()
    upload(page, second_dot_txt="1")
    assert session_of(page) != first
    expect(row(page, "first.txt")).to_have_count(0)
    page.get_by_role("tab", name="Session 1").click()
    expect(row(page, "first.txt")).to_be_visible()
    expect(row(page, "second.txt")).to_have_count(0)


@pytest.mark.browser
def test_files_are_used_on_a_phone(open_page: Any, api: Api) -> None:
    """On a phone, Files is one of three tabs, with targets that a finger can hit."""
    page = open_page(api, **SCREENS["phone"])
    page.get_by_role("tab", name="Files").click()
    name = f"{uuid.uuid4()}.txt"
    drop(page, "(name) => [new File(['1'], name)]", name)
    expect(row(page, name)).to_be_visible()
    box = page.get_by_role("button", name=f"More for {name}").bounding_box()
    assert box is not None and min(box["width"], box["height"]) >= 40
    expect(uploads(page)).to_have_count(0)
