"""The session bar: sessions as tabs, how long they live, and what the browser remembers of them."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Dialog, FilePayload, Locator, Page, expect

from tests.conftest import Api, Emulator

from .screens import SCREENS

browser = pytest.mark.browser
Open = Callable[..., Page]

SESSION_ID = re.compile(r"\b[0-9a-f]{32}(-[0-9a-f]{8})?\b")


def run(page: Page, code: str, *, prints: str) -> None:
    """Runs code in the session that is shown."""
    page.get_by_role("textbox", name="Python code").fill(code)
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_role("region", name="Results")).to_contain_text(prints)
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_visible()


def upload(page: Page, *names: str) -> None:
    files: list[FilePayload] = [{"name": name, "mimeType": "text/plain", "buffer": b"north,4\n"} for name in names]
    page.get_by_label("Files to upload").set_input_files(files)
    for name in names:
        expect(page.get_by_role("region", name="Files")).to_contain_text(name)


def tab(page: Page, name: str) -> Locator:
    return page.get_by_role("tablist", name="Sessions").get_by_role(
        "tab", name=re.compile(rf"^{re.escape(name)}\b|^{re.escape(name)}$")
    )


def banner(page: Page) -> Locator:
    return page.locator(".banner")


def choose_memory(page: Page, choice: str) -> None:
    page.get_by_role("button", name="Memory of this browser").click()
    page.get_by_role("radio", name=choice).check()
    page.keyboard.press("Escape")


def id_of_session(page: Page) -> str:
    page.get_by_role("button", name="Show the session ID").click()
    found = SESSION_ID.search(page.get_by_role("navigation", name="Sessions").inner_text())
    assert found
    return found[0]


def stored(page: Page) -> str:
    """All that the browser keeps for the page."""
    text: str = page.evaluate(
        "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, location.href])"
    )
    return text


@browser
def test_two_sessions(page: Page) -> None:
    """Each tab has variables, files, code and results of its own."""
    run(page, "x = 'first'\nprint(x)", prints="first")
    upload(page, "first.csv")
    page.get_by_role("button", name="New session").click()
    expect(tab(page, "Session 2")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("region", name="Files")).not_to_contain_text("first.csv")
    run(page, "print('x' in globals())", prints="False")
    tab(page, "Session 1").click()
    expect(page.get_by_role("textbox", name="Python code")).to_have_value("x = 'first'\nprint(x)")
    expect(page.get_by_role("region", name="Files")).to_contain_text("first.csv")
    run(page, "print(x * 2)", prints="firstfirst")


@browser
def test_tabs_by_keyboard(page: Page) -> None:
    """Arrow keys, Home and End select a tab, F2 renames it, Delete closes it, and the focus stays on the tabs."""
    page.get_by_role("button", name="New session").click()
    page.get_by_role("button", name="New session").click()
    tab(page, "Session 3").focus()
    for key, name in [
        ("ArrowRight", "Session 1"),
        ("ArrowLeft", "Session 3"),
        ("Home", "Session 1"),
        ("End", "Session 3"),
    ]:
        page.keyboard.press(key)
        expect(tab(page, name)).to_be_focused()
        expect(tab(page, name)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("F2")
    field = page.get_by_role("textbox", name="Name of the session")
    expect(field).to_be_focused()
    page.keyboard.type("Sales report")
    page.keyboard.press("Enter")
    expect(field).to_have_count(0)
    expect(tab(page, "Sales report")).to_be_focused()
    page.keyboard.press("F2")
    page.keyboard.type("Another name")
    page.keyboard.press("Escape")
    expect(tab(page, "Sales report")).to_be_focused()
    page.keyboard.press("Delete")
    expect(tab(page, "Sales report")).to_have_count(0)
    expect(tab(page, "Session 2")).to_be_focused()
    page.keyboard.press("Delete")
    page.keyboard.press("Delete")
    expect(page.get_by_role("tablist", name="Sessions").get_by_role("tab")).to_have_count(1)
    expect(tab(page, "Session 1")).to_be_focused()


@browser
def test_many_tabs(page: Page) -> None:
    """More sessions than there is room for scroll within the bar, to the one that is shown."""
    for _ in range(12):
        page.get_by_role("button", name="New session").click()
    expect(tab(page, "Session 13")).to_be_in_viewport(ratio=1)
    expect(page.get_by_role("button", name="New session")).to_be_in_viewport(ratio=1)
    expect(tab(page, "Session 1")).not_to_be_in_viewport()
    tab(page, "Session 13").press("Home")
    expect(tab(page, "Session 1")).to_be_in_viewport(ratio=1)


@browser
def test_rename_by_double_click(page: Page) -> None:
    """A double click renames a tab, and leaving the field keeps the name."""
    tab(page, "Session 1").dblclick()
    page.keyboard.type("<b>Sales")
    page.get_by_role("textbox", name="Python code").click()
    expect(tab(page, "<b>Sales")).to_be_visible()


@browser
def test_id_is_hidden(page: Page, api: Api) -> None:
    """The session ID is shown when it is asked for, is copied with a click, and is the one of the session."""
    run(page, "secret = 41", prints="Succeeded")
    bar = page.get_by_role("navigation", name="Sessions")
    expect(bar).to_contain_text("hidden, starts with")
    assert not SESSION_ID.search(page.content())
    bar.get_by_role("button", name="Copy the session ID").click()
    session_id = page.evaluate("navigator.clipboard.readText()")
    assert api.execute("secret + 1", session_id)["result"] == "42"
    assert id_of_session(page) == session_id
    bar.get_by_role("button", name="Hide the session ID").click()
    expect(bar).not_to_contain_text(session_id)
    assert session_id not in stored(page)


@browser
def test_end_session(page: Page, api: Api) -> None:
    """Ending a session deletes it after a question; it starts again with the same files, and with no variables."""
    run(page, "x = 1\nprint('done')", prints="done")
    upload(page, "a.csv", "b.csv")
    session_id = id_of_session(page)
    page.get_by_role("button", name="End session").click()
    dialog = page.get_by_role("dialog", name="End Session 1?")
    expect(dialog).to_contain_text("Its variables and its 2 files are deleted")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("button", name="End session")).to_be_focused()
    page.get_by_role("button", name="End session").click()
    dialog.get_by_role("button", name="End session").click()
    expect(banner(page)).to_contain_text("This session has ended")
    assert api.call("GET", f"/sessions/{session_id}").status_code == 404
    page.get_by_role("button", name="Start again with the same 2 files").click()
    expect(banner(page)).to_have_count(0)
    expect(page.get_by_role("region", name="Files")).to_contain_text("b.csv")
    expect(page.get_by_role("textbox", name="Python code")).to_have_value("x = 1\nprint('done')")
    run(
        page,
        "import os\nprint('x' in globals(), sorted(os.listdir('/mnt/data'))[-2:])",
        prints="False ['a.csv', 'b.csv']",
    )
    expect(banner(page)).to_have_count(0)


@browser
def test_close_tab(page: Page, api: Api) -> None:
    """Closing a tab asks whether the session is to end as well."""
    run(page, "1", prints="Succeeded")
    session_id = id_of_session(page)
    page.get_by_role("button", name="More for this session").click()
    page.get_by_role("button", name="Close tab").click()
    page.get_by_role("dialog").get_by_role("button", name="End and close").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("textbox", name="Python code")).to_have_value("")
    assert api.call("GET", f"/sessions/{session_id}").status_code == 404


@browser
def test_existing_session(page: Page, api: Api, session_id: str) -> None:
    """A session of another program opens by its ID: its files are listed, and code sees its variables."""
    api.execute("answer = 42\nopen('/mnt/data/report.txt', 'w').write('x')", session_id)
    page.get_by_role("button", name="More for this session").click()
    page.get_by_role("button", name="Use an existing session ID").click()
    dialog = page.get_by_role("dialog")
    field = dialog.get_by_role("textbox", name="Session ID")
    expect(field).to_be_focused()
    field.fill("no good")
    field.press("Enter")
    expect(dialog.get_by_role("alert")).to_contain_text("4 to 128 letters")
    field.fill(f"{session_id}-unused")
    field.press("Enter")
    expect(dialog.get_by_role("alert")).to_contain_text("There is no session with this ID")
    field.fill(f' "{session_id}" ')
    field.press("Enter")
    expect(dialog).to_have_count(0)
    expect(tab(page, "Session 2")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("region", name="Files")).to_contain_text("report.txt")
    run(page, "print(answer)", prints="42")
    assert session_id not in page.url


def test_countdown(page: Page) -> None:
    """A session that was used shows its age, and how long it lives without use."""
    expect(page.get_by_role("button", name="End session")).to_have_count(0)
    run(page, "1", prints="Succeeded")
    expect(tab(page, "Session 1")).to_contain_text(re.compile(r"4:\d\d left"))
    expect(page.get_by_role("navigation", name="Sessions")).to_contain_text("created just now")


@browser
def test_wrong_clock(open_context: Callable[..., BrowserContext], api: Api) -> None:
    """The time left is right although the machine's clock is not."""
    page = open_context().new_page()
    page.clock.install(time=datetime.now() - timedelta(hours=1))
    page.goto(f"{api.url}/playground")
    run(page, "1", prints="Succeeded")
    expect(tab(page, "Session 1")).to_contain_text(re.compile(r"4:\d\d left"))
    expect(page.get_by_role("navigation", name="Sessions")).to_contain_text("created just now")


@browser
def test_unknown_expiry(page: Page) -> None:
    """A session pool that does not report when sessions expire is no error: no time is counted down."""
    page.route("**/api/sessions/*", lambda route: route.fulfill(json={"sessionId": "-"}))
    run(page, "1", prints="Succeeded")
    page.get_by_role("button", name="More for this session").click()
    panel = page.get_by_role("group", name="More for this session")
    expect(panel).to_contain_text("The session pool does not report when it expires")
    expect(tab(page, "Session 1")).not_to_contain_text("left")


@browser
def test_lost_connection(page: Page) -> None:
    """A session that could not be ended because the connection is lost goes on, and the dialog says why."""
    run(page, "x = 1", prints="Succeeded")
    expect(tab(page, "Session 1")).to_contain_text("left")
    page.context.set_offline(True)
    page.get_by_role("button", name="End session").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="End session").click()
    expect(dialog.get_by_role("alert")).to_contain_text("The connector is not responding")
    page.context.set_offline(False)
    dialog.get_by_role("button", name="Keep it").click()
    expect(banner(page)).to_have_count(0)
    run(page, "print(x)", prints="1")


@pytest.fixture
def short_lived(start_pool: Callable[..., Emulator], start_connector: Callable[..., Api]) -> Callable[[float], Api]:
    """Returns a function that starts a connector whose sessions expire after some seconds."""
    return lambda seconds: start_connector(**start_pool(cooldown=seconds).environment)


@browser
def test_expired_session(open_page: Open, short_lived: Callable[[float], Api]) -> None:
    """A session that has expired says so, strikes out its files, and starts again with those that were uploaded."""
    page = open_page(short_lived(6))
    upload(page, "a.csv", "b.csv")
    run(page, "x = 1\nprint('done')", prints="done")
    expect(banner(page)).to_contain_text("This session has expired. It was not used for 6 seconds", timeout=20_000)
    expect(banner(page)).to_contain_text("Your code and the results on this page are kept")
    expect(tab(page, "Session 1")).to_contain_text("expired")
    expect(page.get_by_role("alert").filter(has_text="This session has expired")).to_be_visible()
    name = page.get_by_role("region", name="Files").get_by_role("button", name="a.csv", exact=True)
    assert "line-through" in name.evaluate("element => getComputedStyle(element).textDecorationLine")
    page.get_by_role("button", name="Start again with the same 2 files").click()
    expect(banner(page)).to_have_count(0)
    expect(tab(page, "Session 1")).to_be_focused()
    run(page, "print('x' in globals(), open('/mnt/data/b.csv').read())", prints="False north,4")


@browser
def test_keep_session(open_page: Open, short_lived: Callable[[float], Api]) -> None:
    """A warning comes once before a session expires, and Keep it extends its life."""
    page = open_page(short_lived(12))
    run(page, "x = 1", prints="Succeeded")
    keep = page.get_by_role("button", name="Keep it")
    expect(keep).to_be_visible(timeout=10_000)
    expect(page.get_by_role("status").filter(has_text="expires in a minute")).to_be_attached()
    keep.click()
    expect(keep).to_have_count(0)
    expect(tab(page, "Session 1")).to_contain_text(re.compile(r"0:1[012] left"))
    run(page, "print(x)", prints="1")


@browser
def test_session_that_began_anew(open_page: Open, short_lived: Callable[[float], Api]) -> None:
    """A run in a session that had expired unnoticed reports that earlier variables and files are gone."""
    api = short_lived(300)
    page = open_page(api)
    upload(page, "a.csv")
    run(page, "x = 1\nprint('done')", prints="done")
    expect(tab(page, "Session 1")).to_contain_text("left")  # so the page knows when the session was created
    session_id = id_of_session(page)
    assert api.call("DELETE", f"/sessions/{session_id}").status_code == 204
    run(page, "print('again')", prints="again")
    expect(banner(page)).to_contain_text("This session is a new one")
    page.get_by_role("button", name="Upload the same file again").click()
    expect(banner(page)).to_have_count(0)
    run(page, "print(open('/mnt/data/a.csv').read())", prints="north,4")
    expect(banner(page)).to_have_count(0)


@browser
def test_restarted_interpreter(page: Page) -> None:
    """A new interpreter in the same session is reported: variables are gone, and files are kept."""
    run(page, "x = 1\nprint('done')", prints="done")
    page.get_by_role("textbox", name="Python code").fill("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
    page.get_by_role("textbox", name="Python code").press("Control+Enter")
    expect(page.get_by_role("region", name="Results")).to_contain_text("Failed")
    run(page, "print('x' in globals())", prints="False")
    expect(banner(page)).to_contain_text("The interpreter was restarted")
    page.get_by_role("button", name="Dismiss").click()
    expect(banner(page)).to_have_count(0)


@browser
def test_nothing_is_remembered(page: Page) -> None:
    """By default, a reload forgets the sessions, and nothing was stored."""
    run(page, "1", prints="Succeeded")
    assert stored(page).startswith("[{},{},")
    page.reload()
    expect(page.get_by_role("textbox", name="Python code")).to_have_value("")
    expect(tab(page, "Session 1")).not_to_contain_text("left")


@browser
@pytest.mark.parametrize(
    ("choice", "survives"), [("Until this tab is closed", False), ("Until I forget them", True)], ids=["tab", "browser"]
)
def test_remembered(open_page: Open, api: Api, choice: str, survives: bool) -> None:
    """Remembered sessions come back with name, code, files and variables: after a reload, or in a new tab as well."""
    page = open_page(api)
    upload(page, "a.csv")
    run(page, "x = 'kept'\nprint(x)", prints="kept")
    tab(page, "Session 1").dblclick()
    page.keyboard.type("Sales")
    page.keyboard.press("Enter")
    choose_memory(page, choice)
    page.reload()
    expect(tab(page, "Sales")).to_contain_text("left")
    expect(page.get_by_role("textbox", name="Python code")).to_have_value("x = 'kept'\nprint(x)")
    expect(page.get_by_role("region", name="Files")).to_contain_text("a.csv")
    run(page, "print(x * 2)", prints="keptkept")
    other = page.context.new_page()
    other.goto(page.url)
    expect(tab(other, "Sales" if survives else "Session 1")).to_be_visible()


@browser
def test_remembered_session_that_expired(open_page: Open, short_lived: Callable[[float], Api]) -> None:
    """A remembered session is checked before it is used: one that has ended keeps its code."""
    api = short_lived(300)
    page = open_page(api)
    run(page, "print('done')", prints="done")
    choose_memory(page, "Until I forget them")
    session_id = id_of_session(page)
    api.call("DELETE", f"/sessions/{session_id}")
    page.reload()
    expect(banner(page)).to_contain_text("This session has expired")
    expect(page.get_by_role("textbox", name="Python code")).to_have_value("print('done')")
    assert api.call("GET", f"/sessions/{session_id}").status_code == 404


@browser
def test_forget(page: Page) -> None:
    """Forget now erases all that was stored, at once."""
    run(page, "1", prints="Succeeded")
    session_id = id_of_session(page)
    choose_memory(page, "Until I forget them")
    assert session_id in stored(page)
    page.get_by_role("button", name="Memory of this browser").click()
    page.get_by_role("button", name="Forget now").click()
    assert stored(page).startswith("[{},{},")
    expect(page.get_by_role("radio", name="Not at all")).to_be_checked()
    page.keyboard.press("Escape")
    run(page, "2", prints="Succeeded")
    assert stored(page).startswith("[{},{},")


@browser
def test_two_tabs_of_the_browser(page: Page) -> None:
    """Pages in two tabs of the browser keep each other's sessions in memory, and forget together."""
    run(page, "a = 1", prints="Succeeded")
    choose_memory(page, "Until I forget them")
    other = page.context.new_page()
    other.goto(page.url)
    expect(tab(other, "Session 1")).to_contain_text("left")
    other.get_by_role("button", name="New session").click()
    run(other, "b = 2", prints="Succeeded")
    page.get_by_role("button", name="New session").click()
    run(page, "c = 3", prints="Succeeded")
    tab(page, "Session 1").click()
    page.get_by_role("textbox", name="Python code").fill("a = 'new'")
    tab(other, "Session 1").click()
    expect(other.get_by_role("textbox", name="Python code")).to_have_value("a = 'new'")
    third = page.context.new_page()
    third.goto(page.url)
    expect(third.get_by_role("tablist", name="Sessions").get_by_role("tab")).to_have_count(3)
    third.close()
    page.get_by_role("button", name="Memory of this browser").click()
    page.get_by_role("button", name="Forget now").click()
    expect(other.get_by_role("button", name="Memory of this browser: not remembered")).to_be_visible()
    run(other, "print('still here')", prints="still here")
    assert stored(other).startswith("[{},{},")


@browser
def test_storage_is_refused(open_context: Callable[..., BrowserContext], api: Api) -> None:
    """A browser that refuses to store anything says so where the choice is made, and the page works."""
    page = open_context().new_page()
    page.add_init_script("Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); };")
    page.goto(f"{api.url}/playground")
    page.get_by_role("button", name="Memory of this browser").click()
    page.get_by_role("radio", name="Until I forget them").click()
    expect(page.get_by_role("alert")).to_contain_text("The browser refuses to store anything")
    expect(page.get_by_role("radio", name="Not at all")).to_be_checked()


@browser
def test_leaving(page: Page) -> None:
    """The browser asks before code is lost that never ran as it is, and only then."""
    asked: list[str] = []

    def accept(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", accept)
    run(page, "print(1)", prints="1")
    page.reload()
    assert asked == []
    run(page, "print(2)", prints="2")
    page.get_by_role("textbox", name="Python code").press_sequentially("# more")
    page.reload()
    assert asked == ["beforeunload"]
    page.get_by_role("textbox", name="Python code").press_sequentially("print(3)")
    page.reload()
    assert asked == ["beforeunload"] * 2


@browser
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("screen", SCREENS)
def test_axe_finds_nothing(open_page: Open, api: Api, screen: str, theme: str) -> None:
    """In the panels and dialogs of sessions, while a name is changed, and after the end of a session."""
    page = open_page(api, color_scheme=theme, reduced_motion="reduce", **SCREENS[screen])
    findings: dict[str, list[str]] = {}

    def examine(state: str) -> None:
        for finding in Axe().run(page).response["violations"]:
            findings[f"{state}: {finding['id']}"] = [node["html"] for node in finding["nodes"]]

    page.get_by_role("textbox", name="Python code").fill("1")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(tab(page, "Session 1")).to_contain_text("left")
    page.get_by_role("button", name="New session").click()
    tab(page, "Session 1").click()
    tab(page, "Session 1").press("F2")
    expect(page.get_by_role("textbox", name="Name of the session")).to_be_focused()
    examine("renaming")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Memory of this browser").click()
    examine("memory")
    page.keyboard.press("Escape")
    for entry in ("Close tab", "Use an existing session ID", "End session"):
        page.get_by_role("button", name="More for this session").click()
        panel = page.get_by_role("group", name="More for this session")
        expect(panel).to_be_visible()
        examine("menu")
        panel.get_by_role("button", name=entry).click()
        expect(page.get_by_role("dialog")).to_be_visible()
        examine(entry)
        if entry != "End session":
            page.keyboard.press("Escape")
    page.get_by_role("dialog").get_by_role("button", name="End session").click()
    expect(banner(page)).to_be_visible()
    examine("ended")
    page.get_by_role("button", name="Keyboard shortcuts").click()
    examine("shortcuts")
    assert findings == {}
