"""infra/ as it was compiled: main.json, and the snapshot of each scenario. The checks read these instead of Bicep."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Snapshot:
    """What a deployment with the parameters of one scenario would create.

    Strings in it are plain values, or in brackets an expression that only Azure can evaluate.
    """

    resources: list[Json]
    outputs: Json

    def of_type(self, resource_type: str) -> list[Json]:
        return [resource for resource in self.resources if resource["type"] == resource_type]

    def site_config(self, name: str) -> Json:
        """The properties of a configuration of the function app, such as appsettings; empty if it has none."""
        for resource in self.of_type("Microsoft.Web/sites/config"):
            if resource["name"].endswith(f"/{name}"):
                properties: Json = resource["properties"]
                return properties
        return {}


@dataclass(frozen=True)
class Compiled:
    template: Json
    """main.json"""
    snapshots: dict[str, Snapshot]
    """By name of the scenario."""


def read_compiled(infra: Path) -> Compiled:
    """Reads the compiled files of infra/. Raises OSError or ValueError if one is missing or not JSON."""
    snapshots = {}
    for scenario in sorted(infra.glob("scenarios/*.bicepparam")):
        content = json.loads(scenario.with_suffix(".snapshot.json").read_text(encoding="utf-8"))
        snapshots[scenario.stem] = Snapshot(content["predictedResources"], content["outputs"])
    return Compiled(json.loads((infra / "main.json").read_text(encoding="utf-8")), snapshots)


def is_expression(value: str) -> bool:
    """Whether only Azure can evaluate this value."""
    return value.startswith("[") and value.endswith("]")


def strings(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Path and value of every string in a JSON value. A path looks like `a.b[].c`."""
    match value:
        case str():
            yield path, value
        case dict():
            for name, member in value.items():
                yield from strings(member, f"{path}.{name}" if path else name)
        case list():
            for item in value:
                yield from strings(item, f"{path}[]")


def templates(template: Json, name: str = "main") -> Iterator[tuple[str, Json]]:
    """A template and its modules, each with its name."""
    yield name, template
    for resource in template["resources"]:
        if resource["type"] == "Microsoft.Resources/deployments":
            yield from templates(resource["properties"]["template"], resource["name"])
