"""`os._exit` ends the interpreter at once. If the code of a run calls it, the run reports first."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import Any

from .host import getpid

exit_at_once: Callable[[int], Any] = getattr(os._exit, "original", os._exit)


class _Current:
    """The run in progress."""

    report: Callable[[], object] | None = None


_current = _Current()
_process = getpid()


def _exit_with_report(status: int) -> None:
    report, _current.report = _current.report, None
    try:
        if report is not None and getpid() == _process:  # not in a process that the code has forked
            report()
    finally:
        exit_at_once(status)


_exit_with_report.original = exit_at_once  # type: ignore[attr-defined]


@contextlib.contextmanager
def reports_before_exit(report: Callable[[], object]) -> Iterator[None]:
    os._exit = _exit_with_report  # type: ignore[assignment]
    _current.report = report
    try:
        yield
    finally:
        _current.report = None
