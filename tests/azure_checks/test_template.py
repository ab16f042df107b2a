"""A Bicep file's declarations."""

import pytest

from azure_checks.expressions import Name, SyntaxMistake
from azure_checks.template import read


@pytest.fixture
def template(tmp_path):
    def of(text):
        path = tmp_path / "a.bicep"
        path.write_text(text)
        return read(path)

    return of


def test_every_declaration_is_kept(template):
    """Parameters, variables, resources, their children, modules and outputs, each with its line."""
    found = template(
        "targetScope = 'subscription'\n"
        "@secure()\nparam a string = ''\n"
        "var b = 'x'\n"
        "resource c 'P/t@1' = if (b == a) {\n"
        "  name: b\n"
        "  resource d 'u' = {\n    name: 'd'\n  }\n"
        "  resource e 'v' = {\n    name: 'e'\n  }\n"
        "}\n"
        "resource f 'P/w@1' existing = {\n  name: a\n}\n"
        "resource g 'P/x@1' = [for h in b: {\n  name: h\n}]\n"
        "module i 'i.bicep' = {\n  params: {\n    j: b\n  }\n}\n"
        "output k string = b\n"
    )
    assert found.scope == "subscription"
    assert found.parameters["a"].secure and found.parameters["a"].line == 3
    assert {name: resource.type for name, resource in found.resources.items()} == {
        "c": "P/t@1",
        "d": "P/t/u@1",
        "e": "P/t/v@1",
        "f": "P/w@1",
        "g": "P/x@1",
    }
    assert found.resources["d"].body.get("parent") == Name(5, "c")
    assert found.resources["f"].existing and found.resources["c"].condition and found.resources["g"].loop
    assert found.modules["i"].arguments.get("j") is not None
    assert found.outputs["k"].type == "string"


@pytest.mark.parametrize(
    "text",
    [
        "param a",
        "param a text",
        "var a = 1 var b = 2",
        "func f() string => ''",
        "resource a 'P/t@1' {\n}",
        "var a = 1\nvar a = 2",
        "resource a 'P/t@1' = {\n  var b = 1\n}",
    ],
)
def test_what_is_not_known_is_an_error(template, text):
    """A line that cannot be read ends the reading, with its number."""
    with pytest.raises(SyntaxMistake, match="^line "):
        template(text)
