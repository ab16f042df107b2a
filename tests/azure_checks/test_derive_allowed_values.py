"""allowed_values.json is derived from the published types."""

import json

import pytest

from azure_checks.compiled import Compiled, Snapshot
from azure_checks.derive_allowed_values import allowed_in, used_types

TYPES = [
    {"$type": "StringType"},
    {"$type": "StringLiteralType", "value": "On"},
    {"$type": "StringLiteralType", "value": "Off"},
    {"$type": "UnionType", "elements": [{"$ref": "#/1"}, {"$ref": "#/2"}, {"$ref": "#/0"}]},
    {
        "$type": "ObjectType",
        "properties": {
            "state": {"type": {"$ref": "#/3"}, "flags": 1},
            "seen": {"type": {"$ref": "#/3"}, "flags": 2},
            "text": {"type": {"$ref": "#/0"}, "flags": 0},
            "again": {"type": {"$ref": "#/4"}, "flags": 0},
        },
    },
    {"$type": "ArrayType", "itemType": {"$ref": "#/4"}},
    {
        "$type": "DiscriminatedObjectType",
        "discriminator": "kind",
        "baseProperties": {"list": {"type": {"$ref": "#/5"}, "flags": 0}},
        "elements": {"a": {"$ref": "#/7"}, "b": {"$ref": "#/8"}},
    },
    {"$type": "ObjectType", "properties": {"kind": {"type": {"$ref": "#/1"}, "flags": 1}}},
    {"$type": "ObjectType", "properties": {"kind": {"type": {"$ref": "#/2"}, "flags": 1}}},
    {"$type": "ResourceType", "name": "P.q/things@1", "body": {"$ref": "#/6"}},
]


@pytest.fixture
def clone(tmp_path):
    folder = tmp_path / "generated" / "q" / "p.q" / "1"
    folder.mkdir(parents=True)
    (folder / "types.json").write_text(json.dumps(TYPES))
    return tmp_path


def test_listed_values_are_derived(clone):
    """They are, although the type allows any other string too; what can only be read is omitted, and recursion ends."""
    assert allowed_in(clone, "P.q/things@1") == {"list[].state": ["Off", "On"], "kind": ["Off", "On"]}


def test_an_unknown_type_is_an_error(clone):
    """The error names it."""
    with pytest.raises(LookupError, match="P.q/things@2"):
        allowed_in(clone, "P.q/things@2")


def test_the_types_of_all_scenarios_are_used():
    """A type of two versions is two types."""
    first = Snapshot([{"type": "P.q/a", "apiVersion": "1"}], {})
    second = Snapshot([{"type": "P.q/a", "apiVersion": "1"}, {"type": "P.q/a", "apiVersion": "2"}], {})
    assert used_types(Compiled({}, {"x": first, "y": second})) == {"P.q/a@1", "P.q/a@2"}
