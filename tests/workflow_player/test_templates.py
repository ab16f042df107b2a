"""Texts with expressions in them, and what stands for itself."""

import pytest

from tests.workflow_player.flows import value_of
from workflow_player.errors import FlowError
from workflow_player.templates import expressions

BODY = {
    "n": 1,
    "list": [1, "é"],
    "none": None,
    "yes": True,
    "half": 0.5,
    "file": {"$content-type": "x", "$content": "aGk="},
}


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("@triggerBody()['list']", [1, "é"]),
        ("@{triggerBody()['list']}", '[1,"é"]'),
        ("@{triggerBody()['n']}", "1"),
        ("@{triggerBody()['none']}", ""),
        ("@{triggerBody()['yes']}", "True"),
        ("@{triggerBody()['half']}", "0.5"),
        ("@{triggerBody()['file']}", "hi"),
        ("a @{1} b @{'}'}", "a 1 b }"),
        ("@@name", "@name"),
        ("@@{name}", "@{name}"),
        ("a @@{name} @{1}", "a @{name} 1"),
        ("ada@contoso.com", "ada@contoso.com"),
        ({"a": ["@add(1, 1)"], "@{'b'}": 3}, {"a": [2], "b": 3}),
        (True, True),
    ],
)
def test_values(template, value):
    """A whole expression keeps its type; in a text it becomes text, objects and arrays JSON without spaces."""
    assert value_of(template, BODY) == value


def test_expressions_of_a_value():
    """All of them, without what is escaped."""
    assert list(expressions({"a": "@x()", "b": ["t @{y()} @{z('}')}", "@@no()"]})) == ["x()", "y()", "z('}')"]


def test_an_expression_without_end():
    """It fails the play."""
    with pytest.raises(FlowError, match="no end"):
        value_of("a @{concat('b')", BODY)
