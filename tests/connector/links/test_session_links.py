"""ShareFile and OpenSharedFile without storage, on running hosts with real sessions."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import requests

from connector.callers.signed_tokens import Tokens
from connector.files import operations as files
from connector.links import session_links
from connector.links.addresses import LINK
from connector.models import FileBytes, FilePath
from tests.conftest import Api
from tests.connector.files.any_names import FOLDERS, ONLY_IN_JSON, UPLOADED
from tests.connector.links.conftest import ROWS, is_over, link_to, put, session_exists, share

# ---- ShareFile


def test_share_file_returns_a_link(api, session_id):
    """With what the file is, and until when the link works."""
    put(api, session_id, folder="reports/2026")
    before = datetime.now(UTC)
    shared = share(api, session_id, folder="/mnt/data/reports/2026", lifetimeInSeconds=60).json()
    url, expires = urlsplit(shared.pop("fileUrl")), datetime.fromisoformat(shared.pop("expirationTime"))
    assert shared == {
        "sessionId": session_id,
        "fileName": "sales.csv",
        "folder": "reports/2026",
        "size": len(ROWS),
        "contentType": "text/csv",
        "isDurable": False,
    }
    assert f"{url.scheme}://{url.netloc}{url.path}" == f"{api.url}/shared/sales.csv"
    assert timedelta(seconds=58) < expires - before < timedelta(seconds=61)
    assert session_id not in url.query


def test_expiration_time_is_that_of_the_session_if_it_is_earlier(api, session_id):
    """A link of a day does not promise more than the session does."""
    put(api, session_id)
    expires = datetime.fromisoformat(share(api, session_id, lifetimeInSeconds=86_400).json()["expirationTime"])
    session = api.call("GET", f"/sessions/{session_id}").json()
    assert expires <= datetime.fromisoformat(session["expiresTime"]) < datetime.now(UTC) + timedelta(seconds=600)


def test_a_file_named_like_the_route(api, session_id):
    """The address of the operations is not looked for in the file's name."""
    for name in ("files", "links", "shared"):
        put(api, session_id, name)
        assert api.call("GET", link_to(api, session_id, name)).content == ROWS


@pytest.mark.parametrize("lifetime", [59, 168 * 3600 + 1, 31_536_001, 0, "soon"])
def test_a_lifetime_out_of_range_is_refused(api_without_role, lifetime):
    """Before the pool is called."""
    refused = share(api_without_role, "some-session", lifetimeInSeconds=lifetime)
    assert (refused.status_code, refused.json()["error"]["target"]) == (400, "lifetimeInSeconds")


def test_share_file_starts_no_session(api, session_id):
    """A session that does not exist has no files."""
    missing = share(api, session_id)
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "SessionNotFound")
    assert not session_exists(api, session_id)


def test_a_missing_file_cannot_be_shared(api, session_id):
    """The message has the remedy."""
    put(api, session_id)
    missing = share(api, session_id, "other.csv")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "FileNotFound")


def test_a_file_that_browsers_could_not_get_is_not_shared(api, session_id):
    """Through the connector, a response carries 100 MB."""
    code = (
        f"import os\nfor size in (0, 1):\n    open(f'/mnt/data/{{size}}', 'w').truncate({files.LARGEST_MESSAGE} + size)"
    )
    api.execute(code, session_id)
    assert share(api, session_id, "0").status_code == 200
    refused = share(api, session_id, "1")
    assert (refused.status_code, refused.json()["error"]["code"]) == (413, "FileTooLarge")


def test_without_a_signing_key_the_setting_is_named(emulator, start_connector, session_id):
    """And links of other connectors do not work."""
    connector = start_connector(**{**emulator.environment, "SIGNING_KEY": ""})
    refused = share(connector, session_id)
    assert refused.status_code == 500
    assert "SIGNING_KEY is missing" in refused.json()["error"]["message"]
    assert is_over(connector.call("GET", "/shared/a?token=abc"))


def test_a_public_address(emulator, start_connector, session_id):
    """PUBLIC_BASE_URL is in the link."""
    connector = start_connector(**{**emulator.environment, "PUBLIC_BASE_URL": "https://app.example"})
    put(connector, session_id)
    assert share(connector, session_id).json()["fileUrl"].startswith("https://app.example/api/shared/sales.csv?token=")


# ---- OpenSharedFile


def test_open_shared_file_needs_no_key(api_with_key, session_id):
    """The link is enough, and ShareFile requires the key."""
    key = {"x-functions-key": api_with_key.key}
    api_with_key.call("PUT", f"/files/sales.csv?sessionId={session_id}", data=ROWS, headers=key).raise_for_status()
    path, body = "/files/sales.csv/links", {"sessionId": session_id}
    assert api_with_key.call("POST", path, json=body).status_code == 401
    url = api_with_key.call("POST", path, json=body, headers=key).json()["fileUrl"]
    opened = requests.get(url, timeout=30)
    assert (opened.status_code, opened.content, opened.headers["Content-Type"]) == (200, ROWS, "text/csv")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_browsers_save_the_file_and_run_nothing_in_it(api, session_id, method):
    """A page or an image with scripts from a session has the connector's origin, with its cookies where people sign
    in.
    """
    for name, content in {
        "page.html": b"<script>alert(document.cookie)</script>",
        "image.svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
        "page.xhtml": b'<html xmlns="http://www.w3.org/1999/xhtml"><script>alert(1)</script></html>',
        "data.bin": b"<html><script>alert(1)</script>",
    }.items():
        put(api, session_id, name, content)
        headers = api.call(method, link_to(api, session_id, name)).headers
        assert headers["Content-Disposition"].startswith(f'attachment; filename="{name}"')
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "private, no-store"
        assert headers["Content-Length"] == str(len(content))


def test_links_can_be_opened_many_times(api, session_id):
    """Mail and chat programs open them before people do."""
    put(api, session_id)
    link = link_to(api, session_id)
    for _ in range(3):
        assert api.call("HEAD", link).status_code == 200
        assert api.call("GET", link).content == ROWS
    assert api.call("GET", f"/files?sessionId={session_id}&recursive=true").json()["files"][0]["size"] == len(ROWS)


def test_what_is_added_to_a_link_on_its_way_is_ignored(api, session_id):
    """Mail programs and social networks add parameters."""
    put(api, session_id)
    link = link_to(api, session_id)
    assert api.call("GET", f"{link}&utm_source=mail&fbclid=abc").content == ROWS


def test_ranges(api, session_id):
    """So that a download can be resumed."""
    put(api, session_id)
    link = link_to(api, session_id)
    part = api.call("GET", link, headers={"Range": "bytes=7-12"})
    assert (part.status_code, part.content) == (206, ROWS[7:13])
    assert part.headers["Content-Range"] == f"bytes 7-12/{len(ROWS)}"
    assert part.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert api.call("GET", link, headers={"Range": "bytes=999-"}).status_code == 416
    assert api.call("GET", link, headers={"Range": "bytes=7-12", "If-Range": '"another"'}).content == ROWS


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_an_unchanged_file_is_not_sent_again(api, session_id, method):
    """With its ETag in If-None-Match."""
    put(api, session_id)
    link = link_to(api, session_id)
    etag = api.call("HEAD", link).headers["ETag"]
    assert api.call(method, link, headers={"If-None-Match": etag}).status_code == 304
    assert api.call(method, link, headers={"If-None-Match": '"another"'}).status_code == 200


def test_an_empty_file(api, session_id):
    """It has no bytes, and a link."""
    put(api, session_id, "empty.txt", b"")
    opened = api.call("GET", link_to(api, session_id, "empty.txt"))
    assert (opened.status_code, opened.content) == (200, b"")


@pytest.mark.parametrize("name", UPLOADED + ONLY_IN_JSON)
def test_any_name(api, session_id, name):
    """The link is an address that every program understands, and the name stays the same."""
    put(api, session_id, "first.txt")  # so that the session exists
    run = f"open('/mnt/data/' + {name!a}, 'wb').write({ROWS!r})"
    assert api.execute(run, session_id)["status"] == "Succeeded"
    link = link_to(api, session_id, name)
    assert link.isascii() and not set(link) & set(" \"'<>\\^`{|}")
    opened = api.call("GET", link)
    assert opened.content == ROWS
    assert unquote(opened.headers["Content-Disposition"].partition("filename*=UTF-8''")[2]) == name


@pytest.mark.parametrize("folder", FOLDERS)
def test_any_folder(api, session_id, folder):
    """Also those that the pool does not take."""
    put(api, session_id, folder=folder)
    assert api.call("GET", link_to(api, session_id, folder=folder)).content == ROWS


def test_hostile_names_stay_in_their_header(api, session_id):
    """A run can give a file a name with line breaks and quotes."""
    name = 'quote"\r\nX-Injected: yes.txt'
    api.execute(f"open('/mnt/data/' + {name!r}, 'w').write('1')", session_id)
    opened = api.call("GET", link_to(api, session_id, name))
    assert opened.content == b"1" and "X-Injected" not in opened.headers


# ---- links that are over


def test_other_content_is_never_served(api, session_id):
    """The link is for one version, even if another one has the same size."""
    put(api, session_id)
    link = link_to(api, session_id)
    put(api, session_id, content=ROWS[::-1])
    for method in ("GET", "HEAD"):
        assert is_over(api.call(method, link))
    assert api.call("GET", link_to(api, session_id)).content == ROWS[::-1]


def test_content_that_changes_while_it_is_read_is_not_served(api, session_id, monkeypatch):
    """The version is compared before and after."""
    put(api, session_id)
    link, read = link_to(api, session_id), files.download_complete

    def changed_meanwhile(*arguments: Any) -> bytes:
        put(api, session_id, content=ROWS[::-1])
        return read(*arguments)

    monkeypatch.setattr(files, "download_complete", changed_meanwhile)
    assert is_over(api.call("GET", link))


def deleted(api: Api, session_id: str) -> None:
    api.call("DELETE", f"/files/sales.csv?sessionId={session_id}").raise_for_status()


def ended(api: Api, session_id: str) -> None:
    api.call("DELETE", f"/sessions/{session_id}").raise_for_status()


def replaced_by_a_folder(api: Api, session_id: str) -> None:
    code = "import os; os.remove('/mnt/data/sales.csv'); os.mkdir('/mnt/data/sales.csv')"
    assert api.execute(code, session_id)["status"] == "Succeeded"


@pytest.mark.parametrize("end", [deleted, ended, replaced_by_a_folder])
def test_a_link_ends_with_its_file(api, session_id, end: Callable[[Api, str], None]):
    """Whatever became of it, the response is the same."""
    put(api, session_id)
    link = link_to(api, session_id)
    end(api, session_id)
    for method in ("HEAD", "GET"):
        assert is_over(api.call(method, link))


def test_opening_a_link_starts_no_session(api, session_id):
    """Of one that has ended."""
    put(api, session_id)
    link = link_to(api, session_id)
    ended(api, session_id)
    for method in ("HEAD", "GET"):
        api.call(method, link)
    assert not session_exists(api, session_id)


def test_a_new_session_with_the_same_id_does_not_revive_a_link(api, session_id):
    """Even with the same bytes under the same name."""
    put(api, session_id)
    link = link_to(api, session_id)
    ended(api, session_id)
    put(api, session_id)
    assert is_over(api.call("GET", link))


def test_a_pool_that_does_not_tell_whether_the_session_exists(api, emulator, session_id):
    """Its error is returned, because reading a file would start a session."""
    put(api, session_id)
    link = link_to(api, session_id)
    ended(api, session_id)
    faults = f"{emulator.pool.url}/faults"
    fault = {"do": "answer", "status": 500, "path": "session", "identifier": session_id, "times": 1000}
    requests.post(faults, json=fault, timeout=10).raise_for_status()
    try:
        assert api.call("GET", link).status_code == 503
    finally:
        requests.delete(faults, timeout=10)
    assert not session_exists(api, session_id)


def test_an_expired_link_is_over(api, session_id, monkeypatch):
    """Although its file is there."""
    put(api, session_id)
    link, now = link_to(api, session_id, lifetimeInSeconds=60), time.time()
    monkeypatch.setattr("connector.callers.signed_tokens.time.time", lambda: now + 58)
    assert api.call("GET", link).content == ROWS
    monkeypatch.setattr("connector.callers.signed_tokens.time.time", lambda: now + 61)
    assert is_over(api.call("GET", link))


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_an_altered_link_is_over(api, session_id, method):
    """One character is enough; no token, or another name, too."""
    put(api, session_id)
    put(api, session_id, "other.csv")
    path, _, token = link_to(api, session_id).partition("?token=")
    for place in (0, 1, len(token) // 2, len(token) - 2):
        other = "A" if token[place] != "A" else "B"
        assert is_over(api.call(method, f"{path}?token={token[:place]}{other}{token[place + 1 :]}")), place
    for altered in (
        f"{path}",
        f"{path}?token=",
        f"{path}?token={token[:-5]}",
        f"{path}?token=%C3%A4",
        f"{path}?token={'x' * 12_001}",
        f"{path}?token={token}&token={token}",
        f"/shared/other.csv?token={token}",
        f"/shared/SALES.csv?token={token}",
        f"/shared/sales.csv%20?token={token}",
    ):
        assert is_over(api.call(method, altered)), altered[:60]
    assert api.call(method, f"{path}?token={token}").status_code == 200


def test_tokens_for_other_purposes_are_over(api, emulator, session_id):
    """And a link's token is not that of an upload."""
    put(api, session_id)
    begun = api.call(
        "PUT",
        f"/files/sales.csv?sessionId={session_id}",
        headers={"x-ms-transfer-mode": "chunked", "x-ms-content-length": "4"},
    )
    upload_url = api.call("POST", "/uploads", json={"sessionId": session_id, "fileName": "sales.csv"}).json()
    for url in (begun.headers["Location"], upload_url["uploadUrl"]):
        assert is_over(api.call("GET", f"/shared/sales.csv?{urlsplit(url).query}"))
    token = urlsplit(link_to(api, session_id)).query
    for method in ("PUT", "PATCH", "GET", "DELETE"):
        refused = api.call(method, f"/uploads?{token}", data=b"a", headers={"Content-Range": "bytes=0-0/1"})
        assert (refused.status_code, refused.json()["error"]["code"]) == (404, "UploadNotFound")
    stranger = Tokens("another secret of at least 32 characters").seal(
        LINK, {"caller": None, "session_id": session_id, "folder": "", "file_name": "sales.csv", "version": None},
        lifetime_seconds=60,
    )  # fmt: skip
    assert is_over(api.call("GET", f"/shared/sales.csv?token={stranger}"))


def test_a_file_whose_time_is_unknown_cannot_be_shared(api, session_id, monkeypatch):
    """The link could not distinguish its versions."""
    put(api, session_id)
    find = session_links.find_headers

    def without_time(*arguments: Any) -> tuple[FilePath, FileBytes]:
        path, file = find(*arguments)
        return path, replace(file, last_modified_time=None)

    monkeypatch.setattr(session_links, "find_headers", without_time)
    refused = share(api, session_id)
    assert (refused.status_code, refused.json()["error"]["target"]) == (400, "fileName")


def test_a_link_works_on_any_instance_and_while_the_session_runs_code(emulator, start_connector, session_id, keep_busy):
    """Two hosts with one SIGNING_KEY."""
    one, other = start_connector(**emulator.environment), start_connector(**emulator.environment)
    put(one, session_id)
    link = link_to(one, session_id)
    keep_busy()
    assert other.call("GET", link).content == ROWS


def test_a_file_near_the_limit(api, session_id):
    """It is served in one response."""
    size = 20_000_000
    code = f"import os\nopen('/mnt/data/big.bin', 'wb').write(os.urandom({size // 20}) * 20)"
    assert api.execute(code, session_id)["status"] == "Succeeded"
    assert len(api.call("GET", link_to(api, session_id, "big.bin")).content) == size
