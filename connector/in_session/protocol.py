"""Names and limits that the connector shares with what it runs inside a session.

This module is part of the payload, so it must run on Python 3.8 and import nothing.
"""

from __future__ import annotations

from typing import Any

DATA = "/mnt/data"
"""The data folder of a session. Every path in a report or a task is relative to it."""

OUTPUTS_FOLDER = "_outputs"
"""In the data folder: one folder per execution. The service allows no dots in the names of folders."""

TRANSFERS_FOLDER = "_transfers"
"""In the data folder: files that are being uploaded or downloaded. They belong to no execution."""

RECORD = "execution.json"
"""The execution record, two lines of JSON: the claim and, once the run has ended, its report."""

REQUEST = "request.json"
"""What to run, for a queued execution. The file is removed when the execution starts."""

PROGRESS = "progress.json"
"""What a deferred run has produced so far: a report whose run has not ended."""

CANCEL = "cancel.json"
"""A request to cancel the execution, whether it is running or queued."""

RUNNING = "running.json"
"""In an execution's folder and in OUTPUTS_FOLDER: a deferred run is in progress. The file's modification time is the
run's heartbeat. Deleting it from the execution's folder cancels the run, for when the disk is too full for CANCEL."""

EXECUTION_FILES = frozenset({RECORD, REQUEST, PROGRESS, CANCEL, RUNNING, PROGRESS + ".new"})
"""The files of an execution's folder that are not its outputs."""

HEARTBEAT_SECONDS = 5.0
"""Between two heartbeats of a deferred run."""

MARK = "#code-interpreter:"
"""Begins the first line of each cell of the connector. A digest of the payload follows."""

REPORT_MARK = "\x1e"
"""Begins the line of stdout that carries a report. The nonce of the cell follows, then JSON."""

NOT_INSTALLED = '{"isNotInstalled": true}'
"""What a short cell reports in an interpreter that does not have its payload: nothing has run."""

MAX_STREAM_CHARACTERS = 1 << 20
"""Kept of each stream: half of them from its beginning, half from its end."""

MAX_FORWARDED_CHARACTERS = 100_000
"""Of each stream, and at most a tenth of what the pool returns: sent while the code of a run in one call writes them,
so that they are not lost if its interpreter ends. The report that follows does not repeat them; the record does."""

MAX_ERROR_CHARACTERS = 100_000
MAX_MESSAGE_CHARACTERS = 10_000
MAX_TITLE_CHARACTERS = 200
MAX_ROWS = 1000
MAX_OUTPUTS = 100
"""In a report. Further ones are stored in files."""

MAX_STORED_OUTPUTS = 1000
MAX_STORED_CHARACTERS = 128 << 20
"""Of all outputs of one run."""

MAX_IMAGE_CHARACTERS = 60_000
"""Of the first image's base64 in a response that is limited. For a longer one, a smaller rendering is reported too."""

MAX_OUTPUT_CHARACTERS = 8 << 20
"""Of the contents of all outputs in one report, six for each character beyond ASCII. Further contents are only in the
outputs' files.
"""

MAX_FILES = 1000
MAX_FILES_IN_HOME = 10
MAX_SCANNED_FILES = 20_000
MAX_VALUE_NODES = 50_000
LARGEST_EXACT_INTEGER = (1 << 53) - 1
"""Of readers of JSON that have no integers but doubles (RFC 7493). Larger ones are text."""

MAX_INTEGER_BITS = 1 << 16
KEPT_EXECUTIONS = 500
KEPT_BYTES = 200 << 20
"""Of the records and outputs in OUTPUTS_FOLDER. Beyond that, the oldest are removed."""


def empty_report(execution_count: int = 0, is_new_session: bool = False) -> dict[str, Any]:
    """The members that every report has. `omitted` counts what did not fit into it."""
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
