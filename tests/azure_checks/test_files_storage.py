"""The storage for files beyond the session is apart, closed where the network is, and cleared in time."""

import copy
import json
from collections.abc import Callable

import pytest

from azure_checks import files_storage, protections
from azure_checks.compiled import Compiled, Json, Snapshot

STORAGE = "Microsoft.Storage/storageAccounts"
SETTINGS = "Microsoft.Web/sites/config"


def _change(resource_type: str, name: str, change: Callable[[Json], object]) -> Callable[[Snapshot], None]:
    """Changes the properties of the resource of a type whose name ends so."""

    def apply(snapshot: Snapshot) -> None:
        (resource,) = [one for one in snapshot.of_type(resource_type) if one["name"].endswith(name)]
        change(resource["properties"])

    return apply


def _set(**values: object) -> Callable[[Json], object]:
    return lambda properties: properties.update(values)


def _remove(resource_type: str, name: str = "") -> Callable[[Snapshot], None]:
    def apply(snapshot: Snapshot) -> None:
        snapshot.resources[:] = [
            one for one in snapshot.resources if one["type"] != resource_type or name not in one["name"]
        ]

    return apply


def _beside_the_package(snapshot: Snapshot) -> None:
    """The containers of files, in the account of the app."""
    moved = json.dumps(snapshot.resources).replace("/stfilesdfqxdsxpgjsio", "/stdfqxdsxpgjsio")
    snapshot.resources[:] = json.loads(moved)


def _first_rule(change: Callable[[Json], object]) -> Callable[[Snapshot], None]:
    return _change(f"{STORAGE}/managementPolicies", "default", lambda policy: change(policy["policy"]["rules"][0]))


def _age(days: int) -> Callable[[Json], object]:
    return lambda rule: rule["definition"]["actions"]["baseBlob"]["delete"].update(daysAfterCreationGreaterThan=days)


def _prefix(prefix: str) -> Callable[[Json], object]:
    return lambda rule: rule["definition"]["filters"].update(prefixMatch=[prefix])


MISTAKES = {
    "the account of the app": ("default", _beside_the_package, "files are stored beside the app package"),
    "an address that is written by hand": (
        "default",
        _change(SETTINGS, "appsettings", _set(FILES_CONTAINER_URL="https://other.blob.core.windows.net/files")),
        "FILES_CONTAINER_URL is not the address of a container that is deployed",
    ),
    "a container that does not exist": (
        "default",
        _remove(f"{STORAGE}/blobServices/containers", "/default/files"),
        "the container files of FILES_CONTAINER_URL is not deployed",
    ),
    "shared keys": (
        "default",
        _change(STORAGE, "stfilesdfqxdsxpgjsio", _set(allowSharedKeyAccess=True)),
        "allowSharedKeyAccess of the Microsoft.Storage/storageAccounts must be False, and is True",
    ),
    "a public container": (
        "default",
        _change(f"{STORAGE}/blobServices/containers", "/files", _set(publicAccess="Blob")),
        "publicAccess of the Microsoft.Storage/storageAccounts/blobServices/containers must be None, and is Blob",
    ),
    "links that end too early": (
        "imports_elsewhere",
        _first_rule(_age(1)),
        "files are deleted after 1 days, before links of LINK_MAX_HOURS, 25, end",
    ),
    "links that are kept for ever": (
        "default",
        _first_rule(_set(enabled=False)),
        "no lifecycle rule deletes what is in files/shared/",
    ),
    "a rule for every container": (
        "default",
        _first_rule(_prefix("")),
        "the lifecycle rule shared must be for one folder of files, not for ''",
    ),
    "a rule for names that begin alike": (
        "default",
        _first_rule(_prefix("files/shared")),
        "the lifecycle rule shared must be for one folder of files, not for 'files/shared'",
    ),
    "use that is not logged": (
        "default",
        _remove("Microsoft.Insights/diagnosticSettings"),
        "nothing logs who uses the files: StorageDelete, StorageRead, StorageWrite",
    ),
    "a closed account without an endpoint": (
        "isolated_network",
        _remove("Microsoft.Network/privateEndpoints", "pe-files"),
        "stfilesdfqxdsxpgjsio needs a private endpoint where it is closed to the public, and only there",
    ),
    "an open account in an isolated network": (
        "isolated_network",
        _change(STORAGE, "stfilesdfqxdsxpgjsio", _set(publicNetworkAccess="Enabled")),
        "stfilesdfqxdsxpgjsio needs a private endpoint where it is closed to the public, and only there",
    ),
    "network rules that say otherwise": (
        "default",
        _change(STORAGE, "stfilesdfqxdsxpgjsio", _set(networkAcls={"defaultAction": "Deny", "bypass": "None"})),
        "the network rules of stfilesdfqxdsxpgjsio contradict its publicNetworkAccess",
    ),
    "links that nobody can open": (
        "isolated_network",
        _change(SETTINGS, "appsettings", _set(LINK_DELIVERY="redirect")),
        "LINK_DELIVERY must be stream, because of the publicNetworkAccess of stfilesdfqxdsxpgjsio",
    ),
}


def _found(snapshot: Snapshot) -> list[str]:
    return [*files_storage.findings(snapshot), *protections.findings(snapshot)]


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_found(compiled: Compiled, mistake: str) -> None:
    """The finding names the account, the rule or the setting."""
    scenario, change, expected = MISTAKES[mistake]
    snapshot = copy.deepcopy(compiled.snapshots[scenario])
    assert _found(snapshot) == []
    change(snapshot)
    assert any(expected in finding for finding in _found(snapshot)), _found(snapshot)


def test_the_files_are_in_an_account_of_their_own_where_it_is_enabled(compiled: Compiled) -> None:
    """Only FILES_STORAGE_ENABLED=false leaves it out, and then nothing can be imported from it."""
    without = {name for name, one in compiled.snapshots.items() if files_storage.account_of_files(one) is None}
    assert without == {"without_files_storage"}
    settings = compiled.snapshots["without_files_storage"].site_config("appsettings")
    assert settings["FILES_CONTAINER_URL"] == settings["IMPORT_CONTAINER_URLS"] == ""


def test_workspaces_and_exports_are_deleted_when_they_are_old(compiled: Compiled) -> None:
    """Days without a change, and 0 keeps them: by default, exports."""
    assert _ages(compiled.snapshots["default"]) == {"files/shared/": 8, "files/workspaces/": 90}
    assert _ages(compiled.snapshots["imports_elsewhere"]) == {
        "files/shared/": 3,
        "files/workspaces/": 30,
        "files/exports/": 7,
    }


def _ages(snapshot: Snapshot) -> dict[str, int]:
    (policy,) = snapshot.of_type(f"{STORAGE}/managementPolicies")
    ages = {}
    for rule in policy["properties"]["policy"]["rules"]:
        (prefix,) = rule["definition"]["filters"]["prefixMatch"]
        (ages[prefix],) = rule["definition"]["actions"]["baseBlob"]["delete"].values()
    return ages


def test_a_container_elsewhere_is_imported_from_by_its_id_or_its_address(compiled: Compiled) -> None:
    """By its ID, the app gets its role there; by its address, it has it."""
    snapshot = compiled.snapshots["imports_elsewhere"]
    names = [one.rsplit("/", 1)[-1] for one in files_storage.containers(snapshot, "IMPORT_CONTAINER_URLS")]
    assert names == ["imports", "sales-data"]
    urls = snapshot.site_config("appsettings")["IMPORT_CONTAINER_URLS"]
    assert "'https://fabrikam.blob.core.windows.net/prices'" in urls
