"""Checks the storage for files beyond the session: what only settings and resources together can have wrong."""

import re
from collections.abc import Iterator

from .compiled import Json, Snapshot

FILES = "FILES_CONTAINER_URL"
IMPORTS = "IMPORT_CONTAINER_URLS"
OF_THE_APP = "AzureWebJobsStorage__blobServiceUri"

LINKS = "shared"
"""The folder in the container of files that has the files behind links (connector/files/)."""

AUDITED = {"StorageRead", "StorageWrite", "StorageDelete"}
"""The categories of learn.microsoft.com/azure/storage/blobs/monitor-blob-storage-reference."""

_ACCOUNT = (
    r"reference\('(?P<account>[^']+/Microsoft\.Storage/storageAccounts/[^'/]+)', '[^']+'\)\.primaryEndpoints\.blob"
)
_CONTAINER = re.compile(_ACCOUNT + r", '(?P<container>[^']+)'\)")
"""The address of a container, in an expression of a template."""


def containers(snapshot: Snapshot, setting: str) -> list[str]:
    """Resource IDs of the containers whose addresses a setting has, of those that the templates know."""
    value = snapshot.site_config("appsettings").get(setting, "")
    return [
        f"{match['account']}/blobServices/default/containers/{match['container']}"
        for match in _CONTAINER.finditer(value)
    ]


def account_of_files(snapshot: Snapshot) -> str | None:
    """Resource ID of the storage account that the connector stores files in."""
    return next((_account_of(container) for container in containers(snapshot, FILES)), None)


def findings(snapshot: Snapshot) -> Iterator[str]:
    yield from _closed_accounts(snapshot)
    account = account_of_files(snapshot)
    if account is None:
        if snapshot.site_config("appsettings").get(FILES):
            yield f"{FILES} is not the address of a container that is deployed"
        return
    if _accounts_in(snapshot, OF_THE_APP) & {_account_of(one) for one in _all_containers(snapshot)}:
        yield "files are stored beside the app package and the host's keys: they need a storage account of their own"
    deployed = {resource["id"] for resource in snapshot.resources}
    for container in containers(snapshot, FILES):
        if container not in deployed:
            yield f"the container {_name(container)} of {FILES} is not deployed"
        yield from _lifecycle(snapshot, account, _name(container))
    logs = [
        log["category"]
        for setting in snapshot.of_type("Microsoft.Insights/diagnosticSettings")
        if setting["id"].startswith(f"{account}/blobServices/default/")
        for log in setting["properties"].get("logs", [])
        if log["enabled"]
    ]
    if missing := AUDITED - set(logs):
        yield f"nothing logs who uses the files: {', '.join(sorted(missing))}"


def _closed_accounts(snapshot: Snapshot) -> Iterator[str]:
    """What is closed to the public needs a private endpoint, and links into it cannot be opened."""
    joined = {
        connection["properties"]["privateLinkServiceId"]
        for endpoint in snapshot.of_type("Microsoft.Network/privateEndpoints")
        for connection in endpoint["properties"]["privateLinkServiceConnections"]
        if connection["properties"]["groupIds"] == ["blob"]
    }
    for account in snapshot.of_type("Microsoft.Storage/storageAccounts"):
        is_closed = account["properties"]["publicNetworkAccess"] == "Disabled"
        if is_closed != (account["id"] in joined):
            yield f"{account['name']} needs a private endpoint where it is closed to the public, and only there"
        if is_closed != (account["properties"]["networkAcls"]["defaultAction"] == "Deny"):
            yield f"the network rules of {account['name']} contradict its publicNetworkAccess"
        if account["id"] == account_of_files(snapshot):
            expected = "stream" if is_closed else "redirect"
            if snapshot.site_config("appsettings").get("LINK_DELIVERY") != expected:
                yield f"LINK_DELIVERY must be {expected}, because of the publicNetworkAccess of {account['name']}"


def _lifecycle(snapshot: Snapshot, account: str, container: str) -> Iterator[str]:
    """The files behind links must exist as long as links may work, and not for ever."""
    hours = int(snapshot.site_config("appsettings")["LINK_MAX_HOURS"])
    days: dict[str, int] = {}
    for rule in _rules(snapshot, account):
        definition = rule["definition"]
        ages = definition["actions"]["baseBlob"].get("delete", {}).values()
        for prefix in definition["filters"].get("prefixMatch", [""]):
            folder = prefix.removeprefix(f"{container}/").removesuffix("/")
            if prefix != f"{container}/{folder}/" or not folder:
                yield f"the lifecycle rule {rule['name']} must be for one folder of {container}, not for {prefix!r}"
            if ages:
                days[folder] = min(ages)
    if LINKS not in days:
        yield f"no lifecycle rule deletes what is in {container}/{LINKS}/"
    elif 24 * days[LINKS] < hours:
        yield f"files are deleted after {days[LINKS]} days, before links of LINK_MAX_HOURS, {hours}, end"


def _rules(snapshot: Snapshot, account: str) -> list[Json]:
    return [
        rule
        for policy in snapshot.of_type("Microsoft.Storage/storageAccounts/managementPolicies")
        if policy["id"].startswith(f"{account}/")
        for rule in policy["properties"]["policy"]["rules"]
        if rule["enabled"]
    ]


def _all_containers(snapshot: Snapshot) -> list[str]:
    return containers(snapshot, FILES) + containers(snapshot, IMPORTS)


def _accounts_in(snapshot: Snapshot, setting: str) -> set[str]:
    value = snapshot.site_config("appsettings").get(setting, "")
    return {match["account"] for match in re.finditer(_ACCOUNT, value)}


def _account_of(container: str) -> str:
    return container.partition("/blobServices/")[0]


def _name(container: str) -> str:
    return container.rsplit("/", 1)[-1]
