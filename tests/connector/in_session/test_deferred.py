"""Deferred runs: code that runs in the session's own interpreter after the reply to its cell."""

import asyncio
import io
import json
import time
from typing import Any

import pytest

from connector.in_session.cell import code_hash
from connector.in_session.protocol import OUTPUTS_FOLDER, PROGRESS, REQUEST, RUNNING
from connector.in_session.report import Reported, Request
from connector.models import ExecutionError
from emulator.session_pool.engines.shared.data_rules import TooLarge
from tests.connector.in_session.kernels import FILL_THE_FOLDER, Kernel, eventually

UNTIL_GO = "import os, time\nwhile not os.path.exists('/mnt/data/go'): time.sleep(0.02)\n"
SLEEP = "import time\nprint('begun')\ntime.sleep(1000)"


def go(kernel: Kernel) -> None:
    """Lets a run that waits with UNTIL_GO continue."""
    kernel.process.data.write("", "go", io.BytesIO(b""))


def value(kernel: Kernel, code: str) -> Any:
    return kernel.report(code).value


def printed(kernel: Kernel, execution_id: str, text: str) -> str:
    """The output of a run so far, as soon as it has written `text`."""
    return kernel.progress(execution_id, lambda report: text in report.stdout).stdout


def refusal(kernel: Kernel, code: str) -> ExecutionError:
    """The error of a run that is not started."""
    _, reported = kernel.try_to_defer(code)
    assert reported is not None and reported.report is not None and reported.report.error is not None
    return reported.report.error


def interrupt(kernel: Kernel) -> None:
    """Interrupts the interpreter, as a pool does when a call times out."""
    kernel.process.interpreter().interrupt()


def wait_for_end(kernel: Kernel) -> None:
    """Waits until the interpreter has ended. The next cell starts another one."""
    eventually(lambda: None if kernel.process.interpreter().is_running else True)


def enqueue(kernel: Kernel, execution_id: str, code: str, seconds: int = 20) -> None:
    """Queues an execution in the session, as the connector does."""
    kernel.write_file(execution_id, REQUEST, Request(code, code_hash(code), seconds).to_bytes())


# One interpreter


def test_a_run_keeps_the_interpreters_state(kernel: Kernel) -> None:
    """It is the session's own interpreter: nothing is copied, so nothing is lost."""
    kernel.report("config = {'a': 1}\nalias = config\nresults = []\ndef process(i): results.append(i)")
    kernel.deferred(
        "import sqlite3\nconfig['a'] = 2\nfor i in range(3): process(i)\nadd = lambda x: x + 1\n"
        "database = sqlite3.connect(':memory:')\nopened = open('/mnt/data/f', 'w')\nclass Kept: pass\nkept = Kept()\n"
        "def counter():\n    yield 1\n    yield 2\nnumbers = counter(); next(numbers)"
    )
    assert value(
        kernel,
        "alias is config, alias['a'], results, add(1), database.execute('select 1').fetchone(), opened.write('x'),"
        " type(kept) is Kept, next(numbers)",
    ) == [True, 2, [0, 1, 2], 2, [1], 1, True, 2]  # fmt: skip


def test_random_numbers_continue(kernel: Kernel) -> None:
    """A run draws the next numbers, and the run after it those that follow."""
    kernel.report("import random, numpy as np\nrandom.seed(1); np.random.seed(1)")
    drawn = [kernel.deferred("random.random(), float(np.random.rand())").value for _ in range(2)]
    drawn.append(value(kernel, "random.random(), float(np.random.rand())"))
    kernel.report("random.seed(1); np.random.seed(1)")
    assert drawn == [value(kernel, "random.random(), float(np.random.rand())") for _ in range(3)]


def test_threads_and_pools_of_the_session_work_in_a_run(kernel: Kernel) -> None:
    """They are in the same process."""
    kernel.report(
        "import threading\nfrom concurrent.futures import ThreadPoolExecutor\npool = ThreadPoolExecutor(2)\n"
        "pool.submit(len, 'ab').result()"
    )
    assert kernel.deferred("pool.submit(len, 'abc').result()").value == 3
    assert value(kernel, "pool.submit(len, 'a').result()") == 1


def test_a_run_is_counted_and_stored_as_a_cell(kernel: Kernel) -> None:
    """A deferred run may be the first cell of a session. The next cell has the next number."""
    report = kernel.deferred("x = 5\nprint('first')\nx")
    assert (report.stdout, report.value, report.execution_count, report.is_new_session) == ("first\n", 5, 1, True)
    following = kernel.report("_ + 1, In[1][:5], x")
    assert (following.value, following.execution_count, following.is_new_session) == ([6, "x = 5", 5], 2, False)


def test_code_that_awaits_runs(kernel: Kernel) -> None:
    """On the kernel's event loop, as in a cell."""
    kernel.report("import asyncio\nasync def later(x):\n    await asyncio.sleep(0.01)\n    return x")
    report = kernel.deferred("task = asyncio.ensure_future(later(1))\nprint(await later(2))\nawait task")
    assert (report.value, report.stdout) == (1, "2\n")


# The queue


@pytest.mark.parametrize("code", [UNTIL_GO + "x = 2", "import time\ntime.sleep(0.5)\nx = 2"])
def test_a_cell_waits_for_a_run(kernel: Kernel, code: str) -> None:
    """It runs afterwards, and sees all that the run has set."""
    kernel.report("x = 1")
    kernel.defer(code)
    go(kernel)
    assert value(kernel, "x") == 2


def test_a_cell_is_busy_while_a_run_awaits(kernel: Kernel) -> None:
    """The kernel could run it in between, but does not: the connector queues it in the session."""
    name = kernel.defer("import asyncio, os\nwhile not os.path.exists('/mnt/data/go'): await asyncio.sleep(0.01)\n7")
    assert kernel.wrapped("x = 5")[1] == Reported(None, True, "")
    assert kernel.try_to_defer("x = 5")[1] == Reported(None, True, "")
    go(kernel)
    assert kernel.ended(name).value == 7
    assert value(kernel, "'x' in globals()") is False


def test_a_foreign_cell_waits_for_a_run_that_awaits(kernel: Kernel) -> None:
    """One that the connector has not sent."""
    kernel.defer("import asyncio\nx = 1\nawait asyncio.sleep(0.5)\nx = 2")
    assert kernel.run("print(x)").stream("stdout") == "2\n"


def test_queued_executions_run_in_order(kernel: Kernel) -> None:
    """The session starts them by itself, without a poll. Each is a separate run."""
    first = kernel.defer(UNTIL_GO + "order = ['first']")
    for name in ("z", "a"):
        enqueue(kernel, name, f"order.append({name!r})\nprint(order)\nlen(order)")
    enqueue(kernel, "failing", "1/0")
    enqueue(kernel, "last", "order + ['end']")
    go(kernel)
    assert kernel.ended("last").value == ["first", "z", "a", "end"]
    assert [kernel.ended(name).value for name in ("z", "a")] == [2, 3]
    failing = kernel.ended("failing")
    assert failing.error is not None and failing.error.name == "ZeroDivisionError"
    assert kernel.ended(first).is_ok
    assert all(kernel.file(name, REQUEST) is None for name in ("z", "a", "failing", "last"))


def test_an_execution_that_is_canceled_while_queued_does_not_run(kernel: Kernel) -> None:
    """Those after it do."""
    kernel.defer(UNTIL_GO)
    enqueue(kernel, "canceled", "ran = True")
    enqueue(kernel, "next", "'ran' in globals()")
    kernel.cancel("canceled")
    go(kernel)
    assert kernel.ended("next").value is False
    assert kernel.record("canceled") is None


def test_an_execution_does_not_run_twice(kernel: Kernel) -> None:
    """Even if it is requested by a cell, by a request file, and again after its end."""
    kernel.report("count = 0")
    name = kernel.defer(UNTIL_GO + "count += 1", execution_id="once")
    enqueue(kernel, name, "count += 1")
    go(kernel)
    kernel.ended(name)
    assert kernel.try_to_defer("count += 1", execution_id=name)[1] == Reported(None, False, "")
    enqueue(kernel, name, "count += 1")
    kernel.deferred("2")
    assert value(kernel, "count") == 1


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff", b'{"code": 1, "hash": "x", "timeoutInSeconds": 5}'])
def test_an_invalid_request_is_skipped(kernel: Kernel, content: bytes) -> None:
    """Code may have written it."""
    kernel.defer(UNTIL_GO)
    kernel.write_file("broken", REQUEST, content)
    enqueue(kernel, "next", "'next'")
    go(kernel)
    assert kernel.ended("next").value == "next"


def test_queued_executions_survive_their_interpreter(kernel: Kernel) -> None:
    """The connector's next cell in the new interpreter starts them."""
    kernel.defer("print('begun')\nimport os, time\ntime.sleep(0.3)\nos._exit(1)")
    enqueue(kernel, "waiting", "'waited'")
    wait_for_end(kernel)
    assert kernel.wrapped("1")[1] == Reported(None, True, "")  # the queue comes first
    assert kernel.ended("waiting").value == "waited"


# Progress


def test_progress_has_output_figures_and_files(kernel: Kernel) -> None:
    """While the run is in progress, with the contents of figures."""
    name = kernel.defer(
        "import matplotlib.pyplot as plt\nprint('one')\nplt.plot([1])\nplt.title('A line')\nplt.show()\n"
        "open('/mnt/data/out.csv', 'w').write('1')\n!echo two\n" + UNTIL_GO + "print('three')"
    )
    report = kernel.progress(name, lambda report: "two" in report.stdout and bool(report.files))
    assert report.stdout.replace("\r", "") == "one\ntwo\n"
    assert [(output.content_type, output.title) for output in report.outputs] == [("image/png", "A line")]
    assert report.outputs[0].content and report.outputs[0].file_name == "output-1.png"
    assert kernel.file(name, "output-1.png")
    assert [(file.path, file.is_new) for file in report.files] == [("out.csv", True)]
    go(kernel)
    ended = kernel.ended(name)
    assert ended.stdout.replace("\r", "") == "one\ntwo\nthree\n" and ended.outputs == report.outputs


def test_progress_has_text_without_a_newline(kernel: Kernel) -> None:
    """It need not be a complete line."""
    name = kernel.defer("print('.', end='')\n" + UNTIL_GO)
    assert printed(kernel, name, ".") == "."
    go(kernel)


def test_only_the_last_state_of_a_progress_bar_is_kept(kernel: Kernel) -> None:
    """In the progress and in the report."""
    name = kernel.defer("for n in range(3): print(f'\\r{n}0%', end='')\n" + UNTIL_GO + "print('\\rdone')")
    assert printed(kernel, name, "20%") == "20%"
    go(kernel)
    assert kernel.ended(name).stdout == "done\n"


def test_cleared_outputs_leave_no_files(kernel: Kernel) -> None:
    """The remaining outputs are numbered in order."""
    name = kernel.defer(
        "from IPython.display import clear_output\nfor n in range(3): display({'text/html': f'<b>{n}</b>'}, raw=True)\n"
        "import time\ntime.sleep(0.7)\nclear_output()\ndisplay({'text/markdown': 'm'}, raw=True)"
    )
    report = kernel.ended(name)
    assert [(output.content, output.file_name) for output in report.outputs] == [("m", "output-1.md")]
    names = value(kernel, f"import os\nsorted(os.listdir('/mnt/data/{OUTPUTS_FOLDER}/{name}'))")
    assert names == ["execution.json", "output-1.md"]


def test_all_output_is_reported(kernel: Kernel) -> None:
    """Also that of subprocesses and threads. Of long output, the first and the last part."""
    report = kernel.deferred(
        "import os, subprocess, sys, threading\nprint('one')\nthread = threading.Thread(target=print, args=('two',))\n"
        "thread.start(); thread.join()\nos.write(1, b'three\\n')\nsubprocess.run(['echo', 'four'])\n"
        "print('error', file=sys.stderr)\nos.write(2, b'more\\n')"
    )
    assert sorted(report.stdout.split()) == ["four", "one", "three", "two"]
    assert sorted(report.stderr.split()) == ["error", "more"]
    report = kernel.deferred("for n in range(400_000): print(f'{n:09}')")
    assert report.stdout.startswith("000000000\n") and report.stdout.endswith("000399999\n")
    assert report.omitted["stdout"] == 4_000_000 - (1 << 20)


def test_a_program_that_outlives_the_run_can_still_write(kernel: Kernel) -> None:
    """It continues after the run."""
    report = kernel.deferred(
        "import subprocess\nleft = 'cd /mnt/data; while [ ! -e go ]; do echo x; sleep 0.1; done; echo done > left'\n"
        "program = subprocess.Popen(['sh', '-c', left])\nprint('ended')"
    )
    assert report.is_ok and value(kernel, "program.poll() is None") is True
    go(kernel)
    assert value(kernel, "program.wait()\nopen('/mnt/data/left').read()") == "done\n"


def test_a_run_that_forks_is_reported_by_the_parent(kernel: Kernel) -> None:
    """The child ends, and reports nothing."""
    report = kernel.deferred("import os\npid = os.fork()\npid and os.wait()\nprint('one' if pid else 'two')\n'r'")
    assert (report.is_ok, report.value) == (True, "r")
    assert sorted(report.stdout.split()) == ["one", "two"]
    assert value(kernel, "1") == 1


# Interrupts


def test_an_interrupt_of_the_pool_is_ignored(kernel: Kernel) -> None:
    """A call that waits for the run may have timed out in the pool, but the run has its own timeout."""
    for code in (UNTIL_GO, "import asyncio, os\nwhile not os.path.exists('/mnt/data/go'): await asyncio.sleep(0.01)\n"):
        kernel.report("import os\nif os.path.exists('/mnt/data/go'): os.remove('/mnt/data/go')")
        name = kernel.defer(f"print('begun')\n{code}8")
        printed(kernel, name, "begun")
        for _ in range(3):
            interrupt(kernel)
        go(kernel)
        assert kernel.ended(name).value == 8


def test_interrupts_work_as_usual_after_a_run(kernel: Kernel) -> None:
    """The next cell can be interrupted."""
    kernel.deferred("1")
    kernel.deferred("import asyncio\nawait asyncio.sleep(0)")
    running = asyncio.run_coroutine_threadsafe(
        kernel.send("import time\nprint('asleep', flush=True)\ntime.sleep(100)"), kernel.loop
    )
    eventually(lambda: any("asleep" in str(message) for message in kernel.messages) or None)
    interrupt(kernel)
    assert running.result(10).reply["ename"] == "KeyboardInterrupt"


STOPPABLE = {
    "a loop": "while True: pass",
    "a call that waits": "import time\ntime.sleep(1000)",
    "a program": "import subprocess\nsubprocess.run(['sleep', '1000'])",
    "a regular expression": "import re, time\ntime.sleep(0.3)\nre.match('(a+)+b', 'a' * 60)",
    "a shell": "import os\nos.system('sleep 1000')\nwhile True: pass",
    "an await": "import asyncio\nawait asyncio.sleep(1000)",
    "cleaning up": "import time\ntry: time.sleep(1000)\nfinally: time.sleep(0.7)",
}


@pytest.mark.parametrize("code", STOPPABLE.values(), ids=STOPPABLE.keys())
def test_a_canceled_run_keeps_the_interpreter(kernel: Kernel, code: str) -> None:
    """With what was set before, by this run too."""
    kernel.report("x = 1")
    name = kernel.defer(f"y = 2\nopen('/mnt/data/kept', 'w').write('1')\nprint('begun')\n{code}", seconds=60)
    printed(kernel, name, "begun")
    kernel.cancel(name)
    report = kernel.ended(name, 4)
    assert (report.ended_by, report.interpreter_ended, report.stdout[:6]) == ("canceled", False, "begun\n")
    assert report.error is not None and report.error.line is not None and report.error.line >= 4
    assert [file.path for file in report.files] == ["kept"]
    assert value(kernel, "x, y") == [1, 2]


STUBBORN = {
    "swallowed interrupts": "import time\nwhile True:\n    try: time.sleep(1000)\n    except BaseException: pass",
    "masked signals": "import signal, time\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 64))\ntime.sleep(1000)",
    "a sum in C": "sum(range(10**12))",
    "daemons": "import subprocess, time\nfor _ in range(5):\n    subprocess.Popen(['sh', '-c', "
    "'setsid sleep 1000 & sleep 1000'], start_new_session=True)\nwhile True:\n"
    "    try: time.sleep(1000)\n    except BaseException: pass",
}


@pytest.mark.parametrize("code", STUBBORN.values(), ids=STUBBORN.keys())
def test_a_run_that_ignores_the_interrupt_loses_its_interpreter(kernel: Kernel, code: str) -> None:
    """After a grace period. Its output and files are kept, and the session continues with a new interpreter."""
    before = f"x = 1\nopen('/mnt/data/kept', 'w').write('1')\nprint('begun')\n{UNTIL_GO}print('stubborn')\n"
    name = kernel.defer(before + code, seconds=60)
    kernel.progress(name, lambda report: "begun" in report.stdout and bool(report.files))
    go(kernel)
    kernel.progress(name, lambda report: "stubborn" in report.stdout)
    time.sleep(0.3)  # it has begun, and gets to where it ignores the interrupt
    kernel.cancel(name)
    report = kernel.ended(name)
    assert (report.ended_by, report.interpreter_ended, report.stdout) == ("canceled", True, "begun\nstubborn\n")
    assert "kept" in [file.path for file in report.files]
    wait_for_end(kernel)
    following = kernel.report("'x' in globals()")
    assert (following.value, following.is_new_session) == (False, True)


def test_a_run_ends_at_its_timeout(kernel: Kernel) -> None:
    """With its output, and the line that it had reached."""
    report = kernel.deferred(SLEEP, seconds=1)
    assert (report.ended_by, report.stdout) == ("timeout", "begun\n")
    assert report.error is not None and report.error.line == 3 and "time.sleep(1000)" in (report.error.traceback or "")
    assert 1000 <= report.milliseconds < 15_000


@pytest.mark.parametrize(
    "code",
    [
        "import time\ntry: time.sleep(50)\nexcept BaseException: pass\n9",
        "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\ntime.sleep(1.5)\n9",
        "import signal, time\nstop = []\nsignal.signal(signal.SIGINT, lambda *_: stop.append(1))\n"
        "while not stop: time.sleep(0.02)\n9",
        "!sleep 1000\n9",
    ],
    ids=["swallowed", "ignored", "handled", "magic"],
)
def test_code_that_handles_the_interrupt_has_timed_out(kernel: Kernel, code: str) -> None:
    """Its result is reported, and that it timed out."""
    report = kernel.deferred(code, seconds=1)
    assert (report.ended_by, report.value, report.interpreter_ended) == ("timeout", 9, False)


def test_a_run_that_is_canceled_before_it_begins_does_not_run(kernel: Kernel) -> None:
    """The request to cancel it reached the session before the cell."""
    kernel.cancel("early")
    _, reported = kernel.try_to_defer("open('/mnt/data/ran', 'w')", execution_id="early")
    assert reported is not None and reported.report is not None
    assert reported.report.ended_by == kernel.ended("early").ended_by == "canceled"
    assert value(kernel, "import os; os.path.exists('/mnt/data/ran')") is False


# Interpreters that end


@pytest.mark.parametrize("end", ["os.kill(os.getpid(), 9)", "os._exit(3)", "import ctypes; ctypes.string_at(0)"])
def test_a_run_whose_interpreter_ends_is_reported(kernel: Kernel, end: str) -> None:
    """With what it had produced so far."""
    name = kernel.defer(
        "import os, time\nprint('begun')\nopen('/mnt/data/kept', 'w').write('1')\n"
        f"while not os.path.exists('/mnt/data/go'): time.sleep(0.02)\n{end}"
    )
    kernel.progress(name, lambda report: "begun" in report.stdout and bool(report.files))
    go(kernel)
    report = kernel.ended(name)
    assert (report.ended_by, report.stdout) == ("died", "begun\n")
    assert report.interpreter_ended == ("_exit" not in end)  # before that, the run still reports
    assert [file.path for file in report.files] == ["go", "kept"]


@pytest.mark.parametrize("end", ["os.kill(os.getpid(), 9)", "os._exit(3)", "import ctypes; ctypes.string_at(0)"])
def test_what_was_written_just_before_the_interpreter_ended_is_kept(kernel: Kernel, end: str) -> None:
    """Lines, displays and files, however soon the end comes."""
    name = kernel.defer(
        f"import os\nprint('one')\nprint('two')\ndisplay({{'text/html': 'kept'}}, raw=True)\n"
        f"open('made.txt', 'w').close()\nprint('three')\n{end}"
    )
    report = kernel.ended(name)
    assert (report.ended_by, report.stdout) == ("died", "one\ntwo\nthree\n")
    assert [output.content for output in report.outputs] == ["kept"]
    assert [file.path for file in report.files] == ["made.txt"]


def test_a_run_leaves_only_its_record_and_outputs(kernel: Kernel) -> None:
    """No marker, no progress, and no process, even if its interpreter was killed."""
    processes = "import os; sum(p.isdigit() for p in os.listdir('/proc'))"
    before = value(kernel, processes)
    names = [
        kernel.deferred("print(1)") and "",
        kernel.defer("import os\nos.kill(os.getpid(), 9)", execution_id="died"),
    ]
    kernel.ended(names[1])
    wait_for_end(kernel)
    left = value(kernel, f"import os; sorted(os.listdir('/mnt/data/{OUTPUTS_FOLDER}/died'))")
    assert left == ["execution.json"]
    assert value(kernel, f"import os; os.path.exists('/mnt/data/{OUTPUTS_FOLDER}/{RUNNING}')") is False
    eventually(lambda: value(kernel, processes) == before or None)


def test_a_run_in_progress_has_markers(kernel: Kernel) -> None:
    """One in its folder, and one for the session."""
    name = kernel.defer(UNTIL_GO)
    assert kernel.file(name, RUNNING) is not None
    with kernel.process.data.read(OUTPUTS_FOLDER, RUNNING)[0] as marker:
        assert json.load(marker) == {"executionId": name}
    go(kernel)
    kernel.ended(name)
    eventually(lambda: kernel.file(name, RUNNING) is None or None)


# Full disks


def test_no_run_starts_on_a_full_disk(kernel: Kernel) -> None:
    """Without room for the record, the result could not be found."""
    kernel.report("1")
    kernel.run(FILL_THE_FOLDER)
    assert refusal(kernel, "open('/tmp/ran', 'w').write('1')").name == "NotStarted"
    kernel.run("import os; os.remove('/mnt/data/full')")
    assert value(kernel, "import os; os.path.exists('/tmp/ran')") is False


def test_a_run_without_a_record_is_not_started(kernel: Kernel) -> None:
    """For example because code has put something else in the place of the records."""
    kernel.run(
        "import os, shutil\nshutil.rmtree('/mnt/data/_outputs', ignore_errors=True)\nopen('/mnt/data/_outputs', 'w')"
    )
    assert "could not be kept" in refusal(kernel, "open('/mnt/data/ran', 'a').write('x')").message
    kernel.run("import os; os.remove('/mnt/data/_outputs')")
    assert value(kernel, "import os; os.path.exists('/mnt/data/ran')") is False


def test_a_run_that_fills_the_disk_is_reported(kernel: Kernel) -> None:
    """With less of its output, if there is no room for all of it."""
    report = kernel.deferred(
        "print('begun')\nfor _ in range(100): print('x' * 1000)\nfile = open('/mnt/data/full', 'wb')\n"
        "while True: file.write(bytes(1 << 20))"
    )
    assert report.error is not None and report.error.name == "OSError" and "No space left" in report.error.message
    assert report.stdout.endswith("x\n")
    assert value(kernel, "import os; os.remove('/mnt/data/full'); 1") == 1


def test_a_run_that_has_filled_the_disk_can_be_canceled(kernel: Kernel) -> None:
    """There is no room for the request, so the run's marker is deleted instead."""
    again = "while True:\n    try: f.write(bytes(1))\n    except OSError: time.sleep(0.01)"
    name = kernel.defer(f"import time\n{FILL_THE_FOLDER}{again}", seconds=100)

    def is_full() -> bool | None:
        try:
            kernel.write_file(name, "probe", b"x" * 5000)
        except TooLarge:
            return True
        kernel.process.data.delete(f"{OUTPUTS_FOLDER}/{name}", "probe")
        return None

    eventually(is_full)
    kernel.process.data.delete(f"{OUTPUTS_FOLDER}/{name}", RUNNING)
    assert kernel.ended(name, 5).ended_by == "canceled"


def test_deleting_the_folder_of_all_runs_does_not_cancel_the_run(kernel: Kernel) -> None:
    """Code may do that to clean up."""
    kernel.defer("import shutil, time\nshutil.rmtree('/mnt/data/_outputs')\ntime.sleep(1)\ndone = True")
    assert value(kernel, "done") is True


# The payload


def test_a_failure_to_start_the_watcher_is_reported(kernel: Kernel) -> None:
    """For example because no process can be started. Nothing runs without a watcher."""
    names = "get_ipython().kernel.do_execute.__globals__"
    kernel.report(
        f"kept = {names}['_Popen']\ndef refuse(*_, **__): raise OSError(12, 'no memory')\n{names}['_Popen'] = refuse"
    )
    assert "no memory" in refusal(kernel, "open('/mnt/data/ran', 'a').write('x')").message
    assert value(kernel, "import os; os.path.exists('/mnt/data/ran')") is False
    kernel.report(f"{names}['_Popen'] = kept")
    assert kernel.deferred("7").value == 7


def test_another_version_of_the_payload_waits_for_a_run(kernel: Kernel) -> None:
    """A new deployment of the connector does not disturb a run of the previous one."""
    name = kernel.defer("import asyncio\nx = 1\nawait asyncio.sleep(0.5)\nx = 2")
    assert kernel.report("x", data_folder="/mnt/data/.").value == 2
    assert kernel.ended(name).is_ok
    assert kernel.deferred("x + 1").value == 3


def test_a_request_to_cancel_after_the_end_changes_nothing(kernel: Kernel) -> None:
    """The report is written, and the next run of the session is not affected."""
    kernel.report("1")
    name = kernel.defer("'done'")
    assert kernel.ended(name).value == "done"
    kernel.cancel(name)
    assert kernel.deferred("'next'").value == "next"
    assert kernel.ended(name).ended_by == "" and kernel.file(name, PROGRESS) is None
