"""infra/ as it was compiled: templates, and the snapshot of each scenario. The checks read these instead of Bicep."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Json = dict[str, Any]

_USING = re.compile(r"^using '\.\./(\w+)\.bicep'$", re.MULTILINE)


@dataclass(frozen=True)
class Snapshot:
    """What a deployment with the parameters of one scenario would create.

    Strings in it are plain values, or in brackets an expression that only Azure can evaluate.
    """

    resources: list[Json]
    outputs: Json
    template: str = "main"
    """Name of the template that would be deployed."""

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
    templates: dict[str, Json]
    """By name: main.json, and those that azd deploys with a service."""
    snapshots: dict[str, Snapshot]
    """By name of the scenario."""

    @property
    def template(self) -> Json:
        """main.json"""
        return self.templates["main"]


def deployed_templates(infra: Path) -> list[str]:
    """The names of the templates that azd deploys, which have a file of parameters. The others are modules."""
    return sorted(path.name.removesuffix(".parameters.json") for path in infra.glob("*.parameters.json"))


def template_of(scenario: Path) -> str:
    """The name of the template that a scenario is for. Raises ValueError."""
    using = _USING.search(scenario.read_text(encoding="utf-8"))
    if using is None:
        raise ValueError(f"{scenario.name} has no line `using '../main.bicep'`")
    return using[1]


def read_compiled(infra: Path) -> Compiled:
    """Reads the compiled files of infra/. Raises OSError or ValueError if one is missing or not JSON."""
    snapshots = {}
    for scenario in sorted(infra.glob("scenarios/*.bicepparam")):
        content = json.loads(scenario.with_suffix(".snapshot.json").read_text(encoding="utf-8"))
        snapshots[scenario.stem] = Snapshot(content["predictedResources"], content["outputs"], template_of(scenario))
    names = deployed_templates(infra)
    return Compiled(
        {name: json.loads((infra / f"{name}.json").read_text(encoding="utf-8")) for name in names}, snapshots
    )


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
