"""The headers of ExecutePythonCode: a key under each of its names, what conflicts, and what the response states."""

import uuid

import pytest

from connector.errors import InvalidRequest
from connector.http.run_headers import with_members

FIRST_SENT = "Fri, 27 Nov 2026 09:00:00 GMT"


@pytest.mark.parametrize("header", ["Idempotency-Key", "Repeatability-Request-ID"])
def test_a_key_in_a_header_prevents_a_second_run(api, header):
    """As idempotencyKey does, also without a session ID; the member and the header are one key."""
    key = str(uuid.uuid4())
    headers = {header: key, "Repeatability-First-Sent": FIRST_SENT}
    body = {"pythonCode": "import random\nrandom.random()"}
    first = api.call("POST", "/executions", json=body, headers=headers)
    assert first.status_code == 200, first.text
    for repeated in (
        api.call("POST", "/executions", json=body, headers=headers),
        api.call("POST", "/executions", json={**body, "idempotencyKey": key}),
        api.call("POST", "/executions", json={**body, "idempotencyKey": key}, headers=headers),
        api.call("POST", "/executions", json=body, headers={"Idempotency-Key": f'"{key}"'}),
    ):
        assert repeated.json()["executionId"] == first.json()["executionId"]
        assert repeated.json()["result"] == first.json()["result"]


def test_a_repeatable_request_is_accepted(api, session_id):
    """The response states it, as OASIS Repeatable Requests require; without the header, it does not."""
    body = {"pythonCode": "1", "sessionId": session_id}
    headers = {"Repeatability-Request-ID": str(uuid.uuid4()), "Repeatability-First-Sent": FIRST_SENT}
    assert api.call("POST", "/executions", json=body, headers=headers).headers["Repeatability-Result"] == "accepted"
    assert "Repeatability-Result" not in api.call("POST", "/executions", json=body).headers
    running = {**body, "pythonCode": "import time\ntime.sleep(30)", "waitInSeconds": 0}
    headers["Repeatability-Request-ID"] = str(uuid.uuid4())
    response = api.call("POST", "/executions", json=running, headers=headers)
    assert (response.status_code, response.headers["Repeatability-Result"]) == (202, "accepted")
    api.call("DELETE", f"/sessions/{session_id}")


@pytest.mark.parametrize(
    ("key", "headers"),
    [
        ("a", {"Idempotency-Key": "b"}),
        ("a", {"Repeatability-Request-ID": "b"}),
        (None, {"Idempotency-Key": "a", "Repeatability-Request-ID": "b"}),
    ],
)
def test_two_different_keys_are_refused(api, key, headers):
    """The connector cannot know which of them is meant."""
    response = api.call("POST", "/executions", json={"pythonCode": "1", "idempotencyKey": key}, headers=headers)
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (400, "InvalidRequest")
    assert error["target"] == list(headers)[-1]
    assert "different values" in error["message"]


def test_a_key_in_a_header_is_checked_like_the_member(api):
    """It has the same limit."""
    response = api.call("POST", "/executions", json={"pythonCode": "1"}, headers={"Idempotency-Key": "k" * 256})
    assert (response.status_code, response.json()["error"]["target"]) == (400, "idempotencyKey")


@pytest.mark.parametrize(
    ("headers", "key"),
    [
        ({}, None),
        ({"idempotency-key": ""}, None),
        ({"idempotency-key": "a b"}, "a b"),
        ({"idempotency-key": ' "a" '}, "a"),
        ({"idempotency-key": r'"a\"b\\c"'}, 'a"b\\c'),
        ({"idempotency-key": '"'}, '"'),
        ({"repeatability-first-sent": FIRST_SENT}, None),
    ],
)
def test_quotes_of_structured_headers_are_removed(headers, key):
    """The draft of Idempotency-Key has its values in quotes; most clients omit them."""
    members, _ = with_members({"pythonCode": "1"}, headers)
    assert members == {"pythonCode": "1", **({"idempotencyKey": key} if key else {})}


def test_values_of_another_type_are_left_to_the_validation():
    """And so is a body that is no object."""
    assert with_members([1], {"idempotency-key": "a"}) == ([1], {})
    with pytest.raises(InvalidRequest):
        with_members({"idempotencyKey": 5}, {"idempotency-key": "a"})
    assert with_members({"idempotencyKey": 5}, {}) == ({"idempotencyKey": 5}, {})


def test_operation_location_is_the_address_to_poll(api, session_id):
    """Azure's SDKs follow it, as workflows follow Location; all responses for a run that has not ended have both."""
    body = {"pythonCode": "import time\ntime.sleep(30)", "sessionId": session_id, "waitInSeconds": 0}
    started = api.call("POST", "/executions", json=body)
    path = f"/executions/{started.json()['executionId']}?sessionId={session_id}"
    polled = api.call("GET", started.headers["Location"].removeprefix(api.url))
    for response in (started, api.call("GET", path), polled):
        assert response.status_code == 202
        assert response.headers["Operation-Location"] == response.headers["Location"]
    assert api.call("DELETE", path).json()["status"] == "Canceled"
