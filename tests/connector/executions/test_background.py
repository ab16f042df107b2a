"""Background runs as callers see them: polled, queued, canceled, and found by any instance."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests

from connector.callers.signed_tokens import Tokens
from connector.errors import ExecutionNotFound, FileTooLarge, IdempotencyKeyReused, PoolUnavailable, SessionBusy
from connector.executions import lookup
from connector.executions.operations import cancel_execution, execute_python_code, get_execution
from connector.executions.outcomes import LOST, NOT_STARTED
from connector.executions.records import ExecutionFolder
from connector.files.operations import list_files
from connector.files.tasks import run_task
from connector.http.run_headers import with_members
from connector.in_session.protocol import OUTPUTS_FOLDER
from connector.in_session.tasks import remove_file
from connector.models import Execution, FilePath
from connector.outbound.deadlines import Deadlines
from connector.session_pool.client import SessionPoolClient
from connector.session_pool.facts import PoolFacts
from connector.session_pool.pools import Pools
from connector.session_pool.sessions import CallerSessions, SessionClient
from tests.conftest import ROOT, Api, Emulator, connector_with, emulated_pool
from tests.connector.conftest import Token
from tests.connector.in_session.kernels import FILL_THE_FOLDER, eventually

FAMILIES = ("2025-10-02-preview", "2024-02-02-preview")
COUNTING = "import time\nfor n in range({steps}):\n    print(n)\n    time.sleep({pause})\n'counted'"
UNTIL_GO = "import os, time\nwhile not os.path.exists('/mnt/data/go'): time.sleep(0.02)\n"
KEEP_FULL = (
    f"import time\n{FILL_THE_FOLDER}while True:\n    try: f.write(bytes(1))\n    except OSError: time.sleep(0.01)"
)
"""Fills the disk, and again whatever becomes free."""

SLEEP = "import time; time.sleep(100)"


def start(api: Api, code: str, session_id: str, **members: Any) -> requests.Response:
    """The response to a call that does not wait for its run."""
    body = {"pythonCode": code, "sessionId": session_id, "timeoutInSeconds": 600, "waitInSeconds": 0, **members}
    return api.call("POST", "/executions", json=body, headers={"x-functions-key": api.key or ""})


def poll(response: requests.Response) -> Iterator[requests.Response]:
    """Polls as a workflow engine does: Location, without a key, until the response is not a 202. But more often."""
    while response.status_code == 202:
        assert re.fullmatch("[0-9]+", response.headers["Retry-After"])
        time.sleep(0.1)
        response = requests.get(response.headers["Location"], timeout=30)
        yield response


class Caller:
    """The connector's operations on one session. `calls` counts its calls of the pool."""

    def __init__(self, emulator: Emulator, session_id: str, api_version: str = FAMILIES[0], **pool: Any) -> None:
        self.pool = SessionPoolClient(emulator.pool.endpoint, Token(emulator), api_version=api_version, **pool)
        self.sessions = CallerSessions(Pools(self.pool))
        self.session_id = session_id
        self.session = self.sessions.session(session_id)
        self.facts = PoolFacts(rich_results=True)
        self.calls = 0
        call = self.pool.call

        def counted(*arguments: Any, **request: Any) -> requests.Response:
            self.calls += 1
            return call(*arguments, **request)

        self.pool.call = counted  # type: ignore[method-assign]

    def run(self, code: str, **members: Any) -> Execution:
        return execute_python_code(self.sessions, self.facts, session_id=self.session_id, python_code=code, **members)

    def start(self, code: str, **members: Any) -> Execution:
        """Starts a background run, without waiting for it."""
        return self.run(code, **{"timeout_in_seconds": 300, "wait_in_seconds": 0, **members})

    def get(self, execution: Execution, **members: Any) -> Execution:
        return get_execution(
            self.sessions, self.facts, session_id=self.session_id, execution_id=execution.execution_id, **members
        )

    def cancel(self, execution: Execution) -> Execution:
        return cancel_execution(
            self.sessions, self.facts, session_id=self.session_id, execution_id=execution.execution_id
        )

    def ended(self, execution: Execution, seconds: float = 15) -> Execution:
        until = time.monotonic() + seconds
        while (found := self.get(execution)).status == "Running":
            assert time.monotonic() < until, found
            time.sleep(0.05)
        return found

    def printed(self, execution: Execution, text: str) -> Execution:
        """The execution in progress, as soon as it has printed the text."""
        until = time.monotonic() + 15
        while text not in (found := self.get(execution)).stdout:
            assert found.status == "Running" and time.monotonic() < until, found
            time.sleep(0.05)
        return found

    def go(self) -> None:
        """Lets code that waits with UNTIL_GO continue."""
        self.session.upload_file(FilePath("", "go"), b"")


@pytest.fixture
def caller(emulator: Emulator, session_id: str) -> Caller:
    return Caller(emulator, session_id)


# Polling


def test_a_background_run_can_be_polled_to_its_end(api_with_key: Api, session_id: str) -> None:
    """Without a key. stdout grows from poll to poll, and the last response is what GetExecution returns."""
    response = start(api_with_key, COUNTING.format(steps=4, pause=0.6), session_id)
    assert response.status_code == 202 and response.json()["status"] == "Running"
    assert response.headers["Location"].startswith(f"{api_with_key.url}/polls?token=")
    *before, last = poll(response)
    texts = [one.json()["stdout"] for one in before]
    assert texts == sorted(texts, key=len) and len(set(texts)) > 2
    assert all("0\n1\n2\n3\n".startswith(text) for text in texts)
    ran = last.json()
    assert (ran["status"], ran["result"], ran["stdout"]) == ("Succeeded", "counted", "0\n1\n2\n3\n")
    path = f"/executions/{ran['executionId']}?sessionId={session_id}"
    assert api_with_key.call("GET", path, headers={"x-functions-key": api_with_key.key or ""}).json() == ran


def test_a_run_that_ends_within_the_wait_is_returned_at_once(api: Api, session_id: str) -> None:
    """Even if its timeout is longer than the wait."""
    response = start(api, "print('fast')\n6 * 7", session_id, waitInSeconds=20)
    assert (response.status_code, response.json()["result"], response.json()["stdout"]) == (200, "42", "fast\n")


@pytest.mark.parametrize("api_version", FAMILIES)
def test_a_poll_returns_output_figures_and_files_so_far(emulator: Emulator, session_id: str, api_version: str) -> None:
    """While the run is in progress."""
    caller = Caller(emulator, session_id, api_version)
    running = caller.start(
        "import matplotlib.pyplot as plt\nplt.plot([1])\nplt.title('so far')\nplt.show()\n"
        f"open('/mnt/data/made.csv', 'w').write('1')\nprint('here')\n{UNTIL_GO}7"
    )
    found = caller.printed(running, "here")
    assert [(output.content_type, output.title) for output in found.outputs] == [("image/png", "so far")]
    assert found.outputs[0].content
    assert [(file.file_name, file.change) for file in found.files] == [("made.csv", "Created")]
    caller.go()
    ended = caller.ended(running)
    assert (ended.status, ended.value, ended.outputs) == ("Succeeded", 7, found.outputs)


def test_a_background_run_keeps_the_sessions_state(caller: Caller) -> None:
    """It runs in the session's interpreter, like any other run."""
    caller.run("items = []\ndef add(item): items.append(item)")
    caller.run("add('background'); connection = __import__('sqlite3').connect(':memory:')", timeout_in_seconds=300)
    assert caller.run("items, connection.execute('select 1').fetchall()").value == [["background"], [[1]]]


@pytest.mark.parametrize(
    ("rich", "code"), [(True, "1"), (True, "2"), (False, "1")], ids=["wait", "background", "direct"]
)
def test_progress_bars_are_collapsed(emulator: Emulator, session_id: str, rich: bool, code: str) -> None:
    """In every response: text that a carriage return has overwritten is not returned."""
    caller = Caller(emulator, session_id)
    caller.facts = PoolFacts(rich_results=rich)
    bar = (
        "import sys\nfor n in range(3):\n    print(f'\\r{n}0% ', end='')\n    sys.stderr.write(f'\\rstep {n}')\nprint()"
    )
    ran = caller.run(bar, timeout_in_seconds=300 if code == "2" else 60)
    assert (ran.stdout, ran.stderr.strip()) == ("20% \n", "step 2")


# Few calls of the pool


def test_a_run_that_fits_the_wait_is_one_call(caller: Caller) -> None:
    """In a new session and in a known one."""
    for _ in range(2):
        caller.calls = 0
        assert caller.run("6 * 7").value == 42
        assert caller.calls == 1


def test_a_quick_background_run_takes_three_calls(caller: Caller) -> None:
    """One checks whether the session is busy, one starts the run, one reads its report. A loaded machine may need more
    polls, so the best of several runs counts.
    """
    caller.run("1")
    calls = []
    for _ in range(5):
        caller.calls = 0
        assert caller.run("6 * 7", timeout_in_seconds=300).value == 42
        calls.append(caller.calls)
    assert min(calls) <= 3, calls


def test_a_call_that_does_not_wait_takes_two_calls(caller: Caller) -> None:
    """One checks whether the session is busy, one starts the run."""
    caller.run("1")
    caller.calls = 0
    running = caller.start(SLEEP)
    assert (running.status, caller.calls) == ("Running", 2)
    caller.cancel(running)


@pytest.mark.timeout(130)
@pytest.mark.slow
def test_a_wait_of_ninety_seconds_takes_few_calls(caller: Caller) -> None:
    """Fewer than 45."""
    running = caller.run("import time\nfor n in range(100): print(n); time.sleep(1)", timeout_in_seconds=300)
    assert running.status == "Running" and caller.calls < 45, caller.calls
    caller.cancel(running)


def test_a_wait_takes_few_calls(caller: Caller) -> None:
    """Polls become less frequent."""
    running = caller.run(
        "import time\nfor n in range(100): print(n); time.sleep(1)", timeout_in_seconds=300, wait_in_seconds=9
    )
    assert running.status == "Running" and caller.calls < 24, caller.calls
    assert running.stdout.startswith("0\n1\n")
    caller.cancel(running)


def test_a_later_wait_takes_few_calls(caller: Caller) -> None:
    """A poll is one listing, and the execution that is returned has the latest output."""
    running = caller.start("import time\nfor n in range(100): print(n, flush=True); time.sleep(0.5)")
    caller.printed(running, "0\n")
    caller.calls = 0
    awaited = caller.get(running, wait_in_seconds=5)
    assert awaited.status == "Running" and caller.calls < 25, caller.calls
    assert "7\n" in awaited.stdout
    caller.cancel(running)


def test_a_later_wait_ends_with_the_run(caller: Caller) -> None:
    """Whether it is in progress, or queued behind another run."""
    caller.start("import time; time.sleep(1); x = 6")
    queued = caller.start("import time; time.sleep(1); x * 7")
    began = time.monotonic()
    assert caller.get(queued, wait_in_seconds=60).value == 42
    assert time.monotonic() - began < 30


def test_a_later_wait_waits_out_errors_of_the_pool(caller: Caller) -> None:
    """The execution was there, and the caller does not want an error."""
    running = caller.start("import time; time.sleep(2); 6 * 7")
    call, failed = caller.pool.call, 0

    def failing(*arguments: Any, **request: Any) -> requests.Response:
        nonlocal failed
        if caller.calls > 8 and failed < 3:
            failed += 1
            raise PoolUnavailable("The pool is unavailable. Try again.")
        return call(*arguments, **request)

    caller.calls = 0
    caller.pool.call = failing  # type: ignore[method-assign]
    assert caller.get(running, wait_in_seconds=60).value == 42
    assert failed == 3


# The queue


def test_an_execution_is_queued_behind_a_run(caller: Caller) -> None:
    """It is Running if it does not end within the wait, and runs after those before it."""
    caller.run("order = []")
    first = caller.start(f"{UNTIL_GO}order.append('first')")
    short = caller.run("order.append('short'); order", timeout_in_seconds=1, wait_in_seconds=1)
    long = caller.start("order.append('long'); order")
    assert [short.status, long.status, caller.get(short).status] == ["Running", "Running", "Running"]
    caller.go()
    assert caller.ended(long).value == ["first", "short", "long"]
    assert caller.ended(short).value == ["first", "short"]
    assert caller.ended(first).status == "Succeeded"


def test_a_queued_execution_that_ends_within_the_wait_is_the_response(caller: Caller) -> None:
    """If the run before it ends early enough."""
    caller.start("import time\ntime.sleep(1)\nx = 1")
    assert caller.run("x + 1", timeout_in_seconds=30, wait_in_seconds=30).value == 2


def test_a_queued_execution_can_be_canceled(caller: Caller) -> None:
    """At once, and more than once. It does not run after the runs before it."""
    first = caller.start(UNTIL_GO)
    waiting = caller.start("open('/mnt/data/ran', 'w')")
    called = time.monotonic()
    for _ in range(2):
        canceled = caller.cancel(waiting)
        assert (canceled.status, canceled.error and canceled.error.name) == ("Canceled", "Canceled")
    assert time.monotonic() - called < 5  # one call waits for 6 s for the end of a run
    assert caller.get(first).status == "Running"
    caller.go()
    caller.ended(first)
    assert caller.run("import os; os.path.exists('/mnt/data/ran')").value is False
    assert caller.get(waiting).status == "Canceled"


@pytest.mark.parametrize("timeout", [1, 300], ids=["fits the wait", "background"])
def test_an_execution_of_another_instance_does_not_end_a_run(emulator: Emulator, session_id: str, timeout: int) -> None:
    """Another instance does not know of the run, and the pool restarts an interpreter whose queue waits too long."""
    one, other = Caller(emulator, session_id), Caller(emulator, session_id)
    one.run("1")
    first = one.start(f"{UNTIL_GO}'first'")
    with fault(emulator, {"do": "restartQueued", "times": 100, "identifier": session_id}):
        waiting = other.start("'second'", timeout_in_seconds=timeout, wait_in_seconds=0)
        assert waiting.status == "Running"
        time.sleep(3.5)  # longer than the timeout of a queued call, 1 s, and the grace period
        assert one.get(first).status == "Running"
        one.go()
        assert one.ended(first).value == "first"
        assert one.ended(waiting).value == "second"


def test_a_run_in_one_call_is_queued_behind_a_background_run(emulator: Emulator, session_id: str) -> None:
    """It was sent without a check. It is Running after the caller's wait, and nothing runs twice."""
    one, other = (
        Caller(emulator, session_id),
        Caller(emulator, session_id, deadlines=Deadlines(response_margin_seconds=1)),
    )
    one.run("n = 0")
    first = one.start(f"{UNTIL_GO}n += 1")
    waiting = other.run("n += 1\nn", timeout_in_seconds=1, wait_in_seconds=1)
    assert waiting.status == "Running"
    one.go()
    assert one.ended(first).status == "Succeeded"
    assert one.ended(waiting).value == 2
    assert one.run("n").value == 2


def test_a_task_raises_session_busy_during_a_background_run(caller: Caller) -> None:
    """Tasks need the interpreter. Operations of the pool alone still work."""
    running = caller.start(SLEEP)
    with pytest.raises(SessionBusy) as busy:
        run_task(
            caller.session, caller.facts, remove_file.perform, {"path": "x"}, failure="The file could not be deleted."
        )
    assert busy.value.retry_after_seconds
    caller.session.upload_file(FilePath("", "data.csv"), b"1,2")
    assert [file.file_name for file in list_files(caller.session, caller.facts)] == ["data.csv"]
    assert caller.session.download_file(FilePath("", "data.csv")) == b"1,2"
    assert caller.cancel(running).status == "Canceled"


def test_a_poll_starts_an_execution_that_is_still_queued(caller: Caller) -> None:
    """The interpreter has ended with the run before it, and did not start it."""
    first = caller.start(f"{UNTIL_GO}import os; os._exit(1)")
    waiting = caller.start("'late'")
    caller.go()
    assert caller.ended(first).error is not None
    assert caller.ended(waiting).value == "late"


def test_a_run_that_ends_its_interpreter_is_running_until_then(emulator: Emulator, session_id: str) -> None:
    """Although its record has its report before that, for every instance of the connector."""
    caller, other = Caller(emulator, session_id), Caller(emulator, session_id)
    slow_exit = (
        f"import os\nat_once = os._exit\ndef on_go(status): exec({UNTIL_GO!r}); at_once(status)\nos._exit = on_go"
    )
    prepared = execute_python_code(
        caller.sessions, PoolFacts(rich_results=False), python_code=slow_exit, session_id=session_id
    )
    assert prepared.status == "Succeeded"
    running = caller.start("os._exit(1)")
    folder = ExecutionFolder(caller.session, running.execution_id)
    eventually(lambda: (record := folder.record()) and record.report)
    assert caller.get(running).status == other.get(running).status == "Running"
    caller.go()
    ended = other.ended(running)
    assert (ended.status, ended.error and ended.error.name) == ("Failed", "KernelRestarted")
    assert other.run("'at_once' in globals()").value is False


def test_the_queue_keeps_its_order_when_the_interpreter_is_killed(caller: Caller) -> None:
    """Whichever execution is polled first, and also if a new one arrives."""
    caller.run("1")
    first = caller.start(
        "print('begun')\nimport time\nwhile True:\n    try: time.sleep(100)\n    except BaseException: pass"
    )
    caller.printed(first, "begun")
    queued = [caller.start("order = ['one']"), caller.start("order.append('two'); order")]
    canceled = caller.cancel(first)
    assert canceled.status == "Canceled" and canceled.duration_in_milliseconds >= 2000
    assert canceled.error is not None and "variables set before are kept" not in (canceled.error.hint or "")
    last = caller.start("order.append('last'); order")
    assert caller.ended(queued[1]).value == ["one", "two"]
    assert caller.ended(last).value == ["one", "two", "last"]
    assert caller.ended(queued[0]).status == "Succeeded"


def test_an_execution_is_queued_if_its_start_times_out(emulator: Emulator, session_id: str) -> None:
    """It is Running, and runs once."""
    deadlines = Deadlines(start_seconds=0.5, execution_margin_seconds=3, reserve_seconds=2)
    caller = Caller(emulator, session_id, deadlines=deadlines)
    caller.run("n = 0")
    busy = threading.Thread(
        target=caller.run, args=("open('/mnt/data/begun', 'w').close()\nimport time; time.sleep(5)",)
    )
    busy.start()
    eventually(lambda: [file for file in list_files(caller.session, caller.facts) if file.file_name == "begun"] or None)
    late = caller.start("n += 1\nn")
    canceled = caller.start("n += 10")
    assert (late.status, canceled.status) == ("Running", "Running")
    assert caller.cancel(canceled).status == "Canceled"
    busy.join()
    assert caller.ended(late).value == 1
    assert (caller.get(canceled).status, caller.run("n").value) == ("Canceled", 1)


# Idempotency


def test_a_key_runs_code_once_in_the_background(caller: Caller) -> None:
    """A call that is repeated during the run joins it."""
    code = "open('/mnt/data/count', 'a').write('x')\nimport time\ntime.sleep(1)\nopen('/mnt/data/count').read()"
    first = caller.start(code, idempotency_key="one")
    second = caller.start(code, idempotency_key="one")
    third = caller.start(code, idempotency_key="one", wait_in_seconds=20)
    assert first.execution_id == second.execution_id == third.execution_id
    assert (first.status, second.status, third.status, third.result) == ("Running", "Running", "Succeeded", "x")


@pytest.mark.parametrize("is_waiting", [False, True], ids=["in progress", "waiting"])
def test_a_key_with_different_code_is_refused(caller: Caller, is_waiting: bool) -> None:
    """While the first execution is in progress or queued."""
    if is_waiting:
        caller.start(SLEEP)
    caller.start(SLEEP, idempotency_key="one")
    with pytest.raises(IdempotencyKeyReused):
        caller.start("1", idempotency_key="one", wait_in_seconds=3)


def test_a_key_runs_code_once_when_it_is_queued(caller: Caller) -> None:
    """Ten concurrent calls during another run are one execution."""
    caller.run("n = 0")
    caller.start(UNTIL_GO)
    found: list[Execution] = []
    threads = [
        threading.Thread(target=lambda: found.append(caller.start("n += 1", idempotency_key="one"))) for _ in range(10)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({execution.execution_id for execution in found}) == 1
    caller.go()
    caller.ended(found[0])
    assert caller.run("n").value == 1


# Canceling and timeouts


def test_cancel_execution_keeps_what_was_set(api: Api, session_id: str) -> None:
    """By this run and by earlier ones. A run can be canceled twice."""
    api.execute("x = 1", session_id)
    ran = start(
        api,
        "y = 2\nopen('/mnt/data/kept', 'w').write('1')\nprint('begun')\nwhile True: pass",
        session_id,
        waitInSeconds=1,
    )
    assert (ran.json()["status"], ran.json()["stdout"]) == ("Running", "begun\n")
    address = f"/executions/{ran.json()['executionId']}?sessionId={session_id}"
    for _ in range(2):
        response = api.call("DELETE", address)
        assert (response.status_code, response.json()["status"], response.json()["stdout"]) == (
            200,
            "Canceled",
            "begun\n",
        )
    assert response.json()["error"]["line"] == 4
    assert "DeferredRun" not in response.json()["stderr"]
    assert api.call("GET", address).json()["status"] == "Canceled"
    assert api.execute("x, y, open('/mnt/data/kept').read()", session_id)["value"] == [1, 2, "1"]


def test_cancel_execution_stops_code_that_ignores_the_interrupt(caller: Caller) -> None:
    """The interpreter's variables are lost, and the response says so. Files and the session are kept."""
    running = caller.start(
        "open('/mnt/data/kept', 'w').write('1')\nx = 1\nprint('begun')\nimport time\nwhile True:\n"
        "    try: time.sleep(100)\n    except BaseException: pass"
    )
    caller.printed(running, "begun")
    canceled = caller.cancel(running)
    assert (canceled.status, canceled.stdout) == ("Canceled", "begun\n")
    assert canceled.notice and "variables are lost" in canceled.notice
    following = caller.run("'x' in globals(), open('/mnt/data/kept').read()")
    assert following.value == [False, "1"]


def test_a_run_that_times_out_has_failed_with_its_line(caller: Caller) -> None:
    """With its output so far."""
    ran = caller.run("print('begun')\nimport time\nx = 5\ntime.sleep(100)", timeout_in_seconds=1, wait_in_seconds=0)
    ended = caller.ended(ran)
    assert (ended.status, ended.stdout, ended.error and ended.error.name) == ("Failed", "begun\n", "TimeoutError")
    assert ended.error is not None and ended.error.line == 4
    assert caller.run("x").value == 5


@pytest.mark.parametrize("api_version", FAMILIES)
def test_cancel_execution_stops_a_run_that_has_filled_the_disk(session_id: str, api_version: str) -> None:
    """There is no room for the request to cancel it."""
    with emulated_pool(data_bytes=32 << 20) as small:
        caller = Caller(small, session_id, api_version)
        ran = caller.start(KEEP_FULL)
        until = time.monotonic() + 15
        with pytest.raises(FileTooLarge):
            while time.monotonic() < until:
                caller.session.upload_file(FilePath("", "probe"), bytes(5000))
                caller.session.delete_file(FilePath("", "probe"))
        assert caller.cancel(ran).status == "Canceled"
        assert caller.run("6 * 7").result == "42"


def test_no_background_run_starts_on_a_full_disk(session_id: str) -> None:
    """There is no room for its record. The execution has failed, and GetExecution returns it."""
    with emulated_pool(data_bytes=4 << 20) as small:
        caller = Caller(small, session_id)
        caller.run(FILL_THE_FOLDER)
        refused = caller.start("1")
        for execution in (refused, caller.get(refused)):
            assert (execution.status, execution.error and execution.error.name) == ("Failed", "NotStarted")


def test_cancel_execution_returns_a_run_that_has_ended(api: Api, session_id: str) -> None:
    """Unchanged."""
    ran = api.execute("6 * 7", session_id)
    response = api.call("DELETE", f"/executions/{ran['executionId']}?sessionId={session_id}")
    assert (response.status_code, response.json()) == (200, ran)


def test_cancel_execution_reports_what_cannot_be_canceled(api: Api, caller: Caller) -> None:
    """A run in one call of the pool continues, and the response says so."""
    busy = threading.Thread(target=caller.run, args=("import time; time.sleep(2)",))
    busy.start()
    until = time.monotonic() + 10
    while not (records := caller.session.list_files(OUTPUTS_FOLDER, recursive=True)):
        assert time.monotonic() < until
    address = f"/executions/{records[0].directory}?sessionId={caller.session_id}"
    response = api.call("DELETE", address)
    assert (response.status_code, response.json()["status"]) == (202, "Running")
    assert "cannot be canceled" in response.json()["notice"]
    busy.join()
    assert api.call("GET", address).json()["status"] == "Succeeded"


def test_an_unknown_execution_cannot_be_canceled(api: Api, session_id: str) -> None:
    """And the call does not start a session."""
    response = api.call("DELETE", f"/executions/none?sessionId={session_id}")
    assert (response.status_code, response.json()["error"]["code"]) == (404, "ExecutionNotFound")
    assert api.call("GET", f"/sessions/{session_id}").status_code == 404


# Addresses, preferences and settings


@pytest.mark.parametrize(
    ("prefer", "waited", "applied"),
    [("respond-async", 0, "respond-async"), ("wait=1", 1, "wait=1"), ("respond-async, wait=1", 1, "wait=1")],
)
def test_a_preference_is_applied(api: Api, session_id: str, prefer: str, waited: int, applied: str) -> None:
    """The header Prefer acts as waitInSeconds, and the response names the preference. Of two, `wait` counts."""
    body = {"pythonCode": "import time; time.sleep(30)", "sessionId": session_id, "timeoutInSeconds": 300}
    called = time.monotonic()
    response = api.call("POST", "/executions", json=body, headers={"Prefer": prefer})
    assert (response.status_code, response.headers["Preference-Applied"]) == (202, applied)
    assert waited <= time.monotonic() - called < waited + 15


def test_a_strange_preference_takes_no_time() -> None:
    """Regardless of how many quotes it opens."""
    begun = time.thread_time()
    assert with_members({}, {"prefer": '"\\' * 20_000}) == ({}, {})
    assert time.thread_time() - begun < 0.5


def test_a_setting_is_the_default_of_the_wait(emulator: Emulator, session_id: str) -> None:
    """For a call without waitInSeconds."""
    with connector_with(**emulator.environment, CALLER_WAIT_SECONDS="1") as api:
        body = {"pythonCode": "import time; time.sleep(30)", "sessionId": session_id}
        assert api.call("POST", "/executions", json=body).status_code == 202


def test_without_a_signing_key_location_is_get_execution(emulator: Emulator, session_id: str) -> None:
    """It needs the function key, like every operation. CheckConnection reports the missing setting."""
    environment = {name: value for name, value in emulator.environment.items() if name != "SIGNING_KEY"}
    with connector_with(**environment) as api:
        response = start(api, SLEEP, session_id)
        path = f"/executions/{response.json()['executionId']}?sessionId={session_id}"
        assert response.headers["Location"] == api.url + path
        assert "SIGNING_KEY" in api.call("GET", "/connection").json()["message"]
        assert api.call("GET", "/polls?token=x").status_code == 404


def bad_tokens(key: str) -> dict[str, str]:
    members = {"sessionId": "a-session", "executionId": "1", "includeContent": "auto", "caller": None}
    return {
        "nonsense": "abc",
        "foreign": Tokens("another key, which is long enough").seal("poll", members, lifetime_seconds=60),
        "expired": Tokens(key).seal("poll", members, lifetime_seconds=-1),
        "of an upload": Tokens(key).seal("upload", members, lifetime_seconds=60),
        "of an unknown execution": Tokens(key).seal("poll", members, lifetime_seconds=60),
    }


@pytest.mark.parametrize("which", bad_tokens("k" * 32))
def test_a_bad_token_is_not_found(api: Api, emulator: Emulator, which: str) -> None:
    """The response does not reveal why, and no session is started."""
    token = bad_tokens(emulator.environment["SIGNING_KEY"])[which]
    response = api.call("GET", f"/polls?token={token}")
    assert (response.status_code, response.json()["error"]["code"]) == (404, "ExecutionNotFound")
    assert api.call("GET", "/sessions/a-session").status_code == 404


def test_addresses_outlive_a_change_of_the_key(emulator: Emulator, session_id: str) -> None:
    """As long as the previous key is set."""
    with connector_with(**emulator.environment) as api:
        response = start(api, SLEEP, session_id)
        path = response.headers["Location"].removeprefix(api.url)
    old, new = emulator.environment["SIGNING_KEY"], "a new key of thirty-two characters"
    with connector_with(**{**emulator.environment, "SIGNING_KEY": new, "SIGNING_KEY_PREVIOUS": old}) as api:
        assert api.call("GET", path).status_code == 202
    with connector_with(**{**emulator.environment, "SIGNING_KEY": new}) as api:
        assert api.call("GET", path).status_code == 404


# Limits and lifetimes of sessions


@pytest.fixture(scope="module")
def short_pool() -> Iterator[Emulator]:
    """One that stops a run after two seconds."""
    with emulated_pool(longest_run_seconds=2) as running:
        yield running


@pytest.mark.parametrize("api_version", FAMILIES)
def test_a_background_run_may_exceed_the_pools_limit(short_pool: Emulator, session_id: str, api_version: str) -> None:
    """A run in one call of the pool may not."""
    caller = Caller(short_pool, session_id, api_version)
    code = COUNTING.format(steps=6, pause=0.5)
    assert caller.run(code, timeout_in_seconds=60).status == "Failed"
    ran = caller.run(code, timeout_in_seconds=60, wait_in_seconds=20)
    assert (ran.status, ran.result, ran.stdout) == ("Succeeded", "counted", "".join(f"{n}\n" for n in range(6)))
    assert ran.duration_in_milliseconds > 3000


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_background_run_may_take_four_minutes(api: Api, session_id: str) -> None:
    """In a pool that stops its own runs after 220 seconds."""
    *_, last = poll(start(api, COUNTING.format(steps=48, pause=5), session_id))
    ran = last.json()
    assert (ran["status"], ran["result"]) == ("Succeeded", "counted")
    assert ran["durationInMilliseconds"] > 235_000


def test_polls_keep_the_session_alive(session_id: str) -> None:
    """A run may take longer than the pool's cooldown period."""
    with emulated_pool(cooldown=1.5) as pool, connector_with(**pool.environment) as api:
        *_, last = poll(start(api, COUNTING.format(steps=6, pause=0.5), session_id))
        assert last.json()["status"] == "Succeeded"


def test_a_run_whose_session_ends_is_unknown(caller: Caller) -> None:
    """While its caller waits."""
    ending = threading.Timer(1, caller.session.end_session)
    ending.start()
    ran = caller.run(SLEEP, timeout_in_seconds=200, wait_in_seconds=20)
    ending.join()
    assert (ran.status, ran.error is not None) == ("Unknown", True)


def test_a_run_of_a_session_that_has_ended_is_not_found(caller: Caller) -> None:
    """Its record was deleted with the session."""
    ran = caller.start(SLEEP)
    caller.session.end_session()
    with pytest.raises(ExecutionNotFound):
        caller.get(ran)


def test_a_run_whose_record_was_deleted_is_unknown(caller: Caller) -> None:
    """In particular, it has not succeeded."""
    code = "import shutil, time\ntime.sleep(0.5)\nshutil.rmtree('/mnt/data/_outputs')\ntime.sleep(2)\nraise ValueError"
    ran = caller.run(code, timeout_in_seconds=60, wait_in_seconds=10)
    assert (ran.status, ran.stdout, ran.error and ran.error.name) == ("Unknown", "", "RecordLost")
    again = caller.get(ran)
    assert (again.status, again.error) == ("Unknown", ran.error)


def test_a_run_whose_interpreter_ends_has_failed(caller: Caller) -> None:
    """With its output so far. The next run has a new interpreter."""
    ran = caller.start(f"print('begun')\n{UNTIL_GO}import os; os.kill(os.getpid(), 9)")
    caller.printed(ran, "begun")
    caller.go()
    ended = caller.ended(ran)
    assert (ended.status, ended.stdout, ended.error and ended.error.name) == ("Failed", "begun\n", "KernelRestarted")
    assert caller.run("1").is_new_session is True


# Errors of the pool


FAULTS: list[dict[str, Any]] = [
    {"do": "answer", "status": 500},
    {"do": "answer", "status": 503, "times": 4, "retryAfter": 0},
    {"do": "dropBefore", "times": 2},
    {"do": "truncate"},
]


@contextlib.contextmanager
def fault(pool: Emulator, members: dict[str, Any]) -> Iterator[None]:
    address = f"{pool.pool.url}/faults"
    assert requests.post(address, json=members, timeout=10).status_code == 200
    try:
        yield
    finally:
        requests.delete(address, timeout=10)


@pytest.mark.parametrize("members", FAULTS, ids=lambda fault: f"{fault['do']}-{fault.get('status', '')}")
def test_temporary_errors_are_waited_out(emulator: Emulator, caller: Caller, members: dict[str, Any]) -> None:
    """The response is still the end of the run."""
    members = {**members, "method": "GET", "path": "files.*", "identifier": caller.session_id}
    waiting = threading.Timer(0.2, lambda: stack.enter_context(fault(emulator, members)))
    with contextlib.ExitStack() as stack:
        waiting.start()
        ran = caller.run("import time; time.sleep(1); 9", timeout_in_seconds=60, wait_in_seconds=20)
        waiting.join()
    assert (ran.status, ran.result, ran.error) == ("Succeeded", "9", None)


def test_a_run_continues_during_persistent_errors(api: Api, emulator: Emulator, session_id: str) -> None:
    """Polls fail meanwhile, and later return the end of the run."""
    response = start(api, "import time; time.sleep(2); 9", session_id)
    members = {
        "do": "answer",
        "status": 500,
        "method": "GET",
        "path": "files.*",
        "times": 1000,
        "identifier": session_id,
    }
    with fault(emulator, members):
        assert requests.get(response.headers["Location"], timeout=30).status_code == 503
    *_, last = poll(response)
    assert (last.json()["status"], last.json()["result"]) == ("Succeeded", "9")


@pytest.mark.parametrize("wait", [0, 2])
def test_errors_after_the_start_do_not_fail_the_call(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, wait: int
) -> None:
    """The session has the run, and an error would make the caller run it again."""

    def fail(*_: object, **__: object) -> None:
        raise PoolUnavailable("for this test")

    with monkeypatch.context() as patched:
        patched.setattr(SessionClient, "list_files", fail)
        patched.setattr(SessionClient, "download_file", fail)
        ran = caller.start("import time; time.sleep(0.5); 'ran'", wait_in_seconds=wait)
    assert (ran.status, ran.error) == ("Running", None)
    assert caller.ended(ran).result == "ran"


def test_a_run_takes_place_if_the_response_to_its_start_is_lost(emulator: Emulator, caller: Caller) -> None:
    """Whether or not the pool received the cell."""
    for action in ("dropBefore", "dropAfter"):
        caller.run("n = 0")
        members = {"do": action, "times": 2, "method": "POST", "path": "executions", "identifier": caller.session_id}
        with fault(emulator, members):
            ran = caller.start("n += 1\nn")
        assert caller.ended(ran).value == 1
        assert caller.run("n").value == 1


# Several instances


HOST = """
import sys
from pathlib import Path
from emulator.functions_host import FunctionsHost
host = FunctionsHost(Path(sys.argv[1]))
host.start()
print(host.url + host.prefix, flush=True)
sys.stdin.read()
"""


@contextlib.contextmanager
def instance(environment: dict[str, str]) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The connector in a separate process: its address, and the process, which the test may kill."""
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


def test_any_instance_can_poll_a_run(emulator: Emulator, session_id: str) -> None:
    """Two concurrent ones, and one that is started after the first was killed."""
    code = COUNTING.format(steps=8, pause=0.5)
    body = {"pythonCode": code, "sessionId": session_id, "timeoutInSeconds": 300, "waitInSeconds": 0}
    with instance(emulator.environment) as (second, _):
        with instance(emulator.environment) as (first, process):
            response = requests.post(f"{first}/executions", json=body, timeout=30)
            path = response.headers["Location"].removeprefix(first)
            assert response.status_code == 202
            assert requests.get(first + path, timeout=30).status_code == 202
            assert requests.get(second + path, timeout=30).status_code == 202
            process.send_signal(signal.SIGKILL)
            process.wait()
        with instance(emulator.environment) as (third, _):
            last = requests.get(third + path, timeout=30)
            *_, last = [last, *poll(last)]
            assert (last.json()["status"], last.json()["result"]) == ("Succeeded", "counted")


def test_a_start_that_the_pool_swallows_is_reported_within_the_wait(
    emulator: Emulator, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run is queued, and started once when the pool responds; after some minutes it is withdrawn."""
    caller.run("count = 0")
    swallowing = {"do": "dropBefore", "method": "POST", "path": "executions", "identifier": caller.session_id}
    with fault(emulator, {**swallowing, "times": 1000}):
        ran = caller.run("count += 1; count", timeout_in_seconds=60, wait_in_seconds=1)
        assert (ran.status, ran.notice) == ("Running", NOT_STARTED)
        assert caller.get(ran).notice == NOT_STARTED
    assert caller.ended(ran).result == "1"
    with fault(emulator, {**swallowing, "times": 1000}):
        ran = caller.run("count += 1; count", timeout_in_seconds=60, wait_in_seconds=1)
        monkeypatch.setattr(lookup, "_LONGEST_CALL", timedelta(0))
        withdrawn = caller.get(ran)
        assert (withdrawn.status, withdrawn.error) == ("Unknown", LOST)
    assert caller.run("count").result == "1"
