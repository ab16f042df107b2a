"""The client of the pool's data plane, against pools that fail in every way."""

import json
import socket
import time

import pytest
import urllib3

from connector import errors
from connector.models import FilePath
from connector.session_pool.hand_over import RunLost
from connector.session_pool.sessions import SessionClient

RUN = {"status": "Succeeded", "result": {"stdout": "", "stderr": "", "executionResult": 2}}


def body(value: object) -> bytes:
    return json.dumps(value).encode()


def run(session: SessionClient):
    return session.execute_code("1+1", execution_id="e-1", timeout_seconds=1)


def test_an_execution_carries_the_token_the_version_and_the_execution_id(faulty_pool, session_of, answer):
    """A run goes to /executions with the bearer token, the api-version and its id as operation-id."""
    pool = faulty_pool(answer(body=body(RUN)))
    assert run(session_of(pool)).value == 2
    ((method, path),) = pool.requests
    assert method == "POST"
    assert "/sessionPools/p/executions?" in path
    assert "api-version=2025-10-02-preview" in path
    assert "identifier=abcd" in path
    assert pool.headers[0]["Authorization"] == "Bearer given"
    assert pool.headers[0]["operation-id"] == "e-1"


@pytest.mark.parametrize(
    "answered",
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
def test_runs_are_read_in_every_known_form(faulty_pool, session_of, answer, answered):
    """The answers of both families mean the same run."""
    found = run(session_of(faulty_pool(answer(body=body(answered)))))
    assert (found.status, found.stdout, found.stderr, found.value, found.milliseconds) == ("Succeeded", "o", "e", 7, 3)


def test_files_are_read_in_every_known_form(faulty_pool, session_of, answer):
    """A list of files may come flat or wrapped, with either set of names; folders are left out."""
    answered = {
        "value": [
            {"name": "a", "type": "file", "sizeInBytes": 1, "lastModifiedAt": "2024-11-11T09:05:02.4865293Z"},
            {"properties": {"filename": "b", "size": 2, "lastModifiedTime": "2024-11-11T09:05:02.4865293Z"}},
            {"name": "c", "type": "file", "sizeInBytes": 3, "directory": "x/y"},
            {"name": "x", "type": "directory", "sizeInBytes": 0},
        ]
    }
    files = session_of(faulty_pool(answer(body=body(answered)))).list_files("", recursive=True)
    assert [(file.name, file.directory, file.size) for file in files] == [("a", "", 1), ("b", "", 2), ("c", "x/y", 3)]
    assert files[0].modified is not None
    assert files[0].modified.isoformat() == "2024-11-11T09:05:02.486529+00:00"


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_reads_are_tried_again_when_the_pool_has_trouble(faulty_pool, session_of, answer, status):
    """A read that meets 429, 502, 503 or 504 is asked again."""
    pool = faulty_pool(answer(status), answer(body=body({"value": []})))
    assert session_of(pool).list_files("", recursive=False) == []
    assert len(pool.requests) == 2


def test_an_upload_is_tried_again(faulty_pool, session_of, answer):
    """An upload may be repeated: it replaces what the first attempt stored."""
    pool = faulty_pool(answer(503), answer(body=body({"name": "a", "sizeInBytes": 1})))
    assert session_of(pool).upload_file(FilePath("", "a"), b"x").size == 1
    assert len(pool.requests) == 2


@pytest.mark.parametrize("fault", ["trouble", "break"])
def test_an_upload_is_sent_again_whole(faulty_pool, session_of, answer, fault):
    """Its body is never copied, and yet is there for each attempt: a form with the file under its name."""
    content = bytes(range(256)) * 20_000
    stored = answer(body=body({"name": "é #%.bin", "sizeInBytes": len(content)}))
    pool = faulty_pool(answer(503) if fault == "trouble" else answer(0), stored)
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
def test_not_found_on_the_second_attempt_of_a_delete_is_success(faulty_pool, session_of, answer, method):
    """When a delete is repeated and then finds nothing, the first attempt has done it."""
    pool = faulty_pool(answer(503), answer(404))
    arguments = (FilePath("", "a"),) if method == "delete_file" else ()
    getattr(session_of(pool), method)(*arguments)
    assert len(pool.requests) == 2


def test_not_found_on_the_first_attempt_of_a_delete_is_an_error(faulty_pool, session_of, answer):
    """Deleting what is not there is FileNotFound."""
    with pytest.raises(errors.FileNotFound):
        session_of(faulty_pool(answer(404))).delete_file(FilePath("", "a"))


def test_a_run_is_sent_again_after_429(faulty_pool, session_of, answer):
    """A full pool has not looked at the code, so it is asked again."""
    pool = faulty_pool(answer(429, headers={"Retry-After": "0"}), answer(body=body(RUN)))
    assert run(session_of(pool)).value == 2
    assert len(pool.requests) == 2


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_run_is_never_sent_again_once_it_may_have_begun(faulty_pool, session_of, answer, status):
    """After a 5xx nobody knows whether the code ran: RunLost, and one request."""
    pool = faulty_pool(answer(status))
    with pytest.raises(RunLost):
        run(session_of(pool))
    assert len(pool.requests) == 1


def test_a_run_whose_connection_breaks_is_lost(faulty_pool, session_of, answer):
    """A connection that closes before the answer leaves it open whether the code ran."""
    pool = faulty_pool(answer(0))
    with pytest.raises(RunLost):
        run(session_of(pool))
    assert len(pool.requests) == 1


@pytest.mark.parametrize("nonsense", [b"<html>", b"[]", b'{"status": "Odd"}', b""])
def test_a_run_with_an_answer_that_cannot_be_understood_is_lost(faulty_pool, session_of, answer, nonsense):
    """The code was handed over, so an answer that makes no sense is no error, but an unknown end."""
    with pytest.raises(RunLost):
        run(session_of(faulty_pool(answer(body=nonsense))))


def test_a_run_that_takes_longer_than_its_time_and_the_margin_is_lost(faulty_pool, session_of, answer):
    """The client waits for the run's own time and a margin, not for ever."""
    pool = faulty_pool(answer(after_seconds=2, body=body(RUN)))
    with pytest.raises(RunLost):
        run(session_of(pool, response_margin_seconds=0))


def test_a_tls_fault_after_the_code_was_sent_is_lost_and_never_sent_again(session_of, faulty_pool, answer, tls_pool):
    """A fault in the encryption may come after the code was read: one request, and RunLost."""
    pool = faulty_pool(answer())
    pool.url, handed_over = tls_pool
    client = session_of(pool)
    client.pool._http.verify = client.pool._http.trust_env = False
    with pytest.warns(urllib3.exceptions.InsecureRequestWarning), pytest.raises(RunLost):
        run(client)
    assert handed_over == [True]


def test_a_certificate_that_is_not_trusted_is_unreachable(session_of, faulty_pool, answer, tls_pool):
    """No code is sent to whom nobody vouches for."""
    pool = faulty_pool(answer())
    pool.url, handed_over = tls_pool
    with pytest.raises(errors.PoolUnreachable):
        run(session_of(pool))
    assert handed_over == []


@pytest.mark.parametrize("nested", [b"[" * 100_000, b'{"a":' * 100_000])
def test_an_answer_that_breaks_the_reader_is_lost(faulty_pool, session_of, answer, nested):
    """Whatever comes back after the code was handed over is no error."""
    with pytest.raises(RunLost):
        run(session_of(faulty_pool(answer(body=nested))))


def test_a_run_is_offered_to_a_busy_pool_for_some_seconds_only(faulty_pool, session_of, answer):
    """With a longer Retry-After, once; else a few times."""
    started = time.monotonic()
    pool = faulty_pool(answer(429, headers={"Retry-After": "60"}))
    with pytest.raises(errors.TooManySessions):
        run(session_of(pool))
    assert len(pool.requests) == 1
    pool = faulty_pool(answer(429))
    with pytest.raises(errors.TooManySessions):
        run(session_of(pool))
    assert 2 < len(pool.requests) < 12
    assert time.monotonic() - started < 6


def test_callers_do_not_share_cookies(faulty_pool, session_of, answer):
    """What the pool's front end wants to remember of one caller is not sent with the next one's calls."""
    pool = faulty_pool(answer(body=body({"value": []}), headers={"Set-Cookie": "ARRAffinity=x; Path=/"}))
    client = session_of(pool)
    for _ in range(2):
        client.list_files("", recursive=False)
    assert all("Cookie" not in headers for headers in pool.headers)


@pytest.mark.parametrize("sent", ["-5", "abc", "9" * 5000])
def test_an_odd_retry_after_is_no_retry_after(faulty_pool, session_of, answer, sent):
    """A header that means nothing does not hide that the pool is full."""
    pool = faulty_pool(answer(429, headers={"Retry-After": sent}))
    for call in (run, lambda session: session.pool.get_metadata()):
        with pytest.raises(errors.TooManySessions):
            call(session_of(pool, hand_over_seconds=0.1, longest_retry_pause_seconds=0))


def test_code_that_the_pool_finds_too_long_is_too_large(faulty_pool, session_of, answer):
    """413 for a run speaks of the code, not of a file."""
    with pytest.raises(errors.RequestTooLarge, match="code"):
        run(session_of(faulty_pool(answer(413))))


@pytest.mark.parametrize(
    ("result", "value"),
    [({"stdout": "x", "stderr": ""}, ""), ({"stdout": "", "stderr": "", "executionResult": None}, None)],
)
def test_a_value_that_is_left_out_is_none_at_all(faulty_pool, session_of, answer, result, value):
    """Left out means no value; null is what JSON cannot say."""
    answered = body({"status": "Succeeded", "result": result})
    assert run(session_of(faulty_pool(answer(body=answered)))).value == value


def test_a_pool_that_is_not_there_is_unreachable(session_of, faulty_pool, answer):
    """No connection, no run: PoolUnreachable, for executions too."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    pool = faulty_pool(answer())
    pool.url = f"http://127.0.0.1:{port}/subscriptions/s/resourceGroups/g/sessionPools/p"
    for call in (run, lambda session: session.pool.get_metadata()):
        with pytest.raises(errors.PoolUnreachable):
            call(session_of(pool))


def test_a_slow_read_is_a_timeout(faulty_pool, session_of, answer):
    """A read that gets no answer in time is asked once more, and then PoolTimeout."""
    pool = faulty_pool(answer(after_seconds=1))
    with pytest.raises(errors.PoolTimeout):
        session_of(pool, read_seconds=0.1).pool.get_metadata()
    assert len(pool.requests) == 2


@pytest.mark.parametrize(
    "nonsense", [b"<html>", b"[]", b"null", b'{"value": 3}', b'{"value": [3]}', b'{"value": [{}]}']
)
def test_nonsense_is_rejected(faulty_pool, session_of, answer, nonsense):
    """A read whose answer cannot be understood is PoolRejected."""
    with pytest.raises(errors.PoolRejected) as failure:
        session_of(faulty_pool(answer(body=nonsense))).list_files("", recursive=False)
    assert failure.value.code == "PoolRejected"


@pytest.mark.parametrize(
    ("status", "answered", "expected"),
    [
        (401, b"", errors.PoolRejected),
        (403, b"", errors.SessionExecutorRoleMissing),
        (404, b"", errors.PoolRejected),
        (400, b'{"error": {"code": "SessionRequestValidationFailed", "message": "secret"}}', errors.PoolRejected),
        (400, b'{"error": {"code": "FileNameInvalid"}}', errors.InvalidFileName),
        (400, b'{"error": {"code": "FilePathInvalid"}}', errors.InvalidFileName),
        (413, b"", errors.FileTooLarge),
        (429, b"", errors.TooManySessions),
        (500, b"", errors.PoolUnavailable),
        (503, b"", errors.PoolUnavailable),
        (504, b"", errors.PoolTimeout),
        (302, b"", errors.PoolRejected),
    ],
)
def test_each_refusal_has_its_own_error(faulty_pool, session_of, answer, status, answered, expected):
    """The pool's status decides the error; what it answered is not passed on."""
    pool = faulty_pool(answer(status, answered, headers={"Retry-After": "0", "Location": "http://127.0.0.1:9/"}))
    with pytest.raises(expected) as failure:
        session_of(pool).list_files("", recursive=False)
    assert "secret" not in failure.value.message
    assert failure.value.code == expected.__name__


@pytest.mark.parametrize(("sent", "told"), [("7", 7), ("soon", 30), (None, 30), ("999999999", 3600)])
def test_retry_after_is_passed_on(faulty_pool, session_of, answer, sent, told):
    """TooManySessions and PoolUnavailable tell callers when to come back."""
    headers = {} if sent is None else {"Retry-After": sent}
    if sent == "soon":
        headers = {"Retry-After": "Fri, 31 Dec 1999 23:59:59 GMT"}
    with pytest.raises(errors.TooManySessions) as failure:
        session_of(faulty_pool(answer(429, headers=headers)), longest_retry_pause_seconds=0).pool.get_metadata()
    assert failure.value.retry_after_seconds == told


def test_names_are_encoded_in_addresses(faulty_pool, session_of, answer):
    """A name with odd characters is one step of the path."""
    pool = faulty_pool(answer(body=body({"name": "x", "sizeInBytes": 1})))
    session_of(pool).get_file(FilePath("sub/x", "a b#%é&=;.txt"))
    (_, path) = pool.requests[0]
    assert "/files/a%20b%23%25%C3%A9%26%3D%3B.txt?" in path
    assert "path=sub%2Fx" in path
