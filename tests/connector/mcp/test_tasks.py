"""Runs as tasks, for clients that state that they know them: the extension io.modelcontextprotocol/tasks."""

import time
from datetime import datetime

import pytest

from connector.mcp.tasks import EXTENSION
from tests.connector.callers.entra_issuer import ALICE, BOB, Issuer
from tests.connector.mcp.calls import MODERN, request, result_of, run

SLEEP = "import time\nprint('began', flush=True)\ntime.sleep({})\n6 * 7"


def start(api, code, session_id=None, **options):
    params = {"name": "ExecutePythonCode", "arguments": {"pythonCode": code, "sessionId": session_id}}
    return request(api, "tools/call", params, version=MODERN, extensions=(EXTENSION,), **options)


def send(api, method, task_id, **options):
    options = {"version": MODERN, "extensions": (EXTENSION,), **options}
    return request(api, f"tasks/{method}", {"taskId": task_id}, **options)


def ended(api, task_id, **options):
    """Polls as a client does."""
    while True:
        task = send(api, "get", task_id, **options).result
        if task["status"] != "working":
            return task
        time.sleep(task["pollIntervalMs"] / 1000)


@pytest.fixture(scope="module")
def without_signing_key(running_connector, emulator):
    with running_connector(**{**emulator.environment, "SIGNING_KEY": ""}) as connector:
        yield connector


def test_the_extension_is_announced(api, running_connector, emulator):
    """Not without rich results: such a run would see other variables."""
    assert request(api, "server/discover", version=MODERN).result["capabilities"]["extensions"] == {EXTENSION: {}}
    with running_connector(**emulator.environment, RICH_RESULTS="false") as direct:
        assert "extensions" not in request(direct, "server/discover", version=MODERN).result["capabilities"]
        assert start(direct, SLEEP.format(1.5)).result["resultType"] == "complete"


def test_a_quick_run_is_no_task(api):
    """Its result is the answer."""
    assert "Result:\n42" in result_of(start(api, "6 * 7")).text


@pytest.mark.parametrize("connector", ["api", "without_signing_key"])
def test_a_long_run_becomes_a_task(request, connector):
    """It is working, then completed, with the result of the tool and the same ID and time of creation."""
    api = request.getfixturevalue(connector)
    created = start(api, SLEEP.format(2)).result
    assert created["resultType"] == "task"
    assert created["status"] == "working"
    assert created["ttlMs"] >= 300_000
    assert created["pollIntervalMs"] >= 1000
    assert "content" not in created
    working = send(api, "get", created["taskId"])
    assert working.status == 200
    assert working.result["resultType"] == "complete"
    assert working.result["status"] == "working"
    task = ended(api, created["taskId"])
    assert task["status"] == "completed"
    assert "Result:\n42" in task["result"]["content"][0]["text"]
    assert {task[name] for name in ("taskId", "createdAt")} == {created[name] for name in ("taskId", "createdAt")}
    assert datetime.fromisoformat(task["createdAt"]) <= datetime.fromisoformat(task["lastUpdatedAt"])


def test_other_requests_create_no_tasks(start_connector, emulator):
    """Neither one that does not name the extension, nor one of an earlier protocol, whatever it names."""
    api = start_connector(**emulator.environment, CALLER_WAIT_SECONDS="2")
    params = {"name": "ExecutePythonCode", "arguments": {"pythonCode": SLEEP.format(20)}}
    assert "still running" in result_of(request(api, "tools/call", params, version=MODERN)).text
    meta = {"io.modelcontextprotocol/clientCapabilities": {"extensions": {EXTENSION: {}}}}
    assert "still running" in result_of(request(api, "tools/call", {**params, "_meta": meta})).text


def test_failed_code_is_a_completed_task(api):
    """Its result is an error of the tool."""
    task = ended(api, start(api, SLEEP.format(1.2) + " / 0").result["taskId"])
    assert task["status"] == "completed"
    assert task["result"]["isError"]
    assert "ZeroDivisionError" in task["result"]["content"][0]["text"]


def test_a_task_can_be_canceled(api, session_id):
    """The acknowledgment is empty; the session is kept."""
    created = start(api, "x = 1\n" + SLEEP.format(60), session_id).result
    canceled = send(api, "cancel", created["taskId"]).result
    assert canceled.keys() == {"resultType", "_meta"}
    assert ended(api, created["taskId"])["status"] == "cancelled"
    assert "Result:\n1" in run(api, "x", session_id).text
    assert send(api, "cancel", created["taskId"]).status == 200


def test_an_update_is_acknowledged(api):
    """No run asks for input, and responses to nothing are ignored."""
    task_id = start(api, SLEEP.format(2)).result["taskId"]
    assert send(api, "update", task_id).result["resultType"] == "complete"
    assert ended(api, task_id)["status"] == "completed"


def test_the_id_of_a_task_does_not_have_that_of_the_session(api, session_id):
    """Which would be enough to use it: hosts keep and show the IDs of tasks."""
    task_id = start(api, SLEEP.format(60), session_id).result["taskId"]
    assert session_id not in task_id
    send(api, "cancel", task_id)


@pytest.mark.parametrize("method", ["get", "update", "cancel"])
def test_a_client_that_does_not_know_tasks_is_refused(api, method):
    """With the capability that is missing; in an earlier protocol, there is no such method."""
    missing = send(api, method, "x", extensions=())
    assert (missing.status, missing.error["code"]) == (400, -32021)
    assert missing.error["data"] == {"requiredCapabilities": {"extensions": {EXTENSION: {}}}}
    assert send(api, method, "x", version="2025-11-25").error["code"] == -32601


@pytest.mark.parametrize("method", ["get", "update", "cancel"])
@pytest.mark.parametrize("task_id", ["", "x", "a.b.1.2", "session-1234.exec.99.300"])
def test_an_unknown_task_is_an_invalid_parameter(api, without_signing_key, method, task_id):
    """Whether its ID was sealed or not; without a key, an update does not look for the run."""
    assert send(api, method, task_id).error["code"] == -32602
    if method != "update":
        assert send(without_signing_key, method, task_id).error["code"] == -32602


def test_a_task_without_an_id_is_an_invalid_parameter(api):
    """So is one whose ID is not a string."""
    for params in ({}, {"taskId": None}):
        answer = request(api, "tasks/get", params, version=MODERN, extensions=(EXTENSION,))
        assert answer.error["code"] == -32602


def test_another_callers_task_is_unknown(running_connector, emulator):
    """Also with its ID."""
    issuer = Issuer()
    try:
        with running_connector(**{**emulator.environment, **issuer.environment}) as entra:
            alice, bob = ({"headers": issuer.bearer(caller)} for caller in (ALICE, BOB))
            task_id = start(entra, SLEEP.format(60), **alice).result["taskId"]
            for method in ("get", "cancel"):
                assert send(entra, method, task_id, **bob).error["code"] == -32602
            assert send(entra, "get", task_id, **alice).result["status"] == "working"
            send(entra, "cancel", task_id, **alice)
    finally:
        issuer.stop()
