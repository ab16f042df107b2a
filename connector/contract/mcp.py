"""The document for Copilot Studio: Swagger 2.0, whose one operation is the MCP server.

`x-ms-agentic-protocol` tells Copilot Studio to speak MCP at its address: to list tools there and to call them, instead
of offering the operation itself. So it has neither parameters nor schemas: messages are those of the protocol. Source:
custom-connectors/MCP-Streamable-HTTP in microsoft/PowerPlatformConnectors.
"""

from typing import Any

from .published import JSON_TYPE
from .validation import METHODS, followed

Json = dict[str, Any]

AGENTIC_PROTOCOL = "x-ms-agentic-protocol"

_TITLE = "{title} MCP"
"""The connector beside it has the title without MCP, in the same list."""

_DESCRIPTION = (
    "Run Python code on files, as tools of an agent: upload files, run code on them, and get the results as text, "
    "charts and files. The tools are those of an MCP server."
)
"""The orchestrator of an agent chooses by it."""


def mcp_document(source: Json) -> Json:
    """The document, with None in place of the address."""
    path, method, operation = _server(source)
    return {
        "swagger": "2.0",
        "info": {
            **source["info"],
            "title": _TITLE.format(title=source["info"]["title"]),
            "description": _DESCRIPTION,
        },
        "host": None,
        "schemes": None,
        "basePath": None,
        "consumes": [JSON_TYPE],
        "produces": [JSON_TYPE],
        "paths": {path: {method: _operation(operation, source)}},
        "definitions": {},
        "parameters": {},
        "securityDefinitions": source["components"]["securitySchemes"],
        "security": source["security"],
        "tags": [tag for tag in source["tags"] if tag["name"] in operation["tags"]],
        "x-ms-connector-metadata": source["x-ms-connector-metadata"],
    }


def _server(source: Json) -> tuple[str, str, Json]:
    """Path, method and entry of the MCP server in openapi.yaml."""
    ((path, method, operation),) = [
        (path, method, item[method])
        for path, item in source["paths"].items()
        for method in METHODS
        if AGENTIC_PROTOCOL in item.get(method, {})
    ]
    return path, method, operation


def _operation(operation: Json, source: Json) -> Json:
    shown = ("operationId", "tags", "summary", "description", AGENTIC_PROTOCOL)
    return {
        **{name: operation[name] for name in shown},
        "responses": {
            status: {"description": followed(response, source)["description"]}
            for status, response in operation["responses"].items()
        },
    }
