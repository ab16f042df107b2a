"""Functions on arrays and objects, as in Microsoft's reference and its examples."""

import pytest

from tests.workflow_player.flows import mistake_of, value_of

BODY = {"o": {"a": 1, "B": 2}, "list": [3, 1, 2], "none": None, "rows": [{"n": 2}, {"n": 1}]}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("contains('hello world', 'world')", True),
        ("contains('hello world', 'World')", False),
        ("contains(createArray(1, '2'), 2)", False),
        ("contains(createArray(1, 2), 2)", True),
        ("contains(triggerBody()['o'], 'b')", True),
        ("empty('')", True),
        ("empty(triggerBody()['none'])", True),
        ("empty(json('{}'))", True),
        ("empty('abc')", False),
        ("first('hello')", "h"),
        ("first(json('[]'))", None),
        ("last(createArray(0, 1, 2))", 2),
        ("intersection(createArray(1, 2, 3), createArray(101, 2, 1, 10), createArray(6, 8, 1, 2))", [1, 2]),
        ("intersection(triggerBody()['o'], json('{\"a\": 1, \"B\": 3}'))", {"a": 1}),
        ("join(createArray('a', 'b', 1), '.')", "a.b.1"),
        ("length('abcd')", 4),
        ("length(createArray(0, 1))", 2),
        ("reverse(range(0, 3))", [2, 1, 0]),
        ("skip(createArray(0, 1, 2, 3), 1)", [1, 2, 3]),
        ("take('abcde', 3)", "abc"),
        ("take(createArray(0, 1), 9)", [0, 1]),
        ("sort(triggerBody()['list'])", [1, 2, 3]),
        ("sort(triggerBody()['rows'], 'n')", [{"n": 1}, {"n": 2}]),
        ("union(createArray(1, 2), createArray(2, 3))", [1, 2, 3]),
        ("union(triggerBody()['o'], json('{\"a\": 5}'))", {"a": 5, "B": 2}),
        ("chunk(createArray(1, 2, 3), 2)", [[1, 2], [3]]),
        ("chunk('abcdefghij', 4)", ["abcd", "efgh", "ij"]),
        ("coalesce(null, true, false)", True),
        ("coalesce(null, null)", None),
        ("addProperty(triggerBody()['o'], 'c', 3)", {"a": 1, "B": 2, "c": 3}),
        ("setProperty(triggerBody()['o'], 'b', 9)", {"a": 1, "B": 9}),
        ("removeProperty(triggerBody()['o'], 'A')", {"B": 2}),
    ],
)
def test_examples(expression, value):
    """The value of each call."""
    assert value_of("@" + expression, BODY) == value


@pytest.mark.parametrize(
    "expression",
    [
        "length(triggerBody()['none'])",
        "length(triggerBody()['o'])",
        "first(triggerBody()['none'])",
        "join(triggerBody()['none'], ',')",
        "take(createArray(1), -1)",
        "union(createArray(1), triggerBody()['o'])",
        "addProperty(triggerBody()['o'], 'A', 1)",
        "sort(createArray(1, 'a'))",
    ],
)
def test_what_has_no_value(expression):
    """The action fails."""
    assert mistake_of("@" + expression, BODY)
