"""python -m azure_checks.derive_allowed_values CLONE: writes allowed_values.json from a clone of Azure/bicep-types-az.

Run it when a template uses a resource type or version that it did not use before.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .allowed_values import FILE
from .compiled import Compiled, read_compiled
from .projects import ROOT, projects

READ_ONLY = 2  # a flag of a property, as bicep-types defines it


def main() -> int:
    clone = Path(sys.argv[1])
    compiled = [read_compiled(project / "infra") for project, _ in projects(ROOT)]
    types = {name: allowed_in(clone, name) for name in sorted(used_types(*compiled))}
    commit = subprocess.run(["git", "-C", clone, "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
    source = f"Azure/bicep-types-az at {commit.stdout.strip()}, MIT License, Copyright (c) Microsoft Corporation"
    FILE.write_text(_formatted(source, types), encoding="utf-8")
    return 0


def used_types(*projects: Compiled) -> set[str]:
    """Type and version of every resource in the snapshots."""
    snapshots = [snapshot for compiled in projects for snapshot in compiled.snapshots.values()]
    resources = [resource for snapshot in snapshots for resource in snapshot.resources]
    return {f"{resource['type']}@{resource['apiVersion']}" for resource in resources}


def allowed_in(clone: Path, type_and_version: str) -> dict[str, list[str]]:
    """Path and values of each member of a resource type that takes one of several strings.

    Raises LookupError if the clone does not have the type.
    """
    name, version = type_and_version.split("@")
    for file in sorted(clone.glob(f"generated/*/{name.split('/')[0].lower()}/{version}/types.json")):
        table = json.loads(file.read_text(encoding="utf-8"))
        for entry in table:
            if entry["$type"] == "ResourceType" and entry["name"].lower() == type_and_version.lower():
                found: dict[str, list[str]] = {}
                for path, value in _literals(table, entry["body"], "", ()):
                    found.setdefault(path, []).append(value)
                return {path: sorted(set(values)) for path, values in found.items()}
    raise LookupError(f"{type_and_version} is not in {clone}")


def _literals(
    table: list[Any], reference: dict[str, str], path: str, outer: tuple[int, ...]
) -> Iterator[tuple[str, str]]:
    """Path and value of each string that the types list. `outer` has the types around this one, which may recur."""
    index = int(reference["$ref"].rsplit("/", 1)[1])
    if index in outer:
        return
    entry, outer = table[index], (*outer, index)
    match entry["$type"]:
        case "StringLiteralType":
            yield path, entry["value"]
        case "UnionType":
            for element in entry["elements"]:
                yield from _literals(table, element, path, outer)
        case "ArrayType":
            yield from _literals(table, entry["itemType"], f"{path}[]", outer)
        case "ObjectType":
            yield from _members(table, entry["properties"], path, outer)
        case "DiscriminatedObjectType":  # one of several objects: the values of all of them are taken together
            yield from _members(table, entry["baseProperties"], path, outer)
            for element in entry["elements"].values():
                yield from _literals(table, element, path, outer)


def _members(
    table: list[Any], properties: dict[str, Any], path: str, outer: tuple[int, ...]
) -> Iterator[tuple[str, str]]:
    for name, member in properties.items():
        if not member.get("flags", 0) & READ_ONLY:
            yield from _literals(table, member["type"], f"{path}.{name}" if path else name, outer)


def _formatted(source: str, types: dict[str, dict[str, list[str]]]) -> str:
    """JSON with a line for each member, so that a change can be reviewed."""
    parts = []
    for name, allowed in types.items():
        lines = ",\n".join(f"   {json.dumps(path)}: {json.dumps(values)}" for path, values in allowed.items())
        parts.append(f"  {json.dumps(name)}: {{\n{lines}\n  }}" if lines else f"  {json.dumps(name)}: {{}}")
    return f'{{\n "source": {json.dumps(source)},\n "types": {{\n' + ",\n".join(parts) + "\n }\n}\n"


if __name__ == "__main__":
    sys.exit(main())
