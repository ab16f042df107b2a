"""Reads what the payload writes: reports, records and requests.

User code runs in the same process and can write the same, so everything is validated, and nothing more is assumed.
"""

import base64
import binascii
import json
import math
import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from ..models import ExecutionError, Output
from ..text import well_formed_json
from . import protocol

_MARKED = re.compile(protocol.REPORT_MARK + r"([0-9a-f]{16})\{")
_MAX_DEPTH = 40
"""Nesting of lists and objects. Much deeper values could not be serialized again."""

_LARGEST_NUMBER = 1 << 53

Json = dict[str, Any]


@dataclass(frozen=True)
class ReportedFile:
    """A file that the run created or changed. `path` is relative to the data folder, `size` in bytes."""

    path: str
    size: int
    modified: datetime | None
    is_new: bool | None
    """None if that is unknown."""


@dataclass(frozen=True)
class Report:
    """What a run has produced, perhaps so far. `omitted` counts what did not fit: characters of a stream, outputs or
    files; for a value, it is 1. `unstoredOutputs` counts those of the outputs that are not in files either.
    """

    is_ok: bool
    result: str
    has_value: bool
    value: Any
    stdout: str
    stderr: str
    shown_message: str
    shown_traceback: str
    """What IPython shows for the exception. The pool appends both to stderr."""

    error: ExecutionError | None
    failure_facts: list[Json]
    """What the session knows about the exception and each that led to it. The members are not validated."""

    output_facts: Json
    """What explains messages in the streams. The members are not validated."""

    outputs: list[Output]
    files: list[ReportedFile]
    milliseconds: int
    execution_count: int | None
    is_new_session: bool
    omitted: dict[str, int] = field(default_factory=dict)
    ended_by: str = ""
    """Why a deferred run did not end normally: `canceled`, `timeout`, or `died` if its interpreter ended first."""

    interpreter_ended: bool = False
    """The interpreter ended before the run could report: it crashed, or was killed, perhaps because the code ignored
    the interrupt. This is what the run had produced a moment before.
    """

    cells: dict[str, int] = field(default_factory=dict)
    """The numbers of cells, by the numbers in the names of the temporary files that stand for them."""

    home_files: list[str] = field(default_factory=list)
    """Absolute paths of files that the run created below the home folder, outside the data folder."""

    memory_limit: int | None = None
    """The session's, in bytes, if the report is that of a record. 0 if it is unknown."""

    stdout_is_replaced: bool = False
    """The code has put another object in its place, which persists: what later code prints is not recorded either."""

    @property
    def shown_error(self) -> str:
        """As the pool puts it at the end of stderr. Empty if there was none."""
        shown = self.shown_message + self.shown_traceback
        return f"{shown}\n\n" if shown else ""


@dataclass(frozen=True)
class Record:
    """The execution record. Without a report, the run is in progress or, if it `is_lost`, its interpreter has ended.

    `timeout_seconds` is set only for deferred runs.
    """

    code_hash: str
    started: datetime | None
    report: Report | None
    is_lost: bool
    timeout_seconds: int | None = None
    memory_limit: int | None = None
    """In bytes. 0 if it is unknown."""


@dataclass(frozen=True)
class Request:
    """A queued execution."""

    code: str
    code_hash: str
    timeout_seconds: int

    def to_bytes(self) -> bytes:
        return json.dumps(
            {"code": self.code, "hash": self.code_hash, "timeoutInSeconds": self.timeout_seconds}
        ).encode()


@dataclass(frozen=True)
class Reported:
    """What a cell wrote to stdout: its report, and the text before and after it.

    The first part of the run's own text is in `before`, and the report has only the rest. Without a report, either the
    session `is_busy` with a deferred run and has not run the cell, or the report is in the execution record, with all
    text. `seams` has then, for each stream, where the rest begins, and what a terminal must be sent before it.
    """

    report: Report | None
    is_busy: bool
    before: str = ""
    after: str = ""
    seams: dict[str, tuple[int, str]] | None = None
    is_not_installed: bool = False
    """A short cell found no payload: nothing has run."""


def read_stdout(stdout: str, nonce: str) -> Reported | None:
    """None if there is no complete report."""
    before, mark, rest = stdout.partition(protocol.REPORT_MARK + nonce)
    line, end, after = rest.partition("\n")
    if not mark or not end:
        return None
    members = _object(line)
    if members is None:
        return None
    if members.get("isNotInstalled") is True:
        return Reported(None, False, before, after, is_not_installed=True)
    is_busy = members.get("isBusy") is True
    if is_busy or members.get("isInRecord") is True:
        return Reported(None, is_busy, before, after, _seams(members.get("seams")))
    report = _report(members)
    return None if report is None else Reported(report, False, before, after)


def _seams(members: Any) -> dict[str, tuple[int, str]] | None:
    """None if the record is another call's, or if the members are not valid."""
    try:
        return {name: (_number(members[name][0]), _text(members[name][1])) for name in ("stdout", "stderr")}
    except (KeyError, TypeError, IndexError):
        return None


def find_nonce(stdout: str) -> str | None:
    """The nonce of a cell that another process has sent, or None without a report. If there are several, the last one:
    the code may have printed the others.
    """
    nonces = _MARKED.findall(stdout)
    return str(nonces[-1]) if nonces else None


def read_task(stdout: str, nonce: str) -> Json | None:
    """What a task wrote: `returned` with its value, `raised` with its exception, or `isBusy`. None if nothing."""
    return _object(stdout.partition(protocol.REPORT_MARK + nonce)[2].partition("\n")[0])


def read_record(content: bytes) -> Record | None:
    """None if the content is not a valid record."""
    claim, _, rest = content.partition(b"\n")
    claimed = _object(claim)
    if claimed is None or not isinstance(claimed.get("code"), str):
        return None
    line, end, _ = rest.partition(b"\n")
    ending = _object(line) if end else None
    is_lost = ending is not None and ending.get("lost") is True
    report = _report(ending) if ending and not is_lost else None
    limit = _whole(claimed.get("memoryLimit"))
    return Record(
        claimed["code"],
        _time(claimed.get("started")),
        None if report is None else replace(report, memory_limit=limit),
        is_lost,
        _whole(claimed.get("timeoutInSeconds")),
        limit,
    )


def read_progress(content: bytes) -> Report | None:
    """What a run has produced so far. None if the content is not valid."""
    return _report(_object(content) or {})


def read_request(content: bytes) -> Request | None:
    """None if the content is not a valid request."""
    members = _object(content) or {}
    code, digest, seconds = members.get("code"), members.get("hash"), _whole(members.get("timeoutInSeconds"))
    if not isinstance(code, str) or not isinstance(digest, str) or seconds is None:
        return None
    return Request(code, digest, seconds)


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _object(text: str | bytes) -> Json | None:
    try:
        value = json.loads(text, parse_constant=lambda _: None, parse_float=_float)
    except (ValueError, RecursionError):
        return None
    return well_formed_json(value) if isinstance(value, dict) and _is_shallow(value, _MAX_DEPTH) else None


def _float(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def _is_shallow(value: Any, levels: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels > 0 and all(_is_shallow(item, levels - 1) for item in inner)


def _report(members: Json) -> Report | None:
    """None if a member is missing or of the wrong type."""
    try:
        shown = members.get("shown") or ["", []]
        traceback = "\n".join(shown[1]).rstrip("\n")
        return Report(
            is_ok=_text(members["status"]) == "ok",
            result=_text(members["result"]),
            has_value="value" in members,
            value=members.get("value"),
            stdout=_text(members["stdout"]),
            stderr=_text(members["stderr"]),
            shown_message=_text(shown[0]),
            shown_traceback=traceback,
            error=_error(members["error"]) if "error" in members else None,
            failure_facts=_facts(members["error"].get("facts")) if "error" in members else [],
            output_facts=_facts([members.get("facts")])[0] if "facts" in members else {},
            outputs=[_output(output) for output in members["outputs"]],
            files=[_file(file) for file in members["files"]],
            milliseconds=_number(members["milliseconds"]),
            execution_count=_number(members["executionCount"]),
            is_new_session=members["isNewSession"] is True,
            omitted=_counts(members["omitted"]),
            ended_by=_text(members.get("endedBy", "")),
            interpreter_ended=members.get("interpreterEnded") is True,
            stdout_is_replaced=members.get("stdoutReplaced") is True,
            cells=_counts(members.get("cells", {})),
            home_files=[_text(path) for path in members.get("homeFiles", [])],
        )
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        return None


def _error(members: Json) -> ExecutionError:
    line = members.get("line")
    return ExecutionError(
        _text(members["name"]),
        _text(members["message"]),
        line=None if line is None else _number(line),
        traceback=_text(members["traceback"]) or None,
        hint=_optional_text(members.get("hint")),
    )


def _facts(items: Any) -> list[Json]:
    if items is None:
        return []
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise TypeError
    return items


def _output(members: Json) -> Output:
    content_type, content = _text(members["contentType"]), _optional_text(members.get("content"))
    if content_type.startswith("image/") and content_type != "image/svg+xml":
        _check_base64(content)
    reduced = _optional_text(members.get("reduced"))
    _check_base64(reduced)
    title, file_name = _optional_text(members.get("title")), _optional_text(members.get("fileName"))
    return Output(content_type, content, title, file_name, reduced_content=reduced)


def _check_base64(content: str | None) -> None:
    if content is not None:
        try:
            base64.b64decode(content, validate=True)
        except binascii.Error:
            raise ValueError("not base64") from None


def _file(members: Json) -> ReportedFile:
    return ReportedFile(
        _text(members["path"]),
        _number(members["size"]),
        _time(members.get("modified")),
        is_new=None if members["change"] is None else members["change"] == "Created",
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _counts(members: Json) -> dict[str, int]:
    return {_text(name): _number(count) for name, count in members.items()}


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
