"""What the connector does inside a session for itself."""

import threading
import time

import pytest

from connector.errors import SessionBusy
from connector.harness import cell
from connector.operations import tasks
from connector.operations.executions import Runs, execute_python_code
from connector.operations.tasks import TaskFailed, perform


@pytest.fixture
def task(tmp_path, monkeypatch):
    """Writes a task's source and returns its name."""
    (tmp_path / "planted.py").write_text((cell._FOLDER / "planted.py").read_text())
    monkeypatch.setattr(cell, "_FOLDER", tmp_path)
    cell._packed.cache_clear()
    cell._planted.cache_clear()

    def write(source: str) -> str:
        (tmp_path / "trial.py").write_text(source)
        return "trial"

    yield write
    cell._packed.cache_clear()
    cell._planted.cache_clear()


ECHO = "def perform(arguments):\n    return {'text': arguments['text'] * 2}\n"


@pytest.mark.parametrize("rich", [True, False])
def test_a_task_takes_json_and_returns_json(pool, session_id, task, rich):
    """With the harness and without it."""
    assert perform(pool, Runs(rich_results=rich), session_id, task(ECHO), {"text": "ä\n'\""}) == {
        "text": "ä\n'\"ä\n'\""
    }


def test_a_task_leaves_no_trace_in_the_interpreter(pool, session_id, task):
    """A task before the first run, and one between two runs, count for nothing, and leave no name."""
    runs = Runs(rich_results=True)
    name = task(ECHO)
    perform(pool, runs, session_id, name, {"text": "a"})
    first = execute_python_code(pool, runs, session_id=session_id, python_code="len(In), sorted(dir()), _i")
    perform(pool, runs, session_id, name, {"text": "a"})
    second = execute_python_code(pool, runs, session_id=session_id, python_code="len(In), len(Out)")
    assert first.value[0] == 2 and "perform" not in first.value[1] and first.value[2] == ""
    assert (first.execution_count, second.execution_count) == (1, 2)
    assert first.is_new_session and second.value == [3, 1]


@pytest.mark.parametrize("rich", [True, False])
def test_a_task_that_raises_tells_why(pool, session_id, task, rich):
    """Its exception in one line."""
    with pytest.raises(TaskFailed, match="OSError: no room"):
        perform(
            pool, Runs(rich_results=rich), session_id, task("def perform(arguments):\n    raise OSError('no room')"), {}
        )


def test_a_session_that_runs_code_is_busy(pool, session_id, task, monkeypatch):
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
        perform(pool, runs, session_id, task(ECHO), {"text": "a"})
    run.join()
    assert busy.value.retry_after_seconds
    assert perform(pool, runs, session_id, task(ECHO), {"text": "a"}) == {"text": "aa"}
