"""The circuit: calls of a pool that is down fail at once, until it responds again."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from connector.errors import ConnectorError, PoolTimeout, PoolUnavailable
from connector.outbound.deadlines import Deadline, Deadlines
from connector.session_pool.circuit import Circuit, CircuitTimes
from connector.session_pool.client import SessionPoolClient
from connector.session_pool.pools import Pools
from connector.session_pool.sessions import CallerSessions
from tests.connector.conftest import GivenToken

QUICK = CircuitTimes(silence_seconds=0.1, pause_seconds=0.05)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


class Probed:
    """A pool that is probed by a circuit: it is down while `error` is set."""

    def __init__(self) -> None:
        self.error: ConnectorError | None = PoolTimeout("It does not respond.")
        self.times = 0
        self.may_respond = threading.Event()
        self.may_respond.set()

    def __call__(self) -> ConnectorError | None:
        self.times += 1
        assert self.may_respond.wait(10)
        return self.error


@pytest.fixture
def probed() -> Iterator[Probed]:
    pool = Probed()
    yield pool
    pool.error = None  # ends the thread


def test_it_opens_after_failures_and_closes_by_itself(probed):
    """Callers get the pool's error with a Retry-After."""
    circuit = Circuit(probed, QUICK)
    for _ in range(2):
        circuit.failed()
    assert probed.times == 0 and not circuit.is_open
    circuit.failed()
    until(lambda: circuit.is_open)
    for _ in range(3):
        with pytest.raises(PoolTimeout) as failure:
            circuit.check()
        assert failure.value.retry_after_seconds
    probed.error = None
    until(lambda: not circuit.is_open)
    circuit.check()
    assert circuit.openings == 1


def test_a_pool_that_swallows_probes_is_probed_again_at_once():
    """The pause is that from one probe to the next."""
    began: list[float] = []

    def probe() -> ConnectorError | None:
        began.append(time.monotonic())
        if len(began) > 2:
            return None
        time.sleep(0.5)  # until the probe has timed out
        return PoolTimeout("It does not respond.")

    circuit = Circuit(probe, CircuitTimes(failures=1, pause_seconds=0.5))
    circuit.failed()
    until(lambda: len(began) > 2 and not circuit.is_open)
    assert began[2] - began[0] < 1.8


def test_failures_of_sessions_do_not_open_it(probed):
    """The pool itself responds."""
    probed.error = None
    circuit = Circuit(probed, QUICK)
    for _ in range(30):
        circuit.failed()
    until(lambda: probed.times > 0)
    circuit.check()
    assert not circuit.is_open and circuit.openings == 0


def test_responses_between_failures_keep_it_closed(probed):
    """Such as a 429 of a full pool: it is not probed."""
    circuit = Circuit(probed, QUICK)
    for _ in range(30):
        circuit.failed()
        circuit.failed()
        circuit.responded()
    assert probed.times == 0


def test_silence_while_calls_wait_opens_it(probed):
    """The first of them may have minutes for its response. The pool is probed when the next call arrives."""
    circuit = Circuit(probed, QUICK)
    with circuit.waiting():
        time.sleep(0.15)
        circuit.check()
        until(lambda: circuit.is_open)
        circuit.responded()  # it has come after all
        assert not circuit.is_open


def test_a_call_that_failed_waits_for_the_probe(probed):
    """It is not sent again to a pool that is down, and others are not delayed."""
    probed.may_respond.clear()
    circuit = Circuit(probed, QUICK)
    for _ in range(3):
        circuit.failed()
    circuit.check()
    with ThreadPoolExecutor(1) as threads:
        again = threads.submit(circuit.check, Deadline.after(10))
        until(lambda: probed.times > 0)
        assert not again.done()
        probed.may_respond.set()
        with pytest.raises(PoolTimeout):
            again.result(10)


def test_a_circuit_without_calls_does_not_probe(probed):
    """After a minute, the thread ends."""
    circuit = Circuit(probed, CircuitTimes(pause_seconds=0.01, forgotten_seconds=0.1))
    circuit.check()
    for _ in range(3):
        circuit.failed()
    until(lambda: circuit.is_open)
    until(lambda: not circuit.is_open)


@pytest.mark.parametrize("down", ["silent", "5xx"])
def test_callers_of_a_dead_pool_do_not_wait_for_it(faulty_pool, reply, down):
    """After the first failures; and the circuit closes when the pool is back."""
    dead = reply(after_seconds=1.5) if down == "silent" else reply(503)
    pool = faulty_pool(dead)
    deadlines = Deadlines(read_seconds=0.3, probe_seconds=0.3, retry_pause_seconds=0.01)
    client = SessionPoolClient(pool.url, GivenToken(), deadlines=deadlines, circuit_times=QUICK)

    def call(number: int) -> str:
        with contextlib.suppress(PoolTimeout, PoolUnavailable):
            CallerSessions(Pools(client), deadline=deadlines.of_operation()).session(f"session-{number}").get_session()
            return "ok"
        return "failed"

    with ThreadPoolExecutor(16) as threads:
        assert set(threads.map(call, range(16))) == {"failed"}
    until(lambda: client.circuit.is_open)
    requests = len(pool.requests)
    began = time.monotonic()
    assert {call(number) for number in range(100)} == {"failed"}
    assert time.monotonic() - began < 10  # three times as long, if each waited for the pool
    assert len(pool.requests) < requests + 20  # those of the circuit alone
    pool.replies[:] = [reply()]
    until(lambda: not client.circuit.is_open)
    assert call(0) == "ok"
