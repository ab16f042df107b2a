"""Conditions of If, and filters of Until and triggers: an expression, or an object of operators.

The designers write `{"and": [{"equals": ["@a", "b"]}, {"not": {"contains": ["@c", "d"]}}]}`; the operators are the
functions of the same names.
"""

from typing import Any

from workflow_player.errors import FlowError
from workflow_player.functions import collections, logic
from workflow_player.workflow_data import Evaluator

OPERATORS = {
    "contains": collections.contains,
    "endsWith": None,
    "equals": logic.equals,
    "greater": logic.greater,
    "greaterOrEquals": logic.greater_or_equals,
    "less": logic.less,
    "lessOrEquals": logic.less_or_equals,
    "startsWith": None,
}


def is_met(condition: Any, evaluator: Evaluator) -> bool:
    if isinstance(condition, str):
        if not condition.startswith("@"):
            raise FlowError(f"the condition {condition!r} does not begin with @")
        return logic.boolean(evaluator.value(condition), "a condition")
    check_condition(condition)
    ((operator, operands),) = condition.items()
    if operator == "and":
        return all([is_met(operand, evaluator) for operand in operands])
    if operator == "or":
        return any([is_met(operand, evaluator) for operand in operands])
    if operator == "not":
        return not is_met(operands, evaluator)
    first, second = (evaluator.value(operand) for operand in operands)
    if operator in ("startsWith", "endsWith"):
        text, part = str(first or "").lower(), str(second).lower()
        return text.startswith(part) if operator == "startsWith" else text.endswith(part)
    found = OPERATORS[operator]
    assert found
    return bool(found(first, second))


def check_condition(condition: Any) -> None:
    """Raise a FlowError for what is no condition."""
    if isinstance(condition, str):
        return
    if not isinstance(condition, dict) or len(condition) != 1:
        raise FlowError("a condition is an expression, or an object with one operator")
    ((operator, operands),) = condition.items()
    if operator == "not":
        check_condition(operands)
    elif operator in ("and", "or"):
        if not isinstance(operands, list) or not operands:
            raise FlowError(f"{operator} takes a list of conditions")
        for operand in operands:
            check_condition(operand)
    elif operator not in OPERATORS:
        raise FlowError(f"there is no operator {operator!r}; there are: and, or, not, {', '.join(OPERATORS)}")
    elif not isinstance(operands, list) or len(operands) != 2:
        raise FlowError(f"{operator} takes two values")
