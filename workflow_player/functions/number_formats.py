"""Numbers as text by .NET's numeric formats, for en-US.

Source: .NET, "Standard numeric format strings" and "Custom numeric format strings"; of the latter 0 # , . % and texts.
"""

import re
from decimal import ROUND_HALF_UP, Decimal

from workflow_player.errors import TemplateError

_STANDARD = re.compile(r"([A-Za-z])(\d{0,2})")
_CUSTOM = re.compile(r"(?P<before>[^0#,.]*)(?P<whole>[0#,]*)(?P<part>\.[0#]*)?(?P<after>[^0#,.]*)")


def formatted(value: int | float, pattern: str) -> str:
    standard = _STANDARD.fullmatch(pattern)
    return _standard(value, *standard.groups()) if standard else _custom(value, pattern)


def _standard(value: int | float, letter: str, digits: str) -> str:
    exact = Decimal(str(value))
    sign = "-" if exact < 0 else ""
    match letter.upper():
        case "N":
            return f"{_rounded(exact, int(digits or 2)):,}"
        case "F":
            return f"{_rounded(exact, int(digits or 2))}"
        case "C":
            return f"{sign}${_rounded(abs(exact), int(digits or 2)):,}"
        case "P":
            return f"{_rounded(exact * 100, int(digits or 2)):,}%"
        case "D" if exact == exact.to_integral_value():
            return sign + str(abs(int(exact))).zfill(int(digits or 1))
        case "X" if exact == exact.to_integral_value() and exact >= 0:
            return f"{int(exact):{'X' if letter == 'X' else 'x'}}".zfill(int(digits or 1))
        case "G" if not digits:
            return str(value)
    raise TemplateError(f"formatNumber: the player does not know the format {letter}{digits} for {value}")


def _custom(value: int | float, pattern: str) -> str:
    found = _CUSTOM.fullmatch(pattern)
    if not found or not (found["whole"] or found["part"]):
        raise TemplateError(f"formatNumber: the player does not know the format {pattern!r}")
    part = (found["part"] or ".")[1:]
    exact = Decimal(str(value)) * (100 if "%" in found["before"] + found["after"] else 1)
    rounded = _rounded(abs(exact), len(part))
    whole, _, decimals = f"{rounded}".partition(".")
    while decimals and part[len(decimals) - 1] == "#" and decimals.endswith("0"):
        decimals = decimals[:-1]
    whole = whole.lstrip("0").rjust(found["whole"].count("0"), "0")
    if "," in found["whole"]:
        whole = _grouped(whole)
    sign = "-" if exact < 0 and rounded else ""
    plain = [text.strip("'\"") for text in (found["before"], found["after"])]
    return sign + plain[0] + whole + ("." + decimals if decimals else "") + plain[1]


def _grouped(digits: str) -> str:
    head = len(digits) % 3
    groups = [digits[position : position + 3] for position in range(head, len(digits), 3)]
    return ",".join(([digits[:head]] if head else []) + groups)


def _rounded(value: Decimal, digits: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
