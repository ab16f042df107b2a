"""Runs that take longer than their caller waits, as callers see them."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from connector.callers.signed_tokens import Tokens
from connector.errors import ExecutionNotFound, FileTooLarge, IdempotencyKeyReused, InvalidRequest, PoolUnavailable
from connector.executions import harnessed_run
from connector.executions.calls import Runs
from connector.executions.operations import cancel_execution, execute_python_code, get_execution
from connector.http.requests import with_preferences
from connector.in_session.cell import Cell
from connector.models import Execution, FilePath
from connector.session_pool.client import SessionPoolClient
from connector.session_pool.sessions import CallerSessions, SessionClient
from tests.conftest import ROOT, Api, Emulator, connector_with, emulated_pool
from tests.connector.conftest import Token
from tests.connector.in_session.kernels import FILL_THE_FOLDER

FAMILIES = ("2025-10-02-preview", "2024-02-02-preview")
COUNTING = "import time\nfor n in range({steps}):\n    print(n)\n    time.sleep({pause})\n'counted'"


def started(api: Api, code: str, session_id: str, **members: Any) -> requests.Response:
    """The answer to a run for which the call does not wait."""
    body = {"pythonCode": code, "sessionId": session_id, "timeoutInSeconds": 600, "waitInSeconds": 0, **members}
    return api.call("POST", "/executions", json=body, headers={"x-functions-key": api.key or ""})


def polled(response: requests.Response) -> Iterator[requests.Response]:
    """As a workflow's engine asks: at Location, without a key, until the answer is no 202. It does not wait as long."""
    while response.status_code == 202:
        assert re.fullmatch("[0-9]+", response.headers["Retry-After"])
        time.sleep(0.2)
        response = requests.get(response.headers["Location"], timeout=30)
        yield response


def test_a_run_is_followed_to_its_end(api_with_key: Api, session_id: str) -> None:
    """Without a key; stdout grows from poll to poll, and the end is what GetExecution tells."""
    answer = started(api_with_key, COUNTING.format(steps=4, pause=0.5), session_id)
    assert answer.status_code == 202 and answer.json()["status"] == "Running"
    assert answer.headers["Location"].startswith(f"{api_with_key.url}/polls/")
    *before, last = polled(answer)
    texts = [poll.json()["stdout"] for poll in before]
    assert texts == sorted(texts, key=len) and len(set(texts)) > 2
    assert all("0\n1\n2\n3\n".startswith(text) for text in texts)
    ran = last.json()
    assert (ran["status"], ran["result"], ran["stdout"]) == ("Succeeded", "counted", "0\n1\n2\n3\n")
    again = api_with_key.call(
        "GET",
        f"/executions/{ran['executionId']}?sessionId={session_id}",
        headers={"x-functions-key": api_with_key.key or ""},
    )
    assert again.json() == ran


def test_a_run_that_ends_in_time_is_the_answer(api: Api, session_id: str) -> None:
    """A run that may take longer than the call waits need not."""
    answer = started(api, "print('fast')\n6 * 7", session_id, waitInSeconds=20)
    assert (answer.status_code, answer.json()["result"], answer.json()["stdout"]) == (200, "42", "fast\n")


@pytest.mark.parametrize(
    ("prefer", "waited", "applied"),
    [("respond-async", 0, "respond-async"), ("wait=1", 1, "wait=1"), ("respond-async, wait=1", 1, "wait=1")],
)
def test_a_preference_is_heard(api: Api, session_id: str, prefer: str, waited: int, applied: str) -> None:
    """The header Prefer says what waitInSeconds says, and the answer says so; of both preferences, `wait` is longer."""
    body = {"pythonCode": "import time; time.sleep(30)", "sessionId": session_id, "timeoutInSeconds": 300}
    called = time.monotonic()
    answer = api.call("POST", "/executions", json=body, headers={"Prefer": prefer})
    assert (answer.status_code, answer.headers["Preference-Applied"]) == (202, applied)
    assert waited <= time.monotonic() - called < waited + 2


def test_a_run_that_was_refused_stays_so(session_id: str) -> None:
    """Also when it is asked for later, and no record tells of it."""
    with emulated_pool(data_bytes=4 << 20) as small:
        client = CallerSessions(SessionPoolClient(small.pool.endpoint, Token(small)))
        run(client, session_id, FILL_THE_FOLDER)
        refused = run(client, session_id, "1", timeout_in_seconds=600, wait_in_seconds=0)
        again = get_execution(client, Runs(rich_results=True), session_id=session_id, execution_id=refused.execution_id)
        for execution in (refused, again):
            assert (execution.status, execution.error and execution.error.name) == ("Failed", "NotDetachable")


def test_a_strange_preference_takes_no_time() -> None:
    """However many quotes it opens."""
    begun = time.monotonic()
    assert with_preferences({}, {"prefer": '"\\' * 20_000}) == ({}, "")
    assert time.monotonic() - begun < 0.5


def test_the_settings_say_how_long_a_call_waits(emulator: Emulator, session_id: str) -> None:
    """When the call does not."""
    with connector_with(**emulator.environment, CALLER_WAIT_SECONDS="1") as api:
        body = {"pythonCode": "import time; time.sleep(30)", "sessionId": session_id}
        assert api.call("POST", "/executions", json=body).status_code == 202


def test_without_a_key_to_sign_with_location_is_get_execution(emulator: Emulator, session_id: str) -> None:
    """It then needs the function key, as every operation; and CheckConnection says what is missing."""
    environment = {name: value for name, value in emulator.environment.items() if name != "SIGNING_KEY"}
    with connector_with(**environment) as api:
        answer = started(api, "1", session_id)
        path = f"/executions/{answer.json()['executionId']}?sessionId={session_id}"
        assert answer.status_code == 200 or answer.headers["Location"] == api.url + path
        assert "SIGNING_KEY" in api.call("GET", "/connection").json()["message"]
        assert api.call("GET", "/polls/x").status_code == 404


def bad_tokens(key: str) -> dict[str, str]:
    asked = {"sessionId": "a-session", "executionId": "1", "includeContent": "auto", "caller": None}
    return {
        "nonsense": "abc",
        "foreign": Tokens("another key, which is long enough").seal("poll", asked, lifetime_seconds=60),
        "expired": Tokens(key).seal("poll", asked, lifetime_seconds=-1),
        "of an upload": Tokens(key).seal("upload", asked, lifetime_seconds=60),
        "of a run that is not there": Tokens(key).seal("poll", asked, lifetime_seconds=60),
    }


@pytest.mark.parametrize("which", bad_tokens("k" * 32))
def test_a_bad_token_is_not_found(api: Api, emulator: Emulator, which: str) -> None:
    """Nobody learns from it why, and no session is made for it."""
    token = bad_tokens(emulator.environment["SIGNING_KEY"])[which]
    answer = api.call("GET", f"/polls/{token}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "ExecutionNotFound")
    assert api.call("GET", "/sessions/a-session").status_code == 404


def test_addresses_outlive_a_change_of_the_key(emulator: Emulator, session_id: str) -> None:
    """As long as the previous key is known."""
    with connector_with(**emulator.environment) as api:
        answer = started(api, COUNTING.format(steps=3, pause=0.3), session_id)
        path = answer.headers["Location"].removeprefix(api.url)
    old, new = emulator.environment["SIGNING_KEY"], "a new key of thirty-two characters"
    with connector_with(**{**emulator.environment, "SIGNING_KEY": new, "SIGNING_KEY_PREVIOUS": old}) as api:
        assert api.call("GET", path).status_code in (200, 202)
    with connector_with(**{**emulator.environment, "SIGNING_KEY": new}) as api:
        assert api.call("GET", path).status_code == 404


@pytest.fixture(scope="module")
def short_pool() -> Iterator[Emulator]:
    """One that stops a run after two seconds."""
    with emulated_pool(longest_run_seconds=2) as running:
        yield running


@pytest.fixture(params=FAMILIES)
def short_client(request: pytest.FixtureRequest, short_pool: Emulator) -> CallerSessions:
    return CallerSessions(SessionPoolClient(short_pool.pool.endpoint, Token(short_pool), api_version=request.param))


def run(pool: CallerSessions, session_id: str, code: str, **members: Any) -> Execution:
    return execute_python_code(pool, Runs(rich_results=True), session_id=session_id, python_code=code, **members)


def cancel(pool: CallerSessions, **members: str) -> Execution:
    return cancel_execution(pool, Runs(rich_results=True), **members)


def until(told: Callable[[], Execution], *statuses: str, seconds: float = 15) -> Execution:
    end = time.monotonic() + seconds
    while (execution := told()).status not in statuses:
        assert time.monotonic() < end, execution
        time.sleep(0.1)
    return execution


def test_a_run_outlives_the_pools_own_limit(short_client: CallerSessions, session_id: str) -> None:
    """On both families of the wire; a run that is one call of the pool does not."""
    code = COUNTING.format(steps=8, pause=0.5)
    assert run(short_client, session_id, code, timeout_in_seconds=60).status == "Failed"
    ran = run(short_client, session_id, code, timeout_in_seconds=60, wait_in_seconds=20)
    assert (ran.status, ran.result, ran.stdout) == ("Succeeded", "counted", "".join(f"{n}\n" for n in range(8)))
    assert ran.duration_in_milliseconds > 4000


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_run_outlives_the_services_limit(api: Api, session_id: str) -> None:
    """Four minutes, in a pool that stops its own runs after 220 seconds."""
    answer = started(api, COUNTING.format(steps=48, pause=5), session_id)
    *_, last = polled(answer)
    ran = last.json()
    assert (ran["status"], ran["result"]) == ("Succeeded", "counted")
    assert ran["durationInMilliseconds"] > 235_000


@pytest.fixture
def client(emulator: Emulator) -> CallerSessions:
    return CallerSessions(SessionPoolClient(emulator.pool.endpoint, Token(emulator)))


def test_a_kernel_that_is_not_ipython_says_what_it_cannot(
    client: CallerSessions, session_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing has run there, so that is an error; what the pool can do by itself is done."""
    monkeypatch.setattr(harnessed_run, "make_cell", lambda *_, **__: Cell("no_get_ipython()", "nonce"))
    with pytest.raises(InvalidRequest, match="220 is the most here"):
        run(client, session_id, "1", timeout_in_seconds=300, wait_in_seconds=0)
    ran = run(client, session_id, "6 * 7", timeout_in_seconds=200, wait_in_seconds=20)
    assert (ran.status, ran.result) == ("Succeeded", "42") and ran.notice


def test_a_run_whose_record_is_gone_is_unknown(client: CallerSessions, session_id: str) -> None:
    """Nobody knows how it went; above all it is not said to have succeeded."""
    run(client, session_id, "1")
    code = "import shutil, time\ntime.sleep(0.5)\nshutil.rmtree('/mnt/data/_outputs')\ntime.sleep(2)\nraise ValueError"
    ran = run(client, session_id, code, timeout_in_seconds=60, wait_in_seconds=10)
    assert (ran.status, ran.stdout, ran.error and ran.error.name) == ("Unknown", "", "RecordLost")
    again = get_execution(client, Runs(rich_results=True), session_id=session_id, execution_id=ran.execution_id)
    assert (again.status, again.error) == ("Unknown", ran.error)


def test_a_key_runs_code_once_also_when_it_goes_on(client: CallerSessions, session_id: str) -> None:
    """A call that is repeated while the run goes on joins it."""
    code = "open('/mnt/data/count', 'a').write('x')\nimport time\ntime.sleep(1)\nopen('/mnt/data/count').read()"
    members = {"idempotency_key": "one", "timeout_in_seconds": 300}
    first = run(client, session_id, code, wait_in_seconds=0, **members)
    second = run(client, session_id, code, wait_in_seconds=0, **members)
    third = run(client, session_id, code, wait_in_seconds=20, **members)
    assert first.execution_id == second.execution_id == third.execution_id
    assert (first.status, second.status, third.status, third.result) == ("Running", "Running", "Succeeded", "x")


@pytest.mark.parametrize("wait", [0, 3])
def test_trouble_behind_the_start_is_no_error(
    client: CallerSessions, session_id: str, monkeypatch: pytest.MonkeyPatch, wait: int
) -> None:
    """The session has said that it has the run: an error would have it run again, and its end can be asked for."""

    def trouble(*_: object) -> None:
        raise PoolUnavailable("for this test")

    with monkeypatch.context() as patched:
        patched.setattr(SessionClient, "get_file", trouble)
        code = "import time; time.sleep(0.5); 'ran'"
        ran = run(client, session_id, code, timeout_in_seconds=300, wait_in_seconds=wait)
    assert (ran.status, ran.error) == ("Running", None)
    ended = until(
        lambda: get_execution(client, Runs(rich_results=True), session_id=session_id, execution_id=ran.execution_id), "Succeeded", "Failed"
    )
    assert ended.result == "ran"


FAULTS: list[dict[str, Any]] = [
    {"do": "answer", "status": 500},
    {"do": "answer", "status": 503, "times": 4, "retryAfter": 0},
    {"do": "dropBefore", "times": 2},
    {"do": "truncate"},
]


@contextlib.contextmanager
def faults_of(pool: Emulator, fault: dict[str, Any]) -> Iterator[None]:
    address = f"{pool.pool.url}/faults"
    assert requests.post(address, json=fault, timeout=10).status_code == 200
    try:
        yield
    finally:
        requests.delete(address, timeout=10)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault['do']}-{fault.get('status', '')}")
def test_trouble_that_passes_is_waited_out(
    client: CallerSessions, emulator: Emulator, session_id: str, fault: dict[str, Any]
) -> None:
    """A run that goes on is answered with its end all the same."""
    with faults_of(emulator, {**fault, "method": "GET", "path": "files/.*", "identifier": session_id}):
        code = "import time; time.sleep(1); 9"
        ran = run(client, session_id, code, timeout_in_seconds=60, wait_in_seconds=20)
    assert (ran.status, ran.result, ran.error) == ("Succeeded", "9", None)


def test_trouble_that_stays_leaves_a_run_running(api: Api, emulator: Emulator, session_id: str) -> None:
    """The answer is a 202 as soon as the caller has waited long enough, and its address leads to the run's end."""
    fault = {"do": "answer", "status": 500, "method": "GET", "path": "files/.*", "times": 1000}
    with faults_of(emulator, {**fault, "identifier": session_id}):
        called = time.monotonic()
        answer = started(api, "import time; time.sleep(2); 9", session_id, waitInSeconds=1)
        assert (answer.status_code, answer.json()["status"]) == (202, "Running")
        assert time.monotonic() - called < 3
        assert requests.get(answer.headers["Location"], timeout=30).status_code == 503
    *_, last = polled(answer)
    assert (last.json()["status"], last.json()["result"]) == ("Succeeded", "9")


def test_a_key_of_other_code_is_refused_also_behind_trouble(
    client: CallerSessions, emulator: Emulator, session_id: str
) -> None:
    """What the key's run had for code is looked at when the trouble has passed."""
    members: dict[str, Any] = {"idempotency_key": "one", "timeout_in_seconds": 60}
    run(client, session_id, "import time; time.sleep(20)", wait_in_seconds=0, **members)
    fault = {"do": "answer", "status": 500, "method": "GET", "path": "files/.*", "identifier": session_id}
    with faults_of(emulator, fault), pytest.raises(IdempotencyKeyReused):
        run(client, session_id, "1", wait_in_seconds=20, **members)


def test_a_session_that_ends_meanwhile_leaves_its_run_unknown(client: CallerSessions, session_id: str) -> None:
    """There is nothing more to be asked."""
    ending = threading.Timer(1.5, client.session(session_id).end_session)
    ending.start()
    ran = run(client, session_id, "import time; time.sleep(20)", timeout_in_seconds=60, wait_in_seconds=20)
    ending.join()
    assert (ran.status, ran.error and ran.error.name) == ("Unknown", "ConnectionLost")


def test_a_busy_session_begins_it_later(
    client: CallerSessions, session_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The call does not wait for that; the run is Running until it has begun, and can be cancelled before."""
    monkeypatch.setattr(harnessed_run, "_START_PATIENCE_SECONDS", 0.5)
    busy = threading.Thread(target=run, args=(client, session_id, "import time; time.sleep(4)"))
    busy.start()
    time.sleep(0.5)
    late = run(client, session_id, "'late'", timeout_in_seconds=300, wait_in_seconds=0)
    never = run(client, session_id, "open('/mnt/data/never', 'w')", timeout_in_seconds=300, wait_in_seconds=0)
    assert (late.status, never.status) == ("Running", "Running")
    assert cancel(client, session_id=session_id, execution_id=never.execution_id).status == "Canceled"
    busy.join()
    ended = until(
        lambda: get_execution(client, Runs(rich_results=True), session_id=session_id, execution_id=late.execution_id), "Succeeded", "Unknown"
    )
    assert (ended.status, ended.result) == ("Succeeded", "late")
    assert get_execution(client, Runs(rich_results=True), session_id=session_id, execution_id=never.execution_id).status == "Canceled"
    assert run(client, session_id, "import os; os.path.exists('/mnt/data/never')").value is False


@pytest.mark.parametrize("api_version", FAMILIES)
def test_a_run_that_has_not_begun_is_cancelled_at_once(
    emulator: Emulator, session_id: str, monkeypatch: pytest.MonkeyPatch, api_version: str
) -> None:
    """Also while the pool has it in its queue; it does not begin when its turn comes."""
    client = CallerSessions(SessionPoolClient(emulator.pool.endpoint, Token(emulator), api_version=api_version))
    monkeypatch.setattr(harnessed_run, "_START_PATIENCE_SECONDS", 0.5)
    busy = threading.Thread(target=run, args=(client, session_id, "import time; time.sleep(5)"))
    busy.start()
    time.sleep(0.5)
    code = "open('/mnt/data/begun', 'w')"
    waiting = run(client, session_id, code, timeout_in_seconds=300, wait_in_seconds=0)
    called = time.monotonic()
    for _ in range(2):
        canceled = cancel(client, session_id=session_id, execution_id=waiting.execution_id)
        assert (canceled.status, canceled.error and canceled.error.name) == ("Canceled", "Canceled")
    assert time.monotonic() - called < 2
    assert busy.is_alive()
    assert get_execution(client, Runs(rich_results=True), session_id=session_id, execution_id=waiting.execution_id).status == "Canceled"
    busy.join()
    assert run(client, session_id, "import os; os.path.exists('/mnt/data/begun')").value is False
    assert get_execution(client, Runs(rich_results=True), session_id=session_id, execution_id=waiting.execution_id).status == "Canceled"


def test_a_poll_does_not_wait_for_another_run(client: CallerSessions, session_id: str) -> None:
    """It reads files of the session."""
    long = run(client, session_id, "import time; time.sleep(20)", timeout_in_seconds=300, wait_in_seconds=0)
    busy = threading.Thread(target=run, args=(client, session_id, "import time; time.sleep(3)"))
    busy.start()
    time.sleep(0.5)
    called = time.monotonic()
    assert get_execution(client, Runs(rich_results=True), session_id=session_id, execution_id=long.execution_id).status == "Running"
    assert cancel(client, session_id=session_id, execution_id=long.execution_id).status == "Canceled"
    assert time.monotonic() - called < 2
    busy.join()


def test_polls_keep_the_session_alive(session_id: str) -> None:
    """A run may take longer than the pool keeps a session that nobody uses."""
    with emulated_pool(cooldown=1.5) as pool, connector_with(**pool.environment) as api:
        *_, last = polled(started(api, COUNTING.format(steps=8, pause=0.5), session_id))
        assert last.json()["status"] == "Succeeded"


def test_cancel_execution_stops_a_run_and_keeps_the_session(api: Api, session_id: str) -> None:
    """What it wrote stays, and so do variables; cancelled twice is cancelled."""
    api.execute("x = 1", session_id)
    code = "open('/mnt/data/kept', 'w').write('1')\nprint('begun')\nwhile True:\n  try: exec('while 1: 1')\n  except: 1"
    ran = started(api, code, session_id, waitInSeconds=1).json()
    assert (ran["status"], ran["stdout"]) == ("Running", "begun\n")
    address = f"/executions/{ran['executionId']}?sessionId={session_id}"
    called = time.monotonic()
    for _ in range(2):
        answer = api.call("DELETE", address)
        assert (answer.status_code, answer.json()["status"], answer.json()["stdout"]) == (200, "Canceled", "begun\n")
    assert time.monotonic() - called < 2.5
    assert api.call("GET", address).json()["status"] == "Canceled"
    assert api.execute("x, open('/mnt/data/kept').read()", session_id)["value"] == [1, "1"]


@pytest.mark.parametrize("version", FAMILIES)
def test_cancel_execution_stops_a_run_that_has_filled_the_session(session_id: str, version: str) -> None:
    """There is no room for the wish, nor for what the run says; it is neither lost nor out of reach."""
    fill = f"{FILL_THE_FOLDER}import time\nprint('full', flush=True)\ntime.sleep(100)"
    with emulated_pool(data_bytes=32 << 20) as small:
        client = CallerSessions(SessionPoolClient(small.pool.endpoint, Token(small), api_version=version))
        ran = run(client, session_id, fill, timeout_in_seconds=600, wait_in_seconds=0)
        end = time.monotonic() + 15
        with pytest.raises(FileTooLarge):
            while time.monotonic() < end:
                client.session(session_id).upload_file(FilePath("", "probe"), bytes(5000))
                client.session(session_id).delete_file(FilePath("", "probe"))
                time.sleep(0.2)
        assert (
            cancel_execution(
                client, Runs(rich_results=True), session_id=session_id, execution_id=ran.execution_id
            ).status
            == "Canceled"
        )
        assert run(client, session_id, "6 * 7").result == "42"


def test_cancel_execution_leaves_a_run_that_has_ended(api: Api, session_id: str) -> None:
    """It is answered as it was."""
    ran = api.execute("6 * 7", session_id)
    answer = api.call("DELETE", f"/executions/{ran['executionId']}?sessionId={session_id}")
    assert (answer.status_code, answer.json()) == (200, ran)


def test_cancel_execution_says_what_cannot_be_stopped(api: Api, client: CallerSessions, session_id: str) -> None:
    """A run that is one call of the pool goes on, and the answer says so."""
    busy = threading.Thread(target=run, args=(client, session_id, "import time; time.sleep(2)"))
    busy.start()
    time.sleep(0.7)
    (record,) = client.session(session_id).list_files("_outputs", recursive=True)
    address = f"/executions/{record.directory}?sessionId={session_id}"
    answer = api.call("DELETE", address)
    assert (answer.status_code, answer.json()["status"]) == (202, "Running")
    assert "which ends no run before its time" in answer.json()["notice"]
    busy.join()
    assert api.call("GET", address).json()["status"] == "Succeeded"


def test_without_the_harness_no_run_can_be_stopped(emulator: Emulator, session_id: str) -> None:
    """Not one that takes longer than its caller waits either; the answer says so, and what ends it."""
    with connector_with(**emulator.environment, RICH_RESULTS="false") as api:
        ran = started(api, "import time; time.sleep(20)", session_id, timeoutInSeconds=100).json()
        answer = api.call("DELETE", f"/executions/{ran['executionId']}?sessionId={session_id}")
        assert (answer.status_code, answer.json()["status"]) == (202, "Running")
        assert "can be called off" not in answer.json()["notice"] and "EndSession" in answer.json()["notice"]
        assert api.call("DELETE", f"/sessions/{session_id}").status_code == 204
        assert api.call("GET", f"/executions/{ran['executionId']}?sessionId={session_id}").status_code == 404


def test_an_unknown_run_cannot_be_cancelled(api: Api, session_id: str) -> None:
    """Nor does the call make a session."""
    answer = api.call("DELETE", f"/executions/none?sessionId={session_id}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "ExecutionNotFound")
    assert api.call("GET", f"/sessions/{session_id}").status_code == 404


HOST = """
import os, sys
from emulator.functions_host import FunctionsHost
from pathlib import Path
host = FunctionsHost(Path(sys.argv[1]))
host.start()
print(host.url + host.prefix, flush=True)
sys.stdin.read()
"""


@contextlib.contextmanager
def instance(environment: dict[str, str]) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The connector in a process of its own; its address and the process, which the test may kill."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOST, str(ROOT)],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name != "WEBSITE_HOSTNAME"} | environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        yield process.stdout.readline().strip(), process
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdin.close()
        process.stdout.close()


def test_any_instance_answers_for_a_run(emulator: Emulator, session_id: str) -> None:
    """Two beside each other, and one that is started when the first has been killed."""
    body = {
        "pythonCode": COUNTING.format(steps=8, pause=0.5),
        "sessionId": session_id,
        "timeoutInSeconds": 300,
        "waitInSeconds": 0,
    }
    with instance(emulator.environment) as (second, _):
        with instance(emulator.environment) as (first, process):
            answer = requests.post(f"{first}/executions", json=body, timeout=30)
            path = answer.headers["Location"].removeprefix(first)
            assert answer.status_code == 202
            assert requests.get(first + path, timeout=30).status_code == 202
            assert requests.get(second + path, timeout=30).status_code == 202
            process.send_signal(signal.SIGKILL)
            process.wait()
        with instance(emulator.environment) as (third, _):
            last = requests.get(third + path, timeout=30)
            *_, last = [last, *polled(last)]
            assert (last.json()["status"], last.json()["result"]) == ("Succeeded", "counted")


def test_without_the_harness_the_pools_own_mode_serves(client: CallerSessions, session_id: str) -> None:
    """It has an interpreter of its own, and the pool's own limit."""
    bare = Runs(rich_results=False)
    execute_python_code(client, bare, session_id=session_id, python_code="x = 1")
    arguments: dict[str, Any] = {"session_id": session_id, "timeout_in_seconds": 200, "wait_in_seconds": 0}
    ran = execute_python_code(client, bare, python_code="import time; time.sleep(1); 'x' in globals()", **arguments)
    assert ran.status == "Running"
    ended = until(
        lambda: get_execution(client, Runs(rich_results=True), session_id=session_id, execution_id=ran.execution_id), "Succeeded", "Failed"
    )
    assert (ended.status, ended.result) == ("Succeeded", "False")
    with pytest.raises(InvalidRequest, match="220 is the most here"):
        execute_python_code(client, bare, python_code="1", **{**arguments, "timeout_in_seconds": 221})
    waiting = execute_python_code(
        client, bare, python_code="import time; time.sleep(1); 'late'", **{**arguments, "wait_in_seconds": 20}
    )
    assert (waiting.status, waiting.result) == ("Succeeded", "late")


def test_without_the_harness_trouble_behind_the_start_is_no_error_either(
    client: CallerSessions, emulator: Emulator, session_id: str
) -> None:
    """The pool has taken the run; whether the trouble passes or stays."""
    bare = Runs(rich_results=False)
    members: dict[str, Any] = {"session_id": session_id, "timeout_in_seconds": 200}
    fault = {"do": "answer", "status": 500, "method": "GET", "path": "executions/.*", "identifier": session_id}
    with faults_of(emulator, fault):
        code = "import time; time.sleep(1); 9"
        ran = execute_python_code(client, bare, python_code=code, wait_in_seconds=20, **members)
    assert (ran.status, ran.result) == ("Succeeded", "9")
    with faults_of(emulator, {**fault, "times": 1000}):
        ran = execute_python_code(client, bare, python_code=code, wait_in_seconds=0, **members)
    assert (ran.status, ran.error) == ("Running", None)


def test_a_run_of_a_session_that_ended_is_not_found(client: CallerSessions, session_id: str) -> None:
    """Its record went with the session."""
    ran = run(client, session_id, "import time; time.sleep(20)", timeout_in_seconds=300, wait_in_seconds=0)
    client.session(session_id).end_session()
    with pytest.raises(ExecutionNotFound):
        get_execution(client, Runs(rich_results=True), session_id=session_id, execution_id=ran.execution_id)
