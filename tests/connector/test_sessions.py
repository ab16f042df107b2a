"""GetSession and EndSession, on the running app with real sessions."""

import time
from datetime import datetime


def test_a_session_tells_its_times(api, session_id):
    """Made, last used, and when it ends if nobody uses it; looking does not use it."""
    api.execute("1", session_id)
    session = api.call("GET", f"/sessions/{session_id}").json()
    created, used, expires = (
        datetime.fromisoformat(session[name]) for name in ("createdTime", "lastUsedTime", "expiresTime")
    )
    assert session["sessionId"] == session_id
    assert created <= used < expires
    assert api.call("GET", f"/sessions/{session_id}").json() == session


def test_an_ended_session_is_gone_with_all_it_held(api, session_id):
    """The next call under the same id gets a new, empty session."""
    api.execute("x = 1; open('/mnt/data/f', 'w').close()", session_id)
    assert api.call("DELETE", f"/sessions/{session_id}").status_code == 204
    run = api.execute("import os; 'x' in globals(), 'f' in os.listdir('/mnt/data')", session_id)
    assert (run["result"], run["isNewSession"]) == ("(False, False)", True)


def test_a_session_that_is_not_there_is_not_found(api, session_id):
    """Looking at it and ending it are 404, and make none."""
    for method in ("GET", "DELETE", "GET"):
        response = api.call(method, f"/sessions/{session_id}")
        assert (response.status_code, response.json()["error"]["code"]) == (404, "SessionNotFound")


def test_an_unused_session_ends_by_itself(start_pool, start_connector, session_id):
    """After the pool's cooldown."""
    connector = start_connector(**start_pool(cooldown=0.5).environment)
    connector.execute("1", session_id)
    deadline = time.monotonic() + 10
    while connector.call("GET", f"/sessions/{session_id}").status_code == 200 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert connector.call("GET", f"/sessions/{session_id}").status_code == 404
