"""Code that is sent with the payload behaves as without it."""

import ast
import functools
import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import pytest

from connector.executions.terminal import shown
from connector.in_session.report import Report, Reported
from connector.text import well_formed
from emulator.session_pool.sessions.execution import failure_text
from tests.connector.in_session.kernels import Kernels, Ran
from tests.connector.in_session.programs import PROGRAMS, Program

_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_WITHOUT_TEXT = re.compile(r"<[^<>]*( object| at 0x[0-9a-f]+)>")
"""The text of an object that has none of its own. It is no result if the object has another form."""

_EXPLANATION = re.compile(r"^.*UserWarning: To exit: use 'exit', 'quit', or Ctrl-D\.\n.*\n", re.MULTILINE)
_RANDOM = (
    (re.compile(r"0x[0-9a-f]{6,}"), "0x"),
    (re.compile(r"[\d.e+]+ (ns|µs|μs|us|ms|s)\b"), "TIME"),
    (re.compile(r"ipykernel_\d+/\d+\.py"), "CELL"),
    (
        re.compile(r"(?<!\S)(~|/home/session|/mnt/data)(?=/|$)", re.MULTILINE),
        "FOLDER",
    ),  # with the payload, code runs in the data folder
    (re.compile(r"\bpid=\d+|Process \d+"), "PID"),
    (re.compile(r"<dc:date>.*?</dc:date>"), "DATE"),
    (re.compile(r"\d+ times"), "TIMES"),  # the payload's own frames are on the stack
)


@dataclass
class Seen:
    """What a user sees of one cell."""

    status: str
    stdout: list[str]
    stderr: list[str]
    error: str
    result: str
    outputs: list[tuple[str, str]]
    count: int | None


def _masked(text: str) -> str:
    text = well_formed(text)
    for pattern, replacement in _RANDOM:
        text = pattern.sub(replacement, text)
    return text


def _lines(text: str) -> list[str]:
    """Sorted: output that bypasses Python's streams has no fixed position among the rest."""
    return sorted(_masked(text).splitlines())


def seen_without_payload(ran: Ran) -> Seen:
    """From messages, read as Jupyter's protocol requires of clients."""
    outputs: list[tuple[str | None, dict[str, Any]]] = []
    result, is_clearing = "", False
    error = ran.failure if ran.reply["status"] == "error" else ""
    for message in ran.messages:
        kind, content = message["type"], message["content"]
        if kind == "error" and ran.reply["status"] == "ok":  # the value could not be displayed
            error = failure_text(content)
        if kind == "clear_output":
            is_clearing = content["wait"]
            outputs = outputs if is_clearing else []
        if kind not in ("display_data", "update_display_data", "execute_result"):
            continue
        data = content["data"]
        if kind == "execute_result":
            has_text = len(data) == 1 or not _WITHOUT_TEXT.fullmatch(data["text/plain"])
            result = data["text/plain"] if has_text else ""
        if kind == "execute_result" or len(data) > 1:
            data = {name: value for name, value in data.items() if name != "text/plain"}
        if data and is_clearing:
            outputs, is_clearing = [], False
        name = content.get("transient", {}).get("display_id")
        if kind == "update_display_data":
            outputs = [(old, data if old == name else shown) for old, shown in outputs]
        elif data:
            outputs.append((name, data))
    flat = [(kind, value) for _, bundle in outputs for kind, value in bundle.items()]
    status, stderr = ran.reply["status"], shown(ran.stream("stderr"))
    if ran.reply.get("ename") == "SystemExit":  # with the payload, it ends the run and is not explained
        stderr = _EXPLANATION.sub("", stderr)
        if ran.reply["evalue"] in ("", "0", "None"):
            status, error = "ok", ""
    return Seen(
        status,
        _lines(shown(ran.stream("stdout"))),
        _lines(stderr),
        _masked(error),
        _masked(_without_quotes(result)),
        [(kind, _content(kind, value)) for kind, value in flat],
        ran.reply.get("execution_count"),
    )


def seen_with_payload(ran: Ran, reported: Reported | None) -> Seen:
    """From a cell that was sent with the payload: everything is in the report."""
    assert reported is not None and reported.report is not None, ran
    others = [message["type"] for message in ran.messages if message["type"] != "stream"]
    assert others == [], "a message of the run is not in the report"
    report = reported.report
    stdout = reported.before + report.stdout + reported.after
    return seen_of_report(report, stdout, ran.stream("stderr") + report.stderr)


def seen_of_report(report: Report, stdout: str, stderr: str) -> Seen:
    return Seen(
        "ok" if report.is_ok else "error",
        _lines(shown(stdout)),
        _lines(shown(stderr)),
        _masked(_ANSI.sub("", report.shown_error)),
        _masked(report.result),
        [(output.content_type, _content(output.content_type, output.content)) for output in report.outputs],
        report.execution_count,
    )


def _content(kind: str, value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return _masked(text.replace("\n", "") if kind.startswith("image/") else text)


def _without_quotes(text: str) -> str:
    """A string is reported without the quotes that IPython shows."""
    if text[:1] in ("'", '"'):
        try:
            value = ast.literal_eval(text)
        except (ValueError, SyntaxError):
            return text
        return value if isinstance(value, str) else text
    return text


@pytest.fixture(scope="module")
def expected(kernels: Kernels) -> Callable[[Program], list[Seen]]:
    """What is seen of a program without the payload. Each program is run once for this."""

    @functools.cache
    def play(program: Program) -> list[Seen]:
        with kernels.new() as kernel:
            return [seen_without_payload(kernel.run(cell)) for cell in program.cells]

    return play


@pytest.mark.parametrize("mode", ["first", "short cell first", "warm", "background"])
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_a_program_behaves_as_without_the_payload(
    kernels: Kernels, expected: Callable[[Program], list[Seen]], program: Program, mode: str
) -> None:
    """A user sees the same of it: in the first run of a kernel, also after a short cell that found no payload, in a
    later run, which a short cell carries, and in the background.
    """
    with kernels.new() as kernel:
        if mode == "short cell first":
            assert kernel.short()[1] == Reported(None, False, is_not_installed=True)
        if mode == "warm":
            kernel.wrapped("")  # installs the payload; an empty cell is not counted
        if mode == "background":
            reports = [kernel.deferred(cell) for cell in program.cells]
            found = [seen_of_report(report, report.stdout, report.stderr) for report in reports]
        else:
            send = kernel.short if mode == "warm" else kernel.wrapped
            found = [seen_with_payload(*send(cell)) for cell in program.cells]
    assert [asdict(seen) for seen in found] == [asdict(seen) for seen in expected(program)], program.why
