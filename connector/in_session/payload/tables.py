"""What a displayed object has beyond its MIME bundle: the title of a figure, the rows of a data frame."""

from __future__ import annotations

from typing import Any

from ..protocol import MAX_ROWS, MAX_VALUE_NODES
from .libraries import library_of_frame, read_frame
from .values import Budget


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
    if library_of_frame(shown) is None:
        return None
    names, types, rows = read_frame(shown, MAX_ROWS, Budget(MAX_VALUE_NODES * 10))
    return {
        "columns": [{"name": name, "type": kind} for name, kind in zip(names, types)],
        "rows": rows,
        "rowCount": len(shown),
        "isTruncated": len(shown) > len(rows),
    }


def frames_in(shown: Any) -> list[tuple[str | None, Any]]:
    """The data frames of a dictionary, such as the sheets of a workbook, or of a list, each with its title."""
    if type(shown) is dict:
        members: Any = ((str(key), member) for key, member in shown.items())
    elif type(shown) in (list, tuple):
        members = ((None, member) for member in shown)
    else:
        return []
    return [(title, member) for title, member in members if library_of_frame(member) is not None]


def is_chart(value: Any) -> bool:
    """Whether its text is of no use beside its picture."""
    return type(value).__module__.startswith(("plotly.graph_obj", "altair."))


def is_part_of_a_figure(value: Any, levels: int = 3) -> bool:
    """Whether it is only the return value of a plotting function: lines, axes, a grid, or collections of them."""
    kind = type(value)
    library = kind.__module__.split(".")[0]
    is_of_matplotlib = library in ("matplotlib", "mpl_toolkits") and not issubclass(kind, dict)
    if is_of_matplotlib or (library == "seaborn" and hasattr(kind, "figure")):
        return True
    if kind is dict:
        items = [*value.values()][:5]
    elif kind is list or issubclass(kind, tuple):
        items = value[:5]
    elif library in ("numpy", "pandas") and str(getattr(value, "dtype", "")) == "object":
        items = getattr(value, "values", value).flat[:5]
    else:
        return False
    parts = [levels > 0 and is_part_of_a_figure(item, levels - 1) for item in items]
    if kind is dict:
        return bool(parts) and all(parts)
    return any(parts) and not any(type(item) in (bool, int, float, str) for item in items)
