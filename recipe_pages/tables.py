"""The rows of a data frame as a Markdown table, for people: thousands separators, and numbers aligned to the right."""

from typing import Any

Row = dict[str, Any]

_YEARS = range(1900, 2101)


def markdown_table(rows: list[Row], at_most: int = 15) -> str:
    """The first `at_most` rows, with a line that states how many there are, if there are more."""
    columns = list(rows[0])
    shown = rows[:at_most]
    formats = {column: _format([row[column] for row in rows]) for column in columns}
    numeric = [any(_is_number(row[column]) for row in rows) for column in columns]
    lines = [
        _line(columns),
        "|" + "|".join("---:" if number else "---" for number in numeric) + "|",
        *(_line([_cell(row[column], formats[column]) for column in columns]) for row in shown),
    ]
    if len(rows) > len(shown):
        lines += ["", f"The first {len(shown)} of {len(rows):,} rows."]
    return "\n".join(lines)


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _format(values: list[Any]) -> str:
    """How the numbers of a column are written: years without separators, and all with the same number of decimals."""
    numbers = [value for value in values if _is_number(value)]
    if numbers and all(isinstance(number, int) and number in _YEARS for number in numbers):
        return "d"
    decimals = max((len(str(number).partition(".")[2]) for number in numbers if isinstance(number, float)), default=0)
    whole = all(float(number).is_integer() for number in numbers)
    return ",.0f" if whole else f",.{decimals}f"


def _cell(value: Any, number_format: str) -> str:
    if value is None:
        return ""
    return format(value, number_format) if _is_number(value) else str(value).replace("|", "\\|")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
