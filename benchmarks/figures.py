"""The figures of a benchmark, and the table that shows them."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass
class Figure:
    """A line of the table. `goal` is for the first number in `measured`, or for all of them."""

    name: str
    unit: str
    measured: list[float]
    goal: list[float] | None = None
    at_least: bool = False
    """The goal is a minimum; otherwise it is an upper bound."""

    gateway: list[float] | None = None
    """The same numbers for Jupyter's kernel gateway, if it was measured and has the feature."""

    @property
    def is_met(self) -> bool | None:
        """None without a goal."""
        if self.goal is None:
            return None
        pairs = zip(self.measured, self.goal, strict=False)
        return all(value >= goal if self.at_least else value < goal for value, goal in pairs)

    def cells(self) -> list[str]:
        goal = "" if self.goal is None else f"{'>=' if self.at_least else '<'} {self._text(self.goal)}"
        gateway = self._text(self.gateway) if self.gateway else ""
        met = {True: "yes", False: "no", None: ""}[self.is_met]
        return [self.name, goal, self._text(self.measured), gateway, met]

    def members(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "is_met": self.is_met}

    def _text(self, values: list[float]) -> str:
        return f"{' / '.join(map(_number, values))} {self.unit}".rstrip()


def _number(value: float) -> str:
    """With about three significant digits."""
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    digits = 1 if abs(value) >= 10 else 2 if abs(value) >= 1 else 3
    return f"{value:.{digits}f}"


def table(figures: list[Figure]) -> str:
    """A Markdown table whose columns are also aligned as plain text."""
    rows = [["figure", "goal", "measured", "kernel gateway", "met"], *[figure.cells() for figure in figures]]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)
