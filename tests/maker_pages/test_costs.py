"""docs/costs.md adds up: its formulas, its sums, and the prices in them are those of its table."""

import re
from pathlib import Path

import pytest

from tests.markdown import section, table
from workflow_player.flow import Flow

ROOT = Path(__file__).resolve().parents[2]
COSTS = (ROOT / "docs" / "costs.md").read_text(encoding="utf-8")

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


@pytest.mark.parametrize("title", ["One run", "An agent", "A month of the connector"])
def test_columns_add_up(title):
    """Each amount in bold is the sum of those above it."""
    for column in list(zip(*table(section(COSTS, title)), strict=True))[1:]:
        total = 0.0
        for cell in column:
            if cell.startswith("**"):
                digits = len(cell.strip("*").partition(".")[2])
                assert number(cell.strip("*")) == pytest.approx(total, abs=0.51 / 10**digits)
            elif re.fullmatch(rf"{_NUMBER}", amount := cell.rpartition(" = ")[2]) and "." in amount:
                total += number(amount)
        assert column[-1].startswith("**")


def calls_of_the_connector(flow: str) -> int:
    """Those of a run that neither waits nor fails; what is in a loop over files runs twice."""
    actions = Flow.read(ROOT / "examples" / "logic_apps" / flow / "consumption.json").all_actions().values()
    ours = [
        action
        for action in actions
        if "codeinterpreter" in str(action.definition.get("inputs"))
        and "Still_running" not in action.inside
        and not {"Send_error", "Send_problem"} & action.definition.get("runAfter", {}).keys()
    ]
    return sum(2 if "Upload_files" in action.inside else 1 for action in ours)


@pytest.mark.parametrize(
    ("row", "flow"), list(enumerate(["scheduled_report", "clean_up_file", "approve_expenses"])), ids=str
)
def test_actions_are_those_that_the_flows_count(row, flow):
    """The page of each flow has the numbers of its plays; here they are the same, and factors of what one run costs."""
    page = (ROOT / "examples" / "logic_apps" / flow / "README.md").read_text(encoding="utf-8")
    counted = re.findall(r"(\d+) actions, (\d+) of them calls of connectors", section(page, "Costs"))
    _, actions, of_connectors, of_this_one = table(section(COSTS, "What a flow uses"))[row]
    assert (actions, of_connectors) in counted
    rows = table(section(COSTS, "One run"))
    assert int(of_this_one) == calls_of_the_connector(flow)
    factors = [rows[place][1 + row].split(" × ")[0] for place in (1, 3, 4)]
    assert factors == [of_this_one, str(int(actions) - int(of_connectors)), of_connectors]


def test_every_price_has_a_source():
    """And a positive amount."""
    assert all(source for _, _, source in table(section(COSTS, "Prices")))
    assert all(amount > 0 for amount in prices().values())
