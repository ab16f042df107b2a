"""CheckConnection, on the running app."""


def test_a_working_connection_has_what_is_installed(api):
    """The pool's Python and packages, with versions."""
    found = api.call("GET", "/connection").json()
    assert found["status"] == "Connected"
    assert found["apiVersion"] == "2025-10-02-preview"
    assert found["runtimes"][0]["name"] == "Python"
    assert {"pandas", "numpy", "matplotlib"} <= {package["name"] for package in found["packages"]}


def test_check_connection_starts_no_session(start_pool, start_connector):
    """A pool whose only session is in use can still be checked."""
    connector = start_connector(**start_pool(max_sessions=1).environment)
    connector.execute("1")
    assert connector.call("GET", "/connection").status_code == 200
