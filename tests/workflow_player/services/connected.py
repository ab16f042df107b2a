"""An action that calls a connector, in a flow of either dialect, and the storage that a stand-in calls."""

from typing import Any

from tests.conftest import OWNER, STORAGE_AUDIENCE, Storage
from tests.workflow_player.flows import flow_of
from workflow_player.player import Player
from workflow_player.results import ActionResult
from workflow_player.services.operations import Service
from workflow_player.services.rest_account import RestAccount

Json = dict[str, Any]


def account_of(storage: Storage) -> RestAccount:
    """The emulated storage account, as its owner sees it."""
    issue = storage.server.authority.issue
    return RestAccount(storage.server.url, lambda: issue(STORAGE_AUDIENCE, object_id=OWNER)[0])


def by_path(service: Service, method: str, path: str, *, body: Any = None, **members: Any) -> ActionResult:
    """Of Logic Apps; `webhook` and `runtimeConfiguration` are the action's, other members are inputs."""
    kind = "ApiConnectionWebhook" if members.pop("webhook", False) else "ApiConnection"
    host = {"connection": {"name": f"@parameters('$connections')['{service.api}']['connectionId']"}}
    action: Json = {"type": kind, "inputs": {"host": host, "method": method, "path": path}}
    for name in ("runtimeConfiguration", "limit"):
        if name in members:
            action[name] = members.pop(name)
    action["inputs"] |= members
    if body is not None:
        action["inputs"]["body"] = body
    return _played(service, action, "consumption")


def by_id(
    service: Service, operation_id: str, parameters: Json, *, webhook: bool = False, **members: Any
) -> ActionResult:
    """Of Power Automate; `members` are the action's."""
    host = {
        "connectionName": f"shared_{service.api}",
        "operationId": operation_id,
        "apiId": f"/providers/Microsoft.PowerApps/apis/shared_{service.api}",
    }
    kind = "OpenApiConnectionWebhook" if webhook else "OpenApiConnection"
    inputs = {"host": host, "parameters": parameters, "authentication": "@parameters('$authentication')"}
    return _played(service, {"type": kind, "inputs": inputs, **members}, "power-automate")


def _played(service: Service, action: Json, dialect: str) -> ActionResult:
    flow = flow_of({"Call": action}, dialect, connections=(service.api,))
    player = Player(flow, {service.api: service}, longest_pause_seconds=0.0)
    return player.play({"headers": {}, "body": None}).actions["Call"]
