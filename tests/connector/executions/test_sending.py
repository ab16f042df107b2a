"""Cells: complete ones install the payload, short ones follow in the same session."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from connector.errors import ExecutionNotFound
from connector.executions.operations import execute_python_code, get_execution
from connector.in_session.cell import make_cell
from connector.in_session.protocol import OUTPUTS_FOLDER, RECORD
from connector.models import Execution, FilePath
from connector.session_pool.client import SessionPoolClient
from connector.session_pool.facts import PoolFacts
from connector.session_pool.pools import Pools
from connector.session_pool.sessions import CallerSessions
from tests.conftest import Emulator
from tests.connector.conftest import FaultyPool, GivenToken, Reply, Token

LONGEST_SHORT_CELL = 1_000
COUNT = "with open('/mnt/data/count.txt', 'a') as f: f.write('x')\nx = 1"


class SizedClient(SessionPoolClient):
    """Keeps the sizes of the cells that it sends."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.sizes: list[int] = []
        self.reaches_ending_interpreter = False
        """Whether the pool's response to the next cell is that its interpreter has ended."""

    def call(self, method: str, path: str, *arguments: Any, **request: Any) -> Any:
        if path == self.wire.execute_path:
            self.sizes.append(len(request["json"]["code"]))
            if self.reaches_ending_interpreter:
                self.reaches_ending_interpreter = False
                request["json"] = {**request["json"], "code": "import os; os._exit(1)"}
        return super().call(method, path, *arguments, **request)

    def kinds(self) -> list[str]:
        """Of the cells since the last time: each short or complete."""
        kinds = ["short" if size < LONGEST_SHORT_CELL else "complete" for size in self.sizes]
        self.sizes.clear()
        return kinds


@pytest.fixture
def client(emulator: Emulator) -> SizedClient:
    return SizedClient(emulator.pool.endpoint, Token(emulator))


@pytest.fixture
def facts() -> PoolFacts:
    return PoolFacts(rich_results=True)


@pytest.fixture
def run(client: SizedClient, facts: PoolFacts, session_id: str) -> Any:
    def execute(code: str, **members: Any) -> Execution:
        members = {"session_id": session_id, **members}
        return execute_python_code(CallerSessions(Pools(client)), facts, python_code=code, **members)

    return execute


def test_the_payload_is_sent_once_in_a_session(run: Any, client: SizedClient, facts: PoolFacts) -> None:
    """By each process. Later cells carry the code alone, also those that start background runs."""
    run("x = 1")
    assert client.kinds() == ["complete"]
    assert run("x + 1").result == "2"
    assert run("x + 2", timeout_in_seconds=300).result == "3"
    assert client.kinds() == ["short", "short"]


def test_a_new_session_gets_the_payload_at_once(run: Any, client: SizedClient) -> None:
    """One call, for every session that the connector creates."""
    for _ in range(2):
        run("1", session_id=None)
    assert client.kinds() == ["complete", "complete"]


@pytest.mark.parametrize("end", ["import os; os._exit(0)", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"])
@pytest.mark.parametrize("timeout", [60, 300], ids=["one call", "background"])
def test_a_restarted_interpreter_gets_the_payload_again(run: Any, end: str, timeout: int) -> None:
    """Whether or not this process knows of the restart. The code runs once, and as the first of its interpreter."""
    run("x = 1")
    run(end, timeout_in_seconds=timeout)
    again = run(COUNT + "\nlen(In), 'x' in globals(), _i", timeout_in_seconds=timeout)
    assert (again.value, again.execution_count, again.stdout) == ([2, True, ""], 1, "")
    assert run("open('/mnt/data/count.txt').read()").result == "x"


@pytest.mark.parametrize("end", ["import os; os._exit(0)", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"])
@pytest.mark.parametrize("timeout", [60, 300], ids=["one call", "background"])
def test_a_pool_may_notice_late_that_an_interpreter_has_ended(
    run: Any, client: SizedClient, end: str, timeout: int
) -> None:
    """The next cell after a background run that ended it does not run. It has no code, so the code runs once."""
    run("x = 1")
    assert run(end, timeout_in_seconds=300).error.name == "KernelRestarted"
    client.kinds()
    client.reaches_ending_interpreter = True
    again = run(COUNT + "\nlen(In), 'x' in globals(), _i", timeout_in_seconds=timeout)
    assert (again.value, again.execution_count, again.stdout) == ([2, True, ""], 1, "")
    assert client.kinds() == ["short", "complete"]
    assert run("open('/mnt/data/count.txt').read()").result == "x"
    assert client.kinds() == ["short"]


@pytest.mark.parametrize("timeout", [60, 300], ids=["one call", "background"])
def test_a_wrong_hint_costs_one_call(
    run: Any, client: SizedClient, facts: PoolFacts, session_id: str, timeout: int
) -> None:
    """The short cell finds no payload, and runs nothing. The complete one follows, and the code runs once."""
    facts.note_payload(CallerSessions(Pools(client)).session(session_id), is_installed=True)
    counted = run(COUNT + "\nx", timeout_in_seconds=timeout, idempotency_key="key")
    assert client.kinds() == ["short", "complete"]
    assert (counted.result, counted.execution_count, counted.is_new_session) == ("1", 1, True)
    assert run(COUNT + "\nx", timeout_in_seconds=timeout, idempotency_key="key").execution_id == counted.execution_id
    assert run("open('/mnt/data/count.txt').read()").result == "x"


def test_two_wrong_hints_leave_no_trace(run: Any, client: SizedClient, facts: PoolFacts, session_id: str) -> None:
    """As when two processes send short cells at the same time. IPython's history accepts all later cells."""
    session = CallerSessions(Pools(client)).session(session_id)
    for number in range(2):
        cell = make_cell("1", execution_id=f"unseen-{number}", max_report_characters=1_000_000)
        assert cell.short is not None
        run_of_pool = session.execute_code(cell.short, execution_id=f"unseen-{number}", timeout_seconds=10)
        assert cell.was_not_installed(run_of_pool.stdout)
    runs = [run(f"x{number} = {number}") for number in range(4)]
    assert [execution.execution_count for execution in runs] == [1, 2, 3, 4]
    assert "".join(execution.stdout + execution.stderr for execution in runs) == ""
    history = run("get_ipython().history_manager.writeout_cache()\n%history -n 1-4\n_i, _ii, _i4, 'In' in dir()")
    assert history.stdout == "".join(f"{number + 1:4}: x{number} = {number}\n" for number in range(4))
    assert history.value == ["x3 = 3", "x2 = 2", "x3 = 3", True]


def test_an_execution_whose_short_cell_found_nothing_does_not_exist(
    client: SizedClient, facts: PoolFacts, session_id: str
) -> None:
    """The pool has its cell, but nothing has run."""
    sessions = CallerSessions(Pools(client))
    cell = make_cell("1", execution_id="unseen", max_report_characters=1_000_000)
    assert cell.short is not None
    sessions.session(session_id).execute_code(cell.short, execution_id="unseen", timeout_seconds=10)
    with pytest.raises(ExecutionNotFound):
        get_execution(sessions, facts, session_id=session_id, execution_id="unseen")


REMOVE = "get_ipython().kernel.do_execute = type(get_ipython().kernel).do_execute.__get__(get_ipython().kernel)"


def test_code_that_removes_the_payload_gets_it_again(run: Any, client: SizedClient) -> None:
    """It may be replaced by code in the session at any time."""
    run(REMOVE)
    client.kinds()
    assert run("1 + 1").value == 2
    assert client.kinds() == ["short", "complete"]


SILENCE = """
import asyncio
session = get_ipython().kernel.session
kept = type(session).send
def send(stream, kind, *arguments, **others):
    return None if kind == "stream" else kept(session, stream, kind, *arguments, **others)
asyncio.get_running_loop().call_later(0.1, lambda: setattr(session, "send", send))
await asyncio.sleep(0)
"""


def test_a_cell_that_leaves_nothing_is_not_a_success(run: Any) -> None:
    """Code has removed the payload, and what would report that. Whether the next code has run is unknown."""
    run(REMOVE + SILENCE)
    time.sleep(0.5)
    assert run("print(1)").status == "Unknown"


@pytest.mark.parametrize("timeout", [60, 300], ids=["one call", "background"])
def test_a_pool_that_only_claims_success_has_not_run_the_code(
    faulty_pool: Callable[..., FaultyPool], facts: PoolFacts, timeout: int
) -> None:
    """The complete cell has left neither a report nor a record."""
    claimed = b'{"status": "Succeeded", "result": {"stdout": "", "stderr": "", "executionResult": ""}}'
    pool = faulty_pool(Reply(200, claimed), Reply(404))
    sessions = CallerSessions(Pools(SessionPoolClient(pool.url, GivenToken())))
    execution = execute_python_code(sessions, facts, python_code="1", timeout_in_seconds=timeout)
    assert execution.status == "Unknown"


class RepeatingClient(SizedClient):
    """Of a pool that takes requests with the same execution ID for one: the second has the response to the first."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.responses: dict[str, Any] = {}

    def call(self, method: str, path: str, *arguments: Any, **request: Any) -> Any:
        if path != self.wire.execute_path:
            return super().call(method, path, *arguments, **request)
        execution_id = request["headers"]["operation-id"]
        if execution_id not in self.responses:
            self.responses[execution_id] = super().call(method, path, *arguments, **request)
        return self.responses[execution_id]


@pytest.mark.parametrize("timeout", [60, 300], ids=["one call", "background"])
def test_a_pool_may_repeat_its_response_to_an_execution_id(
    emulator: Emulator, facts: PoolFacts, session_id: str, timeout: int
) -> None:
    """The complete cell runs nevertheless, and GetExecution finds its run, also in the pool alone."""
    client = RepeatingClient(emulator.pool.endpoint, Token(emulator))
    sessions = CallerSessions(Pools(client))
    session = sessions.session(session_id)
    facts.note_payload(session, is_installed=True)
    counted = execute_python_code(
        sessions, facts, python_code=COUNT + "\nx", session_id=session_id, timeout_in_seconds=timeout
    )
    assert (counted.status, counted.result, client.kinds()) == ("Succeeded", "1", ["short", "complete"])
    if timeout == 60:
        session.delete_file(FilePath(f"{OUTPUTS_FOLDER}/{counted.execution_id}", RECORD))
    again = get_execution(sessions, facts, session_id=session_id, execution_id=counted.execution_id)
    assert (again.status, again.result) == ("Succeeded", "1")


def test_the_last_used_sessions_are_remembered(facts: PoolFacts, pool: CallerSessions) -> None:
    """A bounded number of them."""
    first, *others = (pool.session(f"session-{number}") for number in range(10_001))
    for session in (first, *others):
        facts.note_payload(session, is_installed=True)
    assert (facts.may_have_payload(first), facts.may_have_payload(others[-1])) == (False, True)
