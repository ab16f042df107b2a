"""Files beyond the session: links to them, imports by address, exports, and workspaces, as people use them.

What would need gigabytes or other people is answered here in place of the connector, as openapi.yaml has it.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, Route, expect

from tests.conftest import Api, Storage

from .files import choose_action, opened, row, session_of, upload, uploads
from .running import run, start
from .screens import SCREENS
from .states import show_pane

Json = dict[str, Any]
Open = Callable[..., Page]

browser = pytest.mark.browser
POLLS = "**/transfers?*"
LINK = {
    "fileUrl": "https://connector.example/api/shared/sales.csv?token=abc",
    "expirationTime": "2026-12-05T10:00:00Z",
    "isDurable": True,
}


@pytest.fixture
def page(open_page: Open, api_with_storage: Api) -> Page:
    return open_page(api_with_storage)


@dataclass
class Answers:
    """What an address answers, one after the other; the last one is repeated. Has what was sent."""

    rest: list[tuple[int, Json]]
    sent: list[tuple[str, Any]] = field(default_factory=list)

    def __call__(self, route: Route) -> None:
        self.sent.append((route.request.method, route.request.post_data_json if route.request.post_data else None))
        status, body = self.rest.pop(0) if len(self.rest) > 1 else self.rest[0]
        location = {"Location": "https://connector.example/api/transfers?token=T0KEN", "Retry-After": "0"}
        headers = {"Content-Type": "application/json", **(location if status == 202 else {})}
        route.fulfill(status=status, headers=headers, body="" if status == 204 else json.dumps(body))


def answer(page: Page, address: str, *answers: tuple[int, Json]) -> Answers:
    noted = Answers(list(answers))
    page.route(address, noted)
    return noted


def error(status: int, code: str, message: str) -> tuple[int, Json]:
    return status, {"error": {"code": code, "message": message}}


def running(session_id: str, received: int) -> tuple[int, Json]:
    return 202, {"sessionId": session_id, "status": "Running", "received": received, "size": 300_000_000}


def dialog(page: Page) -> Locator:
    return page.get_by_role("dialog")


def press(page: Page, name: str) -> None:
    dialog(page).get_by_role("button", name=name, exact=True).click()


def in_session_menu(page: Page, entry: str) -> None:
    page.get_by_role("button", name="More for this session").click()
    page.get_by_role("button", name=entry).click()


def import_from(page: Page, address: str, **fields: str) -> None:
    page.get_by_role("region", name="Files").get_by_role("button", name="Import by address").click()
    dialog(page).get_by_label("Address").fill(address)
    for name, text in fields.items():
        dialog(page).get_by_label(name).fill(text)
    press(page, "Import")


# ---- links


def test_a_link_to_a_file(page: Page) -> None:
    """Whoever has the link gets the file without a key, and the dialog says until when; Esc leads back to the menu."""
    upload(page, sales_dot_csv="a,b\n1,2\n")
    choose_action(page, "sales.csv", "Create link")
    press(page, "Create link")
    expect(dialog(page)).to_contain_text("It works until")
    expect(dialog(page)).to_contain_text("It outlives the session")
    address = dialog(page).get_by_label("Link", exact=True).input_value()
    assert opened(address) == b"a,b\n1,2\n"
    expect(dialog(page).get_by_role("link", name="Open")).to_have_attribute("href", address)
    expect(dialog(page).get_by_role("button", name="Copy")).to_be_focused()
    page.keyboard.press("Enter")
    assert page.evaluate("() => navigator.clipboard.readText()") == address
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="More for sales.csv")).to_be_focused()


@browser
def test_a_link_to_a_chart(page: Page) -> None:
    """A chart that a run has shown has a file, and so a link."""
    pane = run(page, "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()")
    pane.get_by_role("group", name="Chart").get_by_role("button", name="Link").click()
    press(page, "Create link")
    address = dialog(page).get_by_label("Link", exact=True).input_value()
    assert opened(address).startswith(b"\x89PNG")


@browser
def test_a_refused_lifetime_is_explained(page: Page) -> None:
    """The connector's words are shown, and another lifetime can be chosen."""
    words = "lifetimeInSeconds is above the maximum of 86400. Send a smaller one."
    sent = answer(page, "**/links", error(400, "InvalidRequest", words), (200, LINK)).sent
    upload(page, sales_dot_csv="a")
    choose_action(page, "sales.csv", "Create link")
    dialog(page).get_by_label("7 days").check()
    press(page, "Create link")
    expect(dialog(page).get_by_role("alert")).to_have_text(words)
    dialog(page).get_by_label("1 day").check()
    press(page, "Create link")
    expect(dialog(page)).to_contain_text("It outlives the session")
    assert [body["lifetimeInSeconds"] for _, body in sent] == [604_800, 86_400]


@browser
def test_a_large_file_is_copied_before_its_link(page: Page) -> None:
    """The dialog polls, and shows how far the copy is; its end brings the link."""
    session_id = upload(page, sales_dot_csv="a")
    answer(page, "**/links", running(session_id, 0))
    polls = answer(page, POLLS, running(session_id, 45_000_000), running(session_id, 90_000_000))
    choose_action(page, "sales.csv", "Create link")
    press(page, "Create link")
    expect(dialog(page)).to_contain_text("90 MB of 300 MB")
    expect(dialog(page).get_by_role("progressbar")).to_have_attribute("value", "90000000")
    polls.rest = [(200, LINK)]
    expect(dialog(page).get_by_label("Link", exact=True)).to_have_value(LINK["fileUrl"])


@browser
@pytest.mark.parametrize("way", ["Cancel", "Escape"])
def test_a_copy_is_canceled(page: Page, way: str) -> None:
    """Cancel leads back to the question, and closing the dialog to the page; the connector is told."""
    session_id = upload(page, sales_dot_csv="a")
    answer(page, "**/exports", running(session_id, 0))
    answer(page, POLLS, running(session_id, 45_000_000))
    choose_action(page, "sales.csv", "Export to storage")
    press(page, "Export")
    expect(dialog(page)).to_contain_text("45 MB of 300 MB")
    with page.expect_request(lambda request: request.method == "DELETE" and "token=T0KEN" in request.url):
        press(page, way) if way == "Cancel" else page.keyboard.press("Escape")
    if way == "Cancel":
        expect(dialog(page).get_by_role("button", name="Export")).to_be_visible()
    else:
        expect(dialog(page)).to_have_count(0)


# ---- imports


@browser
def test_an_import_shows_its_progress(page: Page, storage: Storage) -> None:
    """It is in the list of uploads until it has arrived, in the session that it made; it is known to be a blob."""
    address = storage.environment["IMPORT_CONTAINER_URLS"].split(",")[0] + "/big%20sales.csv"
    session_id = "a" * 32
    sent = answer(page, "**/imports", running(session_id, 0)).sent
    polls = answer(page, POLLS, running(session_id, 45_000_000))
    import_from(page, address, Folder="2026")
    expect(uploads(page)).to_contain_text("big sales.csv")
    expect(uploads(page)).to_contain_text("45 MB of 300 MB")
    file = {"fileName": "big sales.csv", "folder": "2026", "size": 300_000_000, "contentType": "text/csv"}
    polls.rest = [(200, {"sessionId": session_id, "files": [file]})]
    expect(row(page, "big sales.csv")).to_be_visible()
    expect(uploads(page)).to_have_count(0)
    ((_, body),) = sent
    assert body.pop("waitInSeconds") < 60
    assert body == {"blobUrl": address, "folder": "2026"}
    assert session_of(page) == session_id


@browser
def test_a_refused_import_can_be_changed(page: Page) -> None:
    """The connector's words are on its row, and Change opens the dialog with what was entered."""
    words = "The host contoso.example is not allowed. Add it to FILE_URL_HOSTS."
    upload(page, first_dot_txt="1")
    sent = answer(page, "**/imports", error(403, "SourceNotAllowed", words)).sent
    import_from(page, "https://contoso.example/data?sig=s3cret", Name="data.csv")
    expect(uploads(page)).to_contain_text(words)
    uploads(page).get_by_role("button", name="Retry the import of data.csv").click()
    expect(uploads(page)).to_contain_text(words)
    uploads(page).get_by_role("button", name="Change the import of data.csv").click()
    expect(dialog(page).get_by_label("Address")).to_have_value("https://contoso.example/data?sig=s3cret")
    expect(dialog(page).get_by_label("Name")).to_have_value("data.csv")
    expect(uploads(page)).to_have_count(0)
    assert sent[0][1]["fileUrl"] == "https://contoso.example/data?sig=s3cret"


@browser
def test_an_import_is_canceled(page: Page) -> None:
    """The row goes, and the connector is told."""
    session_id = upload(page, first_dot_txt="1")
    answer(page, "**/imports", running(session_id, 0))
    answer(page, POLLS, running(session_id, 45_000_000))
    import_from(page, "https://contoso.example/data.csv")
    expect(uploads(page)).to_contain_text("45 MB of 300 MB")
    with page.expect_request(lambda request: request.method == "DELETE" and "token=T0KEN" in request.url):
        uploads(page).get_by_role("button", name="Cancel the import of data.csv").click()
    expect(uploads(page)).to_have_count(0)


# ---- exports


@browser
def test_an_export_replaces_only_when_asked(page: Page) -> None:
    """A blob of the name is reported, and replaced after a tick; then the dialog has the address."""
    words = "There is a blob named reports/sales.csv. Send ifExists replace, or another blobName."
    blob = {"blobUrl": "https://contoso.blob.core.windows.net/files/exports/reports/sales.csv", "size": 1}
    sent = answer(page, "**/exports", error(409, "BlobExists", words), (200, blob)).sent
    upload(page, sales_dot_csv="a")
    choose_action(page, "sales.csv", "Export to storage")
    dialog(page).get_by_label("Name of the blob").fill("reports/sales.csv")
    press(page, "Export")
    expect(dialog(page).get_by_role("alert")).to_have_text(words)
    dialog(page).get_by_label("Replace the blob").check()
    press(page, "Export")
    expect(dialog(page).get_by_label("Address of the blob")).to_have_value(blob["blobUrl"])
    assert [(body["blobName"], body.get("ifExists")) for _, body in sent] == [
        ("reports/sales.csv", None),
        ("reports/sales.csv", "replace"),
    ]


@browser
def test_an_exported_file_is_imported_into_another_session(page: Page, api_with_storage: Api) -> None:
    """By the address that the export has returned; the bytes are those of the file."""
    upload(page, sales_dot_csv="a,b\n1,2\n")
    choose_action(page, "sales.csv", "Export to storage")
    dialog(page).get_by_label("Name of the blob").fill("tests/exported and imported.csv")
    dialog(page).get_by_label("Replace the blob").check()
    press(page, "Export")
    address = dialog(page).get_by_label("Address of the blob").input_value()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="New session").click()
    page.get_by_role("region", name="Files").get_by_role("button", name="Import by address").click()
    dialog(page).get_by_label("Address").fill(address)
    press(page, "Import")
    expect(row(page, "exported and imported.csv")).to_be_visible()
    code = "open('/mnt/data/exported and imported.csv').read()"
    assert api_with_storage.execute(code, session_of(page))["value"] == "a,b\n1,2\n"


# ---- workspaces

WORKSPACE = {
    "workspaceId": "weekly-report",
    "size": 240_000,
    "fileCount": 3,
    "lastModifiedTime": "2026-11-28T05:00:00Z",
    "eTag": '"0x2"',
}


@browser
def test_a_lost_update_of_a_workspace_is_prevented(page: Page) -> None:
    """What somebody else has saved is replaced only when that is wanted."""
    changed = error(409, "WorkspaceChanged", "The workspace was saved by others. Restore it first.")
    sent = answer(page, "**/workspaces/weekly-report", changed, (200, WORKSPACE)).sent
    session_id = upload(page, sales_dot_csv="a")
    in_session_menu(page, "Save as workspace")
    dialog(page).get_by_label("Name of the workspace").fill("weekly-report")
    press(page, "Save")
    expect(dialog(page).get_by_role("alert")).to_contain_text("Nothing was saved.")
    press(page, "Save anyway")
    expect(dialog(page)).to_contain_text("3 files, 240 KB, are saved as weekly-report.")
    assert [(method, body["sessionId"], body.get("eTag")) for method, body in sent] == [
        ("PUT", session_id, None),
        ("PUT", session_id, "*"),
    ]


@browser
def test_a_workspace_is_restored_into_another_session(page: Page) -> None:
    """What one session has saved is in the files of a new one, which then is not new any more."""
    upload(page, sales_dot_csv="a")
    in_session_menu(page, "Save as workspace")
    dialog(page).get_by_label("Name of the workspace").fill("tests-playground")
    press(page, "Save")
    expect(dialog(page)).to_contain_text("is saved as tests-playground.")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="New session").click()
    in_session_menu(page, "Restore a workspace")
    expect(dialog(page).get_by_label("Name of the workspace")).to_have_value("tests-playground")
    press(page, "Restore")
    expect(dialog(page)).to_contain_text("is restored from tests-playground.")
    page.keyboard.press("Escape")
    expect(row(page, "sales.csv")).to_be_visible()
    assert session_of(page)


@browser
def test_a_name_of_a_workspace_is_checked(page: Page) -> None:
    """The connector is not called with a name that it refuses."""
    sent = answer(page, "**/workspaces/**", (200, WORKSPACE)).sent
    in_session_menu(page, "Restore a workspace")
    dialog(page).get_by_label("Name of the workspace").fill("weekly report")
    press(page, "Restore")
    expect(dialog(page).locator("input:invalid")).to_be_focused()
    assert sent == []


@browser
def test_runs_use_a_workspace(page: Page) -> None:
    """The chosen workspace is in each run, in the texts of Use it elsewhere, and in the memory of the browser."""
    page.get_by_role("button", name="Memory of this browser").click()
    page.get_by_role("radio", name="Until this tab is closed").check()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Workspace of runs: none").click()
    page.get_by_label("Workspace of runs", exact=True).fill("weekly-report")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Workspace of runs: weekly-report")).to_be_focused()
    with page.expect_request("**/executions") as sent:
        start(page, "1 + 1")
    assert sent.value.post_data_json["workspaceId"] == "weekly-report"
    page.get_by_role("button", name="Use it elsewhere").click()
    expect(page.locator("#use-text")).to_contain_text('"workspaceId": "weekly-report"')
    page.wait_for_function("() => Object.keys(sessionStorage).some((name) => name === 'playground.workspaces')")
    page.reload()
    expect(page.get_by_role("button", name="Workspace of runs: weekly-report")).to_be_visible()


# ---- without storage


@browser
def test_what_needs_storage_says_so(open_page: Open, api: Api) -> None:
    """Without storage, what cannot work is disabled and names the setting; links work, as long as the session."""
    page = open_page(api)
    upload(page, sales_dot_csv="a")
    page.get_by_role("button", name="More for sales.csv").click()
    export = page.get_by_role("menuitem", name="Export to storage")
    expect(export).to_be_disabled()
    expect(export).to_have_attribute("title", re.compile("FILES_CONTAINER_URL"))
    page.get_by_role("menuitem", name="Create link").click()
    press(page, "Create link")
    expect(dialog(page)).to_contain_text("It ends earlier if the session ends")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="More for this session").click()
    expect(page.get_by_role("button", name="Restore a workspace")).to_be_disabled()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Workspace of runs").click()
    expect(page.locator("#workspace-option")).to_contain_text("FILES_CONTAINER_URL")


# ---- all of them


@browser
@pytest.mark.parametrize(("screen", "theme"), [("desktop", "light"), ("phone", "dark")])
def test_axe_finds_nothing_in_the_dialogs(open_page: Open, api_with_storage: Api, screen: str, theme: str) -> None:
    """In no state of them: asking, refused, copying and done; nor in the list of imports."""
    page = open_page(api_with_storage, color_scheme=theme, reduced_motion="reduce", **SCREENS[screen])
    found: list[str] = []

    def look(state: str) -> None:
        found.extend(f"{state}: {finding['id']}" for finding in Axe().run(page).response["violations"])

    show_pane(page, "Files")
    with page.expect_response("**/files/a.csv*") as uploaded:
        page.get_by_label("Files to upload").set_input_files({"name": "a.csv", "mimeType": "text/csv", "buffer": b"a"})
    session_id = uploaded.value.json()["sessionId"]
    refused = error(403, "SourceNotAllowed", "Not allowed. Allow it.")
    answer(page, "**/imports", refused, running(session_id, 0))
    answer(page, POLLS, running(session_id, 45_000_000))
    import_from(page, "https://contoso.example/b.csv")
    expect(page.get_by_text("not imported", exact=True)).to_be_visible()
    import_from(page, "https://contoso.example/c.csv")
    expect(uploads(page)).to_have_count(2)
    look("imports")
    uploads(page).get_by_role("button", name="Cancel the import of c.csv").click()
    page.get_by_role("region", name="Files").get_by_role("button", name="Import by address").click()
    look("import")
    page.keyboard.press("Escape")
    answer(page, "**/links", running(session_id, 0))
    choose_action(page, "a.csv", "Create link")
    press(page, "Create link")
    expect(dialog(page).get_by_role("progressbar")).to_be_visible()
    look("copying")
    answer(page, POLLS, (200, LINK))  # comes before the former one, which stays: no poll may reach the connector
    expect(dialog(page).get_by_label("Link", exact=True)).to_be_visible()
    look("link")
    page.keyboard.press("Escape")
    answer(page, "**/workspaces/*", error(409, "WorkspaceChanged", "Changed. Restore it."))
    in_session_menu(page, "Save as workspace")
    dialog(page).get_by_label("Name of the workspace").fill("weekly-report")
    press(page, "Save")
    expect(dialog(page).get_by_role("alert")).to_be_visible()
    look("conflict")
    page.keyboard.press("Escape")
    show_pane(page, "Code")
    page.get_by_role("button", name="Workspace of runs").click()
    look("workspace of runs")
    assert found == []
