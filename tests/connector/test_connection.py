"""CheckConnection, on the running app."""

import json

import pytest

from connector.session_pool.wire import read_metadata


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


def test_the_isolation_that_a_pool_states_is_reported(api):
    """The emulator states it."""
    (pool,) = api.call("GET", "/connection").json()["pools"]
    assert pool["isolation"]["level"] == 3
    assert pool["isolation"]["description"].startswith("level 3: ")


@pytest.mark.parametrize(
    "stated",
    [None, "level 3", {}, {"level": 4, "description": "more"}, {"level": True, "description": ""}, {"level": 3}],
    ids=json.dumps,
)
def test_a_pool_need_not_state_its_isolation(stated):
    """Pools in Azure do not, and nothing else is reported as if they did."""
    assert read_metadata({"runtimes": [], "preInstalledPackages": [], "isolation": stated}).isolation is None
