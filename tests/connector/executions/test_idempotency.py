"""Idempotency keys: a repeated call returns the same execution, and its code runs once."""

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
import requests

from connector.errors import IdempotencyKeyReused
from connector.executions.operations import execute_python_code, get_execution
from connector.models import Execution, FilePath
from connector.session_pool.client import SessionPoolClient
from connector.session_pool.facts import PoolFacts
from connector.session_pool.pools import Pools
from connector.session_pool.sessions import CallerSessions
from tests.conftest import Emulator, emulated_pool
from tests.connector.conftest import Token

FAMILIES = ("2025-10-02-preview", "2024-02-02-preview")
COUNT = "with open('/mnt/data/count.txt', 'a') as f: f.write('x')\nprint('counted')\n6 * 7"


@pytest.fixture(scope="module")
def own_pool() -> Iterator[Emulator]:
    """A separate pool, so that its faults do not affect other modules."""
    with emulated_pool() as running:
        yield running


@pytest.fixture
def set_fault(own_pool: Emulator) -> Iterator[Callable[..., None]]:
    """Sets a fault of the pool."""
    faults = f"{own_pool.pool.url}/faults"

    def post(do: str, **members: object) -> None:
        assert requests.post(faults, json={"do": do, **members}, timeout=10).status_code == 200

    yield post
    requests.delete(faults, timeout=10)


def client(pool: Emulator, api_version: str = FAMILIES[0]) -> CallerSessions:
    return CallerSessions(Pools(SessionPoolClient(pool.pool.endpoint, Token(pool), api_version=api_version)))


def run(pool: CallerSessions, code: str = COUNT, *, rich: bool = True, **members: Any) -> Execution:
    return execute_python_code(pool, PoolFacts(rich_results=rich), python_code=code, **members)


def counted(pool: CallerSessions, session_id: str) -> int:
    return len(pool.session(session_id).download_file(FilePath("", "count.txt")))


@pytest.mark.parametrize("api_version", FAMILIES)
def test_a_hundred_calls_from_eight_threads_run_once(own_pool: Emulator, session_id: str, api_version: str) -> None:
    """Through two connectors on one pool. Every result is that of the first run."""
    connectors = [client(own_pool, api_version), client(own_pool, api_version)]

    def call(number: int) -> Execution:
        return run(connectors[number % 2], session_id=session_id, idempotency_key="k")

    with ThreadPoolExecutor(8) as threads:
        executions = list(threads.map(call, range(100)))
    assert counted(connectors[0], session_id) == 1
    assert {execution.status for execution in executions} == {"Succeeded"}
    assert all(execution == executions[0] for execution in executions)
    assert (executions[0].result, executions[0].stdout, len(executions[0].files)) == ("42", "counted\n", 1)


@pytest.mark.parametrize("api_version", FAMILIES)
def test_a_key_is_for_one_piece_of_code(own_pool: Emulator, session_id: str, api_version: str) -> None:
    """Different code with the same key is refused and does not run. Other keys and sessions have their own runs."""
    pool = client(own_pool, api_version)
    run(pool, session_id=session_id, idempotency_key="k")
    with pytest.raises(IdempotencyKeyReused):
        run(pool, COUNT + "\n1", session_id=session_id, idempotency_key="k")
    assert counted(pool, session_id) == 1
    run(pool, session_id=session_id, idempotency_key="other")
    assert counted(pool, session_id) == 2
    assert run(pool, session_id=f"{session_id}-2", idempotency_key="k").session_id == f"{session_id}-2"
    assert counted(pool, f"{session_id}-2") == 1


def test_code_that_fails_is_not_run_again(own_pool: Emulator, session_id: str) -> None:
    """The same error is returned again."""
    pool = client(own_pool)
    code = COUNT + "\n\n1/0"
    first, second = (run(pool, code, session_id=session_id, idempotency_key="k") for _ in range(2))
    assert counted(pool, session_id) == 1
    assert first.error and first.error.name == "ZeroDivisionError"
    assert second == first


@pytest.mark.parametrize("api_version", FAMILIES)
def test_without_a_session_id_the_key_finds_the_session(own_pool: Emulator, api_version: str) -> None:
    """The session ID is derived from the key."""
    pool, key = client(own_pool, api_version), str(uuid.uuid4())
    first, second = run(pool, idempotency_key=key), run(pool, idempotency_key=key)
    assert second == first
    assert counted(pool, first.session_id) == 1
    assert run(pool, idempotency_key=f"{key}-2").session_id != first.session_id
    assert run(pool).session_id != run(pool).session_id


@pytest.mark.parametrize("fault", ["dropAfter", "dropBefore", "truncate"])
@pytest.mark.parametrize("api_version", FAMILIES)
def test_a_run_is_handed_over_again_after_a_lost_connection(
    own_pool: Emulator, set_fault: Callable[..., None], session_id: str, api_version: str, fault: str
) -> None:
    """Even without a key; the code runs once."""
    pool = client(own_pool, api_version)
    set_fault(fault, method="POST", path="executions|code/execute", identifier=session_id)
    execution = run(pool, session_id=session_id)
    assert (execution.status, execution.result, execution.stdout) == ("Succeeded", "42", "counted\n")
    assert counted(pool, session_id) == 1


def test_a_run_whose_connection_is_lost_twice_is_unknown(
    own_pool: Emulator, set_fault: Callable[..., None], session_id: str
) -> None:
    """GetExecution finds it, and so does another call with its key."""
    pool = client(own_pool)
    set_fault("dropAfter", method="POST", path="executions", identifier=session_id, times=2)
    execution = run(pool, session_id=session_id, idempotency_key="k")
    assert (execution.status, execution.error and execution.error.name) == ("Unknown", "ConnectionLost")
    assert (
        get_execution(
            pool, PoolFacts(rich_results=True), session_id=session_id, execution_id=execution.execution_id
        ).result
        == "42"
    )
    assert run(pool, session_id=session_id, idempotency_key="k").result == "42"
    assert counted(pool, session_id) == 1


@pytest.mark.parametrize("api_version", FAMILIES)
def test_a_run_whose_interpreter_died_is_not_run_again(own_pool: Emulator, session_id: str, api_version: str) -> None:
    """It ran in part, and every call returns that it failed."""
    pool, code = client(own_pool, api_version), COUNT + "\nf.close()\nimport os\nos._exit(3)"
    for _ in range(3):
        execution = run(pool, code, session_id=session_id, idempotency_key="k")
        assert (execution.status, execution.error and execution.error.name) == ("Failed", "KernelRestarted")
        assert counted(pool, session_id) == 1
    assert run(pool, "'on'", session_id=session_id).result == "on"


def test_a_call_during_the_run_gets_the_same_result(own_pool: Emulator, session_id: str) -> None:
    """The second cell runs after the first, and finds its record."""
    pool, found = client(own_pool), []
    code = "import time\ntime.sleep(0.7)\n" + COUNT
    first = threading.Thread(target=lambda: found.append(run(pool, code, session_id=session_id, idempotency_key="k")))
    first.start()
    time.sleep(0.2)
    found.append(run(pool, code, session_id=session_id, idempotency_key="k"))
    first.join(20)
    assert found[0] == found[1] and counted(pool, session_id) == 1


def test_without_rich_results_the_pool_keeps_the_run(own_pool: Emulator, session_id: str) -> None:
    """In api-versions that can return a run again."""
    pool = client(own_pool)
    first, second = (run(pool, rich=False, session_id=session_id, idempotency_key="k") for _ in range(2))
    assert counted(pool, session_id) == 1
    assert (second.execution_id, second.result, second.stdout) == (first.execution_id, "42", "counted\n")


@pytest.mark.parametrize("code", ["%nothing", "raise ExceptionGroup('many', [ValueError('v')])"])
def test_errors_that_ipython_prints_are_complete(own_pool: Emulator, session_id: str, code: str) -> None:
    """The first run of a session, a later one and a run that is returned again have the same text."""
    pool = client(own_pool)
    first, later = (run(pool, code, session_id=session_id, idempotency_key=key) for key in "ab")
    again = run(pool, code, session_id=session_id, idempotency_key="a")
    assert first.error is not None and first.stderr.count(first.error.message) == 2
    assert later.stderr == first.stderr.replace("In[1]", "In[2]") and again == first


@pytest.mark.parametrize("api_version", FAMILIES)
def test_get_execution_returns_the_same_as_execute_python_code(
    own_pool: Emulator, session_id: str, api_version: str
) -> None:
    """In both families of api-versions."""
    pool = client(own_pool, api_version)
    code = "import pandas as pd\nopen('/mnt/data/f', 'w').close()\nprint('p')\npd.DataFrame({'a': [1]})"
    execution = run(pool, code, session_id=session_id)
    again = get_execution(
        pool, PoolFacts(rich_results=True), session_id=session_id, execution_id=execution.execution_id
    )
    assert replace(again, duration_in_milliseconds=0) == replace(execution, duration_in_milliseconds=0)
