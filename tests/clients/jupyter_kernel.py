"""The harness in a kernel of Jupyter's own: what every version of it must do. Each version's folder imports this."""

import contextlib
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from programs import ROOT

sys.path.insert(0, str(ROOT))

from jupyter_client.manager import KernelManager

from connector.in_session import cell
from connector.in_session.report import CANCEL, FOLDER, RECORD, Report, Told, read_record, read_stdout

SECONDS = 30


class Jupyter:
    """A kernel and its client."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self._manager = KernelManager(kernel_name="python3")
        self._manager.start_kernel(cwd=str(data))
        self._client = self._manager.client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=SECONDS)
        self._runs = 0

    def send(self, code: str, detached_seconds: int | None = None) -> tuple[str, Told | None]:
        """The run's id, and what was told of it."""
        self._runs += 1
        name = f"run-{self._runs}"
        sent = cell.make_cell(code, execution_id=name, longest_report=1_000_000, detached_seconds=detached_seconds)
        asked, text = self._client.execute(sent.text), ""
        while True:
            message: dict[str, Any] = self._client.get_iopub_msg(timeout=SECONDS)
            if message["parent_header"].get("msg_id") != asked:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "stream":
                text += content["text"]
            elif kind == "status" and content["execution_state"] == "idle":
                break
            else:
                assert kind in ("status", "execute_input"), message
        self._client.get_shell_msg(timeout=SECONDS)
        told = read_stdout(text, sent.nonce)
        assert told is None or told.beside == "", told
        return name, told

    def report(self, code: str) -> Report:
        _, told = self.send(code)
        assert told is not None and told.report is not None
        return told.report

    def start(self, code: str, seconds: int = SECONDS) -> str:
        name, told = self.send(code, seconds)
        assert told == Told(None, "")
        return name

    def ended(self, name: str) -> Report:
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            record = read_record((self.data / FOLDER / name / RECORD).read_bytes())
            assert record is not None
            if record.report is not None:
                return record.report
            time.sleep(0.02)
        raise TimeoutError(name)

    def restart(self) -> None:
        self._manager.restart_kernel(now=True)
        self._client.wait_for_ready(timeout=SECONDS)

    def close(self) -> None:
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)


@pytest.fixture
def jupyter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Jupyter]:
    """A new kernel. There need be no /mnt/data on this machine: another folder stands for it."""
    data, sources = tmp_path / "data", tmp_path / "harness"
    data.mkdir()
    shutil.copytree(cell._FOLDER, sources)
    planted = (sources / "planted.py").read_text()
    assert planted.count('DATA = "/mnt/data"') == 1
    (sources / "planted.py").write_text(planted.replace('DATA = "/mnt/data"', f"DATA = {str(data)!r}"))
    monkeypatch.setattr(cell, "_FOLDER", sources)
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    for packed in (cell._packed, cell._planted):
        packed.cache_clear()
    with contextlib.closing(Jupyter(data)) as kernel:
        yield kernel
    for packed in (cell._packed, cell._planted):
        packed.cache_clear()


def test_a_run_is_reported(jupyter: Jupyter) -> None:
    """Value, streams, chart, table, error and count, in the first run and in later ones."""
    first = jupyter.report("import os, sys\nprint('out')\nprint('err', file=sys.stderr)\nos.system('true')\n6 * 7")
    assert (first.value, first.stdout, first.stderr, first.execution_count) == (42, "out\n", "err\n", 1)
    assert first.is_new_session
    shown = jupyter.report(
        "import matplotlib.pyplot as plt, pandas as pd\nplt.plot([1, 2])\nplt.title('T')\nplt.show()\n"
        "pd.DataFrame({'a': [1]})"
    )
    assert [(output.content_type, output.title) for output in shown.outputs] == [
        ("image/png", "T"), ("text/html", None), ("application/json", None),
    ]  # fmt: skip
    failed = jupyter.report("x = 1\n1/0")
    assert failed.error is not None and (failed.error.name, failed.error.line) == ("ZeroDivisionError", 2)
    assert jupyter.report("len(In), In[1].splitlines()[0]").value == [5, "import os, sys"]


def test_a_run_goes_on_by_itself(jupyter: Jupyter) -> None:
    """It has the session's variables, the session goes on beside it, and what it has set comes back."""
    jupyter.report("items, number = [1], 1")
    name = jupyter.start(
        "import time\nprint('begun')\ntime.sleep(1)\nitems.append(2)\nnumber += 41\n!echo program\nnumber"
    )
    beside = jupyter.report("number")
    assert beside.value == 1
    report = jupyter.ended(name)
    assert (report.value, report.execution_count) == (42, 2)
    assert report.stdout.replace("\r", "") == "begun\nprogram\n" and report.stderr == ""
    assert jupyter.report("items, number").value == [[1, 2], 42]


def test_a_new_kernel_can_begin_with_one(jupyter: Jupyter) -> None:
    """Its first cell plants the harness and starts the run."""
    report = jupyter.ended(jupyter.start("import asyncio\nawait asyncio.sleep(0.1)\nprint('x')\n'first'"))
    assert (report.result, report.stdout, report.is_new_session) == ("first", "x\n", True)
    assert jupyter.report("1").execution_count == 2


def test_it_is_cancelled(jupyter: Jupyter) -> None:
    """Whatever it does, and the kernel does not notice."""
    jupyter.report("x = 1")
    name = jupyter.start("import time\nwhile True:\n    try: time.sleep(10)\n    except BaseException: pass")
    time.sleep(0.5)
    (jupyter.data / FOLDER / name / CANCEL).write_text("{}")
    asked = time.monotonic()
    assert jupyter.ended(name).ended_by == "canceled"
    assert time.monotonic() - asked < 2
    assert jupyter.report("x").value == 1


def test_it_outlives_a_restart_of_the_kernel(jupyter: Jupyter) -> None:
    """Jupyter kills the kernel's process group, which the run has left; and the new kernel binds the same ports."""
    name = jupyter.start("import time\nfor n in range(6):\n    print(n)\n    time.sleep(0.3)\n'survived'")
    time.sleep(0.3)
    jupyter.restart()
    assert jupyter.report("1 + 1").value == 2
    report = jupyter.ended(name)
    assert (report.result, report.stdout) == ("survived", "".join(f"{n}\n" for n in range(6)))


def test_records_are_files(jupyter: Jupyter) -> None:
    """One for each run, with what was asked for in its first line."""
    name, _ = jupyter.send("1")
    claim, told = (jupyter.data / FOLDER / name / RECORD).read_text().splitlines()
    assert json.loads(claim)["code"] == cell.code_hash("1") and json.loads(told)["value"] == 1
    assert os.listdir(jupyter.data) == [FOLDER]
