"""DownloadFile by parts and by versions, with real sessions; the pool's own parts with a stand-in."""

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from connector.errors import PoolRejected, PoolUnavailable
from connector.executions.operations import Runs, execute_python_code
from connector.files import operations as files
from connector.files import reading as file_parts
from connector.files import tasks
from connector.models import FilePath
from connector.session_pool.sessions import CallerSessions
from tests.connector.conftest import Answer
from tests.logic_apps_client import LogicApps, TransferFailed

RUNS = Runs(rich_results=True)
BIG = FilePath("", "big.bin")
CONTENT = random.Random(8).randbytes(2_000_000)


@pytest.fixture
def large(monkeypatch):
    """Files are large from 1,000 bytes on, so that parts of them are cut out."""
    monkeypatch.setattr(file_parts, "_SMALL_BYTES", 1000)


@pytest.fixture
def big(api, session_id) -> str:
    """The query of a session with the file."""
    query = f"sessionId={session_id}&folder=in"
    assert api.call("PUT", f"/files/big.bin?{query}", data=CONTENT).ok
    return query


def get(api, query: str, **headers: str) -> requests.Response:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return api.call("GET", f"/files/big.bin/content?{query}", headers=sent)


def left(api, session_id: str) -> list[str]:
    """Files of the connector's own that are still in the session."""
    return api.execute("import os; [f for *_, fs in os.walk('/mnt/data/_transfers') for f in fs]", session_id)["value"]


@pytest.mark.parametrize("size", ["small", "large"])
@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=0-999999", 0, 999_999),
        ("bytes=1999999-", 1_999_999, 1_999_999),
        ("bytes=500000-99999999", 500_000, 1_999_999),
        ("bytes=-7", 1_999_993, 1_999_999),
    ],
)
def test_a_part_is_the_bytes_that_were_asked_for(api, big, session_id, request, size, asked, first, last):
    """Of a file that is read whole, and of one whose part is cut out; nothing of it stays in the session."""
    if size == "large":
        request.getfixturevalue("large")
    part = get(api, big, Range=asked)
    assert part.status_code == 206
    assert part.headers["Content-Range"] == f"bytes {first}-{last}/{len(CONTENT)}"
    assert part.content == CONTENT[first : last + 1]
    assert left(api, session_id) == []


def test_a_workflow_fetches_a_file_in_parts(api, big, session_id, large):
    """All of it, also when the first try broke off in the middle."""
    client = LogicApps(api.url.removesuffix("/api"))
    parts = [answer.content for answer in client.download(f"/files/big.bin/content?{big}", 700_000)]
    assert b"".join(parts) == CONTENT
    rest = client.download(f"/files/big.bin/content?{big}", 700_000, first=len(parts[0]))
    assert parts[0] + b"".join(answer.content for answer in rest) == CONTENT
    assert left(api, session_id) == []


def test_an_answer_carries_no_more_than_a_message(api, big, large, monkeypatch):
    """A part that is longer comes in its first bytes; the file as a whole is refused, with the way out."""
    monkeypatch.setattr(files, "LARGEST_MESSAGE", 1_000_000)
    part = get(api, big, Range="bytes=5-")
    assert part.headers["Content-Range"] == f"bytes 5-1000004/{len(CONTENT)}"
    assert part.content == CONTENT[5:1_000_005]
    refused = get(api, big)
    assert (refused.status_code, refused.json()["error"]["code"]) == (413, "FileTooLarge")
    assert "Range: bytes=0-" in refused.json()["error"]["message"]


def test_a_version_of_a_file_has_an_etag(api, big):
    """The same from all answers, another one after a change; and when that was."""
    api.call("PUT", f"/files/big.bin?{big}", data=CONTENT)
    headers = [get(api, big).headers, get(api, big, Range="bytes=0-1").headers]
    headers.append(api.call("HEAD", f"/files/big.bin/content?{big}").headers)
    (etag,) = {one["ETag"] for one in headers}
    assert etag.startswith('"') and {one["Last-Modified"][-4:] for one in headers} == {" GMT"}
    api.call("PUT", f"/files/big.bin?{big}", data=CONTENT)
    assert get(api, big).headers["ETag"] != etag


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_file_that_the_caller_has_is_not_sent_again(api, big, method):
    """If-None-Match with its ETag, among others, or a star: 304 without a body."""
    etag = get(api, big).headers["ETag"]
    for known in (etag, f'"other", W/{etag}', "*"):
        same = api.call(method, f"/files/big.bin/content?{big}", headers={"If-None-Match": known})
        assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", etag)
    other = api.call(method, f"/files/big.bin/content?{big}", headers={"If-None-Match": '"other"'})
    assert other.status_code == 200


def test_parts_of_two_versions_are_not_mixed(api, big, large):
    """With If-Range, a changed file is answered whole; with the same version, the part is."""
    first = get(api, big, Range="bytes=0-9")
    for known in (first.headers["ETag"], first.headers["Last-Modified"]):
        assert get(api, big, Range="bytes=10-19", If_Range=known).content == CONTENT[10:20]
    api.call("PUT", f"/files/big.bin?{big}", data=CONTENT[::-1])
    whole = get(api, big, Range="bytes=10-19", If_Range=first.headers["ETag"])
    assert (whole.status_code, whole.content) == (200, CONTENT[::-1])


def test_a_download_notices_that_the_file_changes_in_between(api, big, large):
    """The client that resumes by ETag stops, instead of joining two versions."""
    client = LogicApps(api.url.removesuffix("/api"))
    parts = client.download(f"/files/big.bin/content?{big}", 700_000)
    next(parts)
    api.call("PUT", f"/files/big.bin?{big}", data=b"another")
    with pytest.raises((TransferFailed, AssertionError)):
        next(parts)


def test_a_file_that_changes_while_it_is_read_is_not_mixed_up(session, large):
    """What was told of it is no longer so: the caller is asked to come back."""
    session.upload_file(BIG, CONTENT)
    file = files.download_file_headers(session, BIG)
    session.upload_file(BIG, CONTENT + b"more")
    with pytest.raises(PoolUnavailable, match="changed while it was read"):
        file_parts.download_range(session, RUNS, BIG, file, first=0, last=9)
    whole = files.download_file(session, RUNS, BIG, found=file)
    assert (whole.size, whole.etag) == (len(CONTENT) + 4, None)


def test_a_busy_session_cuts_out_the_part_later(api, pool, big, session_id, large, monkeypatch):
    """429 with Retry-After; the part waits for the caller, who takes it without the session's turn."""
    monkeypatch.setattr(tasks, "_PATIENCE_SECONDS", 0.4)
    run = threading.Thread(
        target=execute_python_code, args=(pool, RUNS),
        kwargs={"session_id": session_id, "python_code": "import time; time.sleep(1.5)"},
    )  # fmt: skip
    run.start()
    time.sleep(0.3)
    busy = get(api, big, Range="bytes=5-9")
    assert (busy.status_code, busy.json()["error"]["code"]) == (429, "SessionBusy")
    assert int(busy.headers["Retry-After"]) > 0
    run.join()
    execute_python_code(pool, RUNS, session_id=session_id, python_code="1")  # behind the task
    monkeypatch.setattr(file_parts, "perform", None)
    assert get(api, big, Range="bytes=5-9").content == CONTENT[5:10]
    assert left(api, session_id) == []


def test_a_part_may_be_asked_for_several_times_at_once(api, big, session_id, large):
    """Each caller gets it, and nothing of it stays in the session."""
    with ThreadPoolExecutor(6) as threads:
        sent = [threads.submit(get, api, big, Range="bytes=5-999999") for _ in range(6)]
    assert [(answer.result().status_code, answer.result().content) for answer in sent] == [
        (206, CONTENT[5 : 10**6])
    ] * 6
    assert left(api, session_id) == []


def test_a_part_that_another_caller_has_taken_is_cut_out_again(api, session, big, session_id, large, monkeypatch):
    """For this caller alone."""
    perform = file_parts.perform
    taken: list[str] = []

    def and_taken_by_another(*given, **named):
        told = perform(*given, **named)
        for file in [] if taken else session.list_files("_transfers/cuts", recursive=False):
            session.delete_file(FilePath("_transfers/cuts", file.name))
            taken.append(file.name)
        return told

    monkeypatch.setattr(file_parts, "perform", and_taken_by_another)
    part = get(api, big, Range="bytes=5-9")
    assert (part.status_code, part.content) == (206, CONTENT[5:10])
    assert len(taken) == 1 and left(api, session_id) == []


def test_parts_that_nobody_fetched_are_removed(api, big, session_id, large):
    """By the next part that is cut out, some minutes later."""
    code = (
        "import os, time\nos.makedirs('/mnt/data/_transfers/cuts')\n"
        "for name, age in (('old', 700), ('new', 5)):\n    path = '/mnt/data/_transfers/cuts/' + name\n"
        "    open(path, 'w').close()\n    os.utime(path, (time.time() - age,) * 2)"
    )
    assert api.execute(code, session_id)["status"] == "Succeeded"
    assert get(api, big, Range="bytes=5-9").status_code == 206
    assert left(api, session_id) == ["new"]


# ---- a pool that gives parts


def part_of(content: bytes, first: int, size: int, **headers: str) -> Answer:
    told = {"Content-Range": f"bytes {first}-{first + len(content) - 1}/{size}", **headers}
    return Answer(206, content, told)


def headers_of(size: int) -> files.FileBytes:
    return files.FileBytes("big.bin", "application/octet-stream", size, None)


def test_a_part_that_the_pool_gives_needs_nothing_of_the_session(faulty_pool, session_of, large):
    """One request with a Range header; its bytes are passed on."""
    upstream = faulty_pool(part_of(b"56789", 5, 2000))
    part = file_parts.download_range(session_of(upstream), RUNS, BIG, headers_of(2000), first=5, last=9)
    assert part == b"56789"
    assert [method for method, _ in upstream.requests] == ["GET"]
    assert upstream.headers[0]["Range"] == "bytes=5-9"


def test_a_pool_that_gives_no_parts_is_asked_once(faulty_pool, session_of):
    """Its whole file is not read; other callers' clients of the process know it too."""
    upstream = faulty_pool(Answer(200, b"0" * 50_000_000))
    session = session_of(upstream)
    started = time.monotonic()
    assert session.download_range(BIG, 5, 9) is None
    assert CallerSessions(session.pool, "someone").session("abcd").download_range(BIG, 5, 9) is None
    assert len(upstream.requests) == 1
    assert time.monotonic() - started < 1


@pytest.mark.parametrize(
    "answer",
    [
        Answer(206, b"56789"),
        Answer(206, b"56789", {"Content-Range": "bytes 4-8/2000"}),
        Answer(206, b"56789", {"Content-Range": "bytes 5-10/2000"}),
        Answer(206, b"56789", {"Content-Range": "bytes 5-9/*"}),
    ],
)
def test_other_bytes_than_asked_for_are_not_passed_on(faulty_pool, session_of, answer):
    """A part whose header does not tell what it is, is none."""
    with pytest.raises(PoolRejected, match="cannot be understood"):
        session_of(faulty_pool(answer)).download_range(BIG, 5, 9)


def test_a_part_of_another_size_of_file_is_not_passed_on(faulty_pool, session_of, large):
    """The file has changed since its headers were read."""
    session = session_of(faulty_pool(part_of(b"56789", 5, 3000)))
    with pytest.raises(PoolUnavailable, match="changed"):
        file_parts.download_range(session, RUNS, BIG, headers_of(2000), first=5, last=9)


@pytest.mark.parametrize("read", ["download_file", "download_range"])
def test_a_download_that_breaks_off_is_told(faulty_pool, session_of, read):
    """A body that is shorter than announced is not taken for the file."""
    upstream = faulty_pool(Answer(206, b"56", {"Content-Range": "bytes 5-9/2000"}, missing_bytes=3))
    asked = (5, 9) if read == "download_range" else ()
    with pytest.raises(PoolUnavailable, match="broke off"):
        getattr(session_of(upstream), read)(BIG, *asked)
