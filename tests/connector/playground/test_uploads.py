"""Uploads: how files get into a session, and what is done about those that do not."""

import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import CDPSession, Page, expect

from tests.conftest import Api
from tests.connector.playground.files import (
    choose,
    digest,
    drop,
    drop_path,
    row,
    session_of,
    stored,
    upload,
    upload_named,
    uploads,
)

ZEROS = "({ name, size }) => [new File([new Uint8Array(size)], name)]"
PATTERN = """({ name, size }) => {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += 1) bytes[at] = (at * at) % 251;
  return [new File([bytes], name)];
}"""
MEGABYTE = 1_000_000


def test_several_files_are_dropped_at_once(page: Page, api: Api) -> None:
    """Files that are dropped on the pane are uploaded into one new session, and listed."""
    drop(
        page,
        "(names) => names.map((name) => new File([name], name))",
        ["a.txt", "b.txt", "c.txt", "d.txt", "e.txt"],
    )
    for letter in "abcde":
        expect(row(page, f"{letter}.txt")).to_be_visible()
    session_id = session_of(page)
    listed = api.call("GET", f"/files?sessionId={session_id}").json()["files"]
    assert [file["fileName"] for file in listed] == ["a.txt", "b.txt", "c.txt", "d.txt", "e.txt"]


@pytest.mark.browser
def test_a_folder_is_dropped_with_its_paths(page: Page, api: Api, tmp_path: Path) -> None:
    """The files of a folder, and those below, are uploaded with their paths; what the system has left there is not."""
    folder = tmp_path / "plans"
    (folder / "2026" / "q1").mkdir(parents=True)
    (folder / "overview.txt").write_text("all")
    (folder / ".DS_Store").write_text("x")
    (folder / "2026" / "q1" / "targets.csv").write_text("a,b")
    drop_path(page, folder)
    expect(row(page, "targets.csv")).to_be_visible()
    expect(row(page, "overview.txt")).to_be_visible()
    expect(page.get_by_text("Drop to upload")).to_be_hidden()
    session_id = session_of(page)
    assert stored(api, session_id) == {"plans/overview.txt": 3, "plans/2026/q1/targets.csv": 3}


@pytest.mark.browser
def test_a_folder_is_chosen(page: Page, tmp_path: Path) -> None:
    """A folder can be chosen instead of dropped; it can be closed and opened in the list."""
    (tmp_path / "plans").mkdir()
    (tmp_path / "plans" / "targets.csv").write_text("a,b")
    choose(page, tmp_path / "plans", "a folder")
    expect(row(page, "targets.csv")).to_be_visible()
    heading = page.get_by_role("button", name="plans 1 file")
    heading.click()
    expect(row(page, "targets.csv")).to_be_hidden()
    expect(heading).to_have_attribute("aria-expanded", "false")
    heading.press("Enter")
    expect(row(page, "targets.csv")).to_be_visible()


@pytest.mark.browser
def test_an_image_is_pasted(page: Page) -> None:
    """Pasted images are uploaded, and none replaces another of the same name."""
    paste = """() => {
      const clipboardData = new DataTransfer();
      clipboardData.items.add(new File(["x"], "image.png", { type: "image/png" }));
      document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
    }"""
    page.evaluate(paste)
    expect(row(page, "image.png")).to_be_visible()
    page.evaluate(paste)
    expect(row(page, "image 2.png")).to_be_visible()


@pytest.mark.browser
@pytest.mark.parametrize("name", ["100% of #1.csv", "Größe – Übersicht 2026.csv", "a+b & c=d?.csv", "'quotes' (1).csv"])
def test_names_arrive_as_they_are(page: Page, api: Api, name: str) -> None:
    """Characters that addresses give a meaning to, and those of other scripts, are kept in names."""
    session_id = upload_named(page, {name: "1,2"})
    listed = api.call("GET", f"/files?sessionId={session_id}").json()["files"]
    assert [(file["fileName"], file["size"]) for file in listed] == [(name, 3)]


@pytest.mark.browser
def test_a_name_that_is_not_accepted_can_be_fixed(page: Page, api: Api) -> None:
    """The error is on the row of the file, with a name that is accepted, under which one click uploads it."""
    session_id = upload(page, first_dot_txt="1")
    drop(page, "() => [new File(['1,2'], 'Q3\\\\sales.csv')]")
    expect(uploads(page)).to_contain_text("is a path")
    uploads(page).get_by_role("button", name="Upload as Q3-sales.csv").click()
    expect(row(page, "Q3-sales.csv")).to_be_visible()
    expect(uploads(page)).to_have_count(0)
    assert stored(api, session_id) == {"first.txt": 1, "Q3-sales.csv": 3}


@pytest.mark.browser
def test_a_name_that_is_too_long_is_shortened(page: Page) -> None:
    """The name that is offered keeps the extension."""
    drop(page, "() => [new File(['1,2'], 'ü'.repeat(200) + '.csv')]")
    uploads(page).get_by_role("button", name="Upload as").click()
    expect(row(page, "ü" * 125 + ".csv")).to_be_visible()


@pytest.mark.browser
def test_a_failed_upload_is_dismissed(page: Page) -> None:
    """An upload that failed stays until it is dismissed."""
    drop(page, "() => [new File(['1,2'], 'a\\\\b.csv')]")
    uploads(page).get_by_role("button", name="Dismiss a\\b.csv").click()
    expect(uploads(page)).to_have_count(0)


@pytest.mark.browser
def test_more_than_100_mb_go_in_chunks(page: Page, api: Api) -> None:
    """A file above the limit of a request arrives in chunks, while its progress is shown."""
    with page.expect_response(lambda response: "/uploads?" in response.url) as chunk:
        drop(page, ZEROS, {"name": "large.bin", "size": 105 * MEGABYTE})
        progress = uploads(page).get_by_role("progressbar", name="Upload of large.bin")
        expect(progress).to_be_visible()
    assert chunk.value.request.method == "PATCH"
    expect(row(page, "large.bin")).to_be_visible(timeout=60_000)
    expect(page.get_by_role("region", name="Files")).to_contain_text("1 · 105 MB")
    listed = api.call("GET", f"/files?sessionId={session_of(page)}").json()["files"]
    assert [(file["fileName"], file["size"]) for file in listed] == [("large.bin", 105 * MEGABYTE)]


@pytest.mark.browser
def test_a_canceled_upload_leaves_nothing(page: Page, api: Api) -> None:
    """Neither the file nor its chunks are in the session once the upload was canceled."""
    session_id = upload(page, kept_dot_txt="1")
    _slow(page, 12 * MEGABYTE)
    drop(page, ZEROS, {"name": "large.bin", "size": 105 * MEGABYTE})
    expect(uploads(page)).to_contain_text("/s")
    expect(uploads(page)).to_contain_text("left")
    with page.expect_response(lambda response: response.request.method == "DELETE") as cancellation:
        page.get_by_role("button", name="Cancel the upload of large.bin").click()
    expect(uploads(page)).to_have_count(0)
    assert cancellation.value.status == 204
    deadline = time.monotonic() + 30  # a chunk that was on its way is removed when it has arrived
    while any(size for path, size in stored(api, session_id).items() if path != "kept.txt"):
        assert time.monotonic() < deadline, stored(api, session_id)
    assert stored(api, session_id)["kept.txt"] == 1


@pytest.mark.browser
def test_all_uploads_are_canceled(page: Page, api: Api) -> None:
    """At most three files are sent at a time; one click cancels those and the ones that wait."""
    session_id = upload(page, kept_dot_txt="1")
    _slow(page, MEGABYTE)
    make = (
        """() => Array.from({ length: 12 }, (_, index) => new File([new Uint8Array(5_000_000)], `part ${index}.bin`))"""
    )
    drop(page, make)
    expect(page.get_by_role("progressbar")).to_have_count(3)
    expect(uploads(page).filter(has_text="waiting")).to_have_count(5)
    expect(page.get_by_text("and 4 more")).to_be_visible()
    page.get_by_role("button", name="Cancel all").click()
    expect(uploads(page)).to_have_count(0)
    assert stored(api, session_id) == {"kept.txt": 1}


@pytest.mark.browser
def test_an_upload_survives_a_lost_connection(page: Page, api: Api) -> None:
    """An upload in chunks goes on by itself, where it broke off, when the connection is back."""
    session_id = upload(page, first_dot_txt="1")
    devtools = _slow(page, 12 * MEGABYTE)
    size = 60 * MEGABYTE
    with page.expect_response(lambda response: response.request.method == "PATCH"):
        drop(page, PATTERN, {"name": "pattern.bin", "size": size})
    _slow(page, 12 * MEGABYTE, devtools, offline=True)
    expect(uploads(page)).to_contain_text("connection lost")
    with page.expect_response(
        lambda response: response.request.method == "GET" and "/uploads?" in response.url
    ) as asked:
        _slow(page, 100 * MEGABYTE, devtools)
    assert asked.value.header_value("range"), "nothing of the file was received before the connection was lost"
    expect(row(page, "pattern.bin")).to_be_visible(timeout=60_000)

    assert digest(api, session_id, "pattern.bin") == _pattern_digest(size)


@pytest.mark.browser
def test_a_small_upload_survives_a_lost_connection(page: Page, api: Api) -> None:
    """So does one in a single request, which is sent again."""
    devtools = _slow(page, 100 * MEGABYTE, offline=True)
    drop(page, ZEROS, {"name": "small.bin", "size": 1000})
    expect(uploads(page)).to_contain_text("connection lost")
    _slow(page, 100 * MEGABYTE, devtools)
    expect(row(page, "small.bin")).to_be_visible()


@pytest.mark.browser
def test_an_upload_that_failed_is_retried(page: Page) -> None:
    """What the connector could not do is shown on the row, and Retry sends the file again."""
    failure = {"error": {"code": "InternalError", "message": "The disk is full. Delete files."}}
    page.route("**/api/files/late.csv*", lambda route: route.fulfill(status=500, json=failure), times=1)
    drop(page, ZEROS, {"name": "late.csv", "size": 10})
    expect(uploads(page)).to_contain_text("The disk is full. Delete files.")
    page.get_by_role("button", name="Retry the upload of late.csv").click()
    expect(row(page, "late.csv")).to_be_visible()


@pytest.mark.browser
def test_an_upload_waits_for_the_run(page: Page, api: Api) -> None:
    """A file that the session can take only between runs waits, says so, and goes on by itself."""
    session_id = upload(page, first_dot_txt="1")
    started = api.call(
        "POST",
        "/executions",
        json={
            "pythonCode": "import time, pathlib\nwhile not pathlib.Path('/mnt/data/go.txt').exists(): time.sleep(0.05)",
            "sessionId": session_id,
            "timeoutInSeconds": 60,
            "waitInSeconds": 0,
        },
    )
    assert started.status_code == 202
    drop(page, ZEROS, {"name": "later – by a task.bin", "size": 10})
    expect(uploads(page)).to_contain_text("waiting for the run")
    drop(page, ZEROS, {"name": "go.txt", "size": 1})
    expect(row(page, "later – by a task.bin")).to_be_visible(timeout=30_000)


@pytest.mark.browser
def test_the_first_upload_goes_alone(page: Page, api: Api) -> None:
    """Until the connector has returned the ID of a new session, no other upload is sent, which would create another."""
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "PUT" else None)
    session_id = upload(page, a_dot_txt="1", b_dot_txt="2", c_dot_txt="3")
    assert ["sessionId" in url for url in sent] == [False, True, True]
    assert stored(api, session_id) == {"a.txt": 1, "b.txt": 1, "c.txt": 1}


@pytest.mark.browser
def test_without_a_signing_key_the_page_says_what_is_missing(
    open_page: Any, start_connector: Any, emulator: Any
) -> None:
    """A file above 100 MB needs the setting SIGNING_KEY, which the row of the file names; smaller ones need it not."""
    page = open_page(start_connector(**{**emulator.environment, "SIGNING_KEY": ""}))
    drop(page, ZEROS, {"name": "large.bin", "size": 105 * MEGABYTE})
    expect(uploads(page)).to_contain_text("above 100 MB only with its setting SIGNING_KEY")
    drop(page, ZEROS, {"name": "middle.bin", "size": 40 * MEGABYTE})
    expect(row(page, "middle.bin")).to_be_visible(timeout=30_000)


@pytest.mark.browser
def test_an_upload_is_sent_with_the_key(open_page: Callable[..., Page], api_with_key: Api) -> None:
    """Uploads send the function key as a header; one that is refused waits for another key, and is sent again."""
    page = open_page(api_with_key)
    _enter_key(page, api_with_key)
    with page.expect_request(lambda request: request.method == "PUT") as sent:
        upload(page, first_dot_txt="1")
    assert sent.value.header_value("x-functions-key") == api_with_key.key
    assert str(api_with_key.key) not in sent.value.url
    page.route("**/api/files/second.txt*", lambda route: route.fulfill(status=401), times=1)
    drop(page, ZEROS, {"name": "second.txt", "size": 10})
    _enter_key(page, api_with_key)
    expect(row(page, "second.txt")).to_be_visible()


def _enter_key(page: Page, api: Api) -> None:
    page.get_by_role("textbox", name="Key").fill(str(api.key))
    page.get_by_role("button", name="Connect", exact=True).click()


def _slow(page: Page, bytes_per_second: int, devtools: CDPSession | None = None, offline: bool = False) -> CDPSession:
    devtools = devtools or page.context.new_cdp_session(page)
    conditions = {"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": bytes_per_second}
    devtools.send("Network.enable")
    devtools.send("Network.emulateNetworkConditions", conditions)
    return devtools


def _pattern_digest(size: int) -> str:
    return hashlib.sha256((bytes((at * at) % 251 for at in range(251)) * (size // 251 + 1))[:size]).hexdigest()
