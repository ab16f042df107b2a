"""Structured records, through `logging`.

The Functions host receives only the text of a log message from the Python worker, so the text is the record as JSON,
which `parse_json(message)` reads in a query. With OpenTelemetry, each field is also an attribute of the log record,
which Application Insights shows as a custom dimension. JSON is ASCII and has no line breaks, so nothing that a caller
sends can look like another record.
"""

import json
import logging
from typing import Any

logger = logging.getLogger("connector.telemetry")

_LONGEST_TEXT = 8000
"""Characters of a field; Application Insights truncates messages after 32,768."""


def write(level: int, kind: str, fields: dict[str, Any]) -> None:
    """One record of a kind. Fields are text, numbers and booleans; those that are None are omitted."""
    if not logger.isEnabledFor(level):
        return
    record = {"record": kind}
    for name, value in fields.items():
        if value is not None:
            record[name] = value[:_LONGEST_TEXT] if isinstance(value, str) else value
    message = json.dumps(record, separators=(",", ":"))
    try:
        logger.log(level, message, extra=record)
    except KeyError:  # another library has given all log records an attribute with the name of a field
        logger.log(level, message)
