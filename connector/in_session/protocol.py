"""Names and limits that both ends know: the connector, and what it runs inside a session.

This module is part of the payload, so it must run on Python 3.8 and imports nothing.
"""

from __future__ import annotations

from typing import Any

DATA = "/mnt/data"
"""The data folder of a session. Every path in a report or a task is relative to it."""

OUTPUTS_FOLDER = "_outputs"
"""In the data folder: one folder per execution. The service allows no dots in the names of folders."""

TRANSFERS_FOLDER = "_transfers"
"""In the data folder: files on their way in or out. They belong to no execution."""

RECORD = "execution.json"
"""The execution record, two lines of JSON: the claim, and, when the run has ended, its report."""

REQUEST = "request.json"
"""An execution that waits for its turn: what to run. Whoever starts it removes this file."""

PROGRESS = "progress.json"
"""What a deferred run has produced so far: a report whose run has not ended."""

CANCEL = "cancel.json"
"""A request to cancel the execution, whether it runs or waits."""

RUNNING = "running.json"
"""In an execution's folder, and again in OUTPUTS_FOLDER: a deferred run is in progress. Its time of change is the run's
heartbeat. Deleting it from the execution's folder cancels the run, where the disk is too full for CANCEL."""

EXECUTION_FILES = frozenset({RECORD, REQUEST, PROGRESS, CANCEL, RUNNING, PROGRESS + ".new"})
"""The files of an execution's folder that are not its outputs."""

HEARTBEAT_SECONDS = 5.0
"""Between two heartbeats of a deferred run."""

MARK = "#code-interpreter:"
"""Begins the first line of each cell of the connector; a digest of the payload follows."""

REPORT_MARK = "\x1e"
"""Begins the line of stdout that carries a report. The nonce of the cell follows, then JSON."""

MAX_STREAM_CHARACTERS = 1 << 20
"""Of each stream; of a longer one, the first and the last half of as many are kept."""

MAX_ERROR_CHARACTERS = 100_000
MAX_MESSAGE_CHARACTERS = 10_000
MAX_TITLE_CHARACTERS = 200
MAX_ROWS = 1000
MAX_OUTPUTS = 100
MAX_OUTPUT_CHARACTERS = 8 << 20
"""Of the contents of all outputs in one report. What exceeds it is in the outputs' files alone."""

MAX_FILES = 1000
MAX_SCANNED_FILES = 20_000
MAX_VALUE_NODES = 50_000
MAX_INTEGER_BITS = 1 << 10
KEPT_EXECUTIONS = 500
KEPT_BYTES = 200 << 20
"""Of the records and outputs in OUTPUTS_FOLDER; the oldest are removed beyond it."""


def empty_report(execution_count: int = 0, is_new_session: bool = False) -> dict[str, Any]:
    """The members that every report has. `omitted` counts what had no room in it."""
    return {
        "status": "error",
        "executionCount": execution_count,
        "isNewSession": is_new_session,
        "milliseconds": 0,
        "result": "",
        "stdout": "",
        "stderr": "",
        "outputs": [],
        "files": [],
        "omitted": {},
    }
