"""DownloadFile by ranges and by versions, with real sessions; a pool that serves ranges is a stand-in."""

import random
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from connector.errors import PoolRejected, PoolUnavailable
from connector.executions.operations import execute_python_code
from connector.files import operations as files
from connector.files import reading, tasks
from connector.models import FilePath
from connector.session_pool.facts import PoolFacts
from connector.session_pool.pools import Pools
from connector.session_pool.sessions import CallerSessions
from tests.connector.conftest import Reply
from tests.logic_apps_client import LogicApps, TransferFailed

FACTS = PoolFacts(rich_results=True)
BIG = FilePath("", "big.bin")
CONTENT = random.Random(8).randbytes(2_000_000)


@pytest.fixture
def large(monkeypatch):
    """Files are large from 1,000 bytes on, so that ranges of them are extracted."""
    monkeypatch.setattr(reading, "SMALL_BYTES", 1000)


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
    """The connector's own files in the session."""
    return api.execute("import os; [f for *_, fs in os.walk('/mnt/data/_transfers') for f in fs]", session_id)["value"]


@pytest.mark.parametrize("size", ["small", "large"])
@pytest.mark.parametrize(
    ("requested", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=0-999999", 0, 999_999),
        ("bytes=1999999-", 1_999_999, 1_999_999),
        ("bytes=500000-99999999", 500_000, 1_999_999),
        ("bytes=-7", 1_999_993, 1_999_999),
    ],
)
def test_a_range_has_the_requested_bytes(api, big, session_id, request, size, requested, first, last):
    """Of a file that is read completely, and of one whose range is extracted; no copy of it remains."""
    if size == "large":
        request.getfixturevalue("large")
    ranged = get(api, big, Range=requested)
    assert ranged.status_code == 206
    assert ranged.headers["Content-Range"] == f"bytes {first}-{last}/{len(CONTENT)}"
    assert ranged.content == CONTENT[first : last + 1]
    assert left(api, session_id) == []


def test_a_workflow_downloads_a_file_in_ranges(api, big, session_id, large):
    """All of it, also after an interruption."""
    client = LogicApps(api.url.removesuffix("/api"))
    ranges = [reply.content for reply in client.download(f"/files/big.bin/content?{big}", 700_000)]
    assert b"".join(ranges) == CONTENT
    rest = client.download(f"/files/big.bin/content?{big}", 700_000, first=len(ranges[0]))
    assert ranges[0] + b"".join(reply.content for reply in rest) == CONTENT
    assert left(api, session_id) == []


def test_a_response_has_no_more_than_a_message(api, big, large, monkeypatch):
    """A longer range gets its first bytes; the complete file is refused, with the remedy."""
    monkeypatch.setattr(files, "LARGEST_MESSAGE", 1_000_000)
    ranged = get(api, big, Range="bytes=5-")
    assert ranged.headers["Content-Range"] == f"bytes 5-1000004/{len(CONTENT)}"
    assert ranged.content == CONTENT[5:1_000_005]
    refused = get(api, big)
    assert (refused.status_code, refused.json()["error"]["code"]) == (413, "FileTooLarge")
    assert "Range: bytes=0-" in refused.json()["error"]["message"]


def test_a_version_of_a_file_has_an_etag(api, big):
    """It is the same in all responses, and differs after a change; so is the time."""
    api.call("PUT", f"/files/big.bin?{big}", data=CONTENT)
    headers = [get(api, big).headers, get(api, big, Range="bytes=0-1").headers]
    headers.append(api.call("HEAD", f"/files/big.bin/content?{big}").headers)
    (etag,) = {one["ETag"] for one in headers}
    assert etag.startswith('"') and {one["Last-Modified"][-4:] for one in headers} == {" GMT"}
    api.call("PUT", f"/files/big.bin?{big}", data=CONTENT)
    assert get(api, big).headers["ETag"] != etag


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_if_none_match_gets_a_304(api, big, method):
    """With the file's ETag, among others, or an asterisk."""
    etag = get(api, big).headers["ETag"]
    for known in (etag, f'"other", W/{etag}', "*"):
        same = api.call(method, f"/files/big.bin/content?{big}", headers={"If-None-Match": known})
        assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", etag)
    other = api.call(method, f"/files/big.bin/content?{big}", headers={"If-None-Match": '"other"'})
    assert other.status_code == 200


def test_if_range_does_not_mix_versions(api, big, large):
    """A changed file is sent completely; of the same version, the range."""
    first = get(api, big, Range="bytes=0-9")
    for known in (first.headers["ETag"], first.headers["Last-Modified"]):
        assert get(api, big, Range="bytes=10-19", If_Range=known).content == CONTENT[10:20]
    api.call("PUT", f"/files/big.bin?{big}", data=CONTENT[::-1])
    complete = get(api, big, Range="bytes=10-19", If_Range=first.headers["ETag"])
    assert (complete.status_code, complete.content) == (200, CONTENT[::-1])


def test_a_resumed_download_stops_when_the_file_has_changed(api, big, large):
    """The client does not join two versions."""
    client = LogicApps(api.url.removesuffix("/api"))
    ranges = client.download(f"/files/big.bin/content?{big}", 700_000)
    next(ranges)
    api.call("PUT", f"/files/big.bin?{big}", data=b"another")
    with pytest.raises((TransferFailed, AssertionError)):
        next(ranges)


def test_a_file_that_changes_while_it_is_read(session, large):
    """The range is refused; the complete file has its new size, and no ETag."""
    session.upload_file(BIG, CONTENT)
    _, file = files.find_headers(session, FACTS, BIG)
    session.upload_file(BIG, CONTENT + b"more")
    with pytest.raises(PoolUnavailable, match="changed while it was read"):
        reading.download_range(session, FACTS, BIG, file, first=0, last=9)
    complete = files.download_file(session, FACTS, BIG, file)
    assert (complete.size, complete.etag) == (len(CONTENT) + 4, None)


def test_no_more_is_read_than_was_announced(session, large, monkeypatch):
    """Of a file that grows while it is read, and of a range that code has replaced with a larger file."""
    session.upload_file(BIG, CONTENT)
    _, file = files.find_headers(session, FACTS, BIG)
    monkeypatch.setattr(reading, "_MOST_GROWTH_BYTES", 3)
    session.upload_file(BIG, CONTENT + b"more")
    with pytest.raises(PoolUnavailable, match="changed while it was read"):
        files.download_file(session, FACTS, BIG, file)
    session.upload_file(FilePath(reading.RANGES, reading._range_name(BIG, file, 0, 9)), bytes(1000))
    with pytest.raises(PoolUnavailable, match="changed while it was read"):
        reading.download_range(session, FACTS, BIG, file, first=0, last=9)


def test_a_busy_session_extracts_the_range_later(api, pool, big, session_id, large, keep_busy, monkeypatch):
    """429 with Retry-After; the next attempt fetches the range without a turn of the session."""
    monkeypatch.setattr(tasks, "WAIT_SECONDS", 0.3)
    release = keep_busy()
    busy = get(api, big, Range="bytes=5-9")
    assert (busy.status_code, busy.json()["error"]["code"]) == (429, "SessionBusy")
    assert int(busy.headers["Retry-After"]) > 0
    release()
    execute_python_code(pool, FACTS, session_id=session_id, python_code="1")  # after the task
    monkeypatch.setattr(reading, "run_task", None)
    assert get(api, big, Range="bytes=5-9").content == CONTENT[5:10]
    assert left(api, session_id) == []


def test_a_range_may_be_requested_several_times_at_once(api, big, session_id, large):
    """Each caller gets it, and no copy of it remains."""
    with ThreadPoolExecutor(6) as threads:
        sent = [threads.submit(get, api, big, Range="bytes=5-999999") for _ in range(6)]
    assert [(reply.result().status_code, reply.result().content) for reply in sent] == [(206, CONTENT[5 : 10**6])] * 6
    assert left(api, session_id) == []


def test_a_range_that_another_caller_has_taken_is_extracted_again(api, session, big, session_id, large, monkeypatch):
    """For this caller alone."""
    run_task = reading.run_task
    taken: list[str] = []

    def and_taken_by_another(*given, **named):
        result = run_task(*given, **named)
        for file in [] if taken else session.list_files("_transfers/ranges", recursive=False):
            session.delete_file(FilePath("_transfers/ranges", file.name))
            taken.append(file.name)
        return result

    monkeypatch.setattr(reading, "run_task", and_taken_by_another)
    ranged = get(api, big, Range="bytes=5-9")
    assert (ranged.status_code, ranged.content) == (206, CONTENT[5:10])
    assert len(taken) == 1 and left(api, session_id) == []


def test_ranges_that_were_not_fetched_are_removed(api, big, session_id, large):
    """Some minutes later, when the next one is extracted."""
    code = (
        "import os, time\nos.makedirs('/mnt/data/_transfers/ranges')\n"
        "for name, age in (('old', 700), ('new', 5)):\n    path = '/mnt/data/_transfers/ranges/' + name\n"
        "    open(path, 'w').close()\n    os.utime(path, (time.time() - age,) * 2)"
    )
    assert api.execute(code, session_id)["status"] == "Succeeded"
    assert get(api, big, Range="bytes=5-9").status_code == 206
    assert left(api, session_id) == ["new"]


# ---- a pool that serves ranges


def range_of(content: bytes, first: int, size: int, **headers: str) -> Reply:
    range_headers = {"Content-Range": f"bytes {first}-{first + len(content) - 1}/{size}", **headers}
    return Reply(206, content, range_headers)


def headers_of(size: int) -> files.FileBytes:
    return files.FileBytes("big.bin", "application/octet-stream", size, None)


def test_a_range_that_the_pool_serves_needs_no_task(faulty_pool, session_of, large):
    """One request with a Range header."""
    upstream = faulty_pool(range_of(b"56789", 5, 2000))
    ranged = reading.download_range(session_of(upstream), FACTS, BIG, headers_of(2000), first=5, last=9)
    assert ranged == b"56789"
    assert [method for method, _ in upstream.requests] == ["GET"]
    assert upstream.headers[0]["Range"] == "bytes=5-9"


def test_a_pool_that_serves_no_ranges_is_asked_once(faulty_pool, session_of):
    """The complete file is not read; other callers' sessions of the process know it too."""
    upstream = faulty_pool(Reply(200, b"0" * 50_000_000))
    session = session_of(upstream)
    started = time.monotonic()
    assert session.download_range(BIG, 5, 9) is None
    assert CallerSessions(Pools(session.pool), "someone").session("abcd").download_range(BIG, 5, 9) is None
    assert len(upstream.requests) == 1
    assert time.monotonic() - started < 1


@pytest.mark.parametrize(
    "reply",
    [
        Reply(206, b"56789"),
        Reply(206, b"56789", {"Content-Range": "bytes 4-8/2000"}),
        Reply(206, b"56789", {"Content-Range": "bytes 5-10/2000"}),
        Reply(206, b"56789", {"Content-Range": "bytes 5-9/*"}),
    ],
)
def test_other_bytes_than_the_requested_are_refused(faulty_pool, session_of, reply):
    """The header and the body must agree."""
    with pytest.raises(PoolRejected, match="cannot be understood"):
        session_of(faulty_pool(reply)).download_range(BIG, 5, 9)


def test_a_range_of_a_file_with_another_size_is_refused(faulty_pool, session_of, large):
    """The file has changed since its headers were read."""
    session = session_of(faulty_pool(range_of(b"56789", 5, 3000)))
    with pytest.raises(PoolUnavailable, match="changed"):
        reading.download_range(session, FACTS, BIG, headers_of(2000), first=5, last=9)


@pytest.mark.parametrize(("read", "requested", "status"), [("download_file", (), 200), ("download_range", (5, 9), 206)])
def test_an_incomplete_download_is_an_error(faulty_pool, session_of, read, requested, status):
    """A body that is shorter than its Content-Length is not returned as the file."""
    upstream = faulty_pool(Reply(status, b"56", {"Content-Range": "bytes 5-9/2000"}, missing_bytes=3))
    with pytest.raises(PoolUnavailable, match="was lost"):
        getattr(session_of(upstream), read)(BIG, *requested)
