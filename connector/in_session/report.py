"""What the harness tells of a run. User code shares its process, so nothing here is taken on trust but its form."""

import base64
import binascii
import json
import math
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ..models import ExecutionError, Output

FOLDER = "_outputs"
"""In a session's data folder: a folder for each run, with its record and the files of its outputs."""

RECORD = ".execution.json"
NOTE = ".asked.json"
"""Beside the record: that a run was asked for, which may not have begun."""

PROGRESS = ".progress.json"
"""Beside the record of a detached run that goes on: how far it is. It is written anew every few seconds."""

CANCEL = ".cancel"
"""Beside the record: that the run is to end, or not to begin."""

GOES_ON = ".goes-on"
"""Beside the record of a detached run that goes on. Where there is no room for CANCEL, its removal says the same."""

VARIABLES = ".variables"
"""Beside the record of a detached run that has ended: what it has set, until the next run takes it over."""

OWN = frozenset({RECORD, NOTE, PROGRESS, CANCEL, GOES_ON, VARIABLES, f"{PROGRESS}.new", f"{VARIABLES}.new"})
"""What is no output of a run. New ones are written beside old ones and then put in their place."""

_TOLD = re.compile(r"\x1e([0-9a-f]{16})\{")
_DEEPEST = 40
"""Levels of lists and objects: what is much deeper cannot be written again."""

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
    """What a run made. `missing` counts what was left out: characters of streams, outputs, files; 1 for a value."""

    is_ok: bool
    result: str
    has_value: bool
    value: Any
    stdout: str
    stderr: str
    shown_error: str
    """What IPython shows of the exception, as the pool puts it behind stderr."""

    error: ExecutionError | None
    outputs: list[Output]
    files: list[ReportedFile]
    milliseconds: int
    execution_count: int | None
    is_new_session: bool
    missing: dict[str, int] = field(default_factory=dict)
    ended_by: str = ""
    """Of a detached run that did not end by itself: `canceled`, `timeout`, or `died`, by the number of a signal."""

    signal: int = 0
    not_returned: list[str] = field(default_factory=list)
    """Variables that a detached run has set and that its interpreter does not get."""

    not_taken_over: list[str] = field(default_factory=list)
    """Such variables of detached runs before this run."""


@dataclass(frozen=True)
class Record:
    """What the session keeps of a run. Without a report it goes on, or, where it `is_lost`, its interpreter ended.

    `timeout_seconds` is a detached run's.
    """

    code_hash: str
    started: datetime | None
    report: Report | None
    is_lost: bool
    timeout_seconds: int | None = None


@dataclass(frozen=True)
class Progress:
    """What a detached run has written up to now."""

    stdout: str = ""
    stderr: str = ""
    milliseconds: int = 0
    missing: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Note:
    """When a run was asked for."""

    asked: datetime

    def to_bytes(self) -> bytes:
        return json.dumps({"asked": self.asked.timestamp()}).encode()


@dataclass(frozen=True)
class Told:
    """What stood on stdout: a report, or that there is one in the record; and what else was written there."""

    report: Report | None
    beside: str


def read_stdout(stdout: str, nonce: str) -> Told | None:
    """None when the harness did not tell anything that is whole."""
    beside, mark, rest = stdout.partition(f"\x1e{nonce}")
    line, end, after = rest.partition("\n")
    if not mark or not end:
        return None
    told = _object(line)
    if told is None:
        return None
    if told.get("isInRecord") is True:
        return Told(None, beside + after)
    report = _report(told)
    return None if report is None else Told(report, beside + after)


def find_nonce(stdout: str) -> str | None:
    """Of a cell that nobody knows any more: the last one, for code may write its like. None when nothing was told."""
    told = _TOLD.findall(stdout)
    return str(told[-1]) if told else None


def read_told(stdout: str, nonce: str) -> Json | None:
    """What a task told: `told` with what it returned, or `failed` with why it did not. None when it told nothing."""
    return _object(stdout.partition(f"\x1e{nonce}")[2].partition("\n")[0])


def read_record(content: bytes) -> Record | None:
    """None when it is not one."""
    claim, _, rest = content.partition(b"\n")
    asked = _object(claim)
    if asked is None or not isinstance(asked.get("code"), str):
        return None
    line, end, _ = rest.partition(b"\n")
    told = _object(line) if end else None
    is_lost = told is not None and told.get("lost") is True
    timeout = asked.get("timeoutInSeconds")
    return Record(
        asked["code"],
        _time(asked.get("started")),
        _report(told) if told and not is_lost else None,
        is_lost,
        timeout if isinstance(timeout, int) and not isinstance(timeout, bool) else None,
    )


def read_progress(content: bytes) -> Progress | None:
    """None when it is none."""
    told = _object(content) or {}
    try:
        return Progress(
            _text(told["stdout"]), _text(told["stderr"]), _number(told["milliseconds"]), _counts(told["missing"])
        )
    except (KeyError, TypeError, AttributeError):
        return None


def read_note(content: bytes) -> Note | None:
    """None when it is not one."""
    asked = _time((_object(content) or {}).get("asked"))
    return None if asked is None else Note(asked)


def _object(text: str | bytes) -> Json | None:
    try:
        value = json.loads(text, parse_constant=lambda _: None, parse_float=_float)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and _is_shallow(value, _DEEPEST) else None


def _float(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def _is_shallow(value: Any, levels: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels > 0 and all(_is_shallow(item, levels - 1) for item in inner)


def _report(told: Json) -> Report | None:
    """None when a member that is always there is not, or is of another kind."""
    try:
        shown = told.get("shown") or ["", []]
        traceback = "\n".join(shown[1]).rstrip("\n")
        return Report(
            is_ok=_text(told["status"]) == "ok",
            result=_text(told["result"]),
            has_value="value" in told,
            value=told.get("value"),
            stdout=_text(told["stdout"]),
            stderr=_text(told["stderr"]),
            shown_error=f"{_text(shown[0])}{traceback}\n\n" if "shown" in told else "",
            error=_error(told["error"]) if "error" in told else None,
            outputs=[_output(output) for output in told["outputs"]],
            files=[_file(file) for file in told["files"]],
            milliseconds=_number(told["milliseconds"]),
            execution_count=_number(told["executionCount"]),
            is_new_session=told["isNewSession"] is True,
            missing=_counts(told["missing"]),
            ended_by=_text(told.get("endedBy", "")),
            signal=_number(told.get("signal", 0)),
            not_returned=[_text(name) for name in told.get("notReturned", [])],
            not_taken_over=[_text(name) for name in told.get("notTakenOver", [])],
        )
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        return None


def _error(told: Json) -> ExecutionError:
    line = told.get("line")
    return ExecutionError(
        _text(told["name"]),
        _text(told["message"]),
        line=None if line is None else _number(line),
        traceback=_text(told["traceback"]) or None,
        hint=_optional_text(told.get("hint")),
    )


def _output(told: Json) -> Output:
    content_type, content = _text(told["contentType"]), _optional_text(told.get("content"))
    if content is not None and content_type.startswith("image/") and content_type != "image/svg+xml":
        try:
            base64.b64decode(content, validate=True)
        except binascii.Error:
            raise ValueError("not base64") from None
    return Output(content_type, content, _optional_text(told.get("title")), _optional_text(told.get("fileName")))


def _file(told: Json) -> ReportedFile:
    return ReportedFile(
        _text(told["path"]), _number(told["size"]), _time(told.get("modified")), is_new=told["change"] == "Created"
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    # Half of a surrogate pair is no text that can be sent on.
    return value.encode("utf-8", "replace").decode() if any("\ud800" <= c <= "\udfff" for c in value) else value


def _counts(told: Json) -> dict[str, int]:
    return {_text(name): _number(count) for name, count in told.items()}


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
