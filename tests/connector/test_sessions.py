"""GetSession and EndSession, on the running app with real sessions."""

import time
from datetime import datetime


def test_get_session_returns_the_times(api, session_id):
    """Created, last used, and when it expires; the call itself does not use the session."""
    api.execute("1", session_id)
    session = api.call("GET", f"/sessions/{session_id}").json()
    created, used, expires = (
        datetime.fromisoformat(session[name]) for name in ("createdTime", "lastUsedTime", "expiresTime")
    )
    assert session["sessionId"] == session_id
    assert created <= used < expires
    assert api.call("GET", f"/sessions/{session_id}").json() == session


def test_end_session_deletes_variables_and_files(api, session_id):
    """The next call with the same id gets a new, empty session."""
    api.execute("x = 1; open('/mnt/data/f', 'w').close()", session_id)
    assert api.call("DELETE", f"/sessions/{session_id}").status_code == 204
    run = api.execute("import os; 'x' in globals(), 'f' in os.listdir('/mnt/data')", session_id)
    assert (run["result"], run["isNewSession"]) == ("(False, False)", True)


def test_a_session_that_does_not_exist_is_not_found(api, session_id):
    """GetSession and EndSession start none."""
    for method in ("GET", "DELETE", "GET"):
        response = api.call(method, f"/sessions/{session_id}")
        assert (response.status_code, response.json()["error"]["code"]) == (404, "SessionNotFound")


def test_an_unused_session_expires(start_pool, start_connector, session_id):
    """After the pool's cooldown."""
    connector = start_connector(**start_pool(cooldown=0.5).environment)
    connector.execute("1", session_id)
    deadline = time.monotonic() + 10
    while connector.call("GET", f"/sessions/{session_id}").status_code == 200 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert connector.call("GET", f"/sessions/{session_id}").status_code == 404
