"""Tasks: the connector's own code that runs inside a session."""

import importlib.util
import sys
import time

import pytest

from connector.errors import PoolUnavailable, SessionBusy
from connector.executions.operations import execute_python_code
from connector.files import tasks
from connector.session_pool.facts import PoolFacts
from tests.connector.conftest import Reply


@pytest.fixture
def task(tmp_path, monkeypatch):
    """Makes a task from its source."""

    def load(source: str):
        path = tmp_path / "trial.py"
        path.write_text(source)
        spec = importlib.util.spec_from_file_location("trial", path)
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, "trial", module)
        spec.loader.exec_module(module)
        return module.perform

    return load


def perform(session, facts: PoolFacts, name: str, arguments):
    return tasks.run_task(session, facts, name, arguments, failure="It could not.")


NOT_BUSY = Reply(404)
"""The pool's response when the connector checks for a background run."""

RESULT = "from typing import TypedDict\nclass Result(TypedDict):\n    text: str\n"
ECHO = f"{RESULT}def perform(arguments) -> Result:\n    return {{'text': arguments['text'] * 2}}\n"


@pytest.mark.parametrize("rich", [True, False])
def test_a_task_takes_json_and_returns_json(session, task, rich):
    """With the payload and without it."""
    assert perform(session, PoolFacts(rich_results=rich), task(ECHO), {"text": "ä\n'\""}) == {"text": "ä\n'\"ä\n'\""}


def test_a_task_leaves_no_trace_in_the_interpreter(pool, session, session_id, task):
    """Before the first run and between two runs: no name, no count, no history."""
    facts = PoolFacts(rich_results=True)
    name = task(ECHO)
    perform(session, facts, name, {"text": "a"})
    first = execute_python_code(pool, facts, session_id=session_id, python_code="len(In), sorted(dir()), _i")
    perform(session, facts, name, {"text": "a"})
    second = execute_python_code(pool, facts, session_id=session_id, python_code="len(In), len(Out)")
    assert first.value[0] == 2 and "perform" not in first.value[1] and first.value[2] == ""
    assert (first.execution_count, second.execution_count) == (1, 2)
    assert first.is_new_session and second.value == [3, 1]


@pytest.mark.parametrize("rich", [True, False])
def test_a_task_that_raises(session, task, rich):
    """The caller gets the given message, and the log the exception in one line."""
    with pytest.raises(PoolUnavailable, match="It could not") as failure:
        perform(
            session, PoolFacts(rich_results=rich), task("def perform(arguments):\n    raise OSError('no room')"), {}
        )
    assert failure.value.retry_after_seconds
    assert "OSError: no room" in str(failure.value.__cause__)


def test_a_session_that_runs_code_is_busy(session, task, keep_busy, monkeypatch):
    """The error has the seconds until the next attempt."""
    facts = PoolFacts(rich_results=True)
    release = keep_busy()
    with pytest.raises(SessionBusy) as busy, monkeypatch.context() as patch:
        patch.setattr(tasks, "WAIT_SECONDS", 0.3)
        perform(session, facts, task(ECHO), {"text": "a"})
    release()
    assert busy.value.retry_after_seconds
    assert perform(session, facts, task(ECHO), {"text": "a"}) == {"text": "aa"}


@pytest.mark.parametrize(
    "lost", [Reply(0), Reply(500), Reply(200, b"[]"), Reply(200, b"{}", missing_bytes=9)],
    ids=["connection", "5xx", "nonsense", "half an answer"],
)  # fmt: skip
def test_a_response_that_is_lost_twice_is_an_error_of_the_pool(faulty_pool, session_of, task, lost):
    """The task is sent again once; the session is not reported as busy."""
    faulty = faulty_pool(NOT_BUSY, lost)
    with pytest.raises(PoolUnavailable, match="response was lost") as failure:
        perform(session_of(faulty), PoolFacts(rich_results=True), task(ECHO), {"text": "a"})
    assert failure.value.retry_after_seconds and failure.value.__cause__ is not None
    assert len(faulty.requests) == 3


def test_a_task_that_is_sent_again_waits_no_longer(faulty_pool, session_of, task, monkeypatch):
    """The wait is that of both attempts together."""
    monkeypatch.setattr(tasks, "WAIT_SECONDS", 1.6)
    faulty = faulty_pool(NOT_BUSY, Reply(0, after_seconds=0.5), Reply(200, after_seconds=3))
    started = time.monotonic()
    with pytest.raises(SessionBusy):
        perform(session_of(faulty), PoolFacts(rich_results=True), task(ECHO), {"text": "a"})
    assert time.monotonic() - started < 2.6
    assert len(faulty.requests) == 3
