"""What `make run` prints of what the app logs."""

import json
import logging

from emulator.terminal_log import Lines


def line(message: str, level: int = logging.WARNING) -> str:
    return Lines().format(logging.LogRecord("any", level, "file.py", 1, message, (), None))


def test_a_record_is_a_line_for_people():
    """With what happened, why, and the IDs by which more can be found."""
    fields = {"record": "request", "operation": "GetFile", "requestId": "r-1", "traceId": "t-1", "status": 502}
    fields |= {"code": "PoolUnreachable", "durationMs": 31, "poolCalls": 1, "cause": "PoolUnreachable 502 < OSError"}
    expected = "warning: GetFile 502 PoolUnreachable in 31 ms: PoolUnreachable 502 < OSError (requestId r-1)"
    assert line(json.dumps(fields, separators=(",", ":"))) == expected


def test_a_stack_has_lines():
    """As everywhere else."""
    fields = {"record": "request", "operation": "GetFile", "cause": "ValueError", "stack": "ValueError\n  a.py:1 f"}
    assert line(json.dumps(fields, separators=(",", ":")), logging.ERROR).splitlines() == [
        "error: GetFile: ValueError",
        "ValueError",
        "  a.py:1 f",
    ]


def test_other_messages_are_unchanged():
    """Also one that only begins like a record."""
    for message in ("Function 'a' has no HTTP trigger", '{"record":', '{"other": 1}', '{"record":1} x'):
        assert line(message) == f"warning: {message}"
