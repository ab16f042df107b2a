"""CheckConnection, on the running app."""

import json
import logging

import pytest

from connector.session_pool.wire import read_metadata
from emulator.blob_storage.roles import CONTRIBUTOR, DELEGATOR, READER, Assignment


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


def test_without_storage_it_is_one_call(emulator, start_connector, caplog):
    """Of the pool. `storage` is empty."""
    connector = start_connector(**emulator.environment)
    with caplog.at_level(logging.INFO):
        found = connector.call("GET", "/connection").json()
    calls = [message for message in caplog.messages if message.startswith(('{"record":"pool', '{"record":"storage'))]
    assert found["storage"] == []
    assert [json.loads(call)["route"] for call in calls] == ["metadata"]


def test_the_containers_of_storage_are_reported(api_with_storage, storage):
    """With what they are used for, in the order of the settings."""
    found = api_with_storage.call("GET", "/connection").json()
    assert [(one["containerUrl"], one["use"], one["isAvailable"]) for one in found["storage"]] == [
        (storage.environment["FILES_CONTAINER_URL"], "Files", True),
        (storage.environment["IMPORT_CONTAINER_URLS"], "Imports", True),
    ]
    assert "container" not in found["message"]


FILES_WRITE, FILES_READ = Assignment(CONTRIBUTOR, "files"), Assignment(READER, "files")
SIGN, IMPORT = Assignment(DELEGATOR), Assignment(READER, "imports")


@pytest.mark.parametrize(
    ("roles", "delivery", "use", "missing"),
    [
        (
            (SIGN, IMPORT),
            "redirect",
            "Files",
            "'Storage Blob Data Contributor' on the container of FILES_CONTAINER_URL",
        ),
        (
            (FILES_READ, SIGN, IMPORT),
            "stream",
            "Files",
            "'Storage Blob Data Contributor' on the container of FILES_CONTAINER_URL",
        ),
        (
            (FILES_WRITE, IMPORT),
            "redirect",
            "Files",
            "'Storage Blob Delegator' on the storage account of FILES_CONTAINER_URL",
        ),
        ((FILES_WRITE, IMPORT), "stream", None, None),
        ((FILES_WRITE, SIGN), "redirect", "Imports", "'Storage Blob Data Reader' on the container of IMPORT_CONTAINER"),
    ],
    ids=["files", "files-read-only", "signing", "nothing-to-sign", "imports"],
)
def test_a_missing_role_on_storage_is_named(emulator, start_storage, start_connector, roles, delivery, use, missing):
    """And is no error, because code can be run. To sign URLs is needed only where links redirect to storage."""
    storage = start_storage(roles=roles)
    environment = {**emulator.environment, **storage.environment, "LINK_DELIVERY": delivery}
    found = start_connector(**environment).call("GET", "/connection").json()
    unavailable = {one["use"]: one["message"] for one in found["storage"] if not one["isAvailable"]}
    assert unavailable.keys() == ({use} if use else set())
    if use:
        assert missing in unavailable[use]
        assert unavailable[use] in found["message"]


def test_a_container_that_does_not_exist_is_reported(emulator, start_storage, start_connector):
    """With the setting that has its address."""
    storage = start_storage(containers=["files"])
    found = start_connector(**emulator.environment, **storage.environment).call("GET", "/connection").json()
    assert [one["isAvailable"] for one in found["storage"]] == [True, False]
    assert "does not exist" in found["message"] and "IMPORT_CONTAINER_URLS" in found["message"]


def test_storage_that_cannot_be_reached_is_reported(emulator, start_connector):
    """Nothing listens there."""
    url = "http://127.0.0.1:9/devstoreaccount1/files"
    found = start_connector(**emulator.environment, FILES_CONTAINER_URL=url).call("GET", "/connection").json()
    assert f"The container {url} cannot be used: Blob Storage cannot be reached." in found["message"]


def test_a_check_changes_nothing_in_storage(emulator, start_storage, start_connector):
    """What is there stays, and nothing is added."""
    storage = start_storage()
    storage.put("exports/kept.csv", b"1", "files")
    start_connector(**emulator.environment, **storage.environment).call("GET", "/connection")
    container = storage.server.account.container("files")
    assert (list(container.blobs), container.uncommitted) == (["exports/kept.csv"], {})
