"""Which identifier maps to which session, and for how long."""

import contextlib
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

from tests.emulator.session_pool.conftest import children_of, wait_for_processes, wait_until


def test_a_full_pool_responds_as_the_service(start_pool, wire_to):
    """429 with an un-nested body; an ended session makes room."""
    pool = start_pool(max_sessions=2)
    first, second, third = (wire_to(f"full-{i}", pool) for i in range(3))
    first.run("1")
    second.call("GET", "files")
    response = third.call("POST", "executions", json={"code": "1"})
    assert response.status_code == 429
    assert response.json() == {
        "code": "SessionsCountExceedsLimit",
        "message": "The request sessions count is '1'. There are already '2' active sessions and the maximum active "
        "sessions count is '2'.",
    }
    assert first.call("DELETE", "session").status_code == 204
    assert third.value("1") == 1


def test_an_idle_session_ends_after_the_cooldown_and_a_busy_one_does_not(start_pool, wire_to):
    """Every use restarts the cooldown, and an execution counts as use for as long as it takes."""
    pool = start_pool(cooldown=1)
    idle, busy = wire_to("idle", pool), wire_to("busy", pool)
    idle.run("x = 1")
    busy.run("x = 1; import time; time.sleep(2.2)")
    assert busy.value("x") == 1
    wait_until(lambda: idle.call("GET", "session").status_code == 404)
    assert idle.value("'x' in globals()") is False
    for _ in range(3):
        time.sleep(0.5)
        assert busy.value("x") == 1


def test_sessions_are_listed(start_pool, wire_to):
    """Each with its times."""
    pool = start_pool(container_type="Shell")
    for identifier in ("one1", "two2"):
        wire_to(identifier, pool).call("GET", "files")
    listed = wire_to("none", pool).call("GET", "listSessions").json()["sessions"]
    assert [session["identifier"] for session in listed] == ["one1", "two2"]
    assert listed[0].keys() == {"identifier", "createdAt", "lastAccessedAt", "expireAt", "etag"}


def test_concurrent_first_requests_share_one_session(start_pool, wire_to):
    """Concurrent requests for a new identifier create one session, even if the pool has room for only one."""
    pool = start_pool(max_sessions=1)
    wire = wire_to("shared", pool)
    with ThreadPoolExecutor(8) as callers:
        bodies = list(callers.map(lambda _: wire.run("import os; os.getppid(), id(get_ipython())"), range(8)))
    assert len({body["result"]["executionResult"] for body in bodies}) == 1
    assert len(wire.call("GET", "listSessions").json()["sessions"]) == 1


def test_a_full_pool_still_serves_its_sessions(start_pool, wire_to):
    """Only a new session is refused, by every route that would create one; other requests are answered."""
    pool = start_pool(max_sessions=1)
    inside, outside = wire_to("inside", pool), wire_to("outside", pool)
    inside.run("x = 1")
    for method, path in (("POST", "executions"), ("GET", "files"), ("GET", "files/x"), ("DELETE", "files/x")):
        body = {"json": {"code": "1"}} if method == "POST" else {}
        assert outside.call(method, path, **body).status_code == 429, path
    for path in ("metadata", "listSessions"):
        assert outside.call("GET", path).status_code == 200
    for path in ("session", "executions/x"):
        assert outside.call("GET", path).status_code == 404
    assert inside.value("x") == 1


def test_a_session_that_ended_on_its_own_is_forgotten(start_program):
    """As when the kernel ends its processes because memory runs out: it is unknown, and a new one can be created."""
    pool = start_program("--max-sessions", "1", "--ready", "0")
    wire = pool.wire("once")
    wire.run("x = 1")
    _, supervisor, zygote = pool.forkers()
    (init,) = set(children_of(supervisor)) - {zygote}
    os.kill(init, signal.SIGKILL)
    wait_until(lambda: wire.call("GET", "session").status_code == 404)
    assert wire.value("'x' in globals()") is False


def test_processes_are_kept_ready(start_program):
    """New sessions get a ready process, which is then replaced; each starts empty."""
    pool = start_program("--ready", "1")
    waiting = wait_for_processes(pool.descendants, 5)  # with the zygote and its two parents
    first = pool.wire("first")
    assert first.value("x = 1; len(In)") == 2
    assert waiting <= pool.descendants()
    wait_for_processes(pool.descendants, 7)
    assert pool.wire("second").value("'x' in globals(), len(In)") == "(False, 2)"
    assert [session["identifier"] for session in first.call("GET", "listSessions").json()["sessions"]] == [
        "first",
        "second",
    ]


def test_a_ready_process_that_has_ended_is_not_used(start_program, gone):
    """A new session gets a process that is alive."""
    pool = start_program("--ready", "2")
    ending = wait_for_processes(pool.descendants, 7) - set(pool.forkers())  # inits and interpreters
    for pid in ending:
        with contextlib.suppress(ProcessLookupError):  # an interpreter ends with its init
            os.kill(pid, signal.SIGKILL)
    assert gone(ending)
    assert pool.wire("after").value("6 * 7") == 42
