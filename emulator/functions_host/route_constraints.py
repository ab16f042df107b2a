"""The constraints of ASP.NET Core's route parameters, such as `int` or `length(2,5)`: which values each accepts.

Text in, a test of texts out. Source: dotnet/aspnetcore, src/Http/Routing/src/Constraints.
"""

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

Constraint = Callable[[str], bool]

# .NET parses with the invariant culture: digits are ASCII, and whitespace around a number is accepted.
_INT32, _INT64 = 2**31, 2**63
_LARGEST_DECIMAL = Decimal(2**96 - 1)
_NUMBER = r"\s*[+-]?(?:[0-9][0-9,]*(?:\.[0-9]*)?|\.[0-9]+)"
_FLOAT = re.compile(rf"{_NUMBER}(?:e[+-]?[0-9]+)?\s*|\s*(?:nan|[+-]?infinity)\s*", re.IGNORECASE)
_GUID_WITH_HYPHENS = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_GUID = re.compile(
    rf"[0-9a-f]{{32}}|{_GUID_WITH_HYPHENS}|\{{{_GUID_WITH_HYPHENS}\}}|\({_GUID_WITH_HYPHENS}\)", re.IGNORECASE
)
_DATES = ("%m-%d-%Y", "%Y-%m-%d")  # a segment of a path holds no slash
_TIMES = ("", " %H:%M", " %H:%M:%S", " %I:%M%p", " %I:%M %p", " %I:%M:%S %p")


def constraint(name: str, arguments: str) -> Constraint:
    """Raises ValueError for a constraint that ASP.NET Core does not have, and for arguments that do not fit it."""
    if name.lower() == "regex":
        pattern = re.compile(arguments, re.IGNORECASE)  # as RegexRouteConstraint: ignores case, is not anchored
        return lambda value: pattern.search(value) is not None
    match name.lower(), arguments.split(",") if arguments else []:
        case type_name, [] if type_name in _TYPES:
            return _TYPES[type_name]
        case "length", [exact]:
            return _length_between(int(exact), int(exact))
        case "length", [low, high]:
            return _length_between(int(low), int(high))
        case "minlength", [low]:
            return _length_between(int(low), _INT32)
        case "maxlength", [high]:
            return _length_between(0, int(high))
        case "min", [low]:
            return _integer_between(int(low), _INT64 - 1)
        case "max", [high]:
            return _integer_between(-_INT64, int(high))
        case "range", [low, high]:
            return _integer_between(int(low), int(high))
    raise ValueError(f"'{name}' with {f'arguments ({arguments})' if arguments else 'no arguments'} is not a constraint")


def _length_between(low: int, high: int) -> Constraint:
    return lambda value: low <= len(value) <= high


def _integer_between(low: int, high: int) -> Constraint:
    def accepts(value: str) -> bool:
        return re.fullmatch(r"\s*[+-]?0*[0-9]{1,19}\s*", value) is not None and low <= int(value) <= high

    return accepts


def _is_decimal(value: str) -> bool:
    if not re.fullmatch(rf"{_NUMBER}\s*", value):
        return False
    return abs(Decimal(value.strip().replace(",", ""))) <= _LARGEST_DECIMAL


def _is_float(value: str) -> bool:
    return _FLOAT.fullmatch(value) is not None


def _is_datetime(value: str) -> bool:
    """ISO 8601 and the invariant culture's month-day-year: the useful part of what DateTime.TryParse accepts."""
    return any(_parses(value.strip(), f"{date}{time}") for date in _DATES for time in _TIMES) or (
        "-" in value and _parses(value.strip(), None)
    )


def _parses(value: str, date_format: str | None) -> bool:
    try:
        _ = datetime.fromisoformat(value) if date_format is None else datetime.strptime(value, date_format)
    except ValueError:
        return False
    return True


_TYPES: dict[str, Constraint] = {
    "alpha": lambda value: re.fullmatch("[a-z]*", value, re.IGNORECASE | re.ASCII) is not None,
    "bool": lambda value: value.strip().lower() in ("true", "false"),
    "datetime": _is_datetime,
    "decimal": _is_decimal,
    "double": _is_float,
    "float": _is_float,
    "guid": lambda value: _GUID.fullmatch(value.strip()) is not None,
    "int": _integer_between(-_INT32, _INT32 - 1),
    "long": _integer_between(-_INT64, _INT64 - 1),
    "required": bool,
}
