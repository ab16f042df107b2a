"""Files that come in parts, on running hosts with real sessions, sent as a workflow's engine sends them."""

import os
import random
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from connector.callers.signed_tokens import Tokens
from connector.errors import InvalidFileName, SessionBusy
from connector.executions.operations import Runs, execute_python_code
from connector.files import tasks, uploads
from connector.in_session.tasks import append_chunk as append_part
from connector.in_session.tasks import begin_upload
from connector.session_pool.sessions import SessionClient
from tests.logic_apps_client import LogicApps, TransferFailed

CONTENT = random.Random(7).randbytes(3_000_000)
PART = 700_000


def read(first: int, length: int) -> bytes:
    return CONTENT[first : first + length]


def site(api) -> str:
    return api.url.removesuffix("/api")


@pytest.fixture
def client(api) -> LogicApps:
    return LogicApps(site(api))


def kept(api, session_id: str) -> list[str]:
    """Names of the connector's own files in the session, also while that runs code."""
    listed = api.call("GET", f"/files?sessionId={session_id}&folder=_transfers&recursive=true").json()["files"]
    return sorted(file["fileName"] for file in listed)


def stored(api, session_id: str, path: str = "big.bin", query: str = "") -> bytes:
    """The file as DownloadFile has it."""
    return api.call("GET", f"/files/{path}/content?sessionId={session_id}{query}").content


def error_of(failure: pytest.ExceptionInfo[TransferFailed]) -> tuple[int, str, str]:
    response = failure.value.response
    error = response.json()["error"]
    return response.status_code, error["code"], error["message"]


@pytest.fixture
def busy(pool, session_id, monkeypatch):
    """Keeps the session busy for some seconds, and has the connector wait for its turn only shortly."""
    monkeypatch.setattr(tasks, "_PATIENCE_SECONDS", 0.4)
    monkeypatch.setattr(tasks, "_RETRY_SECONDS", 1)
    runs: list[threading.Thread] = []

    def start(seconds: float) -> None:
        code = f"import time; time.sleep({seconds})"
        arguments = {"session_id": session_id, "python_code": code}
        run = threading.Thread(target=execute_python_code, args=(pool, Runs(rich_results=True)), kwargs=arguments)
        run.start()
        runs.append(run)
        time.sleep(0.3)

    yield start
    for run in runs:
        run.join()


@pytest.mark.parametrize("part_bytes", [PART, 1, len(CONTENT), 10 * len(CONTENT)])
def test_a_file_comes_in_parts(api, client, session_id, part_bytes):
    """Parts of any size; the last answer is that of an upload in one piece, and no run tells of the parts."""
    content = CONTENT[:5] if part_bytes == 1 else CONTENT
    path = f"/files/big.bin?sessionId={session_id}&folder=in/deep"
    last = client.upload(path, len(content), read, part_bytes)
    (file,) = last.json()["files"]
    assert (file["fileName"], file["folder"], file["size"]) == ("big.bin", "in/deep", len(content))
    assert last.json()["sessionId"] == session_id
    assert stored(api, session_id, query="&folder=in/deep") == content
    listed = api.call("GET", f"/files?sessionId={session_id}&recursive=true").json()["files"]
    assert [(one["folder"], one["fileName"]) for one in listed] == [("in/deep", "big.bin")]
    assert api.execute("1", session_id)["files"] == []


def test_the_caller_is_told_how_to_send(api, client, session_id):
    """An absolute address, how large a part should be, and, from the first one on, what is there."""
    begun = client.begin(f"/files/big.bin?sessionId={session_id}", 100)
    assert re.fullmatch(re.escape(api.url) + "/uploads/[A-Za-z0-9_-]+", begun.headers["Location"])
    assert (begun.headers["x-ms-chunk-size"], begun.json()["files"]) == (str(32 << 20), [])
    assert "Range" not in begun.headers
    first = client.send_part(begun, 0, b"x" * 10, 100)
    assert (first.headers["Range"], first.headers["x-ms-chunk-size"]) == ("bytes=0-9", str(32 << 20))
    assert first.json() == {"sessionId": session_id, "files": []}


@pytest.fixture
def appended(tmp_path, monkeypatch):
    """Does the task with these bytes twice, after `abc`; what it told, and what is there."""
    monkeypatch.setattr(append_part, "DATA", str(tmp_path))
    (tmp_path / "upload").mkdir()
    (tmp_path / "upload/partial").write_bytes(b"abc")

    def append(first: int, content: bytes) -> tuple[set[str], bytes]:
        part = tmp_path / "upload/part"
        part.write_bytes(content)
        arguments = {"upload": "upload", "part": "part", "first": first, "last": first + len(content) - 1, "size": 100}
        states = {append_part.perform(arguments)["state"] for _ in range(2)}
        return states, (tmp_path / "upload/partial").read_bytes()

    return append


@pytest.mark.parametrize("length", [0, 2, 9])
def test_a_part_that_is_written_anew_meanwhile_is_not_taken(appended, monkeypatch, length):
    """As when the same part comes twice: what is there stays, and the part is asked for again."""

    def same(target, source, _) -> bool:
        os.truncate(source.name, length)
        return True

    monkeypatch.setattr(append_part, "_are_same", same)
    assert appended(3, b"defg") == ({"no part"}, b"abc")


def test_a_task_that_comes_twice_tells_other_bytes_twice(appended):
    """They are not taken for those that are there already."""
    assert appended(1, b"xy") == ({"other bytes"}, b"abc")
    assert appended(1, b"bcd") == ({"ok"}, b"abcd")


def test_a_part_that_is_given_up_while_it_is_taken_is_taken_whole(appended, monkeypatch):
    """Its caller is told that the session is busy and removes it; that changes nothing of what is read already."""
    append = append_part._append

    def meanwhile(target, source) -> None:
        append(target, source)
        os.unlink(source.name)

    monkeypatch.setattr(append_part, "_append", meanwhile)
    assert appended(3, b"defg") == ({"ok"}, b"abcdefg")


def test_what_the_pool_is_writing_when_a_file_is_complete_stays(tmp_path, monkeypatch):
    """As the last part that comes once more: its own task removes it, and tells that the file is complete."""
    monkeypatch.setattr(append_part, "DATA", str(tmp_path))
    (tmp_path / "upload").mkdir()
    for name, content in (("partial", b"abc"), ("part-3-4-x", b"de"), ("part-3-4-left", b"de"), (".upload-y", b"d")):
        (tmp_path / "upload" / name).write_bytes(content)
    arguments = {"upload": "upload", "part": "part-3-4-x", "first": 3, "last": 4, "size": 5, "folder": "", "name": "a"}
    assert append_part.perform(arguments) == {"state": "complete", "received": 5}
    assert (tmp_path / "a").read_bytes() == b"abcde"
    assert sorted(path.name for path in (tmp_path / "upload").iterdir()) == [".upload-y", "complete"]


def test_a_part_whose_folder_is_removed_meanwhile_is_asked_for_again(api, client, session_id, monkeypatch):
    """The pool speaks of a name that it does not take, and the caller has not chosen it."""
    begun = client.begin(f"/files/big.bin?sessionId={session_id}", 3)

    def refuse(*_) -> None:
        raise InvalidFileName("The session pool does not take this file name or folder.")

    with monkeypatch.context() as patched:
        patched.setattr(SessionClient, "upload_file", refuse)
        with pytest.raises(TransferFailed) as failure:
            LogicApps(site(api), retries=0).send_part(begun, 0, read(0, 3), 3)
    assert error_of(failure)[:2] == (503, "PoolUnavailable")
    client.send_part(begun, 0, read(0, 3), 3)
    assert stored(api, session_id) == read(0, 3)


def test_a_part_that_nobody_waits_for_is_removed_by_the_next(appended, tmp_path):
    """As of an instance that ended; one that came just now may have its task still before it."""
    for name, age in (("part-old", 400), ("part-new", 5), ("partial", 400)):
        (tmp_path / "upload" / name).touch()
        os.utime(tmp_path / "upload" / name, (time.time() - age,) * 2)
    assert appended(3, b"defg") == ({"ok"}, b"abcdefg")
    assert sorted(path.name for path in (tmp_path / "upload").iterdir()) == ["part-new", "partial"]


@pytest.mark.parametrize("is_late", [False, True])
def test_a_beginning_that_was_given_up_is_taken_back_whenever_that_was(tmp_path, monkeypatch, is_late):
    """The mark comes before the task, or while it is done."""
    monkeypatch.setattr(begin_upload, "DATA", str(tmp_path))
    mark = tmp_path / "transfers/one/given-up"
    if is_late:
        chmod = os.chmod
        monkeypatch.setattr(os, "chmod", lambda *given: (chmod(*given), mark.touch()))
    else:
        mark.parent.mkdir(parents=True)
        mark.touch()
    begin_upload.perform({"transfers": "transfers", "upload": "one", "place": "a", "size": 1, "lifetime": 60})
    assert list((tmp_path / "transfers").iterdir()) == []


def test_a_new_session_is_made_and_told(api, client):
    """Without a session ID, the first answer has one already."""
    begun = client.begin("/files/big.bin", 3)
    assert client.send_rest(begun, 0, 3, read).json()["sessionId"] == begun.json()["sessionId"]
    assert stored(api, begun.json()["sessionId"]) == CONTENT[:3]


def test_an_empty_file_is_there_at_once(api, client, session_id):
    """It has no parts that could be sent."""
    begun = client.begin(f"/files/empty?sessionId={session_id}", 0)
    assert begun.json()["files"][0]["size"] == 0
    assert stored(api, session_id, "empty") == b""


def test_a_file_named_as_the_route_has_its_address_too(api, client, session_id):
    """Where uploads go is told by the route, whatever the file is called."""
    begun = client.begin(f"/files/files?sessionId={session_id}", 2)
    assert begun.headers["Location"].startswith(f"{api.url}/uploads/")
    assert client.send_rest(begun, 0, 2, read).json()["files"][0]["fileName"] == "files"


def test_the_old_file_stays_until_the_new_one_is_complete(api, client, session_id):
    """Whoever reads it meanwhile gets the one or the other, whole."""
    api.call("PUT", f"/files/big.bin?sessionId={session_id}", data=b"old")
    begun = client.begin(f"/files/big.bin?sessionId={session_id}", 20)
    client.send_part(begun, 0, b"x" * 19, 20)
    assert stored(api, session_id) == b"old"
    client.send_part(begun, 19, b"y", 20)
    assert stored(api, session_id) == b"x" * 19 + b"y"


def test_standard_clients_may_send_too(api, client, session_id):
    """Content-Range as HTTP has it, with a space."""
    begun = client.begin(f"/files/big.bin?sessionId={session_id}", 2)
    headers = {"Content-Range": "bytes 0-1/2"}
    assert api.call("PATCH", begun.headers["Location"].removeprefix(api.url), data=b"ab", headers=headers).ok
    assert stored(api, session_id) == b"ab"


def test_a_part_may_be_repeated(api, client, session_id):
    """The answer is as the first time, also for the last part, and when a part overlaps what is there."""
    begun = client.begin(f"/files/big.bin?sessionId={session_id}", 30)
    assert client.send_part(begun, 0, read(0, 10), 30).headers["Range"] == "bytes=0-9"
    client.send_part(begun, 10, read(10, 10), 30)
    assert client.send_part(begun, 0, read(0, 10), 30).headers["Range"] == "bytes=0-19"
    assert client.send_part(begun, 15, read(15, 10), 30).headers["Range"] == "bytes=0-24"
    once = client.send_part(begun, 20, read(20, 10), 30)
    twice = client.send_part(begun, 20, read(20, 10), 30)
    assert (once.json(), once.headers["Range"]) == (twice.json(), "bytes=0-29")
    assert stored(api, session_id) == read(0, 30)


@pytest.mark.parametrize(
    ("first", "part", "says"),
    [(11, b"x" * 5, "There are bytes missing before these"), (5, b"x" * 5, "and are others"), (0, b"x" * 20, "others")],
)
def test_a_part_that_does_not_belong_there_tells_what_is(api, client, session_id, first, part, says):
    """A gap, and other bytes: 416 with the header Range, and the transfer goes on from there."""
    begun = client.begin(f"/files/big.bin?sessionId={session_id}", 30)
    client.send_part(begun, 0, read(0, 10), 30)
    with pytest.raises(TransferFailed) as failure:
        client.send_part(begun, first, part, 30)
    status, code, message = error_of(failure)
    assert (status, code) == (416, "RangeNotSatisfiable")
    assert says in message and "go on with the one at 10" in message
    assert failure.value.response.headers["Range"] == "bytes=0-9"
    client.resume(begun, 30, read)
    assert stored(api, session_id) == read(0, 30)
    code = "import os; sorted(name for _, _, names in os.walk('/mnt/data/_transfers') for name in names)"
    assert api.execute(code, session_id)["value"] == ["complete"]


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("", "must say which bytes"),
        ("bytes 0-3", "must say which bytes"),
        ("bytes=3-0/30", "speaks of the bytes 3 to 0"),
        ("bytes=0-3/31", "31 bytes; 30 were announced"),
        ("bytes=0-4/30", "the body has 4"),
        ("bytes=28-31/30", "28 to 31 of 30"),
        ("bytes=0-3/" + "9" * 5000, "must say which bytes"),
    ],
)
def test_a_wrong_range_is_refused_in_words(api, client, session_id, header, says):
    """Nothing is stored, and the header is named."""
    begun = client.begin(f"/files/big.bin?sessionId={session_id}", 30)
    headers = {"Content-Range": header} if header else {}
    refused = api.call("PATCH", begun.headers["Location"].removeprefix(api.url), data=b"abcd", headers=headers)
    error = refused.json()["error"]
    assert (refused.status_code, error["code"], error["target"]) == (400, "InvalidRequest", "Content-Range")
    assert says in error["message"]
    assert client.received(client._call("GET", client._followed(begun))) == 0


@pytest.mark.parametrize("length", ["", "-1", "many", "9" * 30])
def test_a_length_that_is_none_is_refused(api, session_id, length):
    """The whole size must be known at the beginning."""
    headers = {"x-ms-transfer-mode": "Chunked", "x-ms-content-length": length}
    refused = api.call("PUT", f"/files/a?sessionId={session_id}", headers=headers)
    assert (refused.status_code, refused.json()["error"]["target"]) == (400, "x-ms-content-length")


def test_another_way_to_send_files_is_refused(api, session_id):
    """Its first request may have no bytes, and must not become an empty file."""
    refused = api.call("PUT", f"/files/a?sessionId={session_id}", headers={"x-ms-transfer-mode": "streamed"})
    assert (refused.status_code, refused.json()["error"]["target"]) == (400, "x-ms-transfer-mode")


def test_a_beginning_with_a_body_is_refused(api, session_id):
    """A client that sends the file at once has not understood, and must not believe that it is stored."""
    headers = {"x-ms-transfer-mode": "chunked", "x-ms-content-length": "4"}
    refused = api.call("PUT", f"/files/a?sessionId={session_id}", headers=headers, data=b"abcd")
    assert (refused.status_code, refused.json()["error"]["target"]) == (400, "x-ms-transfer-mode")


def test_a_file_without_room_is_refused_at_the_beginning(client, session_id):
    """FileTooLarge tells how much room there is; nothing was sent yet."""
    with pytest.raises(TransferFailed) as failure:
        client.begin(f"/files/big.bin?sessionId={session_id}", 10**14)
    status, code, message = error_of(failure)
    assert (status, code) == (413, "FileTooLarge")
    assert re.search(r"has 100,000,000,000,000 bytes. The session has room for [0-9,]+ bytes", message)


def test_a_session_that_fills_up_meanwhile_loses_nothing(api, client, session_id):
    """FileTooLarge; what is there stays whole, and the transfer goes on when there is room again."""
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
    client.resume(begun, len(CONTENT), read, PART)
    assert stored(api, session_id) == CONTENT


@pytest.mark.parametrize(
    "path", ["/files/taken?", "/files/new?folder=taken/inside&", "/files/new?folder=taken/inside/x&"]
)
def test_a_place_that_is_taken_is_told_before_the_first_byte(api, client, session_id, path):
    """A folder where the file goes, or a file where its folder goes; what is there stays."""
    api.call("PUT", f"/files/inside?sessionId={session_id}&folder=taken", data=b"kept")
    with pytest.raises(TransferFailed) as failure:
        client.begin(f"{path}sessionId={session_id}", 3)
    assert error_of(failure)[:2] == (400, "InvalidFileName")
    assert stored(api, session_id, "inside", "&folder=taken") == b"kept"


def test_a_place_that_is_taken_meanwhile_is_told(api, client, session_id):
    """With the last part; the folder and what is in it stay."""
    begun = client.begin(f"/files/taken?sessionId={session_id}", 3)
    api.call("PUT", f"/files/inside?sessionId={session_id}&folder=taken", data=b"kept")
    with pytest.raises(TransferFailed) as failure:
        client.send_rest(begun, 0, 3, read)
    assert error_of(failure)[:2] == (400, "InvalidFileName")
    assert stored(api, session_id, "inside", "&folder=taken") == b"kept"


@pytest.mark.parametrize("name", ["_outputs", "_transfers"])
def test_the_connectors_own_folders_cannot_be_taken(api, client, session_id, name):
    """A file of that name would be in their place."""
    with pytest.raises(TransferFailed) as failure:
        client.begin(f"/files/{name}?sessionId={session_id}", 3)
    assert error_of(failure)[:2] == (400, "InvalidFileName")
    refused = api.call("PUT", f"/files/{name}?sessionId={session_id}", data=b"x").json()["error"]
    assert (refused["code"], refused["target"]) == ("InvalidFileName", "fileName")
    assert api.call("PUT", f"/files/{name}?sessionId={session_id}&folder=below", data=b"x").status_code == 200


def test_a_part_that_comes_several_times_at_once_is_taken_once(api, client, session_id):
    """As when a caller sends it again before the first answer."""
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
    """The error says what to set, and what to turn off instead."""
    connector = start_connector(**{**emulator.environment, "SIGNING_KEY": ""})
    refused = connector.call("PUT", "/files/a", headers={"x-ms-transfer-mode": "chunked", "x-ms-content-length": "4"})
    assert refused.status_code == 500
    assert "SIGNING_KEY is missing" in refused.json()["error"]["message"]
    assert connector.call("PATCH", "/uploads/abc", headers={"Content-Range": "bytes=0-0/1"}).status_code == 404


# ---- addresses


@pytest.mark.parametrize("method", ["PATCH", "GET", "DELETE"])
@pytest.mark.parametrize("token", ["a", "gAAAAABqX0c", "%C3%A4", "a%2Fb", "x" * 12_001])
def test_an_address_that_was_not_given_leads_nowhere(api, method, token):
    """The answer says what to do, and nothing about why it is none."""
    refused = api.call(method, f"/uploads/{token}", headers={"Content-Range": "bytes=0-0/1"}, data=b"a")
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "UploadNotFound")


def test_a_token_for_something_else_leads_nowhere(api, emulator):
    """Its purpose is sealed in it."""
    token = Tokens(emulator.environment["SIGNING_KEY"]).seal("poll", {}, lifetime_seconds=60)
    assert api.call("GET", f"/uploads/{token}").json()["error"]["code"] == "UploadNotFound"


def test_an_address_ends_with_its_time(api, client, session_id, monkeypatch):
    """Behind its time it leads nowhere, and the message says what to do."""
    begun = client.begin(f"/files/big.bin?sessionId={session_id}", 30)
    now = time.time()
    monkeypatch.setattr("connector.callers.signed_tokens.time.time", lambda: now + uploads.LIFETIME_SECONDS + 1)
    with pytest.raises(TransferFailed) as failure:
        client.send_part(begun, 0, read(0, 10), 30)
    status, code, message = error_of(failure)
    assert (status, code) == (404, "UploadNotFound") and "Begin the upload again" in message


def test_an_address_needs_no_key(api_with_key, session_id):
    """A workflow's engine does not send one with the parts; the beginning asks for it."""
    begun = LogicApps(site(api_with_key), key=api_with_key.key).begin(f"/files/big.bin?sessionId={session_id}", 3)
    last = LogicApps(site(api_with_key)).send_rest(begun, 0, 3, read)
    assert last.json()["files"][0]["size"] == 3
    with pytest.raises(TransferFailed, match="401"):
        LogicApps(site(api_with_key)).begin("/files/big.bin", 3)


def test_an_upload_that_is_given_up_is_gone(api, client, session_id):
    """Its bytes are removed, its address leads nowhere, and the old file stays."""
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


def test_a_session_that_has_ended_is_not_made_again(api, client, session_id):
    """404, and no empty session takes the place of the one that is gone."""
    begun = client.begin(f"/files/big.bin?sessionId={session_id}", 30)
    api.call("DELETE", f"/sessions/{session_id}")
    with pytest.raises(TransferFailed) as failure:
        client.send_part(begun, 0, read(0, 10), 30)
    assert error_of(failure)[:2] == (404, "UploadNotFound")
    assert api.call("GET", f"/sessions/{session_id}").status_code == 404


def test_what_nobody_goes_on_with_is_removed_by_a_later_upload(api, client, session_id):
    """Hours later; an upload that still gets parts stays."""
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


def test_any_instance_takes_any_part(emulator, start_connector, session_id):
    """Two hosts with one SIGNING_KEY serve one upload by turns; a third with another key knows nothing of it."""
    setting = {**emulator.environment, "PUBLIC_BASE_URL": "https://app.example"}
    one, other = (start_connector(**setting) for _ in range(2))
    stranger = start_connector(**{**setting, "SIGNING_KEY": "another secret of at least 32 characters"})
    client = LogicApps(site(one), site(other))
    begun = client.begin(f"/files/big.bin?sessionId={session_id}", len(CONTENT))
    assert begun.headers["Location"].startswith("https://app.example/api/uploads/")
    with pytest.raises(TransferFailed, match="UploadNotFound"):
        LogicApps(site(stranger)).send_part(begun, 0, read(0, PART), len(CONTENT))
    client.send_rest(begun, 0, len(CONTENT), read, PART)
    assert stored(other, session_id) == CONTENT


def test_a_key_can_be_changed_during_an_upload(emulator, start_connector, session_id):
    """SIGNING_KEY_PREVIOUS keeps addresses valid."""
    before = start_connector(**emulator.environment)
    changed = {"SIGNING_KEY": "n" * 32, "SIGNING_KEY_PREVIOUS": emulator.environment["SIGNING_KEY"]}
    after = start_connector(**{**emulator.environment, **changed})
    begun = LogicApps(site(before)).begin(f"/files/big.bin?sessionId={session_id}", 3)
    assert LogicApps(site(after)).send_rest(begun, 0, 3, read).json()["files"]


def test_an_instance_may_end_in_the_middle(emulator, start_connector, running_connector, session_id):
    """What it took is in the session, and another instance goes on."""
    staying = start_connector(**emulator.environment)
    with running_connector(**emulator.environment) as ending:
        client = LogicApps(site(ending), site(staying))
        begun = client.begin(f"/files/big.bin?sessionId={session_id}", len(CONTENT))
        client.send_part(begun, 0, read(0, PART), len(CONTENT))
        client.send_part(begun, PART, read(PART, PART), len(CONTENT))
    client.send_rest(begun, 2 * PART, len(CONTENT), read, PART)
    assert client.pauses, "half of the requests met the instance that is gone"
    assert stored(staying, session_id) == CONTENT


def test_an_interrupted_transfer_is_resumed(api, client, session_id):
    """A client that lost all but the address asks how far it is and goes on."""
    begun = client.begin(f"/files/big.bin?sessionId={session_id}", len(CONTENT))
    client.send_part(begun, 0, read(0, PART), len(CONTENT))
    last = LogicApps(site(api)).resume(begun, len(CONTENT), read, PART)
    assert last.json()["files"][0]["size"] == len(CONTENT)
    assert stored(api, session_id) == CONTENT


def test_a_busy_session_makes_the_caller_wait(api, client, session_id, busy):
    """429 with Retry-After while code runs, instead of a call that hangs; then the transfer goes on by itself."""
    begun = client.begin(f"/files/big.bin?sessionId={session_id}", len(CONTENT))
    client.send_part(begun, 0, read(0, PART), len(CONTENT))
    busy(2.5)
    with pytest.raises(TransferFailed) as failure:
        LogicApps(site(api), retries=0).send_part(begun, PART, read(PART, PART), len(CONTENT))
    assert error_of(failure)[:2] == (429, "SessionBusy")
    assert failure.value.response.headers["Retry-After"] == "1"
    assert client.received(api.call("GET", begun.headers["Location"].removeprefix(api.url))) == PART
    client.send_rest(begun, PART, len(CONTENT), read, PART)
    assert client.pauses and set(client.pauses) == {1.0}
    assert stored(api, session_id) == CONTENT


def test_a_part_that_a_busy_session_could_not_take_is_not_kept(api, client, session_id, busy):
    """However often it is sent; the task that comes late does nothing, and the next part goes on from what is there."""
    begun = client.begin(f"/files/big.bin?sessionId={session_id}", 30)
    client.send_part(begun, 0, read(0, 10), 30)
    busy(2.5)
    for length in (10, 10, 5):
        with pytest.raises(TransferFailed, match="SessionBusy"):
            LogicApps(site(api), retries=0).send_part(begun, 10, read(10, length), 30)
        assert kept(api, session_id) == ["partial"]
    client.resume(begun, 30, read, 10)
    assert stored(api, session_id) == read(0, 30)
    assert kept(api, session_id) == ["complete"]


def test_a_part_with_other_bytes_is_not_kept(api, client, session_id):
    """However often it is sent, and though the upload is never completed."""
    begun = client.begin(f"/files/big.bin?sessionId={session_id}", 30)
    client.send_part(begun, 0, read(0, 10), 30)
    for _ in range(2):
        with pytest.raises(TransferFailed, match="others"):
            client.send_part(begun, 0, b"x" * 10, 30)
    assert kept(api, session_id) == ["partial"]


@pytest.mark.parametrize("size", [0, 30])
def test_a_beginning_that_a_busy_session_could_not_take_leaves_nothing(api, client, session_id, busy, size):
    """Its caller has no address: what the session does late is taken back."""
    api.execute("1", session_id)
    busy(1.5)
    for _ in range(2):
        with pytest.raises(TransferFailed, match="SessionBusy"):
            LogicApps(site(api), retries=0).begin(f"/files/big.bin?sessionId={session_id}", size)
    while api.call("POST", "/executions", json={"sessionId": session_id, "pythonCode": "1"}).status_code != 200:
        time.sleep(0.2)
    code = "import os; os.listdir('/mnt/data/_transfers'), os.listdir('/mnt/data')"
    transfers, files = api.execute(code, session_id)["value"]
    assert transfers == [] and "big.bin" not in files


def test_an_empty_file_that_could_not_be_stored_leaves_nothing(api, client, session_id, pool, busy, monkeypatch):
    """Also when the session becomes busy between the beginning and the end."""
    monkeypatch.setattr(uploads, "put_part", lambda *_, **__: (_ for _ in ()).throw(SessionBusy("It runs code.")))
    with pytest.raises(SessionBusy):
        uploads.begin_upload(pool, Runs(rich_results=True), file_name="empty", size=0, session_id=session_id)
    assert "partial" not in kept(api, session_id)


def test_runs_go_on_between_parts(api, client, session_id):
    """Variables stay, and code that reads the data folder finds no half of a file under its name."""
    begun = client.begin(f"/files/big.bin?sessionId={session_id}", len(CONTENT))
    api.execute("kept = 42", session_id)
    client.send_part(begun, 0, read(0, PART), len(CONTENT))
    assert api.execute("import os; kept, os.path.exists('/mnt/data/big.bin')", session_id)["value"] == [42, False]
    client.send_rest(begun, PART, len(CONTENT), read, PART)
    assert api.execute("kept, os.path.getsize('/mnt/data/big.bin')", session_id)["value"] == [42, len(CONTENT)]


@pytest.mark.parametrize("version", ["2024-02-02-preview", "2024-10-02-preview"])
def test_other_versions_of_the_pool_take_parts_too(emulator, start_connector, session_id, version):
    """Up in parts and down in parts; also without the harness."""
    setting = {"POOL_API_VERSION": version, "RICH_RESULTS": "false"}
    connector = start_connector(**setting, **emulator.environment)
    client = LogicApps(site(connector))
    client.upload(f"/files/big.bin?sessionId={session_id}&folder=in", len(CONTENT), read, PART)
    assert stored(connector, session_id, query="&folder=in") == CONTENT
