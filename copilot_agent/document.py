"""The OpenAPI document of the plugin: that for agents, with what a person in Copilot can use.

Microsoft advises at most ten functions for a plugin, and truncates what it returns. So these operations are left out:
those that pass files as base64, which would fill the conversation; those that need another program, such as one that
sends bytes to an upload URL; and those for operators. Source: learn.microsoft.com, "Plugins for Microsoft 365 Copilot",
Limitations.
"""

from typing import Any

from connector.contract.published import reached
from connector.contract.validation import METHODS, followed

Json = dict[str, Any]

FUNCTIONS = (
    "ExecutePythonCode",
    "GetExecution",
    "CancelExecution",
    "ImportFile",
    "ListFiles",
    "ShareFile",
    "DeleteFile",
    "EndSession",
)

LONGEST_WAIT_SECONDS = 15
"""How long a call waits for the result of code. Copilot's time for a response is not documented today; a page on
plugins in preview stated 20 s (learn.microsoft.com, "Prepare an API plugin for production").
"""

CONTENTS = ("links", "never")
"""What the results of runs may contain of charts: links, which anyone can open who has them, or nothing."""

_CONTENT = {
    "links": "Always links: the response has links to charts and files.",
    "never": "Always never: the response has the names of charts and files.",
}
_FOR_OTHERS = {
    "ExecutePythonCode": {"idempotencyKey"},
    "ImportFile": {"openaiFileIdRefs", "waitInSeconds"},
}
"""Members of requests that Copilot cannot use: to repeat a request, to name files of another chat, and to wait for a
transfer that is continued at an address in a header.
"""


def plugin_document(document: Json, content: str) -> Json:
    """`document` is that for agents, and `content` one of CONTENTS, which each request for a result has to name."""
    paths = {}
    for path, item in document["paths"].items():
        kept = {method: _operation(item[method], content) for method in METHODS if _is_kept(item.get(method))}
        if kept:
            paths[path] = {**{name: value for name, value in item.items() if name not in METHODS}, **kept}
    needed = reached(paths, lambda target: followed({"$ref": target}, document))
    components = {
        kind: {name: part for name, part in parts.items() if f"#/components/{kind}/{name}" in needed}
        for kind, parts in document["components"].items()
    }
    components["securitySchemes"] = document["components"]["securitySchemes"]
    return {**document, "paths": paths, "components": components}


def operations(document: Json) -> dict[str, Json]:
    """Each operation of a document by its ID."""
    return {
        item[method]["operationId"]: item[method]
        for item in document["paths"].values()
        for method in METHODS
        if method in item
    }


def _is_kept(operation: Json | None) -> bool:
    return operation is not None and operation["operationId"] in FUNCTIONS


def _operation(operation: Json, content: str) -> Json:
    """With the content required: a model that may leave it out gets base64, which is the default."""
    chosen = {"type": "string", "enum": [content], "default": content, "description": _CONTENT[content]}
    changed = dict(operation)
    if "parameters" in operation:
        changed["parameters"] = [
            {**parameter, "required": True, "schema": chosen, "description": _CONTENT[content]}
            if parameter.get("name") == "includeContent"
            else parameter
            for parameter in operation["parameters"]
        ]
    if "requestBody" in operation:
        body = operation["requestBody"]
        media_type, value = next(iter(body["content"].items()))
        schema = _request(operation["operationId"], value["schema"], chosen)
        changed["requestBody"] = {**body, "content": {media_type: {**value, "schema": schema}}}
    return changed


def _request(operation_id: str, schema: Json, chosen: Json) -> Json:
    others = _FOR_OTHERS.get(operation_id, set())
    properties = {name: value for name, value in schema["properties"].items() if name not in others}
    required = list(schema.get("required", ()))
    if "includeContent" in properties:
        properties["includeContent"] = chosen
        properties["waitInSeconds"] = {
            "type": "integer",
            "minimum": 0,
            "maximum": LONGEST_WAIT_SECONDS,
            "default": LONGEST_WAIT_SECONDS,
            "description": (
                f"How many seconds this call waits for the result: {LONGEST_WAIT_SECONDS}, or less. If the code is "
                "still running by then, status is Running: get the result later, by the execution ID."
            ),
        }
        required += ["includeContent", "waitInSeconds"]
    return {**schema, "properties": properties, **({"required": required} if required else {})}
