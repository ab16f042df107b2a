"""Several pools: where sessions are, and what a full or failing pool affects."""

import contextlib
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from connector.errors import ConnectorError, PoolUnreachable, TooManySessions
from connector.executions.operations import execute_python_code
from connector.files import operations as files
from connector.files import uploads
from connector.models import Execution
from connector.outbound.deadlines import Deadlines
from connector.session_pool.client import SessionPoolClient
from connector.session_pool.facts import PoolFacts
from connector.session_pool.pools import Pools
from connector.session_pool.sessions import CallerSessions, SessionClient
from emulator.session_pool.engines.linux.engine import Engine
from emulator.session_pool.sessions.pool import Pool
from emulator.session_pool.wire.identity_endpoint import IdentityEndpoint
from emulator.session_pool.wire.server import SessionPoolServer
from emulator.session_pool.wire.tokens import TokenAuthority
from tests.conftest import Api
from tests.connector.conftest import GivenToken

FACTS = PoolFacts(rich_results=True)
AVOIDED_SECONDS = 0.5


def client(name: str, region: str = "eastus") -> SessionPoolClient:
    """Of a pool that is not called."""
    path = f"/subscriptions/s/resourceGroups/g/sessionPools/{name}"
    return SessionPoolClient(f"https://{region}.dynamicsessions.io{path}", GivenToken())


def placed(sessions: CallerSessions, ids: list[str]) -> list[str]:
    return [sessions.session(session_id).pool.name for session_id in ids]


IDS = [f"of-a-caller-{number}" for number in range(3000)]


# ---- ids


def test_ids_of_callers_are_spread_evenly_and_the_order_of_the_list_does_not_matter() -> None:
    """Each pool gets about a third."""
    a, b, c = client("a"), client("b"), client("c")
    found = placed(CallerSessions(Pools(a, b, c)), IDS)
    assert found == placed(CallerSessions(Pools(c, a, b)), IDS)
    assert all(900 < count < 1100 for count in Counter(found).values())


def test_another_pool_takes_over_its_share_of_the_callers_ids() -> None:
    """The others stay where they are."""
    a, b, c, d = (client(name) for name in "abcd")
    before, after = (placed(CallerSessions(Pools(*pools)), IDS) for pools in ((a, b, c), (a, b, c, d)))
    moved = [new for old, new in zip(before, after, strict=True) if old != new]
    assert set(moved) == {"d"}
    assert 650 < len(moved) < 850


def test_minted_ids_stay_in_their_pool() -> None:
    """Also when pools are added to a list of one, or the list is in another order; for signed-in callers, too."""
    a, b, c = client("a"), client("b"), client("c")
    for caller in (None, "someone"):
        ids = [CallerSessions(Pools(b), caller).with_new_session(lambda session: session.id) for _ in range(50)]
        assert set(placed(CallerSessions(Pools(a, b, c), caller), ids)) == {"b"}


def test_an_id_whose_tag_is_of_no_pool_is_placed_like_one_of_a_caller() -> None:
    """Its pool was removed, or it only looks so. The session begins anew."""
    a, b, removed = client("a"), client("b"), client("removed")
    sessions = CallerSessions(Pools(a, b))
    ids = [CallerSessions(Pools(removed)).with_new_session(lambda session: session.id) for _ in range(40)]
    assert set(placed(sessions, ids)) == {"a", "b"}
    assert placed(sessions, ids) == placed(sessions, ids)


def test_the_same_id_of_two_callers_may_be_in_two_pools() -> None:
    """The hash is that of what the pool gets, which differs between signed-in callers."""
    pools = Pools(client("a"), client("b"))
    first, second = (placed(CallerSessions(pools, caller), IDS[:100]) for caller in ("one", "two"))
    assert 20 < sum(one != two for one, two in zip(first, second, strict=True)) < 80


def test_a_pool_has_the_same_tag_however_its_address_is_written() -> None:
    """Azure ignores the case."""
    path = "/subscriptions/s/resourceGroups/G/sessionPools/P"
    tags = {
        SessionPoolClient(endpoint, GivenToken()).tag
        for endpoint in (
            f"https://eastus.dynamicsessions.io{path}",
            f"https://EASTUS.dynamicsessions.io:443{path.lower()}/",
        )
    }
    assert len(tags) == 1
    assert client("p", "eastus").tag != client("p", "westus").tag


# ---- three running pools


class RunningPool:
    """A pool of the emulator with room for two sessions."""

    def __init__(self, authority: TokenAuthority) -> None:
        self._authority = authority
        self.start()

    def start(self, port: int = 0) -> None:
        pool = Pool(Engine("PythonLTS"), max_sessions=2, ready=1)
        self.server = SessionPoolServer(pool, self._authority, port=port)
        self.server.start()

    def restart(self) -> None:
        """At the same address, without its sessions."""
        self.start(int(self.server.url.rpartition(":")[2]))

    def fail(self, **fault: Any) -> None:
        response = requests.post(f"{self.server.url}/faults", json=fault, timeout=10)
        assert response.status_code < 300, response.text


class IssuedToken(GivenToken):
    def __init__(self, token: str) -> None:
        self._token = token

    def token(self, deadline: object = None) -> str:
        return self._token


class Three:
    """Three pools, and the sessions of a caller in them."""

    def __init__(self) -> None:
        self.authority = authority = TokenAuthority()
        self.pools = [RunningPool(authority) for _ in range(3)]
        self.identity = IdentityEndpoint(authority)
        self.identity.start()
        credential = IssuedToken(authority.issue()[0])
        deadlines = Deadlines(hand_over_seconds=0.3)
        self.clients = [SessionPoolClient(pool.server.endpoint, credential, deadlines=deadlines) for pool in self.pools]
        self.sessions = CallerSessions(Pools(*self.clients, avoided_seconds=AVOIDED_SECONDS))
        self._begun: list[SessionClient] = []

    def run(self, code: str = "1", **arguments: Any) -> Execution:
        execution = execute_python_code(self.sessions, FACTS, python_code=code, **arguments)
        self.keep(execution.session_id)
        return execution

    def number_of(self, session_id: str) -> int:
        """Of the session's pool."""
        return self.clients.index(self.sessions.session(session_id).pool)

    def keep(self, session_id: str) -> str:
        """Ends it after the test."""
        self._begun.append(self.sessions.session(session_id))
        return session_id

    def fill(self, number: int) -> str:
        """Makes a pool full. Returns the id of one of its sessions, which has `x = 5`."""
        only = CallerSessions(Pools(self.clients[number]))
        session_id = ""
        with contextlib.suppress(TooManySessions):
            while True:
                session_id = self.keep(execute_python_code(only, FACTS, python_code="x = 5").session_id)
        return session_id

    def empty(self) -> None:
        for session in self._begun:
            with contextlib.suppress(ConnectorError):
                session.end_session()
        self._begun.clear()
        self.sessions = CallerSessions(Pools(*self.clients, avoided_seconds=AVOIDED_SECONDS))

    def stop(self) -> None:
        self.identity.stop()
        for pool in self.pools:
            pool.server.stop()


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture(scope="module")
def running() -> Iterator[Three]:
    three = Three()
    yield three
    three.stop()


@pytest.fixture
def three(running: Three) -> Iterator[Three]:
    """Without sessions."""
    yield running
    running.empty()


def test_new_sessions_are_spread_evenly(three: Three) -> None:
    """All six of three pools with room for two each."""
    begun = [three.run(f"x = {number}").session_id for number in range(6)]
    assert Counter(map(three.number_of, begun)) == {0: 2, 1: 2, 2: 2}
    assert [three.run("x", session_id=session_id).result for session_id in begun] == list("012345")


def test_a_full_pool_affects_new_sessions_only(three: Three) -> None:
    """They are created in the others by the same call. Once the pool has room, it gets new sessions again."""
    existing = three.fill(0)
    uploaded = files.upload_contents(three.sessions, FACTS, contents=[("a.txt", b"a")])
    begun, *_ = uploads.begin_upload(three.sessions, FACTS, file_name="b.txt", size=3)
    others = [three.keep(uploaded.session_id), three.keep(begun.id), three.run().session_id, three.run().session_id]
    assert Counter(map(three.number_of, others)) == {1: 2, 2: 2}
    assert three.run("x", session_id=existing).result == "5"
    with pytest.raises(TooManySessions):
        three.run()
    three.sessions.session(existing).end_session()
    assert three.number_of(three.run().session_id) == 0


def test_a_pool_that_goes_down_and_comes_back(three: Three) -> None:
    """Its own sessions get its error, new ones are created elsewhere, and it gets new ones again when it is back."""
    in_each = {three.number_of(session_id): session_id for session_id in (three.run("x = 5").session_id for _ in "abc")}
    three.pools[1].server.stop()
    try:
        assert {three.number_of(three.run().session_id) for _ in range(2)} == {0, 2}
        assert {three.run("x", session_id=in_each[number]).result for number in (0, 2)} == {"5"}
        with pytest.raises(PoolUnreachable):
            three.run("x", session_id=in_each[1])
    finally:
        three.pools[1].restart()
    wait_until(lambda: not three.clients[1].circuit.is_open)
    assert three.number_of(three.run().session_id) == 1


def test_a_lost_response_does_not_move_a_run(three: Three) -> None:
    """The code may have run: it is not offered to another pool."""
    for pool in three.pools:
        pool.fail(do="answer", status=500, path="executions", times=5)
    try:
        assert three.run().status == "Unknown"
        left = [requests.get(f"{pool.server.url}/faults", timeout=10).json()["waiting"] for pool in three.pools]
        assert sorted(fault["times"] for (fault,) in left)[1:] == [5, 5]
    finally:
        for pool in three.pools:
            requests.delete(f"{pool.server.url}/faults", timeout=10)


def test_new_sessions_avoid_a_pool_that_may_have_lost_one(three: Three) -> None:
    """For some seconds, also if the pool itself responds: all but the first are created elsewhere."""
    three.sessions = CallerSessions(Pools(*three.clients))
    three.pools[0].fail(do="answer", status=500, path="executions", times=1000)
    try:
        ended = [three.run().status for _ in range(5)]
    finally:
        requests.delete(f"{three.pools[0].server.url}/faults", timeout=10)
    assert sorted(ended) == ["Succeeded"] * 4 + ["Unknown"]


def test_an_idempotency_key_leads_to_one_pool(three: Three) -> None:
    """Also when it is full: in another pool, a repeated call would run the code again."""
    first = three.run(idempotency_key="a key")
    assert three.run(idempotency_key="a key").execution_id == first.execution_id
    three.sessions.session(first.session_id).end_session()
    three.fill(three.number_of(first.session_id))
    with pytest.raises(TooManySessions):
        three.run(idempotency_key="a key")


@pytest.fixture(scope="module")
def api(running: Three, running_connector: Callable[..., contextlib.AbstractContextManager[Api]]) -> Iterator[Api]:
    """The connector with the three pools."""
    endpoints = ",\n ".join(pool.server.endpoint for pool in running.pools)
    environment = {"SIGNING_KEY": "a" * 32, **running.identity.environment}
    with running_connector(POOL_MANAGEMENT_ENDPOINT=endpoints, **environment) as connector:
        yield connector


@pytest.mark.parametrize("number", range(3))
def test_addresses_lead_to_the_pool_of_their_session(three: Three, api: Api, number: int) -> None:
    """Those of polls and of uploads."""
    session_id = three.fill(number)
    started = api.call("POST", "/executions", json={"pythonCode": "x", "sessionId": session_id, "waitInSeconds": 0})
    assert started.status_code == 202

    def polled() -> requests.Response:
        return requests.get(started.headers["Location"], timeout=30)

    wait_until(lambda: polled().status_code == 200)
    assert polled().json()["result"] == "5"
    headers = {"x-ms-transfer-mode": "chunked", "x-ms-content-length": "3"}
    begun = api.call("PUT", f"/files/a.txt?sessionId={session_id}", headers=headers)
    headers = {"Content-Range": "bytes 0-2/3", "Content-Type": "application/octet-stream"}
    assert requests.patch(begun.headers["Location"], data=b"abc", headers=headers, timeout=30).status_code == 200
    assert api.call("GET", f"/files/a.txt/content?sessionId={session_id}").content == b"abc"


def test_check_connection_reports_each_pool(three: Three, start_connector: Callable[..., Api]) -> None:
    """One that can be used is sufficient. The message has what is wrong with the others; none has an address."""
    addresses = [three.pools[0].server.endpoint, "http://127.0.0.1:9/sessionPools/away", three.pools[2].server.endpoint]
    api = start_connector(POOL_MANAGEMENT_ENDPOINT=",".join(addresses), **three.identity.environment)
    response = api.call("GET", "/connection")
    found = response.json()
    assert (response.status_code, found["status"]) == (200, "Connected")
    problem = "Pool 2 (away): The session pool cannot be reached."
    assert found["message"].startswith(f"2 of 3 session pools can be used. {problem}")
    assert [pool["isAvailable"] for pool in found["pools"]] == [True, False, True]
    assert [found["pools"][number]["tag"] for number in (0, 2)] == [three.clients[number].tag for number in (0, 2)]
    assert {"pandas", "numpy"} <= {package["name"] for package in found["packages"]}
    for number in (0, 2):
        three.pools[number].fail(do="answer", status=403, path="metadata")
    failed = api.call("GET", "/connection")
    error = failed.json()["error"]
    assert (failed.status_code, error["code"]) == (403, "SessionExecutorRoleMissing")
    problem = "Pools 1 (local), 3 (local): The connector's identity"
    assert error["message"].startswith(f"None of the 3 session pools can be used. {problem}")
    codes = ["SessionExecutorRoleMissing", "PoolUnreachable", "SessionExecutorRoleMissing"]
    assert [detail["code"] for detail in error["details"]] == codes
    assert "127.0.0.1" not in response.text + failed.text and "resourceGroups" not in response.text + failed.text


def test_a_pool_that_rejects_the_token_does_not_take_it_from_the_others(
    three: Three, start_connector: Callable[..., Api]
) -> None:
    """They go on with theirs, even if there are no new ones."""
    in_each = {three.number_of(session_id): session_id for session_id in (three.run().session_id for _ in "abc")}
    identity = IdentityEndpoint(three.authority)
    identity.start()
    endpoints = ",".join(pool.server.endpoint for pool in three.pools)
    api = start_connector(POOL_MANAGEMENT_ENDPOINT=endpoints, **identity.environment)
    for session_id in in_each.values():
        api.execute("1", session_id)
    identity.stop()
    three.pools[0].fail(do="answer", status=401, times=2)
    rejected = api.call("POST", "/executions", json={"pythonCode": "1", "sessionId": in_each[0]})
    assert rejected.status_code == 502
    assert [api.execute("1", in_each[number])["result"] for number in (1, 2)] == ["1", "1"]
