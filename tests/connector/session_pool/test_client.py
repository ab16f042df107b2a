"""Calls of the session pool, against pools that fail in different ways."""

import json
import socket
import time
from urllib.parse import parse_qs, urlsplit

import pytest

from connector import errors
from connector.models import FilePath
from connector.session_pool.hand_over import RunLost
from connector.session_pool.sessions import SessionClient

RUN = {"status": "Succeeded", "result": {"stdout": "", "stderr": "", "executionResult": 2}}


def body(value: object) -> bytes:
    return json.dumps(value).encode()


def run(session: SessionClient):
    return session.execute_code("1+1", execution_id="e-1", timeout_seconds=1)


def test_a_run_is_sent_with_token_version_and_execution_id(faulty_pool, session_of, reply):
    """To /executions, with the execution id in the header operation-id."""
    pool = faulty_pool(reply(body=body(RUN)))
    assert run(session_of(pool)).value == 2
    ((method, path),) = pool.requests
    assert method == "POST"
    assert "/sessionPools/p/executions?" in path
    assert "api-version=2025-10-02-preview" in path
    assert "identifier=abcd" in path
    assert pool.headers[0]["Authorization"] == "Bearer given"
    assert pool.headers[0]["operation-id"] == "e-1"


@pytest.mark.parametrize(
    "returned",
    [
        {
            "properties": {
                "status": "Success",
                "stdout": "o",
                "stderr": "e",
                "result": 7,
                "executionTimeInMilliseconds": 3,
            }
        },
        {
            "status": "Succeeded",
            "result": {"stdout": "o", "stderr": "e", "executionResult": 7, "executionTimeInMilliseconds": 3},
        },
        {"$id": "1", "status": "Success", "stdout": "o", "stderr": "e", "result": 7, "executionTimeInMilliseconds": 3},
    ],
    ids=["wrapped", "flat", "legacy"],
)
def test_runs_are_read_in_every_known_form(faulty_pool, session_of, reply, returned):
    """The responses of both families mean the same run."""
    found = run(session_of(faulty_pool(reply(body=body(returned)))))
    assert (found.status, found.stdout, found.stderr, found.value, found.milliseconds) == ("Succeeded", "o", "e", 7, 3)


def test_files_are_read_in_every_known_form(faulty_pool, session_of, reply):
    """A list may be flat or wrapped, with either set of names; folders are omitted."""
    returned = {
        "value": [
            {"name": "a", "type": "file", "sizeInBytes": 1, "lastModifiedAt": "2024-11-11T09:05:02.4865293Z"},
            {"properties": {"filename": "b", "size": 2, "lastModifiedTime": "2024-11-11T09:05:02.4865293Z"}},
            {"name": "c", "type": "file", "sizeInBytes": 3, "directory": "x/y"},
            {"name": "x", "type": "directory", "sizeInBytes": 0},
        ]
    }
    files = session_of(faulty_pool(reply(body=body(returned)))).list_files("", recursive=True)
    assert [(file.name, file.directory, file.size) for file in files] == [("a", "", 1), ("b", "", 2), ("c", "x/y", 3)]
    assert files[0].modified is not None
    assert files[0].modified.isoformat() == "2024-11-11T09:05:02.486529+00:00"


def test_a_list_in_pages_is_read_to_its_end(faulty_pool, session_of, reply):
    """Only the parameters of the next page are taken from its address: the token goes to no other host."""

    def page(name: str, link: object):
        return reply(body=body({"value": [{"name": name, "type": "file", "sizeInBytes": 1}], "nextLink": link}))

    link = "https://elsewhere.example/files?api-version=1&identifier=other&path=x&skip=2&recursive=true"
    pool = faulty_pool(page("a", link), page("b", link.replace("skip=2", "skip=4")), page("c", None))
    assert [file.name for file in session_of(pool).list_files("in", recursive=True)] == ["a", "b", "c"]
    queries = [parse_qs(urlsplit(path).query) for _, path in pool.requests]
    assert [query.get("skip") for query in queries] == [None, ["2"], ["4"]]
    assert all((query["identifier"], query["path"]) == (["abcd"], ["in"]) for query in queries)
    endless = faulty_pool(page("a", link))
    assert len(session_of(endless).list_files("", recursive=True)) == len(endless.requests) == 2


def test_names_that_are_not_utf_8_are_valid_text(faulty_pool, session_of, reply):
    """Some serializers send a byte as one half of a surrogate pair."""
    listed = b'{"value": [{"name": "caf\\udce9.txt", "type": "file", "sizeInBytes": 1, "directory": "\\udcff"}]}'
    (file,) = session_of(faulty_pool(reply(body=listed))).list_files("", recursive=True)
    assert (file.name, file.directory) == ("caf\ufffd.txt", "\ufffd")


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_reads_are_retried_when_the_pool_is_unavailable(faulty_pool, session_of, reply, status):
    """After 429, 502, 503 and 504."""
    pool = faulty_pool(reply(status), reply(body=body({"value": []})))
    assert session_of(pool).list_files("", recursive=False) == []
    assert len(pool.requests) == 2


def test_an_upload_is_retried(faulty_pool, session_of, reply):
    """It replaces what the first attempt stored."""
    pool = faulty_pool(reply(503), reply(body=body({"name": "a", "sizeInBytes": 1})))
    assert session_of(pool).upload_file(FilePath("", "a"), b"x").size == 1
    assert len(pool.requests) == 2


@pytest.mark.parametrize("fault", ["unavailable", "closed"])
def test_a_retried_upload_is_complete(faulty_pool, session_of, reply, fault):
    """Its body is never copied, and yet sent with each attempt: a form with the file under its name."""
    content = bytes(range(256)) * 20_000
    stored = reply(body=body({"name": "é #%.bin", "sizeInBytes": len(content)}))
    pool = faulty_pool(reply(503) if fault == "unavailable" else reply(0), stored)
    assert session_of(pool).upload_file(FilePath("", "é #%.bin"), content).size == len(content)
    first, second = pool.bodies
    assert first == second
    head, _, rest = first.partition(b"\r\n\r\n")
    boundary = pool.headers[0]["Content-Type"].removeprefix("multipart/form-data; boundary=").encode()
    assert head.startswith(b"--" + boundary + b"\r\n")
    assert 'Content-Disposition: form-data; name="file"; filename="é #%.bin"'.encode() in head
    assert rest == content + b"\r\n--" + boundary + b"--\r\n"
    assert len(first) == int(pool.headers[0]["Content-Length"])


@pytest.mark.parametrize("method", ["delete_file", "end_session"])
def test_not_found_on_the_second_attempt_of_a_delete_is_success(faulty_pool, session_of, reply, method):
    """The first attempt has deleted it."""
    pool = faulty_pool(reply(503), reply(404))
    arguments = (FilePath("", "a"),) if method == "delete_file" else ()
    getattr(session_of(pool), method)(*arguments)
    assert len(pool.requests) == 2


def test_not_found_on_the_first_attempt_of_a_delete_is_an_error(faulty_pool, session_of, reply):
    """Deleting a file that does not exist is FileNotFound."""
    with pytest.raises(errors.FileNotFound):
        session_of(faulty_pool(reply(404))).delete_file(FilePath("", "a"))


def test_a_run_is_sent_again_after_429(faulty_pool, session_of, reply):
    """A full pool has not read the code."""
    pool = faulty_pool(reply(429, headers={"Retry-After": "0"}), reply(body=body(RUN)))
    assert run(session_of(pool)).value == 2
    assert len(pool.requests) == 2


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_run_is_never_sent_again_once_it_may_have_begun(faulty_pool, session_of, reply, status):
    """After a 5xx it is unknown whether the code ran: RunLost, and one request."""
    pool = faulty_pool(reply(status))
    with pytest.raises(RunLost):
        run(session_of(pool))
    assert len(pool.requests) == 1


def test_a_run_whose_connection_is_closed_is_lost(faulty_pool, session_of, reply):
    """Whether the code ran is unknown."""
    pool = faulty_pool(reply(0))
    with pytest.raises(RunLost):
        run(session_of(pool))
    assert len(pool.requests) == 1


@pytest.mark.parametrize("unreadable", [b"<html>", b"[]", b'{"status": "Odd"}', b""])
def test_a_run_whose_response_cannot_be_understood_is_lost(faulty_pool, session_of, reply, unreadable):
    """The code was handed over: the run's outcome is unknown, and not an error."""
    with pytest.raises(RunLost):
        run(session_of(faulty_pool(reply(body=unreadable))))


def test_a_run_that_exceeds_its_timeout_and_the_margin_is_lost(faulty_pool, session_of, reply):
    """The client waits no longer."""
    pool = faulty_pool(reply(after_seconds=2, body=body(RUN)))
    with pytest.raises(RunLost):
        run(session_of(pool, response_margin_seconds=0))


def test_a_run_with_a_tls_error_after_the_code_was_sent_is_lost(session_of, tls_pool, monkeypatch):
    """The code may have been read: one request, and RunLost."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tls_pool.certificate))
    with pytest.raises(RunLost):
        run(session_of(tls_pool))
    assert tls_pool.handed_over == [True]


def test_a_pool_whose_certificate_is_not_trusted_is_unreachable(session_of, tls_pool):
    """No code is sent."""
    with pytest.raises(errors.PoolUnreachable):
        run(session_of(tls_pool, hand_over_seconds=0.3))
    assert tls_pool.handed_over == []


@pytest.mark.parametrize("nested", [b"[" * 100_000, b'{"a":' * 100_000])
def test_a_run_whose_response_exceeds_the_recursion_limit_is_lost(faulty_pool, session_of, reply, nested):
    """The code was handed over: this is not an error."""
    with pytest.raises(RunLost):
        run(session_of(faulty_pool(reply(body=nested))))


def test_a_run_is_offered_to_a_full_pool_for_some_seconds(faulty_pool, session_of, reply):
    """Once, if Retry-After is longer; otherwise a few times."""
    started = time.monotonic()
    pool = faulty_pool(reply(429, headers={"Retry-After": "60"}))
    with pytest.raises(errors.TooManySessions):
        run(session_of(pool))
    assert len(pool.requests) == 1
    pool = faulty_pool(reply(429))
    with pytest.raises(errors.TooManySessions):
        run(session_of(pool))
    assert 2 < len(pool.requests) < 12
    assert time.monotonic() - started < 6


def test_callers_do_not_share_cookies(faulty_pool, session_of, reply):
    """A cookie of the pool's front end is not sent with the calls of others."""
    pool = faulty_pool(reply(body=body({"value": []}), headers={"Set-Cookie": "ARRAffinity=x; Path=/"}))
    client = session_of(pool)
    for _ in range(2):
        client.list_files("", recursive=False)
    assert all("Cookie" not in headers for headers in pool.headers)


@pytest.mark.parametrize("sent", ["-5", "abc", "9" * 5000])
def test_an_invalid_retry_after_is_ignored(faulty_pool, session_of, reply, sent):
    """The error is still that the pool is full."""
    pool = faulty_pool(reply(429, headers={"Retry-After": sent}))
    for call in (run, lambda session: session.pool.get_metadata()):
        with pytest.raises(errors.TooManySessions):
            call(session_of(pool, hand_over_seconds=0.1, retry_pause_seconds=0, longest_retry_pause_seconds=0))


def test_code_that_is_too_large_for_the_pool(faulty_pool, session_of, reply):
    """The message of a 413 for a run is about code, not about a file."""
    with pytest.raises(errors.RequestTooLarge, match="code"):
        run(session_of(faulty_pool(reply(413))))


def test_a_file_that_is_too_large_for_the_pool(faulty_pool, session_of, reply):
    """Only for a request that carries one: a 413 for another is not about its caller's file."""
    with pytest.raises(errors.FileTooLarge):
        session_of(faulty_pool(reply(413))).upload_file(FilePath("", "a"), b"x")


@pytest.mark.parametrize("done", [(204, b""), (200, b"{}"), (200, b"")])
def test_what_the_pool_has_deleted(faulty_pool, session_of, reply, done):
    """204, and 200 with JSON."""
    session_of(faulty_pool(reply(*done))).delete_file(FilePath("", "a"))


@pytest.mark.parametrize("returned", [(200, b"<html>"), (202, b""), (203, b"{}"), (206, b""), (207, b"{}")])
def test_another_success_is_not_a_deletion(faulty_pool, session_of, reply, returned):
    """Nor the content of a file, or a list."""
    session = session_of(faulty_pool(reply(*returned)))
    calls = [session.end_session, lambda: session.delete_file(FilePath("", "a"))]
    if returned[0] != 200:
        calls.append(lambda: session.download_file(FilePath("", "a")))
    for call in calls:
        with pytest.raises(errors.PoolRejected):
            call()


@pytest.mark.parametrize(
    ("result", "value"),
    [({"stdout": "x", "stderr": ""}, ""), ({"stdout": "", "stderr": "", "executionResult": None}, None)],
)
def test_an_omitted_value_is_not_null(faulty_pool, session_of, reply, result, value):
    """Omitted means no value; null is a value that JSON does not have."""
    returned = body({"status": "Succeeded", "result": result})
    assert run(session_of(faulty_pool(reply(body=returned)))).value == value


def test_a_pool_that_does_not_listen_is_unreachable(session_of, faulty_pool, reply):
    """For executions, too: nothing was sent."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    pool = faulty_pool(reply())
    pool.url = f"http://127.0.0.1:{port}/subscriptions/s/resourceGroups/g/sessionPools/p"
    for call in (run, lambda session: session.pool.get_metadata()):
        with pytest.raises(errors.PoolUnreachable):
            call(session_of(pool, retry_pause_seconds=0, hand_over_seconds=0.3))


def test_a_slow_read_is_a_timeout(faulty_pool, session_of, reply):
    """After one retry."""
    pool = faulty_pool(reply(after_seconds=1))
    with pytest.raises(errors.PoolTimeout):
        session_of(pool, read_seconds=0.1).pool.get_metadata()
    assert len(pool.requests) == 2


@pytest.mark.parametrize(
    "unreadable", [b"<html>", b"[]", b"null", b'{"value": 3}', b'{"value": [3]}', b'{"value": [{}]}']
)
def test_a_read_whose_response_cannot_be_understood_is_rejected(faulty_pool, session_of, reply, unreadable):
    """The error is PoolRejected."""
    with pytest.raises(errors.PoolRejected) as failure:
        session_of(faulty_pool(reply(body=unreadable))).list_files("", recursive=False)
    assert failure.value.code == "PoolRejected"


@pytest.mark.parametrize(
    ("status", "returned", "expected"),
    [
        (401, b"", errors.PoolRejected),
        (403, b"", errors.SessionExecutorRoleMissing),
        (404, b"", errors.PoolRejected),
        (400, b'{"error": {"code": "SessionRequestValidationFailed", "message": "secret"}}', errors.PoolRejected),
        (400, b'{"error": {"code": "FileNameInvalid"}}', errors.InvalidFileName),
        (400, b'{"error": {"code": "FilePathInvalid"}}', errors.InvalidFileName),
        (413, b"", errors.PoolRejected),
        (429, b"", errors.TooManySessions),
        (500, b"", errors.PoolUnavailable),
        (503, b"", errors.PoolUnavailable),
        (504, b"", errors.PoolTimeout),
        (302, b"", errors.PoolRejected),
    ],
)
def test_each_status_has_its_error(faulty_pool, session_of, reply, status, returned, expected):
    """The pool's own message is not passed on."""
    pool = faulty_pool(reply(status, returned, headers={"Retry-After": "0", "Location": "http://127.0.0.1:9/"}))
    with pytest.raises(expected) as failure:
        session_of(pool, retry_pause_seconds=0).list_files("", recursive=False)
    assert "secret" not in failure.value.message
    assert failure.value.code == expected.__name__


@pytest.mark.parametrize(("sent", "expected"), [("7", 7), ("soon", 30), (None, 30), ("999999999", 3600)])
def test_retry_after_is_passed_on(faulty_pool, session_of, reply, sent, expected):
    """With a default and a limit."""
    headers = {} if sent is None else {"Retry-After": sent}
    if sent == "soon":
        headers = {"Retry-After": "Fri, 31 Dec 1999 23:59:59 GMT"}
    with pytest.raises(errors.TooManySessions) as failure:
        session_of(
            faulty_pool(reply(429, headers=headers)), retry_pause_seconds=0, longest_retry_pause_seconds=0
        ).pool.get_metadata()
    assert failure.value.retry_after_seconds == expected


def test_names_are_encoded_in_addresses(faulty_pool, session_of, reply):
    """A name is one segment of the path, including special characters."""
    pool = faulty_pool(reply(body=body({"name": "x", "sizeInBytes": 1})))
    session_of(pool).get_file(FilePath("sub/x", "a b#%é&=;.txt"))
    (_, path) = pool.requests[0]
    assert "/files/a%20b%23%25%C3%A9%26%3D%3B.txt?" in path
    assert "path=sub%2Fx" in path
