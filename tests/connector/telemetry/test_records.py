"""The records of requests, of calls of the pool, and of events."""

import json
import logging
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connector.telemetry import events
from connector.telemetry.activity import session_hash
from connector.telemetry.pool_calls import route
from tests.conftest import Api, Emulator

TRACE = "0af7651916cd43dd8448eb211c80319c"
PROJECT = Path(__file__).resolve().parents[3] / "pyproject.toml"
Records = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def records(caplog: pytest.LogCaptureFixture) -> Records:
    """The records of a kind, with their level, in order; other requests of the test are not among them."""
    caplog.set_level(logging.INFO)

    def of(kind: str, **members: str) -> list[dict[str, Any]]:
        found = []
        for logged in caplog.records:
            if logged.name == "connector.telemetry" and (record := json.loads(logged.getMessage()))["record"] == kind:
                assert record.items() <= vars(logged).items(), "each field is an attribute"
                if members.items() <= record.items():
                    found.append({**record, "level": logged.levelname})
        return found

    return of


@pytest.fixture
def api_of(start_connector: Callable[..., Api], emulator: Emulator, reply: Any, faulty_pool: Any) -> Any:
    """A connector whose pool gives these replies, and the pool."""

    def start(*replies: Any) -> tuple[Api, Any]:
        pool = faulty_pool(*replies)
        return start_connector(**{**emulator.environment, "POOL_MANAGEMENT_ENDPOINT": pool.url}), pool

    return start


def test_a_request_and_its_calls_have_the_same_ids(api: Api, session_id: str, records: Records) -> None:
    """Those of the response, the caller and the trace; the session is a hash."""
    headers = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01", "x-ms-client-request-id": "mine-1"}
    body = {"pythonCode": "6*7", "sessionId": session_id}
    response = api.call("POST", "/executions", json=body, headers=headers)
    assert response.headers["x-ms-client-request-id"] == "mine-1"
    (request,) = records("request", requestId=response.headers["x-ms-request-id"])
    calls = records("poolCall", requestId=response.headers["x-ms-request-id"])
    assert request["level"] == "INFO" and request["poolCalls"] == len(calls) > 0
    assert (request["status"], request["executionStatus"]) == (200, "Succeeded")
    assert (request["clientRequestId"], request["operation"]) == ("mine-1", "ExecutePythonCode")
    assert request["bytesIn"] == len(response.request.body or b"") and request["bytesOut"] == len(response.content)
    assert 0 < request["poolMs"] <= request["durationMs"]
    assert request["attempts"] == sum(call["attempts"] for call in calls)
    for record in (request, *calls):
        assert (record["traceId"], record["session"]) == (TRACE, session_hash(session_id))
    assert calls[-1]["route"] == "executions" and calls[-1]["bytesOut"] > 1000 and calls[-1]["bytesIn"] > 0


def test_the_pool_gets_trace_and_id(api_of: Any, reply: Any) -> None:
    """The caller's; otherwise those of the record. Each attempt is a span of its own."""
    api, pool = api_of(reply(503), reply(body=b'{"value": []}'))
    headers = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01", "x-ms-client-request-id": "mine-2"}
    assert api.call("GET", "/files?sessionId=abcd", headers=headers).status_code == 200
    spans = [re.fullmatch(f"00-{TRACE}-([0-9a-f]{{16}})-01", sent["traceparent"]) for sent in pool.headers[:2]]
    assert all(spans) and len({span and span[1] for span in spans}) == 2
    assert [sent["x-ms-client-request-id"] for sent in pool.headers[:2]] == ["mine-2"] * 2
    response = api.call("GET", "/files?sessionId=abcd")
    assert pool.headers[-1]["x-ms-client-request-id"] == response.headers["x-ms-request-id"]
    assert "x-ms-client-request-id" not in response.headers


def test_attempts_and_throttles_are_counted(api_of: Any, reply: Any, records: Records) -> None:
    """In the records of the call and of the request."""
    api, _ = api_of(reply(429), reply(429), reply(body=b'{"value": []}'))
    request_id = api.call("GET", "/files?sessionId=abcd").headers["x-ms-request-id"]
    (call,), (request,) = records("poolCall", requestId=request_id), records("request", requestId=request_id)
    for record in (call, request):
        assert (record["attempts"], record["throttles"], record["status"], record["level"]) == (3, 2, 200, "INFO")
    assert (call["pool"][:2], call["method"], call["route"]) == ("p-", "GET", "files")


@pytest.mark.parametrize(
    ("status", "code", "level"),
    [
        (404, "FileNotFound", "INFO"),
        (429, "TooManySessions", "INFO"),
        (403, "SessionExecutorRoleMissing", "WARNING"),
        (500, "PoolUnavailable", "WARNING"),
    ],
)
def test_what_the_caller_causes_is_no_warning(
    api_of: Any, reply: Any, records: Records, status: int, code: str, level: str
) -> None:
    """Only what an operator can do something about; then the cause is logged."""
    api, _ = api_of(reply(status, headers={"Retry-After": "9"}))
    response = api.call("GET", "/files/a.txt?sessionId=abcd")
    request_id = response.headers["x-ms-request-id"]
    (request,), calls = records("request", requestId=request_id), records("poolCall", requestId=request_id)
    assert (request["code"], request["level"]) == (code, level)
    assert (calls[-1]["code"], calls[-1]["level"]) == (code, "INFO")
    assert ("cause" in request) == ("cause" in calls[-1]) == (level == "WARNING") and "stack" not in request
    if level == "WARNING":
        assert request["cause"].endswith(f"UnsuccessfulResponse {status}")


@pytest.mark.parametrize(("code", "logged"), [("SessionLimit", True), ("9e0db76905c9deca72f94ab14ac56e7a", False)])
def test_the_pools_error_code_is_in_the_cause(
    api_of: Any, reply: Any, records: Records, code: str, logged: bool
) -> None:
    """But not an ID that a pool returns instead of one."""
    api, _ = api_of(reply(500, body=json.dumps({"error": {"code": code, "message": "m"}}).encode()))
    assert api.call("GET", "/files/a.txt?sessionId=9e0db76905c9deca72f94ab14ac56e7a").status_code == 503
    (request,) = records("request", code="PoolUnavailable")
    assert (code in request["cause"]) == logged


def test_a_pool_that_cannot_be_reached_has_its_cause(
    start_connector: Callable[..., Api], emulator: Emulator, records: Records
) -> None:
    """Without the addresses in the messages of exceptions."""
    endpoint = "http://127.0.0.1:9/subscriptions/s/resourceGroups/g/sessionPools/gone"
    api = start_connector(**{**emulator.environment, "POOL_MANAGEMENT_ENDPOINT": endpoint})
    assert api.call("GET", "/files?sessionId=abcd").status_code == 502
    (call,) = records("poolCall", code="PoolUnreachable")
    assert call["pool"].startswith("gone-")
    assert call["code"] == "PoolUnreachable" and call["attempts"] > 1 and "status" not in call
    assert "NewConnectionError" in call["cause"] and "ECONNREFUSED" in call["cause"]


def test_a_minted_session_is_marked(api: Api, records: Records) -> None:
    """And has its hash, too."""
    response = api.call("POST", "/files", json={"files": [{"fileName": "a", "fileContent": ""}]})
    session = session_hash(response.json()["sessionId"])
    (request,) = records("request", session=session)
    assert request["sessionMinted"] is True and "caller" not in request


def test_the_start_is_an_event(start_connector: Callable[..., Api], emulator: Emulator, records: Records) -> None:
    """With versions and pools, or as an error if the settings are wrong. The first token is one, too."""
    api = start_connector(**emulator.environment)
    (started,) = records("event", event="started")
    assert (started["pools"][:6], started["version"]) == (
        "local-",
        tomllib.loads(PROJECT.read_text())["project"]["version"],
    )
    assert api.call("GET", "/files?sessionId=abcd").ok
    assert records("event", event="tokenRenewed")[0]["durationMs"] >= 0
    start_connector()
    (refused,) = records("event", event="settingsRefused")
    assert refused["level"] == "ERROR" and "POOL_MANAGEMENT_ENDPOINT" in refused["problem"]


def test_circuits_are_events(records: Records) -> None:
    """With the pool, and the cause."""
    events.circuit_opened("p", TimeoutError("where"))
    events.circuit_closed("p")
    opened, closed = records("event")
    assert (opened["event"], opened["pool"], opened["cause"], opened["level"]) == (
        "circuitOpened", "p", "TimeoutError", "WARNING",
    )  # fmt: skip
    assert (closed["event"], closed["level"]) == ("circuitClosed", "INFO")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("files/secret.txt/content", "files/{}/content"),
        ("files/content/secret.txt", "files/content/{}"),
        ("files/a%20b", "files/{}"),
        ("executions/0f", "executions/{}"),
        ("session", "session"),
    ],
)
def test_routes_have_no_names(path: str, expected: str) -> None:
    """Names and ids are braces."""
    assert route(path) == expected


def test_a_line_break_of_a_caller_is_none_in_the_log(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing that a caller sends begins a line, or ends a record."""
    caplog.set_level(logging.INFO)
    headers = {"x-ms-client-request-id": '"}{"record":"request"', "traceparent": '"\\n'}
    api.call("GET", "/health?x=%0A%22", headers=headers)
    (message,) = (record.getMessage() for record in caplog.records if record.name == "connector.telemetry")
    assert "\n" not in message and json.loads(message)["clientRequestId"] == headers["x-ms-client-request-id"]
