"""CreateUploadUrl and PutUpload, on running hosts with real sessions."""

import gzip
import shutil
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from connector.files import upload_urls, uploads
from connector.http import uploads as adapters
from connector.in_session.protocol import TRANSFERS_FOLDER
from connector.models import FilePath
from tests.conftest import Api
from tests.connector.files.any_names import FOLDERS, ONLY_IN_JSON, UPLOADED
from tests.logic_apps_client import LogicApps

ROWS = b"region,amount\nNorth,42\n"


def create(api: Api, file_name: str = "sales.csv", **members: Any) -> dict[str, Any]:
    response = api.call("POST", "/uploads", json={"fileName": file_name, **members})
    assert response.status_code == 200, response.text
    created: dict[str, Any] = response.json()
    return created


def url_for(api: Api, session_id: str, file_name: str = "sales.csv", **members: Any) -> str:
    """The URL, relative to the address of the operations."""
    url: str = create(api, file_name, sessionId=session_id, **members)["uploadUrl"]
    assert url.startswith(f"{api.url}/uploads?token=")
    return url.removeprefix(api.url)


def stored(api: Api, session_id: str, query: str = "", name: str = "sales.csv") -> bytes:
    return api.call("GET", f"/files/{name}/content?sessionId={session_id}{query}").content


def session_exists(api: Api, session_id: str) -> bool:
    return api.call("GET", f"/sessions/{session_id}").status_code == 200


def is_over(response: requests.Response) -> bool:
    """Whether it is the response to every URL that takes no file."""
    error = response.json()["error"]
    return (response.status_code, error["code"], error["message"]) == (
        404,
        "UploadNotFound",
        upload_urls.upload_not_found().message,
    )


def marks(api: Api, session_id: str) -> list[str]:
    """The beginnings of the names of the connector's own files in the session."""
    query = f"sessionId={session_id}&folder={TRANSFERS_FOLDER}&recursive=true"
    listed = api.call("GET", f"/files?{query}").json()["files"]
    return sorted(file["fileName"].partition("-")[0] for file in listed)


# ---- CreateUploadUrl


def test_create_upload_url_for_a_new_session(api):
    """The session has an ID, and starts when the file is sent."""
    before = datetime.now(UTC)
    created = create(api)
    assert created.keys() == {"sessionId", "uploadUrl", "expirationTime"}
    lifetime = datetime.fromisoformat(created["expirationTime"]) - before
    assert timedelta(minutes=29, seconds=58) < lifetime < timedelta(minutes=30, seconds=1)
    assert not session_exists(api, created["sessionId"])
    assert api.call("PUT", created["uploadUrl"].removeprefix(api.url), data=ROWS).status_code == 200
    assert stored(api, created["sessionId"]) == ROWS
    assert create(api)["sessionId"] != created["sessionId"]


def test_create_upload_url_calls_no_pool(api_without_role):
    """Not even for a session that exists."""
    assert create(api_without_role, sessionId="some-session")["sessionId"] == "some-session"


@pytest.mark.parametrize(
    ("members", "target"),
    [
        ({}, "fileName"),
        ({"fileName": "a/b"}, "fileName"),
        ({"fileName": ".."}, "fileName"),
        ({"fileName": "a\nb"}, "fileName"),
        ({"fileName": "a", "folder": "../x"}, "folder"),
        ({"fileName": "a", "folder": "_transfers"}, "folder"),
        ({"fileName": "a", "folder": ".outputs/x"}, "folder"),
        ({"fileName": "a", "sessionId": "no"}, "sessionId"),
        ({"fileName": "a", "size": 1}, "size"),
    ],
)
def test_what_could_not_be_stored_is_refused_at_once(api_without_role, members, target):
    """Not only when the file is sent."""
    refused = api_without_role.call("POST", "/uploads", json=members)
    assert (refused.status_code, refused.json()["error"]["target"]) == (400, target)


def test_without_a_signing_key_the_setting_is_named(emulator, start_connector):
    """And URLs of other connectors take no file."""
    connector = start_connector(**{**emulator.environment, "SIGNING_KEY": ""})
    refused = connector.call("POST", "/uploads", json={"fileName": "a"})
    assert refused.status_code == 500
    assert "SIGNING_KEY is missing" in refused.json()["error"]["message"]
    assert is_over(connector.call("PUT", "/uploads?token=abc", data=b"a"))


def test_a_new_session_is_in_a_pool_that_responds(api, emulator, start_pool, start_connector):
    """With several pools, each URL names the session's pool by the ID."""
    other = start_pool()
    endpoints = f"{emulator.pool.endpoint},{other.pool.endpoint}"
    connector = start_connector(**{**emulator.environment, "POOL_MANAGEMENT_ENDPOINT": endpoints})
    tags = {create(connector)["sessionId"].rpartition("-")[2] for _ in range(10)}
    assert len(tags) == 2


# ---- PutUpload


def test_put_upload_returns_what_put_file_does(api, session_id):
    """The file, and the session."""
    sent = api.call("PUT", url_for(api, session_id, folder="/mnt/data/in/deep"), data=ROWS).json()
    assert stored(api, session_id, "&folder=in/deep") == ROWS
    put = api.call("PUT", f"/files/sales.csv?sessionId={session_id}&folder=in/deep", data=ROWS).json()
    for response in (sent, put):
        response["files"][0].pop("lastModifiedTime")
    assert sent == put


def test_put_upload_needs_no_key(api_with_key, session_id):
    """The URL is enough, and CreateUploadUrl requires the key."""
    body = {"fileName": "sales.csv", "sessionId": session_id}
    assert api_with_key.call("POST", "/uploads", json=body).status_code == 401
    key = {"x-functions-key": api_with_key.key}
    url = api_with_key.call("POST", "/uploads", json=body, headers=key).json()["uploadUrl"]
    assert requests.put(url, data=ROWS, timeout=30).status_code == 200


def test_curl(api, session_id, tmp_path):
    """The command of the description. It sends no Content-Type and, for larger files, Expect."""
    curl = shutil.which("curl")
    assert curl, "the tests need curl"
    for name, size in (("empty.bin", 0), ("small.bin", 3), ("large.bin", 3_000_000)):
        file = tmp_path / name
        file.write_bytes(bytes(range(256)) * (size // 256) if size > 256 else b"abc"[:size])
        url = f"{api.url}{url_for(api, session_id, name)}"
        sent = subprocess.run(
            [curl, "--silent", "--show-error", "--fail", "--noproxy", "*", "-T", str(file), url],
            capture_output=True, timeout=60, check=False,
        )  # fmt: skip
        assert sent.returncode == 0, sent.stderr
        assert stored(api, session_id, name=name) == file.read_bytes()


@pytest.mark.parametrize("name", UPLOADED + ONLY_IN_JSON)
def test_any_name(api, session_id, name):
    """The name is in the token, not in the URL."""
    sent = api.call("PUT", url_for(api, session_id, name), data=ROWS)
    assert sent.status_code == 200, sent.text
    assert sent.json()["files"][0]["fileName"] == name
    assert api.execute(f"open('/mnt/data/' + {name!a}, 'rb').read() == {ROWS!r}", session_id)["value"] is True


@pytest.mark.parametrize("folder", FOLDERS)
def test_any_folder(api, session_id, folder):
    """Also those that the pool does not take."""
    assert api.call("PUT", url_for(api, session_id, folder=folder), data=ROWS).status_code == 200
    path = f"/mnt/data/{folder}/sales.csv"
    assert api.execute(f"open({path!a}, 'rb').read() == {ROWS!r}", session_id)["value"] is True


def test_an_empty_file(api, session_id):
    """It is stored, and the URL is used."""
    url = url_for(api, session_id)
    sent = api.call("PUT", url, data=b"")
    assert sent.json()["files"][0]["size"] == 0
    assert is_over(api.call("PUT", url, data=ROWS))


def test_a_file_is_replaced(api, session_id):
    """As by PutFile."""
    api.call("PUT", f"/files/sales.csv?sessionId={session_id}", data=b"old")
    assert api.call("PUT", url_for(api, session_id), data=ROWS).status_code == 200
    assert stored(api, session_id) == ROWS


def test_while_the_session_runs_code(api, session_id, keep_busy):
    """As with PutFile, nothing has to wait for it."""
    keep_busy()
    assert api.call("PUT", url_for(api, session_id), data=ROWS).status_code == 200
    assert stored(api, session_id) == ROWS


@pytest.mark.parametrize(
    ("headers", "body", "status", "code"),
    [
        ({"Content-Type": "multipart/form-data; boundary=x"}, b"--x--", 415, "UnsupportedMediaType"),
        ({"Content-Encoding": "br"}, b"x", 415, "UnsupportedMediaType"),
        ({"Content-Encoding": "gzip"}, b"x", 400, "InvalidRequest"),
        ({"Content-Range": "bytes 0-0/2"}, b"x", 400, "InvalidRequest"),
        ({"Transfer-Encoding": "chunked"}, iter([b"x"]), 411, "LengthRequired"),
        ({"x-ms-transfer-mode": "other"}, b"x", 400, "InvalidRequest"),
        ({"x-ms-transfer-mode": "chunked"}, b"", 400, "InvalidRequest"),
        ({"x-ms-transfer-mode": "chunked", "x-ms-content-length": "1"}, b"x", 400, "InvalidRequest"),
    ],
)
def test_what_is_not_a_complete_file_is_refused(api, session_id, headers, body, status, code):
    """As by PutFile. The URL can still be used."""
    url = url_for(api, session_id)
    refused = api.call("PUT", url, data=body, headers=headers)
    assert (refused.status_code, refused.json()["error"]["code"]) == (status, code)
    assert api.call("PUT", url, data=ROWS).status_code == 200


def test_a_compressed_body_is_decompressed(api, session_id):
    """But not that of a file which is to stay compressed."""
    body, headers = gzip.compress(ROWS), {"Content-Encoding": "gzip"}
    api.call("PUT", url_for(api, session_id), data=body, headers=headers).raise_for_status()
    api.call("PUT", url_for(api, session_id, "sales.csv.gz"), data=body, headers=headers).raise_for_status()
    assert stored(api, session_id) == ROWS
    assert stored(api, session_id, name="sales.csv.gz") == body


def test_a_body_that_is_too_large_is_refused(api, session_id):
    """100 MB are the most; the URL can be used for a chunked upload."""
    url = url_for(api, session_id)
    refused = api.call("PUT", url, data=bytes(100_000_001))
    assert (refused.status_code, refused.json()["error"]["code"]) == (413, "RequestTooLarge")
    assert not session_exists(api, session_id)


def test_a_chunked_upload(api, session_id):
    """It begins at the URL, as with PutFile, and that is the one use of it."""
    url, content = url_for(api, session_id, folder="in"), bytes(range(250)) * 4
    client = LogicApps(api.url.removesuffix("/api"))
    last = client.upload(url, len(content), lambda first, length: content[first : first + length], 300)
    assert last.json()["files"][0]["size"] == len(content)
    assert stored(api, session_id, "&folder=in") == content
    assert is_over(api.call("PUT", url, data=ROWS))


def test_a_chunked_upload_that_the_session_has_no_room_for(api, session_id):
    """The URL can still be used."""
    url = url_for(api, session_id)
    headers = {"x-ms-transfer-mode": "chunked", "x-ms-content-length": str(10**15)}
    assert api.call("PUT", url, headers=headers).status_code == 413
    assert api.call("PUT", url, data=ROWS).status_code == 200


# ---- used once


def test_a_url_takes_one_file(api, session_id):
    """The second one is not stored, whatever it is."""
    url = url_for(api, session_id)
    assert api.call("PUT", url, data=ROWS).status_code == 200
    chunked = {"x-ms-transfer-mode": "chunked", "x-ms-content-length": "3"}
    for request in ({"data": b"other"}, {"data": ROWS}, {"headers": chunked}):
        assert is_over(api.call("PUT", url, **request))
    assert stored(api, session_id) == ROWS


def test_urls_for_the_same_place_are_independent(api, session_id):
    """Each takes one file."""
    first, second = url_for(api, session_id), url_for(api, session_id)
    assert api.call("PUT", first, data=b"1").status_code == 200
    assert api.call("PUT", second, data=b"2").status_code == 200
    assert stored(api, session_id) == b"2"


def test_of_uploads_at_the_same_time_one_is_stored(api, session_id):
    """The others get 429 while it is being stored, and 404 after that."""
    for _ in range(5):
        url, start = url_for(api, session_id), threading.Barrier(6)

        def send(number: int, url: str = url, start: threading.Barrier = start) -> requests.Response:
            start.wait()
            return api.call("PUT", url, data=str(number).encode())

        with ThreadPoolExecutor(6) as threads:
            responses = list(threads.map(send, range(6)))
        stored_by = [number for number, response in enumerate(responses) if response.status_code == 200]
        assert len(stored_by) == 1, [response.text for response in responses]
        assert stored(api, session_id) == str(stored_by[0]).encode()
        assert {response.status_code for response in responses} <= {200, 404, 429}
        assert is_over(api.call("PUT", url, data=b"later"))


def test_an_upload_that_takes_its_time_excludes_others(api, session_id, monkeypatch):
    """The URL is used from the beginning on; if the upload fails, it can be used again."""
    url, storing, finish = url_for(api, session_id), threading.Event(), threading.Event()
    put_file = adapters.files.put_file

    def slow(*arguments: Any, content: bytes, **others: Any) -> Any:
        if content == b"slow":
            storing.set()
            assert finish.wait(30)
            raise upload_urls.SessionBusy("Simulated.", retry_after_seconds=1)
        return put_file(*arguments, content=content, **others)

    monkeypatch.setattr(adapters.files, "put_file", slow)
    with ThreadPoolExecutor(1) as thread:
        first = thread.submit(api.call, "PUT", url, data=b"slow")
        assert storing.wait(30)
        assert is_over(api.call("PUT", url, data=b"other"))
        finish.set()
        assert first.result().status_code == 429
    assert api.call("PUT", url, data=ROWS).status_code == 200


def test_an_upload_that_fails_leaves_the_url_usable(api, session_id):
    """Here the path is taken by a folder."""
    api.execute("import os; os.mkdir('/mnt/data/sales.csv')", session_id)
    url = url_for(api, session_id)
    refused = api.call("PUT", url, data=ROWS)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "InvalidFileName")
    assert marks(api, session_id) == []
    api.execute("os.rmdir('/mnt/data/sales.csv')", session_id)
    assert api.call("PUT", url, data=ROWS).status_code == 200
    assert marks(api, session_id) == ["claim", "used"]


def test_the_claim_of_an_instance_that_has_ended_is_no_obstacle(api, session_id, session, monkeypatch):
    """Once it is older than any request. A claim is written with the first call, so the mark may be missing."""
    url = url_for(api, session_id)
    created = upload_urls.destination
    destinations = []

    def kept(*arguments: Any) -> upload_urls.Destination:
        destinations.append(created(*arguments))
        return destinations[-1]

    monkeypatch.setattr(upload_urls, "destination", kept)
    assert api.call("PUT", url, data=b"x", headers={"Content-Range": "bytes 0-0/2"}).status_code == 400
    folder = f"{TRANSFERS_FOLDER}/{destinations[0].upload_id}"
    session.upload_file(FilePath(folder, "claim-00"), b"")
    busy = api.call("PUT", url, data=ROWS)
    assert (busy.status_code, busy.json()["error"]["code"], busy.headers["Retry-After"]) == (429, "SessionBusy", "5")
    code = f"import os, time\nos.utime('/mnt/data/{folder}/claim-00', (time.time() - 301,) * 2)"
    assert api.execute(code, session_id)["status"] == "Succeeded"
    assert api.call("PUT", url, data=ROWS).status_code == 200


def test_the_mark_is_older_than_the_url_can_be():
    """Abandoned uploads are removed after a time, and the mark with them."""
    assert upload_urls.LIFETIME_SECONDS < uploads.LIFETIME_SECONDS


def test_a_new_session_after_the_end(api):
    """The mark is in the session: when that has ended, the URL is for a new one, until it expires."""
    created = create(api)
    url = created["uploadUrl"].removeprefix(api.url)
    assert api.call("PUT", url, data=ROWS).status_code == 200
    api.call("DELETE", f"/sessions/{created['sessionId']}").raise_for_status()
    assert api.call("PUT", url, data=ROWS).status_code == 200
    assert is_over(api.call("PUT", url, data=ROWS))


def test_runs_do_not_list_the_marks(api, session_id):
    """They are the connector's own."""
    api.call("PUT", url_for(api, session_id), data=ROWS).raise_for_status()
    assert api.execute("1", session_id)["files"] == []
    listed = api.call("GET", f"/files?sessionId={session_id}&recursive=true").json()["files"]
    assert [file["fileName"] for file in listed] == ["sales.csv"]


# ---- URLs that are over


def test_an_expired_url_is_over(api, session_id, monkeypatch):
    """Although it was never used."""
    url, now = url_for(api, session_id), time.time()
    monkeypatch.setattr("connector.callers.signed_tokens.time.time", lambda: now + upload_urls.LIFETIME_SECONDS + 1)
    assert is_over(api.call("PUT", url, data=ROWS))
    assert not session_exists(api, session_id)


def test_an_altered_url_is_over(api, session_id):
    """One character is enough, and no token too."""
    path, _, token = url_for(api, session_id).partition("?token=")
    for place in (0, 1, len(token) // 2, len(token) - 2):
        other = "A" if token[place] != "A" else "B"
        assert is_over(api.call("PUT", f"{path}?token={token[:place]}{other}{token[place + 1 :]}", data=ROWS))
    for altered in ("", "?token=", f"?token={token[:-5]}", "?token=%C3%A4", f"?token={'x' * 12_001}"):
        assert is_over(api.call("PUT", f"{path}{altered}", data=ROWS)), altered[:60]
    assert not session_exists(api, session_id)


def test_tokens_for_other_purposes_are_over(api, session_id):
    """And the token of an upload URL is not that of a chunked upload."""
    api.call("PUT", f"/files/sales.csv?sessionId={session_id}", data=ROWS).raise_for_status()
    headers = {"x-ms-transfer-mode": "chunked", "x-ms-content-length": "4"}
    begun = api.call("PUT", f"/files/big?sessionId={session_id}", headers=headers)
    shared = api.call("POST", "/files/sales.csv/links", json={"sessionId": session_id}).json()
    for url in (begun.headers["Location"], shared["fileUrl"]):
        assert is_over(api.call("PUT", f"/uploads?{urlsplit(url).query}", data=ROWS))
    for method in ("PATCH", "GET", "DELETE"):
        refused = api.call(method, url_for(api, session_id), data=b"a", headers={"Content-Range": "bytes=0-0/1"})
        assert (refused.status_code, refused.json()["error"]["code"]) == (404, "UploadNotFound")
