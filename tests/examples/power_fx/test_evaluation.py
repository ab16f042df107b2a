"""The evaluator of formulas returns what Microsoft's Power Fx returns, and refuses what it does not know."""

import pytest

from tests.examples.power_fx.evaluation import evaluated
from tests.examples.power_fx.formulas import FormulaError

FILES = [{"Name": "a.csv", "Content": b"1"}, {"Name": "b.csv", "Content": b"2"}, {"Name": None, "Content": "text"}]
NAMES = {"Files": FILES, "Run": {"error": {"hint": None, "line": 3}}, "Nothing": None}

RETURNED = [  # by Microsoft.PowerFx.Interpreter 1.3.1, of the package powerfx 0.0.34
    ('Concat(Filter(Files, !IsBlank(Name)), Name, ", ")', "a.csv, b.csv"),
    ("CountRows(ForAll(Files, {fileName: Name}))", 3),
    ('If("Failed" = "Failed", "line " & Run.error.line & ": " & Run.error.hint, true, "other")', "line 3: "),
    ('If(false, "a", false, "b", "c")', "c"),
    ('Text(1234.5, "#,##0.00")', "1,234.50"),
    ('StartsWith("HTTPS://a", "https://")', True),
    ("IsBlank(Nothing.member.member)", True),
    ('First([{a: "x"}, {a: "y"}]).a', "x"),
    ("false || !false && true", True),
    ('"say ""yes"""', 'say "yes"'),
]
REFUSED = [
    "Missing",
    "Run.missing",
    "Sum(1)",
    "1 +",
    "{a: 1",
    "a b",
    "1 + 1",
    "Text(Run)",
    'Text(1, "0")',
    "Filter(Run, true)",
]


@pytest.mark.parametrize(("formula", "value"), RETURNED)
def test_values_are_those_of_power_fx(formula, value):
    """A formula has the value that Microsoft's interpreter returned for it."""
    assert evaluated(formula, dict(NAMES)) == value


@pytest.mark.parametrize("formula", REFUSED)
def test_what_it_does_not_know_is_an_error(formula):
    """Unknown names, members, functions, operators and formats are errors, not blank."""
    with pytest.raises(FormulaError):
        evaluated(formula, dict(NAMES))
