"""The templates are in order, and every kind of mistake in them is found."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from azure_checks.expressions import Items, Node, Object, children
from azure_checks.template import Template, read
from azure_checks.templates import findings

ROOT = Path(__file__).resolve().parents[2]


def nodes(template: Template) -> Iterator[Node]:
    stack = template.expressions()
    while stack:
        node = stack.pop()
        stack += children(node)
        yield node


def test_nothing_is_wrong_with_the_templates():
    """infra/ and azure.yaml pass all that can be checked without Azure."""
    assert findings(ROOT) == []


def test_sign_in_lets_pass_what_needs_no_key():
    """With Entra sign-in, App Service asks for no token where function_app.py asks for no key, and nowhere else."""
    app = (ROOT / "function_app.py").read_text(encoding="utf-8")
    routes = re.findall(r'@app\.route\("([^"]+)"[^)]*ANONYMOUS', app)
    template = read(ROOT / "infra" / "resources.bicep")
    (paths,) = (node for node in nodes(template) if isinstance(node, Object) and node.get("excludedPaths"))
    excluded = paths.get("excludedPaths")
    assert isinstance(excluded, Items)
    expected = {"/api/" + re.sub(r"\{\w+\}", "*", route) for route in routes}
    assert {getattr(item, "literal", None) for item in excluded.items} == expected


RESOURCES = "infra/resources.bicep"
MISTAKES = {
    "a declaration that is there twice": (RESOURCES, "resource logs ", "resource plan ", "plan is declared twice"),
    "an object that does not end": (RESOURCES, "tags: tags\n}", "tags: tags\n", ": expected, and there is"),
    "a text that does not end": (RESOURCES, "'st${nameSuffix}'", "'st${nameSuffix}", "does not end"),
    "a service without its app": ("azure.yaml", "  connector:", "  api:", "the service api has no resource"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_found(findings_with, mistake):
    """A file that cannot be read is a finding, and so is a service without its app."""
    file, old, new, told = MISTAKES[mistake]
    found = findings_with(file, old, new)
    assert any(told in finding for finding in found), found
