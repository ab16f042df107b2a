"""Arithmetic. Integers stay integers: `div(11, 5)` is 2, `div(11.0, 5)` is 2.2."""

import random
from collections.abc import Callable
from typing import Any

from workflow_player.errors import TemplateError
from workflow_player.functions.types import integer, number

Number = int | float


def add(first: Any, second: Any) -> Number:
    return number(first, "add") + number(second, "add")


def sub(first: Any, second: Any) -> Number:
    return number(first, "sub") - number(second, "sub")


def mul(first: Any, second: Any) -> Number:
    return number(first, "mul") * number(second, "mul")


def div(first: Any, second: Any) -> Number:
    """Of integers, without what is behind the decimal point."""
    dividend, divisor = number(first, "div"), number(second, "div")
    if divisor == 0:
        raise TemplateError("div: a number cannot be divided by 0")
    if isinstance(dividend, int) and isinstance(divisor, int):
        quotient = abs(dividend) // abs(divisor)
        return quotient if (dividend < 0) == (divisor < 0) else -quotient
    return dividend / divisor


def mod(first: Any, second: Any) -> Number:
    """The remainder, with the sign of the dividend."""
    dividend, divisor = number(first, "mod"), number(second, "mod")
    if divisor == 0:
        raise TemplateError("mod: a number cannot be divided by 0")
    remainder = abs(dividend) % abs(divisor)
    return -remainder if dividend < 0 else remainder


def _all(values: tuple[Any, ...], function: str) -> list[Number]:
    given = values[0] if len(values) == 1 and isinstance(values[0], list) else list(values)
    if not given:
        raise TemplateError(f"{function} takes at least one number")
    return [number(value, function) for value in given]


def max_(*values: Any) -> Number:
    return max(_all(values, "max"))


def min_(*values: Any) -> Number:
    return min(_all(values, "min"))


def rand(lowest: Any, end: Any) -> int:
    """An integer from the lowest up to, not including, the end."""
    first, stop = integer(lowest, "rand"), integer(end, "rand")
    if stop <= first:
        raise TemplateError("rand: the second number is the larger one")
    return random.randrange(first, stop)


def range_(first: Any, count: Any) -> list[int]:
    start, length = integer(first, "range"), integer(count, "range")
    if length < 0:
        raise TemplateError("range: the count is not negative")
    return list(range(start, start + length))


MATH: dict[str, Callable[..., Any]] = {
    "add": add,
    "div": div,
    "max": max_,
    "min": min_,
    "mod": mod,
    "mul": mul,
    "rand": rand,
    "range": range_,
    "sub": sub,
}
