"""Removes the traces of the connector's own cells: the user's code finds the kernel as if it had been sent first.

These are the cell that installs the payload, and the short cells right before it, which found no payload.
"""

from __future__ import annotations

from typing import Any

from ..protocol import MARK
from .host import shell


class Traces:
    """The last cells of the kernel: those of the connector. The last one is running."""

    def __init__(self) -> None:
        self._history: Any = shell.history_manager
        self._last: int = shell.displayhook.exec_result.execution_count
        self.counts_before = shell.execution_count > self._last
        """IPython 9 counts a cell before it runs, IPython 8 after it."""

        self._count = 1
        earlier = [] if self._history is None else self._history.input_hist_raw[1:-1]
        while earlier and earlier.pop().startswith(MARK):
            self._count += 1
        self.are_alone = self._last == self._count and not earlier
        """The kernel has run no other cell."""

    def remove(self) -> None:
        """The next cell gets the number of the first one."""
        numbers = range(self._last - self._count + 1, self._last + 1)
        shell.execution_count = numbers[0]
        history = self._history
        if history is None:
            return
        for inputs in (history.input_hist_parsed, history.input_hist_raw):
            del inputs[max(0, len(inputs) - self._count) :]
        history._iii, history._ii, history._i, history._i00 = ["", "", "", *history.input_hist_raw][-4:]
        for number in numbers:
            shell.user_ns.pop(f"_i{number}", None)
        shell.user_ns.update({"_i": history._i, "_ii": history._ii, "_iii": history._iii})
        with history.db_input_cache_lock:
            lines = history.db_input_cache
            stored = set(numbers) - {line[0] for line in lines}
            lines[:] = [line for line in lines if line[0] not in numbers]
        if stored:
            _never_store_again(history, stored)


def _never_store_again(history: Any, numbers: set[int]) -> None:
    """IPython's history on disk has these cells already, accepts each number once, and would report the second one."""
    original = history._writeout_input_cache

    def _writeout_input_cache(connection: Any) -> None:
        lines = history.db_input_cache
        again = numbers.intersection(line[0] for line in lines)
        numbers.difference_update(again)
        lines[:] = [line for line in lines if line[0] not in again]
        original(connection)

    history._writeout_input_cache = _writeout_input_cache
