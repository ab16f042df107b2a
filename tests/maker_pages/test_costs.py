"""docs/costs.md adds up: its formulas, its sums, and the prices in them are those of its table."""

import re
from pathlib import Path

import pytest

from tests.markdown import section, table

COSTS = (Path(__file__).resolve().parents[2] / "docs" / "costs.md").read_text(encoding="utf-8")

_NUMBER = r"\d[\d,]*(?:\.\d+)?"
_FORMULA = re.compile(rf"(?<![\d.])(\(?{_NUMBER}(?: [×+−/] \(?{_NUMBER}\)?)+) = ({_NUMBER})")
FORMULAS = [(found[1], found[2]) for found in _FORMULA.finditer(COSTS)]


def number(text: str) -> float:
    return float(text.replace(",", ""))


def value(formula: str) -> float:
    """The formula consists of numbers and operators alone: that is what its pattern finds."""
    plain = formula.replace(",", "").replace("×", "*").replace("−", "-")
    return float(eval(plain))


def prices() -> dict[str, float]:
    """Name of a price -> US dollars."""
    return {name: number(amount) for name, amount, _ in table(section(COSTS, "Prices"))}


def test_page_has_formulas():
    """What stands before an equals sign is a formula that the next test recomputes."""
    assert len(FORMULAS) == len(re.findall(rf" = {_NUMBER}", COSTS)) > 10


@pytest.mark.parametrize(("formula", "amount"), FORMULAS)
def test_formula_is_right(formula, amount):
    """It gives the amount, to its last digit, with a price of the table among its numbers."""
    digits = len(amount.partition(".")[2])
    assert number(amount) == pytest.approx(value(formula), abs=0.51 / 10**digits)
    assert {number(found) for found in re.findall(_NUMBER, formula)} & set(prices().values())


@pytest.mark.parametrize("title", ["An agent", "A month of the connector"])
def test_columns_add_up(title):
    """The last row is the sum of the amounts above it."""
    for column in list(zip(*table(section(COSTS, title)), strict=True))[1:]:
        amounts = [cell.rpartition(" = ")[2] for cell in column[:-1]]
        paid = [number(amount) for amount in amounts if re.fullmatch(rf"{_NUMBER}", amount) and "." in amount]
        digits = len(column[-1].strip("*").partition(".")[2])
        assert number(column[-1].strip("*")) == pytest.approx(sum(paid), abs=0.51 / 10**digits)


def test_every_price_has_a_source():
    """And a positive amount."""
    assert all(source for _, _, source in table(section(COSTS, "Prices")))
    assert all(amount > 0 for amount in prices().values())
