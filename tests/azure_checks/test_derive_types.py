"""resource_types.json is what the script makes of the published types, as far as the templates use them."""

import json

import pytest

from azure_checks.derive_types import derived, used_by
from azure_checks.resource_types import FILE, resource_types
from azure_checks.template import read

TYPES = [
    {"$type": "StringType"},
    {"$type": "StringLiteralType", "value": "On"},
    {"$type": "UnionType", "elements": [{"$ref": "#/1"}, {"$ref": "#/0"}]},
    {
        "$type": "ObjectType",
        "properties": {"state": {"type": {"$ref": "#/2"}, "flags": 1}, "seen": {"type": {"$ref": "#/0"}, "flags": 2}},
    },
    {
        "$type": "ObjectType",
        "properties": {
            "name": {"type": {"$ref": "#/0"}, "flags": 1},
            "used": {"type": {"$ref": "#/3"}, "flags": 0},
            "unused": {"type": {"$ref": "#/3"}, "flags": 0},
            "list": {"type": {"$ref": "#/5"}, "flags": 0},
        },
    },
    {"$type": "ArrayType", "itemType": {"$ref": "#/3"}},
    {"$type": "ResourceType", "name": "P.q/things@1", "body": {"$ref": "#/4"}},
]
STATE = {"properties": {"state": {"enum": ["On"]}, "seen": "string"}, "required": ["state"], "readOnly": ["seen"]}


@pytest.fixture
def clone(tmp_path):
    folder = tmp_path / "generated" / "q" / "p.q" / "1"
    folder.mkdir(parents=True)
    (folder / "types.json").write_text(json.dumps(TYPES))
    return tmp_path


def test_what_is_used_is_derived_and_the_rest_is_cut_off(clone, tmp_path):
    """Names are all kept; what is inside is kept where a template writes or reads it."""
    template = tmp_path / "a.bicep"
    template.write_text(
        "resource a 'P.q/things@1' = {\n  name: 'a'\n  list: [\n    { state: 'On' }\n  ]\n}\n"
        "output b string = a.used.state\n"
    )
    used = used_by([template])
    assert derived(clone, "P.q/things@1", used["P.q/things@1"]) == {
        "properties": {"name": "string", "used": STATE, "unused": "not derived", "list": {"items": STATE}},
        "required": ["name"],
    }


def test_a_type_that_is_not_there_is_an_error(clone):
    """The error names it."""
    with pytest.raises(LookupError, match="P.q/things@2"):
        derived(clone, "P.q/things@2", set())


def test_the_file_has_the_templates_types_and_no_other():
    """A type that is no longer used goes, one that is new is derived; and the file says where it comes from."""
    root = FILE.parent.parent
    used = {resource.type.lower() for path in root.glob("infra/*.bicep") for resource in read(path).resources.values()}
    assert resource_types().keys() == used
    assert "MIT License" in json.loads(FILE.read_text())["source"]
