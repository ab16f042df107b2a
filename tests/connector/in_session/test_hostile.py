"""Code that breaks the payload in its session affects at most its own results."""

import contextlib
import json
import time
from pathlib import Path

import pytest

from connector.executions.operations import execute_python_code, get_execution
from connector.models import to_wire
from connector.session_pool.facts import PoolFacts
from connector.session_pool.sessions import CallerSessions
from emulator.session_pool.engines.interface import InterpreterEnded
from tests.connector.in_session.kernels import Kernel, Kernels


def _hostile() -> list[tuple[str, str, str]]:
    text = Path(__file__).with_name("hostile.txt").read_text(encoding="utf-8")
    parts = [part.partition("\n") for part in ("\n" + text).split("\n=== ")[1:]]
    return [(*head.split(": "), code.strip("\n")) for head, _, code in parts]  # type: ignore[misc]


@pytest.mark.parametrize("order", ["first", "warm"])
@pytest.mark.parametrize(("name", "expected", "code"), _hostile(), ids=[name for name, _, _ in _hostile()])
def test_hostile_code_gets_a_result(kernels: Kernels, name: str, expected: str, code: str, order: str) -> None:
    """At once, with what it produced: in the report, outside it, or as the kernel alone reports it."""
    with kernels.new() as kernel:
        if order == "warm":
            kernel.report("0")
        if expected == "ended":  # it breaks the kernel itself, even without the payload
            with pytest.raises(InterpreterEnded):
                kernel.wrapped(code)
            return
        ran, reported = kernel.wrapped(code)
        report = reported.report if reported else None
        if expected in ("reported", "outside it"):
            assert report is not None, ran
        if expected == "by the kernel":
            assert report is None
        if report is not None and expected != "outside it":
            assert reported is not None
            assert "ran" in report.result + reported.before + report.stdout or report.omitted.get("value"), report
        else:
            shown = [message["content"]["data"] for message in ran.messages if message["type"] == "execute_result"]
            assert [data["text/plain"] for data in shown] == ["'ran'"]


_LASTING = {"a deleted display formatter", "deletes builtins", "closes stdout"}
"""These break every later run of their session, even without the payload."""


@pytest.mark.parametrize(
    ("name", "code"),
    [(name, code) for name, _, code in _hostile() if name not in _LASTING],
    ids=[name for name, _, _ in _hostile() if name not in _LASTING],
)
def test_the_next_run_reports_again(kernels: Kernels, name: str, code: str) -> None:
    """What was removed is installed again."""
    with kernels.new() as kernel:
        with contextlib.suppress(InterpreterEnded):
            kernel.wrapped(code)
        report = kernel.report("6 * 7")
        assert (report.value, report.is_ok) == (42, True)


def test_a_run_whose_interpreter_ends_is_lost(kernel: Kernel) -> None:
    """It has no report, and its record is later marked as lost. The next run reports a new session."""
    kernel.report("0")
    with pytest.raises(InterpreterEnded):
        kernel.wrapped("import os; os.kill(os.getpid(), 9)", "lost-run")
    report = kernel.report("open('/mnt/data/_outputs/lost-run/execution.json').read()")
    assert report.is_new_session
    assert report.value.splitlines()[1] == '{"lost": true}'


def test_outputs_have_no_files_on_a_full_disk(kernel: Kernel) -> None:
    """The run is still reported, with the contents of outputs, but without file names."""
    report = kernel.report(
        "try:\n    with open('/mnt/data/full', 'wb') as f:\n"
        "        while True: f.write(b'0' * (1 << 24))\nexcept OSError as e: print(e.errno)\n"
        "display({'text/html': 'x' * 9000}, raw=True)"
    )
    assert report.stdout == "28\n"
    assert [(output.file_name, len(output.content or "")) for output in report.outputs] == [(None, 9000)]
    assert kernel.report("'still'").value == "still"


def test_a_missing_report_does_not_delay_the_result(pool: CallerSessions, session_id: str) -> None:
    """The connector returns what the pool reports, with a notice. It still uses rich results."""
    facts = PoolFacts(rich_results=True)
    started = time.monotonic()
    run = execute_python_code(
        pool, facts, python_code="import os; print('x', flush=True); os._exit(1)", session_id=session_id
    )
    assert time.monotonic() - started < 10
    assert (run.status, run.error and run.error.name) == ("Failed", "KernelRestarted")
    broken = "get_ipython().kernel.do_execute.__globals__['report_so_far'] = None; print('printed'); 6 * 7"
    run = execute_python_code(pool, facts, python_code=broken, session_id=session_id)
    assert (run.status, run.result, run.stdout, run.value) == ("Succeeded", "42", "printed\n", 42)
    assert run.notice and "did not report" in run.notice
    again = get_execution(pool, facts, session_id=session_id, execution_id=run.execution_id)
    assert (again.status, again.result) == ("Succeeded", "42")
    assert facts.sends_payload(pool.session(session_id).pool)


def test_one_session_cannot_turn_off_rich_results_for_all(pool: CallerSessions, session_id: str) -> None:
    """Code can imitate the failure of a kernel that is not IPython; this affects only its own session."""
    facts = PoolFacts(rich_results=True)
    spoil = "k = get_ipython().kernel\ndel k.do_execute\nimport bz2, base64\nbase64.b85decode = bz2.decompress = None"
    execute_python_code(pool, facts, python_code=spoil, session_id=session_id)
    run = execute_python_code(pool, facts, python_code="6 * 7", session_id=session_id)
    assert run.notice or run.result == "42"
    assert facts.sends_payload(pool.session(session_id).pool)


def test_a_forged_record_cannot_break_the_response(pool: CallerSessions, session_id: str) -> None:
    """Code may write anything to its own record, but the response remains valid."""
    facts = PoolFacts(rich_results=True)
    run = execute_python_code(pool, facts, python_code="1", session_id=session_id)
    path = f"/mnt/data/_outputs/{run.execution_id}/execution.json"
    for value in ("[" * 900 + "]" * 900, "1e999", "NaN", "9" * 5000, '"\\ud800"'):
        forge = (
            f"claim, report = open({path!r}).read().split('\\n')[:2]\n"
            f"open({path!r}, 'w').write(claim + '\\n' + report[:-1] + ', \"value\": ' + {value!r} + '}}\\n')"
        )
        execute_python_code(pool, facts, python_code=forge, session_id=session_id)
        again = get_execution(pool, facts, session_id=session_id, execution_id=run.execution_id)
        assert again.session_id == session_id
        assert len(json.dumps(to_wire(again), allow_nan=False)) < 90_000
