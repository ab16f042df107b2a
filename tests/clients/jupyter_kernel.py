"""The payload in Jupyter's own kernels. Each version of the kernel has a folder, whose test module imports this one."""

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
from programs import ROOT

sys.path.insert(0, str(ROOT))

from jupyter_client.manager import KernelManager

from connector.in_session import cell
from connector.in_session.protocol import CANCEL, OUTPUTS_FOLDER, PROGRESS, RECORD
from connector.in_session.report import Record, Report, Reported, read_progress, read_record, read_stdout

SECONDS = 30
T = TypeVar("T")


def eventually(look: Callable[[], T | None], seconds: float = SECONDS) -> T:
    """The first result of `look` that is not None. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while (found := look()) is None:
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.02)
    return found


class Jupyter:
    """A kernel and its client. `data` takes the place of /mnt/data, which this machine may not have."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self._manager = KernelManager(kernel_name="python3")
        self._manager.start_kernel(cwd=str(data))
        self._client = self._manager.client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=SECONDS)
        self._runs = 0

    def send(
        self, code: str, deferred_seconds: int | None = None, *, is_short: bool = False
    ) -> tuple[str, Reported | None]:
        """Run code as the connector does. Returns the execution ID, and what the cell reported."""
        self._runs += 1
        execution_id = f"run-{self._runs}"
        sent = cell.make_cell(
            code,
            execution_id=execution_id,
            max_report_characters=1_000_000,
            deferred_seconds=deferred_seconds,
            data_folder=str(self.data),
        )
        text = sent.short if is_short and sent.short is not None else sent.text
        message_id, texts = self._client.execute(text), {"stdout": "", "stderr": ""}
        while True:
            message: dict[str, Any] = self._client.get_iopub_msg(timeout=SECONDS)
            if message["parent_header"].get("msg_id") != message_id:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "stream":
                texts[content["name"]] += content["text"]
            elif kind == "status" and content["execution_state"] == "idle":
                break
            else:
                assert kind in ("status", "execute_input"), message
        self._client.get_shell_msg(timeout=SECONDS)
        reported = read_stdout(texts["stdout"], sent.nonce)
        if reported is not None and reported.report is not None:  # the report has what was not sent before
            stdout = reported.before + reported.report.stdout
            complete = replace(reported.report, stdout=stdout, stderr=texts["stderr"] + reported.report.stderr)
            reported = replace(reported, report=complete, before="")
        return execution_id, reported

    def start(self, code: str) -> str:
        """Send code whose kernel may not reply. Returns the execution ID."""
        self._runs += 1
        sent = cell.make_cell(
            code, execution_id=f"run-{self._runs}", max_report_characters=1_000_000, data_folder=str(self.data)
        )
        self._client.execute(sent.text)
        return f"run-{self._runs}"

    def report(self, code: str) -> Report:
        """The report of a run that is not deferred."""
        _, reported = self.send(code)
        assert reported is not None and reported.report is not None
        return reported.report

    def defer(self, code: str, seconds: int = SECONDS) -> str:
        """Start a deferred run. Returns its execution ID."""
        execution_id, reported = self.send(code, seconds)
        assert reported == Reported(None, False)
        return execution_id

    def file(self, execution_id: str, name: str) -> Path:
        return self.data / OUTPUTS_FOLDER / execution_id / name

    def record(self, execution_id: str) -> Record:
        record = read_record(self.file(execution_id, RECORD).read_bytes())
        assert record is not None
        return record

    def printed(self, execution_id: str, text: str) -> None:
        """Wait until a deferred run has printed `text`."""

        def look() -> Report | None:
            try:
                report = read_progress(self.file(execution_id, PROGRESS).read_bytes())
            except FileNotFoundError:
                return None
            return report if report is not None and text in report.stdout else None

        eventually(look)

    def ended(self, execution_id: str) -> Report:
        """Wait for the end of a deferred run. Returns its report."""
        return eventually(lambda: self.record(execution_id).report)

    def cancel(self, execution_id: str) -> None:
        self.file(execution_id, CANCEL).write_text("{}")

    def is_alive(self) -> bool:
        return bool(self._manager.is_alive())

    def restart(self) -> None:
        self._manager.restart_kernel(now=True)
        self._client.wait_for_ready(timeout=SECONDS)

    def close(self) -> None:
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)


@pytest.fixture
def jupyter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Jupyter]:
    """A new kernel."""
    data = tmp_path / "data"
    data.mkdir()
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    with contextlib.closing(Jupyter(data)) as kernel:
        yield kernel


def test_run_is_reported(jupyter: Jupyter) -> None:
    """Value, streams, chart, table, error and execution count, in the first run and in later ones."""
    first = jupyter.report("import os, sys\nprint('out')\nprint('err', file=sys.stderr)\nos.system('true')\n6 * 7")
    assert (first.value, first.stdout, first.stderr, first.execution_count) == (42, "out\n", "err\n", 1)
    assert first.is_new_session
    displayed = jupyter.report(
        "import matplotlib.pyplot as plt, pandas as pd\nplt.plot([1, 2])\nplt.title('T')\nplt.show()\n"
        "pd.DataFrame({'a': [1]})"
    )
    assert displayed.value == [{"a": 1}]
    assert [(output.content_type, output.title) for output in displayed.outputs] == [
        ("image/png", "T"), ("text/html", None), ("application/json", None),
    ]  # fmt: skip
    failed = jupyter.report("x = 1\n1/0")
    assert failed.error is not None and (failed.error.name, failed.error.line) == ("ZeroDivisionError", 2)
    assert jupyter.report("len(In), In[1].splitlines()[0]").value == [5, "import os, sys"]


def test_short_cells_find_the_payload_or_leave_no_trace(jupyter: Jupyter) -> None:
    """Before a complete cell, they run nothing, and IPython's history accepts the numbers of all cells that follow."""
    missing = Reported(None, False, is_not_installed=True)
    assert [jupyter.send("x = 1", is_short=True)[1] for _ in range(2)] == [missing, missing]
    first = jupyter.report("len(In), 'x' in dir(), _i")
    assert (first.value, first.execution_count, first.is_new_session) == ([2, False, ""], 1, True)
    for number in range(2, 5):
        _, reported = jupyter.send("len(In)", is_short=True)
        assert reported is not None and reported.report is not None
        assert (reported.report.value, reported.report.stdout) == (number + 1, "")


def test_figures_of_another_backend_are_shown_once(jupyter: Jupyter) -> None:
    """At the end of the run, or when the code shows them, although this kernel has not imported matplotlib before."""
    code = "import matplotlib\nmatplotlib.use('Agg')\nimport matplotlib.pyplot as plt\nplt.plot([1])\nplt.title('T')\n"
    shown = jupyter.report(code + "plt.show()\nplt.close()\nfig, ax = plt.subplots()\nax.set_title('U')\nfig")
    assert ([(output.content_type, output.title) for output in shown.outputs], shown.stderr) == (
        [("image/png", "T"), ("image/png", "U")], "",
    )  # fmt: skip
    assert jupyter.report("plt.show()").outputs == []
    report = jupyter.ended(jupyter.defer("plt.figure()\nplt.plot([1])\nplt.title('V');"))
    assert [(output.content_type, output.title) for output in report.outputs] == [("image/png", "V")]


def test_deferred_run_uses_the_interpreter_of_the_session(jupyter: Jupyter) -> None:
    """Variables, aliases, open connections and random state are those of the session, before and after the run."""
    jupyter.report(
        "import random, sqlite3\nitems, number = [1], 1\nalias = items\n"
        "db = sqlite3.connect(':memory:')\nrandom.seed(1)"
    )
    execution_id = jupyter.defer(
        "print('started')\nitems.append(2)\nnumber += 41\n_ = db.execute('create table t (a)')\n"
        "first = random.random()\n!echo program\nnumber"
    )
    report = jupyter.ended(execution_id)
    assert (report.value, report.execution_count) == (42, 2)
    assert report.stdout.replace("\r", "") == "started\nprogram\n" and report.stderr == ""
    assert jupyter.report("alias, db.execute('select count(*) from t').fetchone()").value == [[1, 2], [0]]
    same = jupyter.report(
        "second = random.random()\nrandom.seed(1)\n[first, second] == [random.random() for _ in 'ab']"
    )
    assert same.value is True


def test_runs_are_in_order(jupyter: Jupyter) -> None:
    """A run that is sent during a deferred run starts after its end."""
    execution_id = jupyter.defer("import time\nprint('started', flush=True)\ntime.sleep(1)\nx = 1")
    jupyter.printed(execution_id, "started")
    assert jupyter.report("x").value == 1
    assert jupyter.ended(execution_id).is_ok


def test_first_run_can_be_deferred(jupyter: Jupyter) -> None:
    """The first cell of a new kernel installs the payload and schedules the run."""
    report = jupyter.ended(jupyter.defer("import asyncio\nawait asyncio.sleep(0.1)\nprint('x')\n'first'"))
    assert (report.result, report.stdout, report.is_new_session) == ("first", "x\n", True)
    assert jupyter.report("1").execution_count == 2


def test_progress_of_a_deferred_run(jupyter: Jupyter) -> None:
    """What it printed so far can be read while it runs."""
    execution_id = jupyter.defer("import time\nprint('started', flush=True)\ntime.sleep(600)")
    jupyter.printed(execution_id, "started\n")
    assert jupyter.record(execution_id).report is None


def test_cancel_interrupts_the_run_and_keeps_variables(jupyter: Jupyter) -> None:
    """The interpreter keeps what was set before the interrupt."""
    execution_id = jupyter.defer("import time\nx = 1\nprint('started', flush=True)\ntime.sleep(600)")
    jupyter.printed(execution_id, "started")
    jupyter.cancel(execution_id)
    report = jupyter.ended(execution_id)
    assert (report.ended_by, report.interpreter_ended) == ("canceled", False)
    assert jupyter.report("x").value == 1


def test_timeout_interrupts_the_run_and_keeps_variables(jupyter: Jupyter) -> None:
    """The error has the line that was running."""
    report = jupyter.ended(jupyter.defer("import time\nx = 1\ntime.sleep(600)", seconds=1))
    assert report.ended_by == "timeout" and not report.interpreter_ended
    assert report.error is not None and report.error.line == 3
    assert jupyter.report("x").value == 1


def test_interpreter_is_killed_if_the_run_ignores_interrupts(jupyter: Jupyter) -> None:
    """After a grace period; the record has the reason."""
    execution_id = jupyter.defer(
        "import time\nprint('started', flush=True)\nwhile True:\n"
        "    try: time.sleep(10)\n    except BaseException: pass"
    )
    jupyter.printed(execution_id, "started")
    jupyter.cancel(execution_id)
    report = jupyter.ended(execution_id)
    assert (report.ended_by, report.interpreter_ended, report.stdout) == ("canceled", True, "started\n")
    eventually(lambda: None if jupyter.is_alive() else True)


def test_restart_of_the_kernel_ends_the_run(jupyter: Jupyter) -> None:
    """The record states that the interpreter died, and the new kernel works."""
    execution_id = jupyter.defer("import time\nprint('started', flush=True)\ntime.sleep(600)")
    jupyter.printed(execution_id, "started")
    jupyter.restart()
    assert jupyter.report("1 + 1").value == 2

    def look() -> Record | None:
        record = jupyter.record(execution_id)
        return record if record.is_lost or record.report is not None else None

    record = eventually(look)
    assert record.is_lost or (record.report is not None and record.report.ended_by == "died")


@pytest.mark.parametrize("is_deferred", [False, True], ids=["one call", "deferred"])
def test_exit_ends_the_run_alone(jupyter: Jupyter, is_deferred: bool) -> None:
    """With its code as the status. The kernel continues, with its variables."""

    def run(code: str) -> Report:
        return jupyter.ended(jupyter.defer(code)) if is_deferred else jupyter.report(code)

    for code in ("exit(0)", "quit()", "exit", "import sys; sys.exit()", "if x: quit"):
        report = run(f"x = 5\n{code}\nx = 6")
        assert (report.is_ok, report.stderr, report.shown_error) == (True, "", "")
    failed = run("import sys\nif x == 5: exit(3)\nx = 6")
    assert failed.error is not None and (failed.error.name, failed.error.message, failed.error.line) == (
        "SystemExit", "3", 2,
    )  # fmt: skip
    assert "To exit" not in failed.stderr
    task = run("import asyncio\nasync def f(): sys.exit(4)\nawait asyncio.gather(f())")
    assert task.error is not None and (task.error.name, task.error.message) == ("SystemExit", "4")
    assert jupyter.report("x").value == 5


@pytest.mark.parametrize("end", ["os._exit(3)", "os.kill(os.getpid(), 9)", "import ctypes; ctypes.string_at(0)"])
def test_lines_before_the_end_of_the_interpreter_are_kept(jupyter: Jupyter, end: str) -> None:
    """However soon it comes."""
    report = jupyter.ended(jupyter.defer(f"import os\nprint('one')\nprint('two')\n{end}"))
    assert (report.ended_by, report.stdout) == ("died", "one\ntwo\n")


def test_os_exit_is_reported_in_the_record(jupyter: Jupyter) -> None:
    """Also for a run in one call, whatever of its messages still leaves the kernel."""
    jupyter.report("import os")
    execution_id = jupyter.start("print('one')\nprint('two', end='')\nos._exit(3)")
    eventually(lambda: jupyter.file(execution_id, RECORD).exists() or None)
    report = jupyter.ended(execution_id)
    assert (report.ended_by, report.stdout) == ("died", "one\ntwo")


def test_code_runs_in_the_data_folder(jupyter: Jupyter) -> None:
    """And what runs beside it does not import modules from there."""
    jupyter.report(
        "import os\nos.chdir('/')\nfor name in ('json', 'signal'): open(f'{DATA}/{name}.py', 'w')".replace(
            "{DATA}", str(jupyter.data)
        )
    )
    jupyter.restart()
    assert jupyter.report("import os\nos.getcwd()").value == str(jupyter.data)
    assert jupyter.ended(jupyter.defer("os.getcwd()")).value == str(jupyter.data)


def test_records_are_files(jupyter: Jupyter) -> None:
    """Each run has a record, whose first line is the claim and whose second line is the report."""
    execution_id, _ = jupyter.send("1")
    claim, report = jupyter.file(execution_id, RECORD).read_text().splitlines()
    assert json.loads(claim)["code"] == cell.code_hash("1") and json.loads(report)["value"] == 1
    assert os.listdir(jupyter.data) == [OUTPUTS_FOLDER]
