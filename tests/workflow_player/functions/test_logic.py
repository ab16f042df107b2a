"""Comparisons and logic, as in Microsoft's reference, and as measured where it is silent."""

import pytest

from tests.workflow_player.flows import mistake_of, value_of


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("equals(1, 1.0)", True),
        ("equals(1, '1')", False),
        ("equals(true, 1)", False),
        ("equals('a', 'A')", False),
        ("equals(createArray(1, 'a'), createArray(1, 'a'))", True),
        ("equals(null, null)", True),
        ("greater(10, 5)", True),
        ("greater('apple', 'Banana')", False),
        ("greaterOrEquals(5, 5)", True),
        ("less('a', 'B')", True),
        ("lessOrEquals(6, 5)", False),
        ("and(true, equals(1, 1), false)", False),
        ("or(false, equals(1, 1))", True),
        ("not(false)", True),
        ("if(equals(1, 1), 'yes', 'no')", "yes"),
    ],
)
def test_examples(expression, value):
    """Values of different types are not equal; the order of texts does not depend on the case."""
    assert value_of("@" + expression) == value


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("if(true, 1, div(1, 0))", 1),
        ("and(false, equals(1, div(1, 0)))", False),
        ("or(true, equals(1, div(1, 0)))", True),
        ("coalesce('a', div(1, 0))", "a"),
    ],
)
def test_no_more_is_evaluated_than_needed(expression, value):
    """What is not needed may have no value."""
    assert value_of("@" + expression) == value


@pytest.mark.parametrize(
    "expression", ["greater(1, '1')", "less(null, 1)", "and(1, true)", "not('true')", "if('true', 1, 2)"]
)
def test_types_are_not_converted(expression):
    """The action fails."""
    assert mistake_of("@" + expression)
