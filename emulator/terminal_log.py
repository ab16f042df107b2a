"""What apps log, as a person reads it in the terminal.

An app may log records in JSON, for queries. A line of the terminal has their values in short. All other messages are
printed as they are.
"""

import json
import logging
from typing import Any

_SUBJECT = ("operation", "method", "route", "event", "status", "code")
"""The fields whose values explain themselves, in the order of the line."""
_REASON = ("problem", "cause")
_IDS = ("requestId", "session")
"""What further records can be found by."""


def print_warnings() -> None:
    """From now on, warnings and errors of all loggers are printed to stderr, unless the app configures its own."""
    handler = logging.StreamHandler()
    handler.setLevel(logging.WARNING)
    handler.setFormatter(Lines())
    logging.getLogger().addHandler(handler)


class Lines(logging.Formatter):
    """`warning: GetFile 502 PoolUnreachable in 31 ms: ConnectionError < OSError ECONNREFUSED (requestId 1e8a...)`"""

    def format(self, record: logging.LogRecord) -> str:
        text, fields = super().format(record), _fields(record.getMessage())
        return f"{record.levelname.lower()}: {text if fields is None else _line(fields)}"


def _fields(message: str) -> dict[str, Any] | None:
    """Those of a record in JSON; None for any other message."""
    if not message.startswith('{"record":'):
        return None
    try:
        found = json.loads(message)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _line(fields: dict[str, Any]) -> str:
    subject = [str(fields[name]) for name in _SUBJECT if name in fields]
    if "durationMs" in fields:
        subject.append(f"in {fields['durationMs']} ms")
    reason = [str(fields[name]) for name in _REASON if name in fields]
    ids = [f"{name} {fields[name]}" for name in _IDS if name in fields]
    line = ": ".join([" ".join(subject), *reason])
    if ids:
        line += f" ({', '.join(ids)})"
    return f"{line}\n{fields['stack']}" if "stack" in fields else line
