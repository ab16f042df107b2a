"""One session whose code misbehaves: what is lost, and what is reported."""

import ast
import os
import statistics
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.emulator.session_pool.conftest import BEGUN, wait_until

STATE_LOST = "Variables are lost, files are kept."


@pytest.mark.parametrize(
    "code", ["import time; time.sleep(60)", "await __import__('asyncio').sleep(60)", "endless_loop"]
)
def test_an_execution_that_times_out_is_interrupted_and_keeps_the_variables(wire, program, code):
    """A failed execution with a clear message, after its timeout."""
    wire.run("kept = 1")
    started = time.monotonic()
    body = wire.run(program(code) if code == "endless_loop" else code, timeoutInSeconds=1)
    assert time.monotonic() - started < 20  # it would take 60
    assert body["status"] == "Failed"
    assert body["result"]["stderr"] == "Request timed out waiting for code execution to complete after 1 seconds"
    assert wire.value("kept") == 1


def test_code_that_ignores_interrupts_loses_its_interpreter(wire, program):
    """Two seconds later it is killed; the files still exist."""
    wire.run("lost = 1; open('/mnt/data/kept', 'w').close()")
    body = wire.run(program("ignores_interrupts"), timeoutInSeconds=1)
    assert body["status"] == "Failed"
    assert body["result"]["stderr"].endswith(f"the kernel was restarted. {STATE_LOST}")
    assert wire.value("import os\n'lost' in globals(), os.listdir('/mnt/data')") == "(False, ['kept'])"


@pytest.mark.parametrize(
    ("name", "words"),
    [("os_exit", "exit code 3"), ("segfault", "signal 11"), ("closes_everything", ""), ("forges_messages", "")],
)
def test_a_crash_costs_that_interpreter_only(wire, wire_to, session_id, program, name, words):
    """The execution fails with a clear message, files stay, the next gets a new interpreter, others are unaffected."""
    other = wire_to(session_id + "-other")
    other.run("x = 1")
    wire.run("open('/mnt/data/kept', 'w').close()")
    body = wire.run(program(name))
    if body["status"] == "Succeeded":  # it had its answer out before it broke
        body = wire.run("1")
    assert body["status"] == "Failed"
    assert "Kernel restarted: the interpreter ended " in body["result"]["stderr"]
    assert words in body["result"]["stderr"]
    assert STATE_LOST in body["result"]["stderr"]
    assert wire.value("import os; os.listdir('/mnt/data')") == "['kept']"
    assert other.value("x") == 1


@pytest.mark.parametrize("name", ["floods_stdout", "floods_descriptor"])
def test_a_flood_is_stopped_and_not_kept(wire, program, name):
    """Endless output ends its execution; the server keeps no more of it than was requested."""
    before = _resident()
    body = wire.run(program(name), timeoutInSeconds=60)
    assert body["status"] == "Failed"
    assert "more output than can be taken" in body["result"]["stderr"]
    assert len(body["result"]["stdout"]) == 4096
    assert _resident() - before < 200 << 20
    assert wire.value("1") == 1


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_exit_ends_the_interpreter_and_no_other_execution(wire):
    """exit() is a successful execution; the next one gets a new interpreter, and is not affected."""
    wire.run("x = 1")
    assert wire.run("exit()")["status"] == "Succeeded"
    assert wire.value("'x' in globals()") is False


def test_a_program_of_its_group_does_not_outlive_the_interpreter(wire):
    """As in Jupyter: the kernel's process group ends with the kernel."""
    mark = f"mark-{uuid.uuid4()}"
    sleeper = f"import time; time.sleep(1000)  # {mark}"
    wire.run(f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {sleeper!r}])")
    wait_until(lambda: _running(mark))
    wire.run("import os; os._exit(0)")
    wait_until(lambda: not _running(mark))


def test_a_daemon_outlives_its_interpreter_but_not_the_session(wire, program):
    """A process that has called setsid continues when the interpreter ends, as in Jupyter."""
    mark = f"mark-{uuid.uuid4()}"
    wire.run(f"MARK = {mark!r}\n" + program("leaves_daemon"))
    wait_until(lambda: _running(mark))
    wire.run("import os; os._exit(0)")
    assert wire.value("'MARK' in globals()") is False
    assert _running(mark)
    wire.call("DELETE", "session")
    wait_until(lambda: not _running(mark))


def _running(mark: str) -> bool:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if mark.encode() in path.read_bytes():
                return True
        except OSError:
            pass
    return False


def test_executions_of_one_session_run_one_after_the_other(wire):
    """A second call waits for the first."""
    wire.run("log = []")
    codes = [f"log.append('in'); import time; time.sleep(0.2); log.append('out'); {i}" for i in range(3)]
    threads = [threading.Thread(target=wire.run, args=(code,)) for code in codes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wire.value("log") == "['in', 'out', 'in', 'out', 'in', 'out']"


def test_sessions_run_concurrently(wire_to, session_id):
    """There is a moment at which four of them run code."""
    wires = [wire_to(f"{session_id}-{i}") for i in range(4)]
    for one in wires:
        one.run("import time")
    with ThreadPoolExecutor(4) as threads:
        values = list(threads.map(lambda one: one.value("[time.time(), time.sleep(1), time.time()]"), wires))
    begun, _, ended = zip(*map(ast.literal_eval, values), strict=True)
    assert max(begun) < min(ended)


def test_a_client_that_closes_the_connection_does_not_stop_its_execution(wire):
    """The execution continues, and can be read by its id."""
    with pytest.raises(requests.Timeout):
        requests.post(
            f"{wire.endpoint}/executions",
            params={"identifier": wire.identifier, "api-version": "2025-10-02-preview"},
            headers={"Authorization": f"Bearer {wire.token}", "operation-id": "left-alone"},
            json={"code": "import time; time.sleep(1); x = 5"},
            timeout=0.3,
        )
    assert wire.call("GET", "executions/left-alone").json()["status"] == "Running"
    assert wire.value("x") == 5
    assert wire.call("GET", "executions/left-alone").json()["status"] == "Succeeded"


def test_a_program_that_code_waits_for_is_interrupted_too(wire):
    """os.system ignores an interrupt, but the program that it waits for does not; the variables stay."""
    wire.run("kept = 1")
    body = wire.run("import os; os.system('sleep 60')", timeoutInSeconds=1)
    assert body["result"]["stderr"] == "Request timed out waiting for code execution to complete after 1 seconds"
    assert wire.value("kept") == 1


def test_an_execution_that_succeeds_after_its_timeout_has_timed_out(wire, program):
    """An execution that catches the interrupt still fails, but keeps its interpreter."""
    body = wire.run(program("catches_interrupt"), timeoutInSeconds=1)
    assert body["status"] == "Failed"
    assert body["result"]["stdout"] == "went on\n"
    assert body["result"]["stderr"] == "Request timed out waiting for code execution to complete after 1 seconds"
    assert wire.value("kept") == "caught"


def test_an_execution_that_waited_gets_a_new_interpreter_after_a_kill(wire, program):
    """It is executed by a new interpreter, and its timeout starts only then."""
    wire.run("lost = 1")
    bodies = {}

    def run(name: str, code: str) -> None:
        bodies[name] = wire.run(code, timeoutInSeconds=1)

    stuck = threading.Thread(target=run, args=("stuck", f"{BEGUN}\n{program('ignores_interrupts')}"))
    waiting = threading.Thread(target=run, args=("waiting", "'lost' in globals()"))
    stuck.start()
    wire.wait_for_file("begun")
    waiting.start()
    for thread in (stuck, waiting):
        thread.join()
    assert bodies["stuck"]["result"]["stderr"].endswith(STATE_LOST)
    assert (bodies["waiting"]["status"], bodies["waiting"]["result"]["executionResult"]) == ("Succeeded", False)


def test_ending_a_session_ends_its_executions(wire):
    """The execution in progress and those that wait are answered at once; the identifier then has a new session."""
    wire.run("x = 1")
    bodies = []
    code = {"code": "import time; time.sleep(60)"}

    def execute(name: str) -> None:
        bodies.append(wire.call("POST", "executions", json=code, headers={"operation-id": name}).json())

    names = ("one", "two", "three")
    runs = [threading.Thread(target=execute, args=(name,)) for name in names]
    for run, name in zip(runs, names, strict=True):
        run.start()
        wire.wait_for_status(name, "NotStarted", "Running")
    started = time.monotonic()
    assert wire.call("DELETE", "session").status_code == 204
    for run in runs:
        run.join()
    assert time.monotonic() - started < 20  # they would take 60
    assert [body["status"] for body in bodies] == ["Failed"] * 3
    assert {body["result"]["stderr"] for body in bodies} == {"Execution aborted: the session has ended"}
    assert wire.value("'x' in globals()") is False


@pytest.mark.parametrize("name", ["floods_displays", "floods_messages", "floods_stdout"])
def test_a_flood_does_not_stop_others(wire, wire_to, session_id, program, name):
    """Other sessions are answered while one writes endlessly, and it can be used again afterwards."""
    other = wire_to(session_id + "-other")
    other.run("x = 1")
    flood = threading.Thread(target=lambda: wire.run(f"{BEGUN}\n{program(name)}", timeoutInSeconds=1))
    before = _resident()
    flood.start()
    wire.wait_for_file("begun")
    took = []
    for _ in range(5):
        started = time.monotonic()
        assert other.value("x") == 1
        took.append(time.monotonic() - started)
    assert statistics.median(took) < 1
    flood.join()
    assert wire.value("1") == 1
    assert _resident() - before < 200 << 20


def test_a_process_that_keeps_writing_does_not_disturb_later_executions(wire, wire_to, session_id):
    """Between executions its output is read and dropped, so that it fills no buffer."""
    wire.run("import subprocess; left = subprocess.Popen(['cat', '/dev/zero'])")
    other = wire_to(session_id + "-other")
    before = _resident()
    took = []
    for _ in range(10):
        started = time.monotonic()
        assert other.value("1") == 1
        took.append(time.monotonic() - started)
    assert statistics.median(took) < 0.5
    assert _resident() - before < 50 << 20
    wire.run("left.kill(); left.wait()")
    assert wire.run("print('mine')")["result"]["stdout"] == "mine\n"


def test_only_the_last_executions_are_kept(wire):
    """Fifty of them; an older one is unknown."""
    for number in range(51):
        wire.call("POST", "executions", json={"code": str(number)}, headers={"operation-id": f"run-{number}"})
    assert wire.call("GET", "executions/run-0").status_code == 404
    assert wire.call("GET", "executions/run-1").json()["result"]["executionResult"] == 1
