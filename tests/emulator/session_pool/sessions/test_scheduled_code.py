"""Code that a request schedules on the interpreter's event loop, as on a Jupyter kernel's: it runs between requests."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from emulator.session_pool.engines.linux.engine import Engine as LinuxEngine
from emulator.session_pool.engines.portable.engine import PortableEngine
from emulator.session_pool.sessions.pool import Pool
from emulator.session_pool.wire.server import FAULTS_PATH, SessionPoolServer
from emulator.session_pool.wire.tokens import TokenAuthority
from tests.emulator.session_pool.conftest import Wire, pool_program, wait_until

STATE_LOST = "Variables are lost, files are kept."
TIMED_OUT = "Request timed out waiting for code execution to complete after 1 seconds"

BEGIN = """
import asyncio, contextlib, os, pathlib, signal, subprocess, sys, time
DATA = pathlib.Path('/mnt/data')
kept = 1

def wait_for(name):
    while not (DATA / name).exists():
        time.sleep(0.005)

def after_reply(scheduled):
    asyncio.get_running_loop().call_later(0.01, scheduled)
"""


@dataclass(frozen=True)
class Running:
    """A pool, and a separate session for one test."""

    wire: Wire

    def run(self, code: str, **members: Any) -> dict[str, Any]:
        return self.wire.run(code, **members)

    def stderr(self, body: dict[str, Any]) -> str:
        return str(body["result"]["stderr"])

    def schedule(self, *lines: str) -> None:
        """The lines as the body of a function that runs after the reply; returns when it has begun."""
        body = "\n    ".join(["(DATA / 'begun').touch()", *lines])
        answer = self.run(f"{BEGIN}\ndef scheduled():\n    {body}\n\nafter_reply(scheduled)")
        assert answer["status"] == "Succeeded", answer
        self.wait_for("begun")

    def has(self, name: str) -> bool:
        return self.wire.has_file(name)

    def wait_for(self, name: str) -> None:
        """Until the session has a file of that name."""
        self.wire.wait_for_file(name)

    def touch(self, name: str) -> None:
        assert self.wire.call("POST", "files", files={"file": (name, b"x")}).status_code == 200

    def content(self, name: str) -> str:
        self.wait_for(name)
        return self.wire.call("GET", f"files/{name}/content").text

    def restart_queued(self) -> None:
        fault = {"do": "restartQueued", "path": "executions", "identifier": self.wire.identifier}
        url = "http://" + urlsplit(self.wire.endpoint).netloc + FAULTS_PATH
        assert requests.post(url, json=fault, timeout=10).status_code == 200

    def restarted(self) -> dict[str, Any]:
        """The response to the first request after the interpreter has ended: its variables are lost."""
        body = self.run("'kept' in globals()")
        assert body["status"] == "Failed" or body["result"]["executionResult"] is False
        assert self.stderr(body).startswith("Kernel restarted: ") and self.stderr(body).rstrip().endswith(STATE_LOST)
        assert self.wire.value("'kept' in globals()") is False
        return body


@pytest.fixture(scope="module", params=["level 3", "level 2", "level 1"])
def pool(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """A pool of each level of isolation: its endpoint, and a token."""
    if request.param == "level 2":  # a program without namespaces, which root could not give up in this process
        with pool_program("--require-isolation", "2", below="no namespaces") as program:
            yield program.reported["session pool"], program.reported["token"]
        return
    engine = PortableEngine() if request.param == "level 1" else LinuxEngine(lowest_level=3)
    authority = TokenAuthority()
    server = SessionPoolServer(Pool(engine), authority)
    server.start()
    yield server.endpoint, authority.issue()[0]
    server.stop()


@pytest.fixture
def session(pool, session_id) -> Iterator[Running]:
    wire = Wire(*pool, session_id)
    yield Running(wire)
    wire.call("DELETE", "session")


def test_it_runs_after_the_reply_and_the_next_request_waits_for_it(session):
    """In the main thread, in the same interpreter, with its variables."""
    session.schedule("import threading", "time.sleep(0.3)", "global name", "name = threading.current_thread().name")
    assert session.wire.value("name, kept") == "('MainThread', 1)"


def test_each_of_several_runs_once(session):
    """Also one that another schedules."""
    session.schedule(
        "global order", "order = []", "for n in range(3): after_reply(lambda n=n: order.append(n))",
        "after_reply(lambda: after_reply((DATA / 'last').touch))",
    )  # fmt: skip
    session.wait_for("last")
    assert session.wire.value("order") == "[0, 1, 2]"


@pytest.mark.parametrize("failure", ["1 / 0", "raise KeyboardInterrupt", "raise asyncio.CancelledError"])
def test_an_exception_does_not_end_the_interpreter(session, failure):
    """The next request finds its variables, and its result does not contain the traceback."""
    session.schedule("(DATA / 'ended').touch()", failure)
    session.wait_for("ended")
    body = session.run("kept")
    assert (body["status"], body["result"]["executionResult"], session.stderr(body)) == ("Succeeded", 1, "")


def test_sys_exit_ends_the_interpreter_as_it_ends_a_kernel(session):
    """The next request is executed by a new one, and reports that."""
    session.schedule("sys.exit(3)")
    session.restarted()


def test_a_fork_returns_to_no_request(session):
    """A process that scheduled code forks ends with that code; the first process alone answers requests."""
    session.schedule(
        "global main", "main = os.getpid()", "child = os.fork()", "(DATA / f'forked{bool(child)}').touch()"
    )
    session.wait_for("forkedTrue")
    session.wait_for("forkedFalse")
    assert [session.wire.value("os.getpid() == main") for _ in range(5)] == [True] * 5
    assert session.wire.value("os.wait()[1]") == 0


def test_an_interrupt_between_requests_is_ignored(session):
    """As by ipykernel, where SIGINT has an effect during requests only."""
    session.schedule("os.kill(os.getpid(), signal.SIGINT)", "time.sleep(0.05)", "(DATA / 'ended').touch()")
    session.wait_for("ended")
    assert session.wire.value("kept") == 1


def test_scheduled_code_may_take_interrupts(session):
    """With its own handler, which does not affect later requests."""
    session.schedule(
        "interrupt = f'import os, time; time.sleep(0.2); os.kill({os.getpid()}, 2)'",
        "subprocess.Popen([sys.executable, '-I', '-S', '-c', interrupt], start_new_session=True)",
        "before = signal.signal(signal.SIGINT, signal.default_int_handler)",
        "try:",
        "    wait_for('never')",
        "except KeyboardInterrupt:",
        "    (DATA / 'interrupted').touch()",
        "finally:",
        "    signal.signal(signal.SIGINT, before)",
    )
    session.wait_for("interrupted")
    assert session.wire.value("kept") == 1
    body = session.run("time.sleep(60)", timeoutInSeconds=1)
    assert (body["status"], session.stderr(body)) == ("Failed", TIMED_OUT)
    assert session.wire.value("kept") == 1


WRITES = (
    "from IPython.display import display",
    "print('printed', flush=True)",
    "print('to stderr', file=sys.stderr, flush=True)",
    "display('displayed')",
    "os.write(1, b'written\\n')",
    "os.write(2, b'written to stderr\\n')",
    "subprocess.run([sys.executable, '-I', '-S', '-c', 'print(\"of a program\")'])",
    "for _ in range(200): print('y' * 50_000)",
    "for _ in range(100): os.write(1, b'z' * 50_000)",
)


def test_its_output_belongs_to_no_request(session):
    """Through each stream and in any size, without a waiting request; the channel stays intact."""
    session.schedule(*WRITES, "(DATA / 'ended').touch()")
    session.wait_for("ended")
    result = session.run("print('own'); kept")["result"]
    assert (result["stdout"], result["stderr"], result["executionResult"]) == ("own\n", "", 1)


@pytest.mark.parametrize("code", ["print('own'); kept", "os.write(1, b'own\\n'); kept", "os.system('echo own'); kept"])
def test_its_output_does_not_belong_to_the_request_that_waits(session, code):
    """The output of the waiting request belongs to it, from the first character."""
    session.schedule("wait_for('go')", *WRITES)
    body = in_thread(lambda: session.run(code))
    session.touch("go")
    result = body()["result"]
    assert (result["stdout"], result["stderr"]) == ("own\n", "")


def test_a_request_that_waits_too_long_is_withdrawn(session):
    """It fails at its timeout, and never begins; what it waited for continues, and so does the session."""
    session.schedule("wait_for('go')", "global kept", "kept = 2")
    started = time.monotonic()
    body = session.run("(DATA / 'ran').touch()", timeoutInSeconds=1)
    assert 1 <= time.monotonic() - started < 3  # with an interrupt and its grace period it takes longer
    assert (body["status"], session.stderr(body)) == ("Failed", TIMED_OUT)
    assert body["result"]["executionTimeInMilliseconds"] == 1000
    session.touch("go")
    assert session.wire.value("kept") == 2
    assert not session.has("ran")


def test_a_long_request_can_be_withdrawn_too(session):
    """One that does not fit into the connection while the interpreter is busy: the next request arrives after it."""
    session.schedule("wait_for('go')")
    long = f"(DATA / 'ran').touch()  # {'x' * 3_000_000}"
    bodies = [session.run(long, timeoutInSeconds=1) for _ in range(2)]
    assert [session.stderr(body) for body in bodies] == [TIMED_OUT] * 2
    body = in_thread(lambda: session.run(f"kept  # {'x' * 3_000_000}"))
    session.touch("go")
    assert body()["result"]["executionResult"] == 1
    assert not session.has("ran")


def test_a_request_that_has_begun_is_interrupted_despite_scheduled_code(session):
    """The timeout of a request that runs is unchanged, and starts when the request is handed over."""
    session.schedule("time.sleep(0.5)")
    body = session.run("(DATA / 'ran').touch(); time.sleep(60)", timeoutInSeconds=1)
    assert (body["status"], session.stderr(body)) == ("Failed", TIMED_OUT)
    assert session.has("ran")
    assert session.wire.value("kept") == 1


def test_the_fault_that_restarts_a_busy_interpreter(session):
    """`restartQueued`: code that ignores the interrupt loses its interpreter, as an execution that ignores it does."""
    session.schedule("wait_for('never')")
    session.restart_queued()
    body = session.run("(DATA / 'ran').touch()", timeoutInSeconds=1)
    assert body["status"] == "Failed"
    assert session.stderr(body) == f"{TIMED_OUT}. It ignored the interrupt: the kernel was restarted. {STATE_LOST}"
    assert session.wire.value("'kept' in globals()") is False
    assert not session.has("ran")


def test_the_fault_interrupts_first(session):
    """Code that ends at the interrupt keeps its interpreter; the request still does not begin."""
    session.schedule(
        "signal.signal(signal.SIGINT, lambda *_: (DATA / 'interrupted').touch())", "wait_for('interrupted')"
    )
    session.restart_queued()
    body = session.run("(DATA / 'ran').touch()", timeoutInSeconds=1)
    assert (body["status"], session.stderr(body)) == ("Failed", TIMED_OUT)
    assert session.wire.value("kept") == 1
    assert not session.has("ran")


def test_an_end_between_requests_is_reported_by_the_next(session):
    """By a new interpreter, as after one that a thread has ended."""
    session.schedule("os.kill(os.getpid(), signal.SIGKILL)")
    assert "the interpreter ended by signal 9" in session.stderr(session.restarted())


def test_an_end_while_a_request_waits_fails_that_request(session):
    """It has not run; the next one gets a new interpreter."""
    session.schedule("wait_for('go')", "os.kill(os.getpid(), signal.SIGKILL)")
    code = {"code": "(DATA / 'ran').touch()"}
    call = partial(session.wire.call, "POST", "executions", json=code, headers={"operation-id": "waits"})
    body = in_thread(lambda: call().json())
    session.wire.wait_for_status("waits", "Running")
    session.touch("go")
    answer = body()
    assert answer["status"] == "Failed"
    assert session.stderr(answer) == f"Kernel restarted: the interpreter ended by signal 9. {STATE_LOST}"
    assert not session.has("ran")
    assert session.wire.value("'kept' in globals()") is False


WATCHER = """
import os, signal, sys, time
pid, folder = int(sys.argv[1]), sys.argv[2]

def note(name, text):
    with open(f'{folder}/{name}.part', 'w') as file:
        file.write(text)
    os.rename(f'{folder}/{name}.part', f'{folder}/{name}')

def state():
    try:
        with open(f'/proc/{pid}/stat') as file:
            return file.read().rpartition(')')[2].split()[0]
    except OSError as failure:
        return type(failure).__name__

note('before', state())
os.kill(pid, signal.SIGINT)
while not os.path.exists(f'{folder}/interrupted'):
    time.sleep(0.01)
os.kill(pid, signal.SIGKILL)
while state() not in ('Z', 'X', 'FileNotFoundError', 'PermissionError', 'ProcessLookupError'):
    time.sleep(0.01)
note('after', state())
while not os.path.exists(f'{folder}/restarted'):
    time.sleep(0.01)
note('survived', str(os.getpid()))
"""


def test_a_watcher_outlives_the_interpreter_that_it_ends(session):
    """A separate program that has called setsid: it reads the interpreter's state, interrupts it, and kills it."""
    session.schedule(
        f"watcher = {WATCHER!r}",
        "command = [sys.executable, '-I', '-S', '-c', watcher, str(os.getpid()), os.environ['HOME']]",
        "signal.signal(signal.SIGINT, lambda *_: open(os.environ['HOME'] + '/interrupted', 'w').close())",
        "subprocess.Popen(command, start_new_session=True)",
        "wait_for('never')",
    )
    home = "open(os.environ['HOME'] + '/{}').read()"
    session.restarted()
    session.run("import os, time; open(os.environ['HOME'] + '/restarted', 'w').close()")
    code = "while not os.path.exists(os.environ['HOME'] + '/survived'): time.sleep(0.01)"
    assert session.run(code, timeoutInSeconds=10)["status"] == "Succeeded"
    assert session.wire.value(home.format("before")) in ("R", "S")
    assert session.wire.value(home.format("after")) in ("Z", "X", "FileNotFoundError", "PermissionError")


def test_the_cooldown_does_not_wait_for_scheduled_code(session_id):
    """As for everything that runs without a request: the session ends when it has not been used for that long."""
    authority = TokenAuthority()
    server = SessionPoolServer(Pool(LinuxEngine(), cooldown=timedelta(seconds=1), ready=0), authority)
    server.start()
    try:
        session = Running(Wire(server.endpoint, authority.issue()[0], session_id))
        session.schedule("wait_for('never')")
        wait_until(lambda: session.wire.call("GET", "session").status_code == 404)
    finally:
        server.stop()


def in_thread(get: Callable[[], dict[str, Any]]) -> Callable[[], dict[str, Any]]:
    """Starts the call, and returns a function that waits for its result."""
    executor = ThreadPoolExecutor(1)
    future = executor.submit(get)

    def result() -> dict[str, Any]:
        executor.shutdown()
        return future.result()

    return result
