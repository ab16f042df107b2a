"""What the payload has written: reports, records and requests.

User code runs in the same process and can write the same, so everything is validated, and nothing more is assumed.
"""

import base64
import binascii
import json
import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from ..models import ExecutionError, Output
from . import protocol
from .session_json import counts, items, number, objects, optional_number, optional_text, read_object, text, time

_MARKED = re.compile(protocol.REPORT_MARK + r"([0-9a-f]{16})\{")
_LONGEST_PATH, _LONGEST_NAME = 4096, 255
_MOST_CHARACTERS = 2 * protocol.MAX_OUTPUT_CHARACTERS
"""Of the contents of all outputs, with smaller renderings."""

_MOST_HOME_FILES = protocol.MAX_FILES_IN_HOME

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
    def is_of_ending_interpreter(self) -> bool:
        """The run has reported that it is about to end its interpreter, which may take a while."""
        return self.ended_by == "died" and not self.interpreter_ended

    @property
    def shown_error(self) -> str:
        """As the pool puts it at the end of stderr. Empty if there was none."""
        shown = self.shown_message + self.shown_traceback
        return f"{shown}\n\n" if shown else ""


@dataclass(frozen=True)
class Record:
    """The execution record. Without a report, the run is in progress or, if it `is_lost`, its interpreter has ended,
    unless it `is_unreadable`.

    `timeout_seconds` is set only for deferred runs.
    """

    code_hash: str | None
    """None if the claim itself is unreadable."""

    started: datetime | None
    report: Report | None
    is_lost: bool
    timeout_seconds: int | None = None
    memory_limit: int | None = None
    """In bytes. 0 if it is unknown."""

    is_unreadable: bool = False
    """It has more than a claim, but no report: code in the session has changed it."""


UNREADABLE = Record(None, None, None, is_lost=False, is_unreadable=True)
"""In place of a record without a valid claim."""


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
    members = read_object(line)
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
        return {name: (number(members[name][0]), text(members[name][1])) for name in ("stdout", "stderr")}
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
    return read_object(stdout.partition(protocol.REPORT_MARK + nonce)[2].partition("\n")[0])


def read_record(content: bytes) -> Record | None:
    """None if the content is not a valid record."""
    lines = memoryview(content)
    claim_end = content.find(b"\n")
    claimed = read_object(lines[: claim_end if claim_end >= 0 else None])
    if claimed is None or not isinstance(claimed.get("code"), str):
        return None
    end = content.find(b"\n", claim_end + 1) if claim_end >= 0 else -1
    ending = read_object(lines[claim_end + 1 : end]) if end >= 0 else None
    is_lost = ending is not None and ending.get("lost") is True
    report = _report(ending) if ending and not is_lost else None
    is_unreadable = end >= 0 and report is None and not is_lost
    limit = optional_number(claimed.get("memoryLimit"))
    return Record(
        claimed["code"],
        time(claimed.get("started")),
        None if report is None else replace(report, memory_limit=limit),
        is_lost,
        optional_number(claimed.get("timeoutInSeconds")),
        limit,
        is_unreadable,
    )


def read_progress(content: bytes) -> Report | None:
    """What a run has produced so far. None if the content is not valid."""
    return _report(read_object(content) or {})


def read_request(content: bytes) -> Request | None:
    """None if the content is not a valid request."""
    members = read_object(content) or {}
    code, digest, seconds = members.get("code"), members.get("hash"), optional_number(members.get("timeoutInSeconds"))
    if not isinstance(code, str) or not isinstance(digest, str) or seconds is None:
        return None
    return Request(code, digest, seconds)


def _report(members: Json) -> Report | None:
    """None if a member is missing or of the wrong type."""
    try:
        shown = members.get("shown") or ["", []]
        traceback = "\n".join(shown[1]).rstrip("\n")
        return Report(
            is_ok=text(members["status"]) == "ok",
            result=text(members["result"]),
            has_value="value" in members,
            value=members.get("value"),
            stdout=text(members["stdout"]),
            stderr=text(members["stderr"]),
            shown_message=text(shown[0]),
            shown_traceback=traceback,
            error=_error(members["error"]) if "error" in members else None,
            failure_facts=objects(members["error"].get("facts") or []) if "error" in members else [],
            output_facts=objects([members["facts"]])[0] if "facts" in members else {},
            outputs=_outputs(members["outputs"]),
            files=[_file(file) for file in items(members["files"], protocol.MAX_FILES)],
            milliseconds=number(members["milliseconds"]),
            execution_count=number(members["executionCount"]),
            is_new_session=members["isNewSession"] is True,
            omitted=counts(members["omitted"]),
            ended_by=text(members.get("endedBy", "")),
            interpreter_ended=members.get("interpreterEnded") is True,
            stdout_is_replaced=members.get("stdoutReplaced") is True,
            cells=counts(members.get("cells", {})),
            home_files=[text(path, _LONGEST_PATH) for path in items(members.get("homeFiles", []), _MOST_HOME_FILES)],
        )
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        return None


def _error(members: Json) -> ExecutionError:
    line = members.get("line")
    return ExecutionError(
        text(members["name"]),
        text(members["message"]),
        line=None if line is None else number(line),
        traceback=text(members["traceback"]) or None,
        hint=optional_text(members.get("hint")),
    )


def _outputs(members: Any) -> list[Output]:
    outputs = [_output(output) for output in items(members, protocol.MAX_OUTPUTS)]
    if sum(len(output.content or "") + len(output.reduced_content or "") for output in outputs) > _MOST_CHARACTERS:
        raise TypeError
    return outputs


def _output(members: Json) -> Output:
    content_type = text(members["contentType"], _LONGEST_NAME)
    content, reduced = (optional_text(members.get(name), _MOST_CHARACTERS) for name in ("content", "reduced"))
    if content_type.startswith("image/") and content_type != "image/svg+xml":
        _check_base64(content)
    _check_base64(reduced)
    title, file_name = (optional_text(members.get(name), _LONGEST_NAME) for name in ("title", "fileName"))
    return Output(content_type, content, title, file_name, reduced_content=reduced)


def _check_base64(content: str | None) -> None:
    if content is not None:
        try:
            base64.b64decode(content, validate=True)
        except binascii.Error:
            raise ValueError("not base64") from None


def _path(value: Any) -> str:
    """Relative to the data folder, and below it. Raises TypeError."""
    path = text(value, _LONGEST_PATH)
    if {"", ".", ".."}.intersection(path.split("/")):
        raise TypeError
    return path


def _file(members: Json) -> ReportedFile:
    return ReportedFile(
        _path(members["path"]),
        number(members["size"]),
        time(members.get("modified")),
        is_new=None if members["change"] is None else members["change"] == "Created",
    )
