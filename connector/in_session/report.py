"""Reads what the payload writes: reports, records and requests. User code shares its process and can write the same, so
everything is checked for its form, and nothing else is assumed about it.
"""

import base64
import binascii
import json
import math
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ..models import ExecutionError, Output
from . import protocol

_MARKED = re.compile(protocol.REPORT_MARK + r"([0-9a-f]{16})\{")
_MAX_DEPTH = 40
"""Of lists and objects: what is much deeper cannot be serialized again."""

_LARGEST_NUMBER = 1 << 53

Json = dict[str, Any]


@dataclass(frozen=True)
class ReportedFile:
    """A file that the run made or changed; `path` is below the data folder, `size` in bytes."""

    path: str
    size: int
    modified: datetime | None
    is_new: bool


@dataclass(frozen=True)
class Report:
    """What a run made, or has made so far. `omitted` counts what had no room: characters of streams, outputs, files; 1
    for a value.
    """

    is_ok: bool
    result: str
    has_value: bool
    value: Any
    stdout: str
    stderr: str
    shown_error: str
    """What IPython shows of the exception; the pool appends it to stderr."""

    error: ExecutionError | None
    outputs: list[Output]
    files: list[ReportedFile]
    milliseconds: int
    execution_count: int | None
    is_new_session: bool
    omitted: dict[str, int] = field(default_factory=dict)
    ended_by: str = ""
    """Why a deferred run did not end by itself: `canceled`, `timeout`, or `died` when its interpreter did."""

    interpreter_ended: bool = False
    """The interpreter ended with the run, by its own doing or because the code ignored the interrupt."""


@dataclass(frozen=True)
class Record:
    """The execution record. Without a report the run is in progress, or, where it `is_lost`, its interpreter has ended.

    `timeout_seconds` is there for deferred runs alone.
    """

    code_hash: str
    started: datetime | None
    report: Report | None
    is_lost: bool
    timeout_seconds: int | None = None


@dataclass(frozen=True)
class Request:
    """An execution that waits for its turn."""

    code: str
    code_hash: str
    timeout_seconds: int

    def to_bytes(self) -> bytes:
        return json.dumps(
            {"code": self.code, "hash": self.code_hash, "timeoutInSeconds": self.timeout_seconds}
        ).encode()


@dataclass(frozen=True)
class Reported:
    """What a cell wrote to stdout: a report, or where it is, and whatever else was written there.

    Without a report it `is_busy`, when a deferred run keeps the session from running the cell, or the report is in the
    execution record.
    """

    report: Report | None
    is_busy: bool
    beside: str


def read_stdout(stdout: str, nonce: str) -> Reported | None:
    """None when the payload has not reported completely."""
    beside, mark, rest = stdout.partition(protocol.REPORT_MARK + nonce)
    line, end, after = rest.partition("\n")
    if not mark or not end:
        return None
    written = _object(line)
    if written is None:
        return None
    is_busy = written.get("isBusy") is True
    if is_busy or written.get("isInRecord") is True:
        return Reported(None, is_busy, beside + after)
    report = _report(written)
    return None if report is None else Reported(report, False, beside + after)


def find_nonce(stdout: str) -> str | None:
    """The nonce of a cell that another process has sent: the last one, since code may write one before. None when there
    is no report.
    """
    found = _MARKED.findall(stdout)
    return str(found[-1]) if found else None


def read_task(stdout: str, nonce: str) -> Json | None:
    """What a task wrote: `returned` with its value, `raised` with its exception, or `isBusy`. None without any."""
    return _object(stdout.partition(protocol.REPORT_MARK + nonce)[2].partition("\n")[0])


def read_record(content: bytes) -> Record | None:
    """None when it is not one."""
    claim, _, rest = content.partition(b"\n")
    claimed = _object(claim)
    if claimed is None or not isinstance(claimed.get("code"), str):
        return None
    line, end, _ = rest.partition(b"\n")
    ending = _object(line) if end else None
    is_lost = ending is not None and ending.get("lost") is True
    return Record(
        claimed["code"],
        _time(claimed.get("started")),
        _report(ending) if ending and not is_lost else None,
        is_lost,
        _seconds(claimed.get("timeoutInSeconds")),
    )


def read_progress(content: bytes) -> Report | None:
    """What a run has made so far. None when it is not that."""
    return _report(_object(content) or {})


def read_request(content: bytes) -> Request | None:
    """None when it is not one."""
    asked = _object(content) or {}
    code, digest, seconds = asked.get("code"), asked.get("hash"), _seconds(asked.get("timeoutInSeconds"))
    if not isinstance(code, str) or not isinstance(digest, str) or seconds is None:
        return None
    return Request(code, digest, seconds)


def _seconds(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _object(text: str | bytes) -> Json | None:
    try:
        value = json.loads(text, parse_constant=lambda _: None, parse_float=_float)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and _is_shallow(value, _MAX_DEPTH) else None


def _float(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def _is_shallow(value: Any, levels: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels > 0 and all(_is_shallow(item, levels - 1) for item in inner)


def _report(written: Json) -> Report | None:
    """None when a member is missing or of the wrong type."""
    try:
        shown = written.get("shown") or ["", []]
        traceback = "\n".join(shown[1]).rstrip("\n")
        return Report(
            is_ok=_text(written["status"]) == "ok",
            result=_text(written["result"]),
            has_value="value" in written,
            value=written.get("value"),
            stdout=_text(written["stdout"]),
            stderr=_text(written["stderr"]),
            shown_error=f"{_text(shown[0])}{traceback}\n\n" if "shown" in written else "",
            error=_error(written["error"]) if "error" in written else None,
            outputs=[_output(output) for output in written["outputs"]],
            files=[_file(file) for file in written["files"]],
            milliseconds=_number(written["milliseconds"]),
            execution_count=_number(written["executionCount"]),
            is_new_session=written["isNewSession"] is True,
            omitted=_counts(written["omitted"]),
            ended_by=_text(written.get("endedBy", "")),
            interpreter_ended=written.get("interpreterEnded") is True,
        )
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        return None


def _error(written: Json) -> ExecutionError:
    line = written.get("line")
    return ExecutionError(
        _text(written["name"]),
        _text(written["message"]),
        line=None if line is None else _number(line),
        traceback=_text(written["traceback"]) or None,
        hint=_optional_text(written.get("hint")),
    )


def _output(written: Json) -> Output:
    content_type, content = _text(written["contentType"]), _optional_text(written.get("content"))
    if content is not None and content_type.startswith("image/") and content_type != "image/svg+xml":
        try:
            base64.b64decode(content, validate=True)
        except binascii.Error:
            raise ValueError("not base64") from None
    return Output(content_type, content, _optional_text(written.get("title")), _optional_text(written.get("fileName")))


def _file(written: Json) -> ReportedFile:
    return ReportedFile(
        _text(written["path"]),
        _number(written["size"]),
        _time(written.get("modified")),
        is_new=written["change"] == "Created",
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    # Half of a surrogate pair cannot be encoded.
    return value.encode("utf-8", "replace").decode() if any("\ud800" <= c <= "\udfff" for c in value) else value


def _counts(written: Json) -> dict[str, int]:
    return {_text(name): _number(count) for name, count in written.items()}


def _optional_text(value: Any) -> str | None:
    return None if value is None else _text(value)


def _number(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < _LARGEST_NUMBER:
        raise TypeError
    return value


def _time(seconds: Any) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None
