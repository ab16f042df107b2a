"""Functions on text, as in Microsoft's reference and its examples."""

import re

import pytest

from tests.workflow_player.flows import mistake_of, value_of


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("concat('Hello', 'World')", "HelloWorld"),
        ("concat('a', 1, true, null, createArray(1, 2))", "a1True[1,2]"),
        ("endsWith('hello world', 'WORLD')", True),
        ("startsWith('hello world', 'greetings')", False),
        ("indexOf('hello World', 'world')", 6),
        ("indexOf('hello', 'x')", -1),
        ("lastIndexOf('hello world hello World', 'world')", 18),
        ("nthIndexOf('123456789123465789', '1', 2)", 9),
        ("replace('the old string', 'old', 'new')", "the new string"),
        ("replace('Old', 'old', 'new')", "Old"),
        ("slice('Hello World', 2, 5)", "llo"),
        ("slice('Hello World', -5, -2)", "Wor"),
        ("slice('Hello World', 10, 5)", ""),
        ("split('the_string', '_')", ["the", "string"]),
        ("split('a,', ',')", ["a", ""]),
        ("split('ab', '')", ["ab"]),
        ("substring('hello world', 6, 5)", "world"),
        ("substring('hello world', 6)", "world"),
        ("toLower('Hello World')", "hello world"),
        ("toUpper('Hello World')", "HELLO WORLD"),
        ("trim(' Hello World  ')", "Hello World"),
        ("formatNumber(1234567890, '0,0.00', 'en-us')", "1,234,567,890.00"),
        ("formatNumber(17.35, 'C2')", "$17.35"),
        ("formatNumber(1234.5, 'N1')", "1,234.5"),
        ("formatNumber(0.256, 'P1')", "25.6%"),
        ("formatNumber(7, 'D3')", "007"),
        ("formatNumber(2.5, '0.##')", "2.5"),
        ("formatNumber(-1234.567, '#,##0.00')", "-1,234.57"),
        ("formatNumber(0.12, '0%')", "12%"),
    ],
)
def test_examples(expression, value):
    """The value of each call."""
    assert value_of("@" + expression) == value


@pytest.mark.parametrize(
    "expression",
    [
        "toLower(null)",
        "replace(null, 'a', 'b')",
        "substring('abc', 3)",
        "substring('abc', 1, 5)",
        "split(createArray('a'), ',')",
        "formatNumber(1, 'C', 'de-de')",
        "formatNumber('1', 'C')",
    ],
)
def test_what_has_no_value(expression):
    """The action fails: nothing is converted in silence."""
    assert mistake_of("@" + expression)


def test_guid():
    """A new one each time, in lower case, in the format that is asked for."""
    first, second, plain, braces = value_of(["@guid()", "@guid()", "@guid('N')", "@guid('B')"])
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", first) and first != second
    assert len(plain) == 32 and braces[0] + braces[-1] == "{}"
