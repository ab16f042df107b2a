"""One session when its code misbehaves: what it costs, and what is told."""

import os
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

STATE_LOST = "Variables are lost, files are kept."


@pytest.mark.parametrize(
    "code", ["import time; time.sleep(60)", "await __import__('asyncio').sleep(60)", "endless_loop"]
)
def test_a_run_over_its_time_is_interrupted_and_keeps_the_variables(wire, program, code):
    """A failed run in plain words, after the time that was asked for."""
    wire.run("kept = 1")
    started = time.monotonic()
    body = wire.run(program(code) if code == "endless_loop" else code, timeoutInSeconds=1)
    assert time.monotonic() - started < 4
    assert body["status"] == "Failed"
    assert body["result"]["stderr"] == "Request timed out waiting for code execution to complete after 1 seconds"
    assert wire.value("kept") == 1


def test_code_that_ignores_interrupts_loses_its_interpreter(wire, program):
    """Two seconds later it is gone; the files are still there."""
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
    """The run fails in plain words, files stay, the next run gets a fresh interpreter, others notice nothing."""
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
    """Output without end costs its run; the server keeps no more of it than was asked for."""
    before = _resident()
    body = wire.run(program(name), timeoutInSeconds=60)
    assert body["status"] == "Failed"
    assert "more output than can be taken" in body["result"]["stderr"]
    assert len(body["result"]["stdout"]) == 4096
    assert _resident() - before < 200 << 20
    assert wire.value("1") == 1


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_exit_ends_the_interpreter_and_no_other_run(wire):
    """exit() is a run that went well; the next one starts afresh, and is not answered in its place."""
    wire.run("x = 1")
    assert wire.run("exit()")["status"] == "Succeeded"
    assert wire.value("'x' in globals()") is False


def test_a_daemon_does_not_outlive_its_interpreter_or_session(wire, program):
    """Whatever a run leaves behind ends with the interpreter, and with the session at the latest."""
    for end in (lambda: wire.run("import os; os._exit(0)"), lambda: wire.call("DELETE", "session")):
        mark = f"mark-{uuid.uuid4()}"
        wire.run(f"MARK = {mark!r}\n" + program("leaves_daemon"))
        assert _comes_true(lambda mark=mark: _running(mark))
        end()
        assert _comes_true(lambda mark=mark: not _running(mark))


def _comes_true(condition: Callable[[], bool]) -> bool:
    """Waits for it, for some seconds."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


def _running(mark: str) -> bool:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if mark.encode() in path.read_bytes():
                return True
        except OSError:
            pass
    return False


def test_runs_of_one_session_come_one_after_the_other(wire):
    """A second call waits for the first."""
    wire.run("log = []")
    codes = [f"log.append('in'); import time; time.sleep(0.2); log.append('out'); {i}" for i in range(3)]
    threads = [threading.Thread(target=wire.run, args=(code,)) for code in codes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wire.value("log") == "['in', 'out', 'in', 'out', 'in', 'out']"


def test_sessions_run_side_by_side(wire_to, session_id):
    """Four sessions that each sleep a second take about one."""
    started = time.monotonic()
    wires = [wire_to(f"{session_id}-{i}") for i in range(4)]
    threads = [threading.Thread(target=one.run, args=("import time; time.sleep(1)",)) for one in wires]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - started < 2.5


def test_a_client_that_hangs_up_does_not_stop_its_run(wire):
    """The run goes on, and can be read by its id."""
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
