"""python -m azure_checks.derive_types FOLDER: writes resource_types.json anew from a clone of Azure/bicep-types-az.

Run it when infra/ uses a resource, a version or a property that it did not use before. What is derived is what the
templates write and read, and the names and simple types beside that; all else is cut off, so that the file stays small.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from .expressions import Access, Name, Node, Object, Text, children
from .resource_types import FILE, NOT_DERIVED, Type
from .template import read

Path_ = tuple[str, ...]
"""Names of properties from a resource's body inwards, in lower case; `=value` behind the name of one with this text."""

REQUIRED, READ_ONLY = 1, 2  # flags of a property, as bicep-types has them


def main() -> int:
    clone = Path(sys.argv[1])
    used = used_by(sorted(Path("infra").glob("*.bicep")))
    types = {name: derived(clone, name, paths) for name, paths in sorted(used.items())}
    commit = subprocess.run(["git", "-C", clone, "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
    source = f"Azure/bicep-types-az at {commit.stdout.strip()}, MIT License, Copyright (c) Microsoft Corporation"
    FILE.write_text(json.dumps({"source": source, "types": types}, indent=1) + "\n", encoding="utf-8")
    return 0


def used_by(files: list[Path]) -> dict[str, set[Path_]]:
    """What the templates write and read of each type of resource."""
    found: dict[str, set[Path_]] = {}
    for template in map(read, files):
        for resource in template.resources.values():
            found.setdefault(resource.type, set()).update(_written(resource.body, ()))
        for node in template.nodes():
            base, path = _chain(node)
            if isinstance(base, Name) and base.name in template.resources:
                found[template.resources[base.name].type].add(path)
    return found


def _chain(node: Node) -> tuple[Node, Path_]:
    if not isinstance(node, Access):
        return node, ()
    base, path = _chain(node.target)
    return base, (*path, node.name.lower())


def _written(node: Node, path: Path_) -> set[Path_]:
    found = {path}
    if isinstance(node, Object):
        for key, value in node.entries:
            found |= _written(value, (*path, (key.literal or "*").lower()))
    elif isinstance(node, Text) and node.literal is not None:
        found.add((*path, f"={node.literal}"))
    else:  # items are all written in this place, and each side of a choice may be
        for part in children(node):
            found |= _written(part, path)
    return found


def derived(clone: Path, name: str, used: set[Path_]) -> Type:
    """The type of a resource's body. Raises LookupError when the clone does not have it."""
    kind, version = name.split("@")
    provider = kind.split("/")[0].lower()
    for file in sorted(clone.glob(f"generated/*/{provider}/{version}/types.json")):
        table = json.loads(file.read_text(encoding="utf-8"))
        for entry in table:
            if entry["$type"] == "ResourceType" and entry["name"].lower() == name.lower():
                return _type(table, entry["body"], used)
    raise LookupError(f"{name} is not in {clone}")


def _type(table: list[Any], reference: dict[str, str], used: set[Path_]) -> Type:
    entry = table[int(reference["$ref"].rsplit("/", 1)[1])]
    match entry["$type"]:
        case "StringType":
            return "string"
        case "IntegerType":
            return "int"
        case "BooleanType":
            return "bool"
        case "StringLiteralType":
            return {"enum": [entry["value"]]}
        case "UnionType":
            elements = [table[int(element["$ref"].rsplit("/", 1)[1])] for element in entry["elements"]]
            # Many a union ends with plain string, for values of later versions: here a value must be a known one.
            values = [element["value"] for element in elements if element["$type"] == "StringLiteralType"]
            return {"enum": values} if values else "any"
    if entry["$type"] not in ("ArrayType", "ObjectType", "DiscriminatedObjectType"):
        return "any"
    if not used:
        return NOT_DERIVED
    if entry["$type"] == "ArrayType":
        return {"items": _type(table, entry["itemType"], used)}
    if entry["$type"] == "ObjectType":
        return _object(table, entry["properties"], entry.get("additionalProperties"), used)
    by = entry["discriminator"]
    cases: dict[str, Type] = {}
    for value, element in entry["elements"].items():
        if (by.lower(), f"={value}") in used:
            case = table[int(element["$ref"].rsplit("/", 1)[1])]
            cases[value] = _object(table, {**entry["baseProperties"], **case["properties"]}, None, used)
        else:
            cases[value] = NOT_DERIVED
    return {"by": by, "cases": cases}


def _object(
    table: list[Any], properties: dict[str, Any], additional: dict[str, str] | None, used: set[Path_]
) -> dict[str, Any]:
    found: dict[str, Any] = {"properties": {}}
    for name, entry in properties.items():
        inside = {path[1:] for path in used if path and path[0] == name.lower()}
        found["properties"][name] = _type(table, entry["type"], inside)
    for member, flag in (("required", REQUIRED), ("readOnly", READ_ONLY)):
        names = [name for name, entry in properties.items() if entry.get("flags", 0) & flag]
        if names:
            found[member] = names
    if additional:
        known = {name.lower() for name in properties}
        found["additional"] = _type(table, additional, {path[1:] for path in used if path and path[0] not in known})
    return found


if __name__ == "__main__":
    sys.exit(main())
