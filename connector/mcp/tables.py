"""Data frames that a run displayed, as text that models read: CSV, which takes fewer tokens than Markdown or HTML."""

import csv
import io
import json
from typing import Any

from ..files.names import quoted
from ..models import ABSENT, Execution, Output
from .fitting import Section

_TITLE_CHARACTERS = 80
_MOST_ROWS = 60
"""Of one table. The complete one is in the output's file."""


class Table:
    """`columns` are names. `row_count` is that of the data frame, which may have more than `rows`."""

    def __init__(self, columns: list[str], rows: list[list[Any]], row_count: int, output: Output) -> None:
        self.columns, self.rows, self.row_count, self.output = columns, rows, row_count, output

    @property
    def section(self) -> Section:
        """A line about the table, and its rows as CSV: all of them, or the first and last."""
        shape = f"{_counted(self.row_count, 'row')}, {_counted(len(self.columns), 'column')}"
        if self.row_count <= len(self.rows) <= _MOST_ROWS:
            return Section(f"{self._name} ({shape}):", _csv([self.columns, *self.rows]))
        half = _MOST_ROWS // 2
        if self.row_count > len(self.rows):  # the session has sent only the first ones
            shown, last = self.rows[:_MOST_ROWS], []
            which = f"the first {len(shown)}"
        else:
            shown, last = self.rows[:half], self.rows[-half:]
            which = f"the first and last {half}"
        text = _csv([self.columns, *shown]) + ("\n...\n" + _csv(last) if last else "")
        return Section(f"{self._name} ({shape}), {which} rows{self._place}:", text)

    @property
    def _name(self) -> str:
        """With the title, such as the name of a sheet."""
        title = " ".join((self.output.title or "").split())[:_TITLE_CHARACTERS]
        return f"Table {quoted(title)}" if title else "Table"

    @property
    def _place(self) -> str:
        name, folder = self.output.file_name, self.output.folder
        return f"; all are in fileName {name}, folder {folder}" if name and self.row_count <= len(self.rows) else ""


def table_of(output: Output) -> Table | None:
    """None for an output that is not a data frame. Code can display anything, so nothing is assumed."""
    if output.content_type != "application/json" or output.content is None:
        return None
    try:
        value = json.loads(output.content)
        columns = [column["name"] for column in value["columns"]]
        rows, row_count = value["rows"], value["rowCount"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    if not isinstance(row_count, int) or not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        return None
    return Table([str(name) for name in columns], rows, row_count, output)


def is_result(table: Table, execution: Execution) -> bool:
    """Whether the text of the run's result is that of the table."""
    value = execution.value
    if value is ABSENT or not isinstance(value, list) or len(value) != len(table.rows):
        return False
    return all(isinstance(row, dict) for row in value) and (
        not value or [*value[0].values()] == table.rows[0] or len(value[0]) != len(table.columns)
    )


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _csv(rows: list[list[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(
        [json.dumps(cell, ensure_ascii=False) if isinstance(cell, dict | list) else cell for cell in row]
        for row in rows
    )
    return text.getvalue().rstrip("\n")
