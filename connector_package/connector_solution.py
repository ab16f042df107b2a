"""The solution with the custom connector, which makers import first.

Flows that use a custom connector are in a solution of their own: Microsoft's training on the life cycle of custom
connectors recommends it, because a connection to the connector can only be made when the connector exists. The ID
and the name of the connector are always the same, so that the flows find it, and another import updates it, such as
after a change of the address.
"""

import json
import uuid
from typing import Any

from .package import POWER_PLATFORM, SignIn
from .solution import CONNECTOR, PREFIX, Component, Solution, elements, solution_version

Json = dict[str, Any]

NAME = f"{PREFIX}_codeinterpreter"
DISPLAY_NAME = "Code Interpreter"
ID = str(uuid.uuid5(uuid.NAMESPACE_URL, f"https://code-interpreter-connector/connectors/{NAME}"))
API_NAME = f"shared_{NAME.replace('_', '-5f')}-5f{ID.replace('-', '')[:16]}"
"""What flows and connection references call the connector's API. An environment gives each custom connector such a
name: the connector's own, with characters other than letters and digits encoded, and a number of the environment.
Exports have that of the environment that they come from. What tells another environment which connector is meant is
its ID and name."""

UNIQUE_NAME, TITLE = "CodeInterpreterConnector", "Code Interpreter Connector"

_CUSTOM = "1"  # the type of the connector


def component() -> Component:
    """The connector, as the manifest of its solution has it."""
    return Component({"type": CONNECTOR, "id": f"{{{ID}}}", "schemaName": NAME, "behavior": "0"})


def required(version: str) -> Component:
    """The connector, as the solution with the flows requires it."""
    return Component(
        {
            "type": CONNECTOR,
            "schemaName": NAME,
            "displayName": DISPLAY_NAME,
            "solution": f"{UNIQUE_NAME} ({version})",
            "id": f"{{{ID}}}",
        }
    )


def connector_solution(definition: Json, sign_in: SignIn) -> Solution:
    """The solution for the Swagger 2.0 document of a deployment, and one way to sign in.

    It contains no secret: makers enter the key in the connection, or the client secret on the connector's page
    Security.
    """
    properties = sign_in.properties()["properties"]
    files = {
        "openapidefinition": _json(sign_in.definition(definition)),
        "connectionparameters": _json(properties["connectionParameters"]),
        "policytemplateinstances": _json([]),
        "iconblob": (POWER_PLATFORM / "solution-icon.png").read_bytes(),
    }
    paths = {kind: f"Connector/{NAME}_{kind}.{'Png' if kind == 'iconblob' else 'json'}" for kind in files}
    connector = elements(
        "Connector",
        {
            "connectorid": ID,
            "description": definition["info"]["description"],
            "displayname": DISPLAY_NAME,
            "iconbrandcolor": properties["iconBrandColor"],
            "name": NAME,
            "connectortype": _CUSTOM,
            **{kind: f"/{path}" for kind, path in paths.items()},
        },
    )
    return Solution(
        unique_name=UNIQUE_NAME,
        display_name=TITLE,
        description="The custom connector Code Interpreter, which runs Python on files.",
        version=solution_version(definition["info"]["version"]),
        root_components=(component(),),
        sections={"Connectors": [connector]},
        files={paths[kind]: content for kind, content in files.items()},
    )


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()
