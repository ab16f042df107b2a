"""ai-plugin.json: the functions with their cards and confirmations, and how Copilot signs in.

Schema: https://developer.microsoft.com/json-schemas/copilot/plugin/v2.4/schema.json.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .document import FUNCTIONS, operations

Json = dict[str, Any]

CARDS = Path(__file__).parent / "cards"
"""The cards, in the template language of Adaptive Cards. They become parts of the manifest, as they do when Microsoft's
Agents Toolkit makes a package.
"""

DOCUMENT_NAME = "openapi.json"
NAME = "Code Interpreter"
VAULTS = {"apiKey": "ApiKeyPluginVault", "oauth2": "OAuthPluginVault"}
"""Where Copilot keeps what it signs in with, by the type of the document's security scheme."""

_SCHEMA = "https://developer.microsoft.com/json-schemas/copilot/plugin/v2.4/schema.json"
_FOR_PEOPLE = "Runs Python code on your data: figures, tables, charts and files."  # of at most 100 characters
_FOR_MODEL = (
    "Runs Python code in an isolated session, and keeps its files and variables for the next run. Use it for "
    "everything that has to be calculated, and to clean, compare, merge, convert or chart data: numbers and tables "
    "that the user pastes, files at an address, and files of an earlier run."
)


@dataclass(frozen=True)
class _Function:
    """`card` is a file of CARDS without its suffix; None for responses without content. `data_handling` is what the
    orchestrator weighs before it combines the function with others.
    """

    card: str | None
    title: str
    """Of the citation: a JSONPath; empty if nothing in the response is one."""

    url: str
    confirmation: tuple[str, str]
    """Title and text of the question that a person has to answer before Copilot calls a function that the document
    marks as consequential, and any other before it calls the plugin for the first time.
    """

    data_handling: tuple[str, ...]


_READ, _CHANGE = ("GetPrivateData",), ("ResourceStateUpdate",)
_FUNCTIONS = {
    "ExecutePythonCode": _Function(
        "execution",
        "$.status",
        "",
        ("Run code", "Copilot wants to run Python code in an isolated session."),
        ("GetPrivateData", "DataTransform"),
    ),
    "GetExecution": _Function(
        "execution", "$.status", "", ("Get a result", "Copilot wants to get the result of a run."), _READ
    ),
    "CancelExecution": _Function(
        "execution", "$.status", "", ("Cancel a run", "Copilot wants to cancel code that is running."), _CHANGE
    ),
    "ImportFile": _Function(
        "imported_files", "", "", ("Import a file", "Copilot wants to copy a file into the session."), _READ
    ),
    "ListFiles": _Function(
        "file_list", "", "", ("List files", "Copilot wants to list the files of the session."), _READ
    ),
    "ShareFile": _Function(
        "shared_file",
        "$.fileName",
        "$.fileUrl",
        (
            "Create a link",
            "Copilot wants to create a link to a file. Anyone who has the link can open the file until it expires.",
        ),
        _CHANGE,
    ),
    "DeleteFile": _Function(None, "", "", ("Delete a file", "Copilot wants to delete a file of the session."), _CHANGE),
    "EndSession": _Function(
        None,
        "",
        "",
        ("End the session", "Copilot wants to end the session. Its files and variables are deleted."),
        _CHANGE,
    ),
}


def plugin(document: Json, reference_id: str) -> Json:
    """The manifest for the result of `plugin_document`. `reference_id` is that of the registration in the Teams
    Developer Portal which holds the key, or the client that signs users in.
    """
    ((scheme,),) = [list(document["components"]["securitySchemes"].values())]
    described = operations(document)
    return {
        "$schema": _SCHEMA,
        "schema_version": "v2.4",
        "name_for_human": NAME,
        "namespace": "codeinterpreter",
        "description_for_human": _FOR_PEOPLE,
        "description_for_model": _FOR_MODEL,
        "functions": [_function(name, described[name]["description"]) for name in FUNCTIONS],
        "runtimes": [
            {
                "type": "OpenApi",
                "auth": {"type": VAULTS[scheme["type"]], "reference_id": reference_id},
                "spec": {"url": DOCUMENT_NAME, "progress_style": "ShowUsage"},
                "run_for_functions": list(FUNCTIONS),
            }
        ],
    }


def _function(name: str, description: str) -> Json:
    function = _FUNCTIONS[name]
    title, text = function.confirmation
    capabilities: Json = {
        "confirmation": {"type": "AdaptiveCard", "title": title, "body": text},
        "security_info": {"data_handling": list(function.data_handling)},
    }
    if function.card:
        cited = {"title": function.title, "url": function.url}
        properties = {property_: path for property_, path in cited.items() if path}
        capabilities["response_semantics"] = {
            "data_path": "$",
            **({"properties": properties} if properties else {}),
            "static_template": _card(function.card),
        }
    return {"name": name, "description": description, "capabilities": capabilities}


def _card(name: str) -> Json:
    found: Json = json.loads((CARDS / f"{name}.json").read_text(encoding="utf-8"))
    return found
