"""What a displayed object has beyond its MIME bundle: the title of a figure, the rows of a data frame."""

from __future__ import annotations

from typing import Any

from ..protocol import MAX_ROWS, MAX_VALUE_NODES
from .values import Budget, to_json

_CELL_DEPTH = 4


def title_of(shown: Any) -> str | None:
    """The title of a figure of matplotlib, Plotly or Altair."""
    module = type(shown).__module__
    if module.startswith("matplotlib"):
        suptitle = getattr(shown, "_suptitle", None)
        titles = [suptitle.get_text()] if suptitle is not None else []
        locations = ("center", "left", "right")
        titles += [axes.get_title(loc=location) for axes in getattr(shown, "axes", ()) for location in locations]
        return next((title for title in titles if title), None)
    if module.startswith("plotly"):
        return shown.layout.title.text  # type: ignore[no-any-return]
    if module.startswith("altair") and type(shown.title) is str:
        return shown.title
    return None


def table_of(shown: Any) -> dict[str, Any] | None:
    """The columns of a data frame with their types, and its first rows, as JSON."""
    library = type(shown).__module__.split(".")[0]
    if type(shown).__name__ != "DataFrame" or library not in ("pandas", "polars"):
        return None
    first = shown.head(MAX_ROWS)
    if library == "pandas":
        if type(first.index).__name__ != "RangeIndex" or first.index.name is not None:
            first = first.reset_index()
        names = [_column_name(name) for name in first.columns]
        types = [str(first.iloc[:, number].dtype) for number in range(len(names))]
        columns = [first.iloc[:, number].tolist() for number in range(len(names))]
        rows = list(zip(*columns)) if columns else []
    else:
        names, types, rows = list(first.columns), [str(kind) for kind in first.dtypes], first.rows()
    budget = Budget(MAX_VALUE_NODES * 10)
    return {
        "columns": [{"name": name, "type": kind} for name, kind in zip(names, types)],
        "rows": [[_cell(value, budget) for value in row] for row in rows],
        "rowCount": len(shown),
        "isTruncated": len(shown) > MAX_ROWS,
    }


def _column_name(name: Any) -> str:
    return " ".join(str(part) for part in name if str(part)) if type(name) is tuple else str(name)


def _cell(value: Any, budget: Budget) -> Any:
    try:
        return to_json(value, _CELL_DEPTH, budget)
    except (TypeError, ValueError):
        return str(value)


def is_part_of_a_figure(value: Any) -> bool:
    """Whether it is only the return value of a matplotlib call: lines, axes, bars, or a list of them."""
    items = value if type(value) in (list, tuple) and value else [value]
    if type(value).__module__ == "numpy" and getattr(value, "dtype", None) is not None and value.dtype.kind == "O":
        items = list(value.flat[:1])
    return any(type(item).__module__.startswith("matplotlib") for item in items[:5])
