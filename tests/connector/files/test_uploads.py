"""Chunked uploads, on running hosts with real sessions, by a client that sends as a workflow's engine does."""

import os
import random
import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from connector.callers.signed_tokens import Tokens
from connector.errors import InvalidFileName, SessionBusy
from connector.files import tasks, uploads
from connector.in_session.tasks import append_chunk, begin_upload
from connector.session_pool.facts import PoolFacts
from connector.session_pool.sessions import SessionClient
from tests.logic_apps_client import LogicApps, TransferFailed

CONTENT = random.Random(7).randbytes(3_000_000)
CHUNK = 700_000


def read(first: int, length: int) -> bytes:
    return CONTENT[first : first + length]


def site(api) -> str:
    return api.url.removesuffix("/api")


@pytest.fixture
def client(api) -> LogicApps:
    return LogicApps(site(api))


def kept(api, session_id: str) -> list[str]:
    """Names of the connector's own files in the session, also while it runs code."""
    listed = api.call("GET", f"/files?sessionId={session_id}&folder=_transfers&recursive=true").json()["files"]
    return sorted(file["fileName"] for file in listed)


def stored(api, session_id: str, path: str = "big.bin", query: str = "") -> bytes:
    """The file, by DownloadFile."""
    return api.call("GET", f"/files/{path}/content?sessionId={session_id}{query}").content


def error_of(failure: pytest.ExceptionInfo[TransferFailed]) -> tuple[int, str, str]:
    response = failure.value.response
    error = response.json()["error"]
    return response.status_code, error["code"], error["message"]


@pytest.fixture
def busy(keep_busy, monkeypatch):
    """Keeps the session busy until the returned function is called; the connector waits for its turn only shortly."""
    monkeypatch.setattr(tasks, "WAIT_SECONDS", 0.3)
    monkeypatch.setattr(tasks, "BUSY_RETRY_SECONDS", 1)
    return keep_busy


@pytest.mark.parametrize("chunk_bytes", [CHUNK, 1, len(CONTENT), 10 * len(CONTENT)])
def test_a_chunked_upload(api, client, session_id, chunk_bytes):
    """With chunks of any size; the last response is that of a single upload, and no run lists the chunks."""
    content = CONTENT[:5] if chunk_bytes == 1 else CONTENT
    path = f"/files/big.bin?sessionId={session_id}&folder=in/deep"
    last = client.upload(path, len(content), read, chunk_bytes)
    (file,) = last.json()["files"]
    assert (file["fileName"], file["folder"], file["size"]) == ("big.bin", "in/deep", len(content))
    assert last.json()["sessionId"] == session_id
    assert stored(api, session_id, query="&folder=in/deep") == content
    listed = api.call("GET", f"/files?sessionId={session_id}&recursive=true").json()["files"]
    assert [(one["folder"], one["fileName"]) for one in listed] == [("in/deep", "big.bin")]
    assert api.execute("1", session_id)["files"] == []


def test_the_responses_have_the_headers_of_the_protocol(api, client, session_id):
    """An absolute Location, the size of chunks, and from the first chunk on the received range."""
    begun = client.begin(f"/files/big.bin?sessionId={session_id}", 100)
    assert re.fullmatch(re.escape(api.url) + r"/uploads\?token=[A-Za-z0-9_-]+", begun.headers["Location"])
    assert (begun.headers["x-ms-chunk-size"], begun.json()["files"]) == (str(32 << 20), [])
    assert "Range" not in begun.headers
    first = client.send_part(begun, 0, b"x" * 10, 100)
    assert (first.headers["Range"], first.headers["x-ms-chunk-size"]) == ("bytes=0-9", str(32 << 20))
    assert first.json() == {"sessionId": session_id, "files": []}


@pytest.fixture
def appended(tmp_path, monkeypatch):
    """Performs the task twice with these bytes, after `abc`; its states, and the upload's bytes."""
    monkeypatch.setattr(append_chunk, "DATA", str(tmp_path))
    (tmp_path / "upload").mkdir()
    (tmp_path / "upload/partial").write_bytes(b"abc")

    def append(first: int, content: bytes) -> tuple[set[str], bytes]:
        chunk = tmp_path / "upload/chunk-3"
        chunk.write_bytes(content)
        arguments = append_chunk.Arguments(
            upload_folder="upload", chunk="chunk-3", first=first, last=first + len(content) - 1, size=100,
            folder="", name="a",
        )  # fmt: skip
        states = {append_chunk.perform(arguments)["state"] for _ in range(2)}
        return states, (tmp_path / "upload/partial").read_bytes()

    return append


@pytest.mark.parametrize("length", [0, 2, 9])
def test_a_chunk_that_is_written_anew_meanwhile_is_not_appended(appended, monkeypatch, length):
    """As when a chunk is sent twice at once: it has to be sent again."""

    def same(target, source, _) -> bool:
        os.truncate(source.name, length)
        return True

    monkeypatch.setattr(append_chunk, "are_same", same)
    assert appended(3, b"defg") == ({"chunk_missing"}, b"abc")


def test_append_chunk_returns_different_bytes_each_time(appended):
    """The second time, too, they do not count as those received before."""
    assert appended(1, b"xy") == ({"different_bytes"}, b"abc")
    assert appended(1, b"bcd") == ({"appended"}, b"abcd")


def test_a_chunk_that_is_deleted_while_it_is_appended(appended, monkeypatch):
    """As when its caller gets SessionBusy: its bytes are complete nevertheless."""
    append = append_chunk.append

    def meanwhile(target, source) -> None:
        append(target, source)
        os.unlink(source.name)

    monkeypatch.setattr(append_chunk, "append", meanwhile)
    assert appended(3, b"defg") == ({"appended"}, b"abcdefg")


def test_files_that_the_pool_is_writing_stay_when_an_upload_is_complete(tmp_path, monkeypatch):
    """As the last chunk that is sent twice: its own task deletes it."""
    monkeypatch.setattr(append_chunk, "DATA", str(tmp_path))
    (tmp_path / "upload").mkdir()
    for name, content in (("partial", b"abc"), ("chunk-3-4-x", b"de"), ("chunk-3-4-left", b"de"), (".upload-y", b"d")):
        (tmp_path / "upload" / name).write_bytes(content)
    arguments = append_chunk.Arguments(
        upload_folder="upload", chunk="chunk-3-4-x", first=3, last=4, size=5, folder="", name="a"
    )
    assert append_chunk.perform(arguments) == {"state": "complete", "received": 5}
    assert (tmp_path / "a").read_bytes() == b"abcde"
    assert sorted(path.name for path in (tmp_path / "upload").iterdir()) == [".upload-y", "complete"]


def test_a_chunk_whose_folder_is_removed_meanwhile_has_to_be_sent_again(api, client, session_id, monkeypatch):
    """The pool refuses its name, which the caller has not chosen."""
    begun = client.begin(f"/files/big.bin?sessionId={session_id}", 3)

    def refuse(*_) -> None:
        raise InvalidFileName("The session pool does not accept this file name or folder.")

    with monkeypatch.context() as patched:
        patched.setattr(SessionClient, "upload_file", refuse)
        with pytest.raises(TransferFailed) as failure:
            LogicApps(site(api), retries=0).send_part(begun, 0, read(0, 3), 3)
    assert error_of(failure)[:2] == (503, "PoolUnavailable")
    client.send_part(begun, 0, read(0, 3), 3)
    assert stored(api, session_id) == read(0, 3)


def test_an_abandoned_chunk_is_removed_by_the_next(appended, tmp_path):
    """As of an instance that ended; a new one may still be waiting for its task."""
    for name, age in (("chunk-old", 400), ("chunk-new", 5), ("partial", 400)):
        (tmp_path / "upload" / name).touch()
        os.utime(tmp_path / "upload" / name, (time.time() - age,) * 2)
    assert appended(3, b"defg") == ({"appended"}, b"abcdefg")
    assert sorted(path.name for path in (tmp_path / "upload").iterdir()) == ["chunk-new", "partial"]


@pytest.mark.parametrize("is_late", [False, True])
def test_an_abandoned_upload_is_removed(tmp_path, monkeypatch, is_late):
    """Whether it was abandoned before the task was performed, or meanwhile."""
    monkeypatch.setattr(begin_upload, "DATA", str(tmp_path))
    mark = tmp_path / "transfers/one/abandoned"
    if is_late:
        chmod = os.chmod
        monkeypatch.setattr(os, "chmod", lambda *given: (chmod(*given), mark.touch()))
    else:
        mark.parent.mkdir(parents=True)
        mark.touch()
    begin_upload.perform(
        begin_upload.Arguments(transfers_folder="transfers", upload_id="one", path="a", size=1, lifetime_seconds=60)
    )
    assert list((tmp_path / "transfers").iterdir()) == []


def test_an_upload_without_a_session_starts_one(api, client):
    """The first response has its id."""
    begun = client.begin("/files/big.bin", 3)
    assert client.send_rest(begun, 0, 3, read).json()["sessionId"] == begun.json()["sessionId"]
    assert stored(api, begun.json()["sessionId"]) == CONTENT[:3]


def test_an_empty_file_is_complete_at_once(api, client, session_id):
    """It has no chunks."""
    begun = client.begin(f"/files/empty?sessionId={session_id}", 0)
    assert begun.json()["files"][0]["size"] == 0
    assert stored(api, session_id, "empty") == b""


def test_a_file_may_be_named_as_a_route(api, client, session_id):
    """Location is that of uploads nevertheless."""
    begun = client.begin(f"/files/files?sessionId={session_id}", 2)
    assert begun.headers["Location"].startswith(f"{api.url}/uploads?token=")
    assert client.send_rest(begun, 0, 2, read).json()["files"][0]["fileName"] == "files"


def test_the_old_file_stays_until_the_new_one_is_complete(api, client, session_id):
    """Readers get either of them, complete."""
    api.call("PUT", f"/files/big.bin?sessionId={session_id}", data=b"old")
    begun = client.begin(f"/files/big.bin?sessionId={session_id}", 20)
    client.send_part(begun, 0, b"x" * 19, 20)
    assert stored(api, session_id) == b"old"
    client.send_part(begun, 19, b"y", 20)
    assert stored(api, session_id) == b"x" * 19 + b"y"


def test_content_range_may_have_a_space(api, client, session_id):
    """As in HTTP."""
    begun = client.begin(f"/files/big.bin?sessionId={session_id}", 2)
    headers = {"Content-Range": "bytes 0-1/2"}
    assert api.call("PATCH", begun.headers["Location"].removeprefix(api.url), data=b"ab", headers=headers).ok
    assert stored(api, session_id) == b"ab"


def test_a_chunk_may_be_repeated(api, client, session_id):
    """With the same response, also for the last chunk, and when it overlaps with those before it."""
    begun = client.begin(f"/files/big.bin?sessionId={session_id}", 30)
    assert client.send_part(begun, 0, read(0, 10), 30).headers["Range"] == "bytes=0-9"
    client.send_part(begun, 10, read(10, 10), 30)
    assert client.send_part(begun, 0, read(0, 10), 30).headers["Range"] == "bytes=0-19"
    assert client.send_part(begun, 15, read(15, 10), 30).headers["Range"] == "bytes=0-24"
    once = client.send_part(begun, 20, read(20, 10), 30)
    again = client.send_part(begun, 20, read(20, 10), 30)
    assert (once.json(), once.headers["Range"]) == (again.json(), "bytes=0-29")
    assert stored(api, session_id) == read(0, 30)


@pytest.mark.parametrize(
    ("first", "chunk", "expected"),
    [(11, b"x" * 5, "Bytes before these are missing"), (5, b"x" * 5, "differ from those"), (0, b"x" * 20, "differ")],
)
def test_a_chunk_that_does_not_follow_is_refused(api, client, session_id, first, chunk, expected):
    """After a gap, and with different bytes: 416 with the header Range, from which the upload continues."""
    begun = client.begin(f"/files/big.bin?sessionId={session_id}", 30)
    client.send_part(begun, 0, read(0, 10), 30)
    with pytest.raises(TransferFailed) as failure:
        client.send_part(begun, first, chunk, 30)
    status, code, message = error_of(failure)
    assert (status, code) == (416, "RangeNotSatisfiable")
    assert expected in message and "continue with byte 10" in message
    assert failure.value.response.headers["Range"] == "bytes=0-9"
    client.resume(begun, 30, read)
    assert stored(api, session_id) == read(0, 30)
    code = "import os; sorted(name for _, _, names in os.walk('/mnt/data/_transfers') for name in names)"
    assert api.execute(code, session_id)["value"] == ["complete"]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", "missing or not valid"),
        ("bytes 0-3", "missing or not valid"),
        ("bytes=3-0/30", "gives the bytes 3 to 0"),
        ("bytes=0-3/31", "31 bytes, and x-ms-content-length announced 30"),
        ("bytes=0-4/30", "the body has 4"),
        ("bytes=28-31/30", "28 to 31 of 30"),
        ("bytes=0-3/" + "9" * 5000, "missing or not valid"),
    ],
)
def test_an_invalid_content_range_is_refused(api, client, session_id, header, expected):
    """Nothing is stored, and the header is named."""
    begun = client.begin(f"/files/big.bin?sessionId={session_id}", 30)
    headers = {"Content-Range": header} if header else {}
    refused = api.call("PATCH", begun.headers["Location"].removeprefix(api.url), data=b"abcd", headers=headers)
    error = refused.json()["error"]
    assert (refused.status_code, error["code"], error["target"]) == (400, "InvalidRequest", "Content-Range")
    assert expected in error["message"]
    assert client.received(api.call("GET", begun.headers["Location"].removeprefix(api.url))) == 0


@pytest.mark.parametrize("length", ["", "-1", "many", "9" * 30])
def test_an_invalid_length_is_refused(api, session_id, length):
    """The size of the file must be known at the beginning."""
    headers = {"x-ms-transfer-mode": "Chunked", "x-ms-content-length": length}
    refused = api.call("PUT", f"/files/a?sessionId={session_id}", headers=headers)
    assert (refused.status_code, refused.json()["error"]["target"]) == (400, "x-ms-content-length")


def test_another_transfer_mode_is_refused(api, session_id):
    """Its first request may have no bytes, and must not become an empty file."""
    refused = api.call("PUT", f"/files/a?sessionId={session_id}", headers={"x-ms-transfer-mode": "streamed"})
    assert (refused.status_code, refused.json()["error"]["target"]) == (400, "x-ms-transfer-mode")


def test_a_beginning_with_a_body_is_refused(api, session_id):
    """Its client must not believe that the body is stored."""
    headers = {"x-ms-transfer-mode": "chunked", "x-ms-content-length": "4"}
    refused = api.call("PUT", f"/files/a?sessionId={session_id}", headers=headers, data=b"abcd")
    assert (refused.status_code, refused.json()["error"]["target"]) == (400, "x-ms-transfer-mode")


def test_a_file_without_room_is_refused_at_the_beginning(client, session_id):
    """FileTooLarge has the room; no chunk was sent yet."""
    with pytest.raises(TransferFailed) as failure:
        client.begin(f"/files/big.bin?sessionId={session_id}", 10**14)
    status, code, message = error_of(failure)
    assert (status, code) == (413, "FileTooLarge")
    assert re.search(r"has 100,000,000,000,000 bytes, and the session has room for [0-9,]+\.", message)


def test_a_session_that_fills_up_meanwhile_loses_nothing(api, client, session_id):
    """FileTooLarge; the upload continues when there is room again."""
    begun = client.begin(f"/files/big.bin?sessionId={session_id}", len(CONTENT))
    client.send_part(begun, 0, read(0, 100), len(CONTENT))
    fill = (
        "import os\nroom = os.statvfs('/mnt/data')\nwith open('/mnt/data/full', 'wb') as full:\n"
        "    os.posix_fallocate(full.fileno(), 0, room.f_bavail * room.f_frsize - 4_000_000)"
    )
    assert api.execute(fill, session_id)["status"] == "Succeeded"
    with pytest.raises(TransferFailed) as failure:
        client.send_part(begun, 100, read(100, len(CONTENT) - 100), len(CONTENT))
    assert error_of(failure)[:2] == (413, "FileTooLarge")
    api.call("DELETE", f"/files/full?sessionId={session_id}")
    client.resume(begun, len(CONTENT), read, CHUNK)
    assert stored(api, session_id) == CONTENT


@pytest.mark.parametrize(
    "path", ["/files/taken?", "/files/new?folder=taken/inside&", "/files/new?folder=taken/inside/x&"]
)
def test_a_path_that_is_taken_is_refused_at_the_beginning(api, client, session_id, path):
    """By a folder, or a file where a folder goes; existing files stay."""
    api.call("PUT", f"/files/inside?sessionId={session_id}&folder=taken", data=b"kept")
    with pytest.raises(TransferFailed) as failure:
        client.begin(f"{path}sessionId={session_id}", 3)
    assert error_of(failure)[:2] == (400, "InvalidFileName")
    assert stored(api, session_id, "inside", "&folder=taken") == b"kept"


def test_a_path_that_is_taken_meanwhile_is_refused(api, client, session_id):
    """With the last chunk; the folder and its files stay."""
    begun = client.begin(f"/files/taken?sessionId={session_id}", 3)
    api.call("PUT", f"/files/inside?sessionId={session_id}&folder=taken", data=b"kept")
    with pytest.raises(TransferFailed) as failure:
        client.send_rest(begun, 0, 3, read)
    assert error_of(failure)[:2] == (400, "InvalidFileName")
    assert stored(api, session_id, "inside", "&folder=taken") == b"kept"


@pytest.mark.parametrize("name", ["_outputs", "_transfers"])
def test_the_names_of_the_connectors_own_folders_are_refused(api, client, session_id, name):
    """A file with that name would take their path."""
    with pytest.raises(TransferFailed) as failure:
        client.begin(f"/files/{name}?sessionId={session_id}", 3)
    assert error_of(failure)[:2] == (400, "InvalidFileName")
    refused = api.call("PUT", f"/files/{name}?sessionId={session_id}", data=b"x").json()["error"]
    assert (refused["code"], refused["target"]) == ("InvalidFileName", "fileName")
    assert api.call("PUT", f"/files/{name}?sessionId={session_id}&folder=below", data=b"x").status_code == 200


def test_a_chunk_that_is_sent_several_times_at_once_is_appended_once(api, client, session_id):
    """As by a caller that does not wait for the response."""
    begun = client.begin(f"/files/twice?sessionId={session_id}", 6)
    address = begun.headers["Location"].removeprefix(api.url)
    for first in (0, 3):
        headers = {"Content-Range": f"bytes={first}-{first + 2}/6"}
        with ThreadPoolExecutor(4) as threads:
            sent = [threads.submit(api.call, "PATCH", address, data=b"abc", headers=headers) for _ in range(4)]
        assert {answer.result().status_code for answer in sent} <= {200, 503}
        assert 200 in {answer.result().status_code for answer in sent}
    assert stored(api, session_id, "twice", "") == b"abcabc"


def test_without_a_signing_key_the_setting_is_named(emulator, start_connector):
    """The message has both remedies."""
    connector = start_connector(**{**emulator.environment, "SIGNING_KEY": ""})
    refused = connector.call("PUT", "/files/a", headers={"x-ms-transfer-mode": "chunked", "x-ms-content-length": "4"})
    assert refused.status_code == 500
    assert "SIGNING_KEY is missing" in refused.json()["error"]["message"]
    assert connector.call("PATCH", "/uploads?token=abc", headers={"Content-Range": "bytes=0-0/1"}).status_code == 404


# ---- addresses


@pytest.mark.parametrize("method", ["PATCH", "GET", "DELETE"])
@pytest.mark.parametrize("token", ["a", "gAAAAABqX0c", "%C3%A4", "a%2Fb", "x" * 12_001])
def test_an_unknown_address_is_not_found(api, method, token):
    """The message has the remedy, and does not explain what is wrong with the token."""
    refused = api.call(method, f"/uploads?token={token}", headers={"Content-Range": "bytes=0-0/1"}, data=b"a")
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "UploadNotFound")


def test_a_token_for_another_purpose_is_not_found(api, emulator):
    """Its purpose is encrypted in it."""
    token = Tokens(emulator.environment["SIGNING_KEY"]).seal("poll", {}, lifetime_seconds=60)
    assert api.call("GET", f"/uploads?token={token}").json()["error"]["code"] == "UploadNotFound"


def test_an_expired_address_is_not_found(api, client, session_id, monkeypatch):
    """The message has the remedy."""
    begun = client.begin(f"/files/big.bin?sessionId={session_id}", 30)
    now = time.time()
    monkeypatch.setattr("connector.callers.signed_tokens.time.time", lambda: now + uploads.LIFETIME_SECONDS + 1)
    with pytest.raises(TransferFailed) as failure:
        client.send_part(begun, 0, read(0, 10), 30)
    status, code, message = error_of(failure)
    assert (status, code) == (404, "UploadNotFound") and "Begin the upload again" in message


def test_an_address_needs_no_key(api_with_key, session_id):
    """A workflow's engine sends none with the chunks; the beginning requires it."""
    begun = LogicApps(site(api_with_key), key=api_with_key.key).begin(f"/files/big.bin?sessionId={session_id}", 3)
    last = LogicApps(site(api_with_key)).send_rest(begun, 0, 3, read)
    assert last.json()["files"][0]["size"] == 3
    with pytest.raises(TransferFailed, match="401"):
        LogicApps(site(api_with_key)).begin("/files/big.bin", 3)


def test_cancel_upload(api, client, session_id):
    """Its bytes are deleted, its address is not found, and the old file stays."""
    api.call("PUT", f"/files/big.bin?sessionId={session_id}", data=b"old")
    begun = client.begin(f"/files/big.bin?sessionId={session_id}", 30)
    client.send_part(begun, 0, read(0, 10), 30)
    address = begun.headers["Location"].removeprefix(api.url)
    assert api.call("DELETE", address).status_code == 204
    for method in ("GET", "DELETE", "PATCH"):
        refused = api.call(method, address, data=read(10, 10), headers={"Content-Range": "bytes=10-19/30"})
        assert (refused.status_code, refused.json()["error"]["code"]) == (404, "UploadNotFound")
    assert stored(api, session_id) == b"old"
    assert (
        api.execute("import os; [f for *_, fs in os.walk('/mnt/data/_transfers') for f in fs]", session_id)["value"]
        == []
    )


def test_a_session_that_has_ended_is_not_started_again(api, client, session_id):
    """404, and no empty session replaces it."""
    begun = client.begin(f"/files/big.bin?sessionId={session_id}", 30)
    api.call("DELETE", f"/sessions/{session_id}")
    with pytest.raises(TransferFailed) as failure:
        client.send_part(begun, 0, read(0, 10), 30)
    assert error_of(failure)[:2] == (404, "UploadNotFound")
    assert api.call("GET", f"/sessions/{session_id}").status_code == 404


def test_an_abandoned_upload_is_removed_by_a_later_one(api, client, session_id):
    """After some hours; an upload that still gets chunks stays."""
    old, new = (client.begin(f"/files/{name}?sessionId={session_id}", 30) for name in ("old", "new"))
    client.send_part(old, 0, read(0, 10), 30)
    code = (
        "import os, time\nfor folder, _, names in os.walk('/mnt/data/_transfers'):\n    for name in names:\n"
        "        if os.path.getsize(os.path.join(folder, name)):\n"
        "            for path in (os.path.join(folder, name), folder):\n"
        f"                os.utime(path, (time.time() - {uploads.LIFETIME_SECONDS} - 5,) * 2)"
    )
    assert api.execute(code, session_id)["status"] == "Succeeded"
    client.begin(f"/files/third?sessionId={session_id}", 30)
    with pytest.raises(TransferFailed, match="UploadNotFound"):
        client.send_part(old, 10, read(10, 10), 30)
    client.send_rest(new, 0, 30, read)
    assert stored(api, session_id, "new") == read(0, 30)


# ---- what goes wrong on the way


def test_any_instance_takes_any_chunk(emulator, start_connector, session_id):
    """Two hosts with one SIGNING_KEY take turns; for a third with another key the upload does not exist."""
    setting = {**emulator.environment, "PUBLIC_BASE_URL": "https://app.example"}
    one, other = (start_connector(**setting) for _ in range(2))
    stranger = start_connector(**{**setting, "SIGNING_KEY": "another secret of at least 32 characters"})
    client = LogicApps(site(one), site(other))
    begun = client.begin(f"/files/big.bin?sessionId={session_id}", len(CONTENT))
    assert begun.headers["Location"].startswith("https://app.example/api/uploads?token=")
    with pytest.raises(TransferFailed, match="UploadNotFound"):
        LogicApps(site(stranger)).send_part(begun, 0, read(0, CHUNK), len(CONTENT))
    client.send_rest(begun, 0, len(CONTENT), read, CHUNK)
    assert stored(other, session_id) == CONTENT


def test_a_key_can_be_changed_during_an_upload(emulator, start_connector, session_id):
    """With SIGNING_KEY_PREVIOUS, addresses stay valid."""
    before = start_connector(**emulator.environment)
    changed = {"SIGNING_KEY": "n" * 32, "SIGNING_KEY_PREVIOUS": emulator.environment["SIGNING_KEY"]}
    after = start_connector(**{**emulator.environment, **changed})
    begun = LogicApps(site(before)).begin(f"/files/big.bin?sessionId={session_id}", 3)
    assert LogicApps(site(after)).send_rest(begun, 0, 3, read).json()["files"]


def test_an_instance_may_end_during_an_upload(emulator, start_connector, running_connector, session_id):
    """Another instance continues."""
    staying = start_connector(**emulator.environment)
    with running_connector(**emulator.environment) as ending:
        client = LogicApps(site(ending), site(staying))
        begun = client.begin(f"/files/big.bin?sessionId={session_id}", len(CONTENT))
        client.send_part(begun, 0, read(0, CHUNK), len(CONTENT))
        client.send_part(begun, CHUNK, read(CHUNK, CHUNK), len(CONTENT))
    client.send_rest(begun, 2 * CHUNK, len(CONTENT), read, CHUNK)
    assert client.pauses, "half of the requests went to the instance that had stopped"
    assert stored(staying, session_id) == CONTENT


def test_an_interrupted_upload_is_resumed(api, client, session_id):
    """By a client that only has the address."""
    begun = client.begin(f"/files/big.bin?sessionId={session_id}", len(CONTENT))
    client.send_part(begun, 0, read(0, CHUNK), len(CONTENT))
    last = LogicApps(site(api)).resume(begun, len(CONTENT), read, CHUNK)
    assert last.json()["files"][0]["size"] == len(CONTENT)
    assert stored(api, session_id) == CONTENT


def test_a_busy_session_is_a_429(api, client, session_id, busy):
    """With Retry-After, instead of a call that hangs; the client continues when the run has ended."""
    begun = client.begin(f"/files/big.bin?sessionId={session_id}", len(CONTENT))
    client.send_part(begun, 0, read(0, CHUNK), len(CONTENT))
    release = busy()
    with pytest.raises(TransferFailed) as failure:
        LogicApps(site(api), retries=0).send_part(begun, CHUNK, read(CHUNK, CHUNK), len(CONTENT))
    assert error_of(failure)[:2] == (429, "SessionBusy")
    assert failure.value.response.headers["Retry-After"] == "1"
    assert client.received(api.call("GET", begun.headers["Location"].removeprefix(api.url))) == CHUNK
    with ThreadPoolExecutor(1) as thread:
        rest = thread.submit(client.send_rest, begun, CHUNK, len(CONTENT), read, CHUNK)
        until = time.monotonic() + 30
        while not client.pauses and time.monotonic() < until:
            time.sleep(0.01)
        release()
        assert rest.result().ok
    assert set(client.pauses) == {1.0}
    assert stored(api, session_id) == CONTENT


def test_a_chunk_for_a_busy_session_is_not_kept(api, client, session_id, busy):
    """However often it is sent: the late tasks do nothing, and the next chunk continues from the received bytes."""
    begun = client.begin(f"/files/big.bin?sessionId={session_id}", 30)
    client.send_part(begun, 0, read(0, 10), 30)
    release = busy()
    for length in (10, 10, 5):
        with pytest.raises(TransferFailed, match="SessionBusy"):
            LogicApps(site(api), retries=0).send_part(begun, 10, read(10, length), 30)
        assert kept(api, session_id) == ["partial"]
    release()
    client.resume(begun, 30, read, 10)
    assert stored(api, session_id) == read(0, 30)
    assert kept(api, session_id) == ["complete"]


def test_a_chunk_with_different_bytes_is_not_kept(api, client, session_id):
    """However often it is sent, and also if the upload is never completed."""
    begun = client.begin(f"/files/big.bin?sessionId={session_id}", 30)
    client.send_part(begun, 0, read(0, 10), 30)
    for _ in range(2):
        with pytest.raises(TransferFailed, match="differ"):
            client.send_part(begun, 0, b"x" * 10, 30)
    assert kept(api, session_id) == ["partial"]


@pytest.mark.parametrize("size", [0, 30])
def test_a_beginning_for_a_busy_session_leaves_nothing(api, client, session_id, busy, size):
    """Its caller has no address: what the late task makes is removed again."""
    api.execute("1", session_id)
    release = busy()
    for _ in range(2):
        with pytest.raises(TransferFailed, match="SessionBusy"):
            LogicApps(site(api), retries=0).begin(f"/files/big.bin?sessionId={session_id}", size)
    release()
    code = "import os; os.listdir('/mnt/data/_transfers'), os.listdir('/mnt/data')"
    transfers, files = api.execute(code, session_id)["value"]
    assert transfers == [] and "big.bin" not in files


@pytest.fixture
def failing(emulator, session_id):
    """Has the pool fail for the session's next requests of a kind."""

    def begin(**fault) -> None:
        requests.post(f"{emulator.pool.url}/faults", json={"identifier": session_id, **fault}, timeout=10)

    yield begin
    requests.delete(f"{emulator.pool.url}/faults", timeout=10)


def transfers(api, session_id: str) -> list[str]:
    """What is left in the session of its uploads, folders included."""
    code = "import os; sorted(os.listdir('/mnt/data/_transfers')) if os.path.isdir('/mnt/data/_transfers') else []"
    return api.execute(code, session_id)["value"]


def test_a_beginning_whose_answer_is_lost_has_begun(api, session_id, failing):
    """The upload is in the session: its caller gets the address."""
    failing(do="dropAfter", method="POST", path="executions", times=2)
    client = LogicApps(site(api), retries=0)
    begun = client.begin(f"/files/big.bin?sessionId={session_id}", 30)
    client.send_part(begun, 0, b"x" * 30, 30)
    assert stored(api, session_id) == b"x" * 30


@pytest.mark.parametrize("size", [0, 30])
def test_a_beginning_that_did_not_reach_the_session_leaves_nothing(api, session_id, failing, size):
    """No mark, no partial file and no folder."""
    api.execute("1", session_id)
    failing(do="dropBefore", method="POST", path="executions", times=2)
    with pytest.raises(TransferFailed, match="PoolUnavailable"):
        LogicApps(site(api), retries=0).begin(f"/files/big.bin?sessionId={session_id}", size)
    assert transfers(api, session_id) == []


def test_a_chunk_whose_answer_is_lost_leaves_nothing(api, client, session_id, failing):
    """It is sent again by its caller."""
    begun = client.begin(f"/files/big.bin?sessionId={session_id}", 30)
    failing(do="dropAfter", method="POST", path="files", times=2)
    with pytest.raises(TransferFailed):
        LogicApps(site(api), retries=0).send_part(begun, 0, b"x" * 10, 30)
    assert kept(api, session_id) == ["partial"]


def test_a_beginning_for_a_session_with_a_background_run_leaves_nothing(api, session_id):
    """Nothing was sent to the session that could be performed later."""
    running = api.call(
        "POST",
        "/executions",
        json={"pythonCode": "import time; time.sleep(60)", "sessionId": session_id, "timeoutInSeconds": 90}
        | {"waitInSeconds": 0},
    ).json()
    with pytest.raises(TransferFailed, match="SessionBusy"):
        LogicApps(site(api), retries=0).begin(f"/files/big.bin?sessionId={session_id}", 30)
    assert kept(api, session_id) == []
    api.call("DELETE", f"/executions/{running['executionId']}?sessionId={session_id}")


def test_an_empty_file_that_could_not_be_stored_leaves_nothing(api, client, session_id, pool, busy, monkeypatch):
    """Also when the session becomes busy between the beginning and the end."""
    monkeypatch.setattr(uploads, "put_chunk", lambda *_, **__: (_ for _ in ()).throw(SessionBusy("It runs code.")))
    with pytest.raises(SessionBusy):
        uploads.begin_upload(pool, PoolFacts(rich_results=True), file_name="empty", size=0, session_id=session_id)
    assert "partial" not in kept(api, session_id)


def test_runs_between_chunks(api, client, session_id):
    """Variables stay, and code finds no incomplete file at its path."""
    begun = client.begin(f"/files/big.bin?sessionId={session_id}", len(CONTENT))
    api.execute("kept = 42", session_id)
    client.send_part(begun, 0, read(0, CHUNK), len(CONTENT))
    assert api.execute("import os; kept, os.path.exists('/mnt/data/big.bin')", session_id)["value"] == [42, False]
    client.send_rest(begun, CHUNK, len(CONTENT), read, CHUNK)
    assert api.execute("kept, os.path.getsize('/mnt/data/big.bin')", session_id)["value"] == [42, len(CONTENT)]


@pytest.mark.parametrize("version", ["2024-02-02-preview", "2024-10-02-preview"])
def test_other_versions_of_the_pool(emulator, start_connector, session_id, version):
    """Chunked uploads and range downloads also work without the payload."""
    setting = {"POOL_API_VERSION": version, "RICH_RESULTS": "false"}
    connector = start_connector(**setting, **emulator.environment)
    client = LogicApps(site(connector))
    client.upload(f"/files/big.bin?sessionId={session_id}&folder=in", len(CONTENT), read, CHUNK)
    assert stored(connector, session_id, query="&folder=in") == CONTENT
