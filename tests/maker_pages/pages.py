"""What the tests of the pages for makers share: the pages, the custom connector as makers see it, playing a flow."""

from pathlib import Path
from typing import Any

import yaml

from connector.contract.makers import makers_document
from workflow_player.flow import Flow
from workflow_player.player import Player
from workflow_player.results import Played
from workflow_player.services.operations import Service

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = {
    name: (DOCS / f"{name}.md").read_text(encoding="utf-8")
    for name in ("power-automate", "logic-apps", "logic-apps-standard", "copilot-studio", "migrating")
}
FOLLOWED = [name for name in PAGES if name != "migrating"]
"""Those with steps to follow."""

MAKERS = makers_document(yaml.safe_load((ROOT / "openapi.yaml").read_text(encoding="utf-8")))
OPERATIONS = {
    operation["operationId"]: {
        **operation,
        "parameters": [*item.get("parameters", []), *operation.get("parameters", [])],
    }
    for item in MAKERS["paths"].values()
    for method, operation in item.items()
    if method != "parameters"
}
IDS = {operation["summary"]: operation_id for operation_id, operation in OPERATIONS.items()}
"""operationIds by what makers see."""

PNG = b"\x89PNG\r\n\x1a\n"


def fields(operation_id: str) -> dict[str, str]:
    """The name that makers see -> that in a flow."""
    found = {}
    for parameter in OPERATIONS[operation_id]["parameters"]:
        if "$ref" in parameter:
            parameter = MAKERS["parameters"][parameter["$ref"].rpartition("/")[2]]
        if parameter["in"] == "body":
            for name, schema in parameter["schema"]["properties"].items():
                found[schema["x-ms-summary"]] = f"body/{name}"
        else:
            found[parameter["x-ms-summary"]] = parameter["name"]
    return found


def play(flow: Flow, *services: Service, **options: Any) -> Played:
    """With services that are known by the names of their APIs."""
    return Player(flow, {service.api: service for service in services}, longest_pause_seconds=0.2, **options).play({})
