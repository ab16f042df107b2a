"""Which identifier has which session, and for how long."""

import time


def test_a_full_pool_says_so_in_the_services_words(start_pool, wire_to):
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
    """Every use starts the time anew, and a run is use for as long as it takes."""
    pool = start_pool(cooldown=1)
    idle, busy = wire_to("idle", pool), wire_to("busy", pool)
    idle.run("x = 1")
    busy.run("x = 1; import time; time.sleep(2.5)")
    assert busy.value("x") == 1
    assert idle.call("GET", "session").status_code == 404
    assert idle.value("'x' in globals()") is False
    for _ in range(4):
        time.sleep(0.5)
        assert busy.value("x") == 1


def test_sessions_are_listed(start_pool, wire_to):
    """Each with its times."""
    pool = start_pool()
    wire_to("one1", pool).run("1")
    wire_to("two2", pool).run("1")
    listed = wire_to("none", pool).call("GET", "listSessions").json()["sessions"]
    assert [session["identifier"] for session in listed] == ["one1", "two2"]
    assert listed[0].keys() == {"identifier", "createdAt", "lastAccessedAt", "expireAt", "etag"}
