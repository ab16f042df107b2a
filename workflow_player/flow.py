"""Flows as files: every dialect becomes the same Flow.

Dialects, told by what is in the file:

- `consumption`: the code view of a logic app in the Consumption plan, `{definition, parameters}`. Its connections are
  the value of the parameter `$connections`.
- `standard`: `workflow.json` of a project, `{definition, kind}`. `connections.json` and `parameters.json` of the folder
  above have the connections and the values of parameters.
- `power-automate`: a cloud flow of a solution, `Workflows/*.json`: `{properties: {connectionReferences, definition},
  schemaVersion}`.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote

from workflow_player import templates
from workflow_player.errors import FlowError

Json = dict[str, Any]
Dialect = Literal["consumption", "standard", "power-automate"]

CUSTOM_API = "codeinterpreter"
"""The name under which players know the custom connector, however its API is called where it was created."""

_ESCAPED = re.compile(r"-([0-9a-f]{2})")


@dataclass(frozen=True)
class Flow:
    path: Path
    dialect: Dialect
    kind: str | None
    """Of Standard: Stateful, Stateless or Agentic."""
    definition: Json
    values: Json
    """Of parameters, where the file or its project has them."""
    connections: dict[str, str]
    """The name of each connection in the flow, and the name of its API, such as office365."""

    @staticmethod
    def read(path: Path | str) -> "Flow":
        """Raises FlowError if the file is no flow."""
        file = Path(path)
        try:
            return Flow.of(json.loads(file.read_text(encoding="utf-8")), file)
        except ValueError as error:
            raise FlowError(f"{file} is not JSON: {error}") from None

    @staticmethod
    def of(document: Json, path: Path | str = Path("flow.json")) -> "Flow":
        """A flow whose JSON is at hand; `path` is where its project would be."""
        file = Path(path)
        if "properties" in document and "definition" in document["properties"]:
            properties = document["properties"]
            found = {name: api_name(entry) for name, entry in properties.get("connectionReferences", {}).items()}
            return Flow(file, "power-automate", None, properties["definition"], {}, found)
        if "definition" not in document:
            raise FlowError(f"{file} is no flow: it has no definition")
        if "kind" in document:
            project = file.parent.parent
            values = {name: entry.get("value") for name, entry in _of_project(project, "parameters.json").items()}
            connections = _of_project(project, "connections.json")
            return Flow(file, "standard", document["kind"], document["definition"], values, _standard(connections))
        values = {name: entry.get("value") for name, entry in document.get("parameters", {}).items()}
        found = {name: api_name(entry) for name, entry in (values.get("$connections") or {}).items()}
        return Flow(file, "consumption", None, document["definition"], values, found)

    @property
    def name(self) -> str:
        """`workflow.json` is called as its folder is."""
        return self.path.parent.name if self.path.name == "workflow.json" else self.path.stem

    @property
    def triggers(self) -> Json:
        return self._section("triggers")

    @property
    def actions(self) -> Json:
        """Those of the top level."""
        return self._section("actions")

    @property
    def parameters(self) -> Json:
        """Parameters that the definition declares; those of a Standard project are in its parameters.json."""
        declared = self._section("parameters")
        if self.dialect == "standard":
            return {**{name: {"type": "Any"} for name in self.values}, **declared}
        return declared

    def _section(self, name: str) -> Json:
        found: Json = self.definition.get(name, {})
        return found

    def expressions(self) -> Iterator[str]:
        """Every expression in triggers and actions."""
        yield from templates.expressions(self.triggers)
        yield from templates.expressions(self.actions)

    def all_actions(self) -> "dict[str, Action]":
        """Every action with its place, in the order of the file."""
        found: dict[str, Action] = {}
        for action in _walk(self.actions, ()):
            if action.name in found:
                raise FlowError(f"{action.name}: there are two actions of this name")
            found[action.name] = action
        return found


@dataclass(frozen=True)
class Action:
    name: str
    definition: Json
    inside: tuple[str, ...]
    """The names of the actions, and of the tools of agents, around it; the outermost first."""
    siblings: Json = field(repr=False)

    @property
    def type(self) -> str:
        return str(self.definition.get("type"))


def branches(definition: Json) -> Iterator[tuple[str, Json]]:
    """The groups of actions inside an action, and what each is called: its cases, tools, or branches."""
    if "actions" in definition:
        yield "actions", definition["actions"]
    if "else" in definition:
        yield "else", definition["else"].get("actions", {})
    for name, case in definition.get("cases", {}).items():
        yield name, case.get("actions", {})
    if "default" in definition and isinstance(definition["default"], dict):
        yield "default", definition["default"].get("actions", {})
    for name, tool in definition.get("tools", {}).items():
        yield name, tool.get("actions", {})


def _walk(actions: Json, inside: tuple[str, ...]) -> Iterator[Action]:
    for name, definition in actions.items():
        yield Action(name, definition, inside, actions)
        for _, inner in branches(definition):
            yield from _walk(inner, (*inside, name))


def _of_project(project: Path, name: str) -> Json:
    file = project / name
    found: Json = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return found


def _standard(connections: Json) -> dict[str, str]:
    managed = {name: api_name(entry["api"]) for name, entry in connections.get("managedApiConnections", {}).items()}
    built_in = {
        name: entry["serviceProvider"]["id"].rpartition("/")[2]
        for name, entry in connections.get("serviceProviderConnections", {}).items()
    }
    return {**managed, **built_in}


def api_name(entry: Json) -> str:
    """The API of a connection, such as office365, from its ID or name.

    Power Platform writes `shared_` before the names of Microsoft's connectors, and -20 for a space in those of custom
    connectors (PowerPlatformConnectors, paconn).
    """
    api = entry.get("api")
    named = api.get("name") if isinstance(api, dict) else None
    full = str(named or entry.get("id") or entry.get("apiId") or "").rstrip("/").rpartition("/")[2]
    plain = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), unquote(full))
    if CUSTOM_API in re.sub("[^a-z]", "", plain.lower()):
        return CUSTOM_API
    return full.removeprefix("shared_")
