"""What the connector does inside a session for itself."""

import importlib.util
import sys
import threading
import time

import pytest

from connector.errors import PoolUnavailable, SessionBusy
from connector.executions.operations import Runs, execute_python_code
from connector.files import tasks
from tests.connector.conftest import Answer


@pytest.fixture
def task(tmp_path, monkeypatch):
    """Makes a task of its source."""

    def load(source: str):
        path = tmp_path / "trial.py"
        path.write_text(source)
        spec = importlib.util.spec_from_file_location("trial", path)
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, "trial", module)
        spec.loader.exec_module(module)
        return module.perform

    return load


def perform(session, runs: Runs, name: str, arguments):
    return tasks.perform(session, runs, name, arguments, failure="It could not.")


ECHO = "def perform(arguments):\n    return {'text': arguments['text'] * 2}\n"


@pytest.mark.parametrize("rich", [True, False])
def test_a_task_takes_json_and_returns_json(session, task, rich):
    """With the harness and without it."""
    assert perform(session, Runs(rich_results=rich), task(ECHO), {"text": "ä\n'\""}) == {"text": "ä\n'\"ä\n'\""}


def test_a_task_leaves_no_trace_in_the_interpreter(pool, session, session_id, task):
    """A task before the first run, and one between two runs, count for nothing, and leave no name."""
    runs = Runs(rich_results=True)
    name = task(ECHO)
    perform(session, runs, name, {"text": "a"})
    first = execute_python_code(pool, runs, session_id=session_id, python_code="len(In), sorted(dir()), _i")
    perform(session, runs, name, {"text": "a"})
    second = execute_python_code(pool, runs, session_id=session_id, python_code="len(In), len(Out)")
    assert first.value[0] == 2 and "perform" not in first.value[1] and first.value[2] == ""
    assert (first.execution_count, second.execution_count) == (1, 2)
    assert first.is_new_session and second.value == [3, 1]


@pytest.mark.parametrize("rich", [True, False])
def test_a_task_that_raises_tells_why(session, task, rich):
    """The caller gets the sentence for it, and the log the exception in one line."""
    with pytest.raises(PoolUnavailable, match="It could not") as failure:
        perform(session, Runs(rich_results=rich), task("def perform(arguments):\n    raise OSError('no room')"), {})
    assert failure.value.retry_after_seconds
    assert "OSError: no room" in str(failure.value.__cause__)


def test_a_session_that_runs_code_is_busy(pool, session, session_id, task, monkeypatch):
    """The caller is told to come back, and after how many seconds."""
    monkeypatch.setattr(tasks, "_PATIENCE_SECONDS", 0.5)
    runs = Runs(rich_results=True)
    run = threading.Thread(
        target=execute_python_code, args=(pool, runs),
        kwargs={"session_id": session_id, "python_code": "import time; time.sleep(3)"},
    )  # fmt: skip
    run.start()
    time.sleep(0.3)
    with pytest.raises(SessionBusy) as busy:
        perform(session, runs, task(ECHO), {"text": "a"})
    run.join()
    assert busy.value.retry_after_seconds
    assert perform(session, runs, task(ECHO), {"text": "a"}) == {"text": "aa"}


@pytest.mark.parametrize(
    "lost", [Answer(0), Answer(500), Answer(200, b"[]"), Answer(200, b"{}", missing_bytes=9)],
    ids=["connection", "5xx", "nonsense", "half an answer"],
)  # fmt: skip
def test_an_answer_that_is_lost_twice_is_not_told_as_a_busy_session(faulty_pool, session_of, task, lost):
    """The task is sent again once; then the caller learns that the pool has trouble, and when to come back."""
    faulty = faulty_pool(lost)
    with pytest.raises(PoolUnavailable, match="answer was lost") as failure:
        perform(session_of(faulty), Runs(rich_results=True), task(ECHO), {"text": "a"})
    assert failure.value.retry_after_seconds and failure.value.__cause__ is not None
    assert len(faulty.requests) == 2


def test_a_task_that_is_sent_again_waits_no_longer(faulty_pool, session_of, task, monkeypatch):
    """The patience is that of both attempts together."""
    monkeypatch.setattr(tasks, "_PATIENCE_SECONDS", 3.0)
    faulty = faulty_pool(Answer(0, after_seconds=1.5), Answer(200, after_seconds=3))
    started = time.monotonic()
    with pytest.raises(SessionBusy):
        perform(session_of(faulty), Runs(rich_results=True), task(ECHO), {"text": "a"})
    assert time.monotonic() - started < 4
    assert len(faulty.requests) == 2
