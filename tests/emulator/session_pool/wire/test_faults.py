"""Faults on demand: each affects the requests that it matches, once, and no others."""

import gc
import http.client
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from starlette.applications import Starlette
from starlette.routing import Route

from emulator.session_pool.engines.linux.engine import Engine
from emulator.session_pool.sessions.pool import Pool
from emulator.session_pool.wire.faults import Fault, Faults, InvalidFault
from emulator.session_pool.wire.loopback import LoopbackServer
from emulator.session_pool.wire.server import SessionPoolServer
from emulator.session_pool.wire.tokens import TokenAuthority

ROOT = Path(__file__).resolve().parents[4]


@dataclass(frozen=True)
class FaultyPool:
    pool: SessionPoolServer
    authority: TokenAuthority

    @property
    def faults(self) -> str:
        return f"{self.pool.url}/faults"

    def waiting(self) -> list[dict[str, object]]:
        waiting: list[dict[str, object]] = requests.get(self.faults, timeout=10).json()["waiting"]
        return waiting


@pytest.fixture(scope="module")
def own_pool() -> Iterator[FaultyPool]:
    """A pool for this module, so that its faults do not affect other tests."""
    authority = TokenAuthority()
    server = SessionPoolServer(Pool(Engine()), authority)
    server.start()
    yield FaultyPool(server, authority)
    server.stop()


@pytest.fixture
def faulty(own_pool) -> Iterator[FaultyPool]:
    """The pool; its faults are removed after the test."""
    yield own_pool
    requests.delete(own_pool.faults, timeout=10)


@pytest.fixture
def wire(wire_to, session_id, faulty):
    return wire_to(session_id, faulty)


@pytest.fixture
def other(wire_to, session_id, faulty):
    """Another session of the same pool."""
    return wire_to(f"{session_id}-other", faulty)


@pytest.fixture
def ask(faulty) -> Callable[..., None]:
    """Adds a fault through the route."""

    def post(do: str, **members: object) -> None:
        answer = requests.post(faulty.faults, json={"do": do, **members}, timeout=10)
        assert answer.status_code == 200, answer.text

    return post


def status_of(wire, method: str, path: str, **params: str) -> int:
    return wire.call(method, path, params=params or None).status_code


def broken_off(wire, path: str, **headers: str) -> tuple[int, bytes]:
    """The Content-Length and the received bytes of a GET whose response must be aborted in its body."""
    address = urlsplit(wire.endpoint)
    connection = http.client.HTTPConnection(address.netloc, timeout=20)
    try:
        query = f"identifier={wire.identifier}&api-version=2025-10-02-preview"
        headers = {"Authorization": f"Bearer {wire.token}", **headers}
        connection.request("GET", f"{address.path}/{path}?{query}", headers=headers)
        answer = connection.getresponse()
        assert answer.status == 200
        with pytest.raises(http.client.IncompleteRead) as broken:
            answer.read()
        return int(answer.headers["content-length"]), broken.value.partial
    finally:
        connection.close()


def test_a_delay_comes_before_the_usual_answer(wire, ask):
    """Its request waits and is then carried out, and the next one is fast again."""
    wire.value("1")
    ask("delay", seconds=1.5)
    started = time.monotonic()
    assert wire.value("6 * 7") == 42
    delayed = time.monotonic()
    assert wire.value("6 * 8") == 48
    assert delayed - started >= 1.5
    assert time.monotonic() - delayed < 1.5


def test_a_delay_does_not_delay_other_requests(wire, other, ask):
    """Others are answered while one waits."""
    other.value("1")
    ask("delay", seconds=1.5, identifier=wire.identifier)
    slow = threading.Thread(target=status_of, args=(wire, "GET", "session"))
    started = time.monotonic()
    slow.start()
    time.sleep(0.1)
    assert other.value("2") == 2
    assert slow.is_alive()
    slow.join()
    assert time.monotonic() - started >= 1.5


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_an_answer_replaces_the_response(wire, ask, status):
    """That status, without Retry-After; nothing is executed."""
    wire.run("runs = 0")
    ask("answer", status=status)
    answer = wire.call("POST", "executions", json={"code": "runs += 1"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, "FaultOnDemand")
    assert "Retry-After" not in answer.headers
    assert wire.value("runs") == 0


@pytest.mark.parametrize("seconds", [0, 2])
def test_an_answer_may_have_retry_after(wire, ask, seconds):
    """`retryAfter` is the header Retry-After, in seconds; also when it is 0."""
    ask("answer", status=429, retryAfter=seconds)
    answer = wire.call("GET", "files")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, str(seconds))


def test_an_answer_is_a_503_by_default(wire, ask):
    """As from a service that is unavailable."""
    ask("answer")
    assert status_of(wire, "GET", "files") == 503


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_without_a_body_keeps_the_connection(wire, ask, status):
    """Responses with these two have no body; the next request on the connection is answered as usual."""
    ask("answer", status=status)
    address = urlsplit(wire.endpoint)
    connection = http.client.HTTPConnection(address.netloc, timeout=20)
    try:
        for expected in (status, 401):
            connection.request("GET", f"{address.path}/session")
            answer = connection.getresponse()
            assert (answer.status, answer.read()) == (expected, b"")
    finally:
        connection.close()


def test_drop_before(wire, ask):
    """The connection closes without a response, and the code has not run."""
    wire.run("runs = 0")
    ask("dropBefore")
    with pytest.raises(requests.ConnectionError):
        wire.run("runs += 1")
    assert wire.value("runs") == 0


def test_drop_after(wire, ask):
    """The connection closes without a response, but the code has run, or the file was stored."""
    wire.run("runs = 0")
    ask("dropAfter", times=2)
    with pytest.raises(requests.ConnectionError):
        wire.run("runs += 1")
    with pytest.raises(requests.ConnectionError):
        wire.call("POST", "files", files={"file": ("a.txt", b"abc")})
    assert wire.value("runs") == 1
    assert wire.call("GET", "files/a.txt/content").content == b"abc"


def test_a_dropped_download_leaves_no_file_open(wire, ask):
    """The file of the dropped response is closed, so that Python does not warn."""
    wire.call("POST", "files", files={"file": ("a.txt", b"abc")})
    ask("dropAfter", path="files/.*")
    with pytest.raises(requests.ConnectionError):
        wire.call("GET", "files/a.txt/content")
    gc.collect()


@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_truncated_json(wire, ask, coding):
    """Content-Length has its full length, and half of it arrives, compressed or not."""
    wire.value("1")
    ask("truncate", path="session")
    length, came = broken_off(wire, "session", **{"Accept-Encoding": coding})
    assert 0 < len(came) == length // 2
    with pytest.raises(ValueError, match=r"."):
        json.loads(came)


def test_aborted_content(wire, ask):
    """Content-Length has the file's size, and its first half arrives."""
    content = bytes(range(256)) * 5000
    wire.call("POST", "files", files={"file": ("a.bin", content)})
    ask("truncate", path="files/a.bin/content")
    assert broken_off(wire, "files/a.bin/content") == (len(content), content[: len(content) // 2])
    assert wire.call("GET", "files/a.bin/content").content == content


def test_a_truncated_response_was_carried_out(wire, ask):
    """The requests library raises an error for the body; the code has run."""
    ask("truncate")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        wire.run("mark = 'here'")
    assert wire.value("mark") == "here"


def test_a_truncated_response_without_a_body_is_dropped(wire, ask):
    """A deletion's 204 does not arrive; the file is deleted."""
    wire.call("POST", "files", files={"file": ("a.txt", b"abc")})
    ask("truncate", method="DELETE")
    with pytest.raises(requests.ConnectionError):
        wire.call("DELETE", "files/a.txt")
    assert status_of(wire, "GET", "files/a.txt") == 404


def test_an_expired_session_has_lost_everything(wire, ask):
    """Variables and files no longer exist when the request is answered, in a new session of that name."""
    wire.run("mark = 'here'")
    wire.call("POST", "files", files={"file": ("a.txt", b"abc")})
    ask("expireSession", path="executions")
    assert wire.value("'mark' in globals()") is False
    assert wire.call("GET", "files").json()["value"] == []


def test_an_expired_session_is_not_found(wire, ask):
    """A route that does not create sessions responds with 404."""
    wire.value("1")
    ask("expireSession", identifier=wire.identifier, path="session")
    assert status_of(wire, "GET", "session") == 404


def test_only_the_requests_own_session_expires(wire, other, ask):
    """The state of another session is kept."""
    other.run("mark = 'here'")
    wire.value("1")
    ask("expireSession")
    assert wire.value("2") == 2
    assert other.value("mark") == "here"


def test_a_fault_is_used_up(wire, faulty, ask):
    """It affects as many requests as `times`, by default one; the list shows how many are left."""
    ask("answer", times=2)
    left = []
    for expected in (503, 503, 404):
        left.append([fault["times"] for fault in faulty.waiting()])
        assert status_of(wire, "GET", "session") == expected
    assert left == [[2], [1], []]


@pytest.mark.parametrize(
    ("members", "affected", "unaffected"),
    [
        ({"method": "DELETE"}, ("DELETE", "session"), ("GET", "session")),
        ({"method": "delete"}, ("DELETE", "session"), ("GET", "session")),
        ({"path": "files"}, ("GET", "files"), ("GET", "files/x")),
        ({"path": "files/.*"}, ("GET", "files/x/content"), ("GET", "files")),
        ({"path": "(executions|session)"}, ("GET", "session"), ("GET", "session/x")),
        ({"path": "files/a b"}, ("GET", "files/a%20b"), ("GET", "files/a%2520b")),
        ({"method": "GET", "path": "files"}, ("GET", "files"), ("POST", "files")),
        ({"method": "DELETE", "path": "session"}, ("DELETE", "session"), ("DELETE", "files/x")),
    ],
)
def test_a_fault_waits_for_its_method_and_path(wire, faulty, ask, members, affected, unaffected):
    """It does not affect any others; the complete path must match, decoded."""
    ask("answer", status=502, **members)
    for _ in range(2):
        assert status_of(wire, *unaffected) != 502
    assert [fault["times"] for fault in faulty.waiting()] == [1]
    assert status_of(wire, *affected) == 502
    assert status_of(wire, *affected) != 502


@pytest.mark.parametrize("name", ["identifier", "Identifier"])
def test_a_fault_waits_for_its_session(wire, other, ask, name):
    """By its identifier in the query, whose name is matched without case."""
    ask("answer", status=502, identifier=wire.identifier)
    assert status_of(other, "GET", "session") == 404
    assert requests.get(wire.endpoint, timeout=10).status_code == 401
    query = {name: wire.identifier, "api-version": "2025-10-02-preview"}
    headers = {"Authorization": f"Bearer {wire.token}"}
    assert [
        requests.get(f"{wire.endpoint}/session", params=query, headers=headers, timeout=10).status_code
        for _ in range(2)
    ] == [502, 404]


def test_a_request_uses_only_the_first_matching_fault(wire, ask):
    """The oldest that matches is used; the others wait for the next request."""
    ask("answer", status=500, method="DELETE")
    ask("answer", status=502)
    ask("answer", status=503)
    assert [status_of(wire, "GET", "session") for _ in range(3)] == [502, 503, 404]
    assert status_of(wire, "DELETE", "session") == 500


def test_waiting_faults_can_be_listed_and_removed(wire, faulty, ask):
    """GET lists all members of each, in order; DELETE removes all, and requests are answered as usual."""
    ask("answer", status=429, retryAfter=2, path="files", times=5)
    ask("delay", seconds=1.5, method="POST", identifier="abcd")
    absent = {"times": 1, "method": "", "path": "", "identifier": "", "seconds": 0, "status": 503, "retryAfter": None}
    assert faulty.waiting() == [
        {**absent, "do": "answer", "status": 429, "retryAfter": 2, "path": "files", "times": 5},
        {**absent, "do": "delay", "seconds": 1.5, "method": "POST", "identifier": "abcd"},
    ]
    assert requests.delete(faulty.faults, timeout=10).json() == {"waiting": []}
    assert status_of(wire, "GET", "files") == 200


def test_the_route_for_faults_is_not_affected(faulty, ask):
    """Otherwise faults could not be removed."""
    ask("answer", times=100)
    assert requests.get(faulty.faults, timeout=10).status_code == 200
    assert requests.delete(faulty.faults, timeout=10).status_code == 200


def test_the_last_line_of_output_is_lost(wire, ask):
    """The code has run, and only the next execution is affected."""
    ask("loseLastLine", path="executions")
    body = wire.run("open('/mnt/data/f', 'w').close()\nprint('first')\nprint('last')\n5")
    assert (body["status"], body["result"]["stdout"], body["result"]["executionResult"]) == ("Succeeded", "first\n", 5)
    assert wire.has_file("f")
    assert wire.run("print('last')")["result"]["stdout"] == "last\n"


def test_streams_are_cut_without_a_sign(wire, ask):
    """At 4,096 bytes, although more was requested; the status is as without the fault."""
    ask("cutStreams", times=2)
    for _ in range(2):
        body = wire.run("print('x' * 5000)", outputStreamsMaxLength=9000)
        assert (body["status"], body["result"]["stdout"]) == ("Succeeded", "x" * 4096)
    assert len(wire.run("print('x' * 5000)", outputStreamsMaxLength=9000)["result"]["stdout"]) == 5001


def test_code_is_not_refused_as_a_command(wire, ask):
    """The fault for commands has no effect on code."""
    ask("refuseCommand")
    assert wire.value("6 * 7") == 42


ALL = (
    "delay, answer, dropBefore, dropAfter, truncate, expireSession, restartQueued, loseLastLine, cutStreams, "
    "refuseCommand"
)
BAD = [
    ({}, f"'do' must be one of {ALL}"),
    ({"do": "explode"}, f"'do' must be one of {ALL}"),
    ({"do": ["delay"]}, f"'do' must be one of {ALL}"),
    ({"do": "delay", "second": 3}, "a fault has no member 'second'; it has do, identifier, method, path, "),
    ({"do": "delay", "seconds": -1}, "'seconds' must be a number from 0 to 3600"),
    ({"do": "delay", "seconds": 3601}, "'seconds' must be a number from 0 to 3600"),
    ({"do": "delay", "seconds": "3"}, "'seconds' must be a number from 0 to 3600"),
    ({"do": "delay", "seconds": True}, "'seconds' must be a number from 0 to 3600"),
    ({"do": "delay", "seconds": float("nan")}, "'seconds' must be a number from 0 to 3600"),
    ({"do": "answer", "status": 100}, "'status' must be a whole number from 200 to 599"),
    ({"do": "answer", "status": 600}, "'status' must be a whole number from 200 to 599"),
    ({"do": "answer", "status": 429.5}, "'status' must be a whole number from 200 to 599"),
    ({"do": "answer", "retryAfter": -1}, "'retryAfter' must be a whole number from 0 to 86400"),
    ({"do": "answer", "times": 0}, "'times' must be a whole number from 1 to 1000000"),
    ({"do": "answer", "times": True}, "'times' must be a whole number from 1 to 1000000"),
    ({"do": "answer", "method": 1}, "'method' must be a string"),
    ({"do": "answer", "path": None}, "'path' must be a string"),
    ({"do": "answer", "path": "files/("}, "'path' is not a regular expression: missing )"),
    ({"do": "answer", "path": "a{99999999999999999999}"}, "'path' is not a regular expression: "),
    ([], "a fault is a JSON object"),
    ("delay", "a fault is a JSON object"),
]


@pytest.mark.parametrize(("body", "why"), BAD)
def test_an_invalid_fault_is_refused(faulty, body, why):
    """400, with the reason; no fault is added."""
    refused = requests.post(
        faulty.faults, data=json.dumps(body), headers={"Content-Type": "application/json"}, timeout=10
    )
    assert refused.status_code == 400
    assert refused.json()["error"]["code"] == "InvalidFault"
    assert refused.json()["error"]["message"].startswith(why)
    assert faulty.waiting() == []


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 50_000, b"1" * 5000])
def test_a_body_that_is_not_json(faulty, body):
    """400, also for JSON that Python's parser cannot handle."""
    refused = requests.post(faulty.faults, data=body, headers={"Content-Type": "application/json"}, timeout=10)
    assert (refused.status_code, refused.json()["error"]["message"]) == (400, "The body is not JSON.")


def test_a_body_that_is_too_long(faulty):
    """400, and it is not stored."""
    refused = requests.post(faulty.faults, json={"do": "answer", "path": "x" * (64 << 10)}, timeout=10)
    assert (refused.status_code, refused.json()["error"]["message"]) == (400, "the body is too long.")
    assert faulty.waiting() == []


def test_the_number_of_faults_is_limited():
    """At most a thousand are stored; DELETE makes room."""
    faults = Faults(*(Fault("answer") for _ in range(999)))
    server = LoopbackServer(Starlette(routes=[Route("/faults", faults.answer, methods=["POST", "DELETE"])]))
    server.start()
    try:
        answers = [requests.post(f"{server.url}/faults", json={"do": "delay"}, timeout=10) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 400]
        assert answers[1].json()["error"]["message"] == "1000 faults wait already; DELETE removes them."
        requests.delete(f"{server.url}/faults", timeout=10)
        assert requests.post(f"{server.url}/faults", json={"do": "delay"}, timeout=10).status_code == 200
    finally:
        server.stop()


@pytest.mark.parametrize("sent", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_body_of_another_type_is_refused(faulty, sent):
    """415: pages of other sites may send these types without a CORS preflight."""
    refused = requests.post(faulty.faults, data=b'{"do": "answer"}', headers={"Content-Type": sent}, timeout=10)
    assert (refused.status_code, refused.json()["error"]["message"]) == (415, "Send a fault as application/json.")
    assert faulty.waiting() == []


def test_the_type_may_have_a_charset_and_any_case(faulty):
    """As clients write it."""
    headers = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert requests.post(faulty.faults, data=b'{"do": "answer"}', headers=headers, timeout=10).status_code == 200


@pytest.mark.parametrize("foreign", [{"Origin": "https://evil.example"}, {"Host": "evil.example"}])
@pytest.mark.parametrize("method", ["POST", "GET", "DELETE"])
def test_pages_of_other_sites_cannot_request_faults(faulty, ask, method, foreign):
    """403, and the stored faults are unchanged."""
    ask("delay")
    refused = requests.request(method, faulty.faults, json={"do": "answer"}, headers=foreign, timeout=10)
    assert refused.status_code == 403
    assert [fault["do"] for fault in faulty.waiting()] == ["delay"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("do=dropBefore", Fault("dropBefore")),
        ("do=dropAfter,times=3,method=POST", Fault("dropAfter", times=3, method="POST")),
        ("do=truncate,path=files/.*", Fault("truncate", path="files/.*")),
        ("do=expireSession,identifier=1234", Fault("expireSession", identifier="1234")),
        ("do=delay,seconds=0.5", Fault("delay", seconds=0.5)),
        ("do=answer,status=429,retryAfter=2", Fault("answer", status=429, retryAfter=2)),
        ("identifier=a=b,do=answer", Fault("answer", identifier="a=b")),
    ],
)
def test_a_fault_on_the_command_line(text, fault):
    """The members of the route's body, as name=value."""
    assert Fault.parse(text) == fault


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "'' is not name=value"),
        ("dropBefore", "'dropBefore' is not name=value"),
        ("times=2", f"'do' must be one of {ALL}"),
        ("do=answer,status=", "'status' must be a number"),
        ("do=answer,status=busy", "'status' must be a number"),
        ("do=answer,status=999", "'status' must be a whole number from 200 to 599"),
        ("do=delay,seconds=true", "'seconds' must be a number from 0 to 3600"),
        ("do=delay,wait=3", "a fault has no member 'wait'"),
        ("do=delay,path=(", "'path' is not a regular expression"),
        ("do=delay,path=a{99999999999999999999}", "'path' is not a regular expression"),
    ],
)
def test_an_invalid_fault_on_the_command_line(text, why):
    """The same reasons as at the route."""
    with pytest.raises(InvalidFault) as refused:
        Fault.parse(text)
    assert str(refused.value).startswith(why)


def test_the_program_starts_with_faults(start_program):
    """Each --fault waits from the start, in the order of the command line."""
    pool = start_program(
        *("--fault", "do=answer,status=429,retryAfter=1,path=files"),
        *("--fault", "do=dropAfter,path=executions"),
        *("--fault", "do=delay,seconds=0.5,path=session"),
    )
    wire = pool.wire("abcd")
    with pytest.raises(requests.ConnectionError):
        wire.run("mark = 'here'")
    assert wire.value("mark") == "here"
    refused = wire.call("GET", "files")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
    assert status_of(wire, "GET", "files") == 200
    started = time.monotonic()
    assert status_of(wire, "GET", "session") == 200
    assert time.monotonic() - started >= 0.5


def test_the_program_does_not_start_with_an_invalid_fault():
    """A usage error with the reason, before anything is served."""
    command = [sys.executable, "-m", "emulator.session_pool", "--port", "0", "--fault", "do=answer,status=999"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "argument --fault: 'status' must be a whole number from 200 to 599" in ended.stderr
