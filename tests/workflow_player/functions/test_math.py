"""Arithmetic, as in Microsoft's reference and its examples."""

import pytest

from tests.workflow_player.flows import mistake_of, value_of


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("add(1, 1.5)", 2.5),
        ("sub(10.3, 0.3)", 10.0),
        ("mul(1.5, 2)", 3.0),
        ("div(10, 5)", 2),
        ("div(11, 5)", 2),
        ("div(-11, 5)", -2),
        ("div(11, 5.0)", 2.2),
        ("mod(3, 2)", 1),
        ("mod(-5, 2)", -1),
        ("max(1, 2, 3)", 3),
        ("max(createArray(1, 2))", 2),
        ("min(1, 2.5)", 1),
        ("range(1, 4)", [1, 2, 3, 4]),
    ],
)
def test_examples(expression, value):
    """Integers stay integers."""
    found = value_of("@" + expression)
    assert (found, type(found)) == (value, type(value))


def test_rand():
    """From the first number up to, not including, the second."""
    assert {value_of("@rand(1, 3)") for _ in range(30)} == {1, 2}


@pytest.mark.parametrize("expression", ["div(1, 0)", "mod(1, 0)", "add('1', 1)", "add(true, 1)", "rand(2, 2)"])
def test_what_has_no_value(expression):
    """The action fails."""
    assert mistake_of("@" + expression)
