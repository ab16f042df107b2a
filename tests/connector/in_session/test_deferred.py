"""Runs that go on by themselves, in sessions without a pool."""

import io
import time
from dataclasses import asdict
from pathlib import Path

import pytest

from connector.in_session import cell
from connector.in_session.report import CANCEL, FOLDER, GOES_ON, PROGRESS, RECORD, Report, read_progress, read_record
from connector.models import ExecutionError
from emulator.session_pool.engines.shared.data_rules import TooLarge
from emulator.session_pool.engines.interface import InterpreterEnded
from tests.connector.in_session.kernels import FILL_THE_FOLDER, Kernel, Kernels
from tests.connector.in_session.programs import PROGRAMS, Program
from tests.connector.in_session.test_transparency import Seen, seen_bare, seen_of_report

UNTIL_GO = "import os, time\nwhile not os.path.exists('/mnt/data/go'): time.sleep(0.02)\n"
GO = "open('/mnt/data/go', 'w').close()"

LIVE_STATE = {"tasks across cells", "replaced stdout"}
"""Programs that use what is alive in the interpreter: a copy has none of it."""

SAMPLE = [program for program in PROGRAMS if program.name not in LIVE_STATE][::3]


def seen_detached(report: Report) -> Seen:
    return seen_of_report(report, report.stdout, report.stderr)


def cancel(kernel: Kernel, run: str) -> None:
    kernel.process.data.write(f"{FOLDER}/{run}", CANCEL, io.BytesIO(b"{}"))


def ended(kernel: Kernel, run: str, seconds: float = 10) -> Report:
    """The report of a run that ends."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with kernel.process.data.read(f"{FOLDER}/{run}", RECORD)[0] as file:
            record = read_record(file.read())
        if record is not None and record.report is not None:
            return record.report
        time.sleep(0.01)
    raise TimeoutError(run)


def refusal(kernel: Kernel, code: str) -> ExecutionError:
    """Why a run was not started."""
    _, told = kernel.ask_detached(code)
    assert told is not None and told.report is not None and told.report.error is not None
    return told.report.error


def printed(kernel: Kernel, run: str, text: str, seconds: float = 10) -> str:
    """What the run has printed, when `text` is among it."""
    until, found = time.monotonic() + seconds, ""
    while text not in found:
        assert time.monotonic() < until, found
        time.sleep(0.02)
        try:
            with kernel.process.data.read(f"{FOLDER}/{run}", PROGRESS)[0] as file:
                progress = read_progress(file.read())
        except FileNotFoundError:
            continue
        found = progress.stdout if progress else ""
    return found


def value(kernel: Kernel, code: str) -> object:
    report = kernel.report(code)
    assert report.is_ok, report.shown_error
    return report.value


@pytest.mark.parametrize("program", SAMPLE, ids=lambda program: program.name)
def test_a_program_cannot_tell(kernels: Kernels, program: Program) -> None:
    """Its last cell gives the same when it goes on by itself as when it is sent bare."""
    with kernels.new() as bare, kernels.new() as detached:
        for cell in program.cells[:-1]:
            bare.run(cell)
            detached.wrapped(cell)
        expected = seen_bare(bare.run(program.cells[-1]))
        found = seen_detached(detached.detached(program.cells[-1]))
    assert asdict(found) == asdict(expected), program.why


def test_variables_go_in_and_come_back(kernel: Kernel) -> None:
    """What the run sets, stores into, changes in place and deletes is so in the next run."""
    kernel.report(
        "import pandas as pd\nnumber, items, gone, same = 1, [1], 2, object()\n"
        "frame = pd.DataFrame({'a': [1, 2]})\nold = same"
    )
    kernel.detached("number += 41\nitems.append(2)\nframe['b'] = frame.a * 2\nmade = {'k': (1, 2.5)}\ndel gone\nsame")
    assert value(kernel, "number, items, made, list(frame.b), 'gone' in globals(), same is old") == [
        42, [1, 2], {"k": [1, 2.5]}, [2, 4], False, True,
    ]  # fmt: skip


def test_definitions_come_back(kernel: Kernel) -> None:
    """Functions and classes see the session's variables; objects stay of the class that the session knows."""
    kernel.report("factor = 2\nclass Known: pass\nknown = Known()")
    kernel.detached(
        "import collections as c\nimport math\ndef scaled(x, *, by=1): return x * factor * by\n"
        "class Box:\n    def get(self): return factor\nbox, other = Box(), Known()"
    )
    kernel.report("factor = 10")
    assert value(
        kernel,
        "scaled(3, by=2), box.get(), isinstance(box, Box), isinstance(other, Known), c.Counter('a')['a'], math.sqrt(1)",
    ) == [60, 10, True, True, 1, 1]


def test_what_cannot_come_back_is_named(kernel: Kernel) -> None:
    """Open files, generators and locks stay behind; the rest comes back all the same."""
    report = kernel.detached("import threading\nfile = open('/mnt/data/f', 'w')\nlock = threading.Lock()\nfine = 1")
    assert report.is_ok and report.not_returned == ["file", "lock"]
    assert value(kernel, "fine, 'file' in globals()") == [1, False]


def test_what_other_runs_changed_meanwhile_stays(kernel: Kernel) -> None:
    """Also in place; the next run names what the long one had set."""
    kernel.report("orders, untouched = {}, {}")
    run = kernel.start_detached(UNTIL_GO + "orders['long'] = untouched['long'] = 1")
    kernel.report("orders['quick'] = 1\n" + GO)
    ended(kernel, run)
    following = kernel.report("orders, untouched")
    assert following.value == [{"quick": 1}, {"long": 1}]
    assert following.not_taken_over == ["orders"]


MEANWHILE = {
    "another object under the same number": ("x = 0.5", "x = 99.0", "x = x + 1.0\nx = x + 1.0", "x", 2.5),
    "a large object changed in place": (
        "import numpy as np\nx = np.zeros(3_000_000)",
        "x = x + 5",
        "x[0] = 1.5",
        "float(x[0] + x[1])",
        1.5,
    ),
    "a large object changed by an argument": (
        "import numpy as np\nx = np.zeros(3_000_000)",
        "x = x + 5",
        "np.add(x, 1, out=x)",
        "float(x[0] + x[1])",
        2,
    ),
    "a deleted one": ("x = 1", "x = 5", "del x", "'x' in globals()", False),
}


@pytest.mark.parametrize("case", MEANWHILE)
def test_what_another_run_did_to_a_variable_stays(kernel: Kernel, case: str) -> None:
    """Whatever it was, and it is named; what the other has only read comes back."""
    before, long, other, look, expected = MEANWHILE[case]
    kernel.report(before)
    run = kernel.start_detached(UNTIL_GO + long + "\ny = 1")
    kernel.report(other)
    kernel.report(GO)
    ended(kernel, run)
    following = kernel.report(look)
    assert following.value == expected
    assert following.not_taken_over == ["x"]
    assert value(kernel, "y") == 1


def test_a_large_object_that_another_run_has_read_comes_back(kernel: Kernel) -> None:
    """To look at it is no change."""
    kernel.report("import numpy as np\nx = np.zeros(3_000_000)")
    run = kernel.start_detached(UNTIL_GO + "x = x + 5")
    kernel.report("x.sum()\n" + GO)
    ended(kernel, run)
    assert value(kernel, "float(x[0])") == 5


def test_what_both_have_imported_is_no_difference(kernel: Kernel) -> None:
    """And a notice comes once."""
    kernel.report("x = 1")
    wait = UNTIL_GO + "import json\n"
    runs = [kernel.start_detached(wait + "x = 2"), kernel.start_detached(wait + "x = 3")]
    kernel.report("import json\nx = 4\n" + GO)
    for run in runs:
        ended(kernel, run)
    assert kernel.detached("1").not_taken_over == ["x"]
    assert kernel.report("1").not_taken_over == []


def test_files_that_nobody_has_closed_are_written(kernel: Kernel) -> None:
    """As they would be in the interpreter; what was in a buffer before is written once."""
    kernel.report("earlier = open('/mnt/data/earlier', 'w')\nearlier.write('a\\n')")
    kernel.detached(
        "import csv\nearlier.write('b\\n')\nraw = open('/mnt/data/raw', 'wb')\nraw.write(b'raw')\n"
        "rows = csv.writer(open('/mnt/data/rows', 'w', newline=''))\nrows.writerow([1, 2])"
    )
    kernel.report("earlier.write('c\\n')\nearlier.flush()")
    read = "[open('/mnt/data/' + name).read() for name in ('earlier', 'raw', 'rows')]"
    assert value(kernel, read) == ["a\nb\nc\n", "raw", "1,2\n"]


def test_threads_go_on_behind_a_run(kernel: Kernel) -> None:
    """The run ends when its code does, and they when they are done."""
    report = kernel.detached(
        "import threading, time\ndef work():\n    time.sleep(1)\n    open('/mnt/data/late', 'w').write('done')\n"
        "threading.Thread(target=work).start()\n'at once'"
    )
    assert report.is_ok and report.result == "at once" and report.milliseconds < 1000
    assert value(
        kernel,
        "import os, time\nwhile not os.path.exists('/mnt/data/late') or not os.path.getsize('/mnt/data/late'):"
        " time.sleep(0.05)\nopen('/mnt/data/late').read()",
    ) == "done"  # fmt: skip


def test_what_libraries_have_wrapped_works_afterwards(kernel: Kernel) -> None:
    """Their wrappers have the name of the code's module, and variables of their library."""
    kernel.report("import functools\n@functools.lru_cache(maxsize=5)\ndef cached(x): return 'old'\ncached(1)")
    kernel.detached(
        "from contextlib import contextmanager\nfrom dataclasses import dataclass\nfactor = 1\n"
        "@dataclass\nclass Point:\n    x: int\n    @property\n    def twice(self): return self.x * factor\n"
        "    @staticmethod\n    def one(): return factor\n    @classmethod\n    def made(cls): return cls(factor)\n"
        "    @contextmanager\n    def held(self): yield self.x\n"
        "@contextmanager\ndef opened(): yield 5\n"
        "@functools.lru_cache(maxsize=7)\ndef cached(x): return 'new'\npoint = Point(3)"
    )
    kernel.report("factor = 2")
    assert value(
        kernel,
        "with opened() as a, point.held() as b: pass\n"
        "repr(point), point.twice, Point.one(), Point.made().x, a, b, cached(1), cached.cache_info().maxsize",
    ) == ["Point(x=3)", 6, 2, 2, 5, 3, "new", 7]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "code"),
    [
        (
            "from concurrent.futures import ThreadPoolExecutor\npool = ThreadPoolExecutor(2)\n"
            "pool.submit(len, 'ab').result()",
            "pool.submit(len, 'abc').result()",
        ),
        (
            "import math\nfrom joblib import Parallel, delayed\n"
            "sum(Parallel(n_jobs=2)(delayed(math.floor)(n) for n in range(3)))",
            "sum(Parallel(n_jobs=2)(delayed(math.floor)(n) for n in range(3)))",
        ),
    ],
    ids=["threads", "joblib"],
)
def test_pools_that_the_session_has_used_work(kernel: Kernel, before: str, code: str) -> None:
    """Their threads are not in the copy, where they begin anew; those of the interpreter stay as they are."""
    kernel.report(before)
    run = kernel.start_detached(code)
    assert ended(kernel, run, 60).result == "3"
    assert value(kernel, code) == 3


def test_code_that_swallows_the_interrupt_was_interrupted_all_the_same(kernel: Kernel) -> None:
    """Its result is told, and that it was not let come to its end."""
    run = kernel.start_detached("import time\ntry: time.sleep(50)\nexcept BaseException: pass\n9", seconds=1)
    report = ended(kernel, run)
    assert (report.ended_by, report.result) == ("timeout", "9")


def test_time_that_variables_take_is_not_the_codes(kernel: Kernel) -> None:
    """Code that has ended is no timeout."""
    kernel.report("import time\nclass Slow:\n    def __reduce__(self): time.sleep(3); return int, (7,)")
    report = ended(kernel, kernel.start_detached("slow = Slow()\n'done'", seconds=1))
    assert (report.ended_by, report.result, report.not_returned) == ("", "done", [])
    assert value(kernel, "slow") == 7


@pytest.mark.parametrize(
    "ignores",
    [
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\ntime.sleep(1.5)\n9",
        "stop = []\nsignal.signal(signal.SIGINT, lambda *_: stop.append(1))\nwhile not stop: time.sleep(0.02)\n9",
    ],
    ids=["ignored", "heeded"],
)
def test_an_interrupt_that_the_code_takes_itself_is_one(kernel: Kernel, ignores: str) -> None:
    """Its time was over, whatever it did about that."""
    report = ended(kernel, kernel.start_detached(f"import signal, time\n{ignores}", seconds=1))
    assert (report.ended_by, report.result) == ("timeout", "9")


def test_what_a_run_has_set_before_it_was_called_off_comes_back(kernel: Kernel) -> None:
    """As it is when a run in the interpreter is interrupted."""
    run = kernel.start_detached("import time\nx = 5\nprint('set', flush=True)\ntime.sleep(100)", seconds=100)
    printed(kernel, run, "set")
    cancel(kernel, run)
    report = ended(kernel, run, 3)
    assert (report.ended_by, report.not_returned) == ("canceled", [])
    assert value(kernel, "x") == 5


def test_a_run_that_leaves_its_variables_can_be_called_off(kernel: Kernel) -> None:
    """Its code has ended, and its result is there; what it has not left yet is named."""
    kernel.report("import time\nclass Slow:\n    def __reduce__(self): time.sleep(100)")
    run = kernel.start_detached("slow = Slow()\nprint('here')\n'done'", seconds=100)
    time.sleep(1)
    cancel(kernel, run)
    report = ended(kernel, run, 2)
    assert (report.ended_by, report.result, report.not_returned) == ("", "done", ["slow"])
    assert report.milliseconds < 1000


def test_a_file_that_a_thread_of_the_session_writes_is_left_to_it(kernel: Kernel) -> None:
    """A copy of its buffer is written by nobody, and a lock that it held stops nothing."""
    kernel.report(
        "import threading, time\nstop, number = False, 0\nfile = open('/mnt/data/numbers', 'w')\ndef write():\n"
        "    global number\n    while not stop:\n        file.write('%d\\n' % number)\n        number += 1\n"
        "        if number % 200 == 0: time.sleep(0.001)\n"
        "thread = threading.Thread(target=write, daemon=True)\nthread.start()"
    )
    for _ in range(8):
        report = kernel.detached("own = open('/mnt/data/own', 'w')\nown.write('own')\nz = 1")
        assert report.is_ok and report.not_returned == ["own"]
    assert value(
        kernel,
        "stop = True\nthread.join()\nfile.close()\n"
        "open('/mnt/data/numbers').read().split() == [str(n) for n in range(number)], z, open('/mnt/data/own').read()",
    ) == [True, 1, "own"]  # fmt: skip


def test_what_a_run_has_left_keeps_no_objects(kernel: Kernel) -> None:
    """A program that lives on does not hold what the session's variables were."""
    kernel.report("import gc\nclass Items(list): __slots__ = ()\nitems = Items()")
    kernel.detached("import subprocess\nprogram = subprocess.Popen(['sleep', '600'])\n1")
    kernel.report("1")
    assert value(kernel, "del items\nsum(type(thing) is Items for thing in gc.get_objects())") == 0


def test_what_a_magic_runs_is_code_too(kernel: Kernel) -> None:
    """What it stores into comes back."""
    kernel.report("items, more = {}, {}")
    kernel.detached("%%time\nitems['k'] = 1")
    kernel.detached("%time more['k'] = 2")
    assert value(kernel, "items, more") == [{"k": 1}, {"k": 2}]


def test_a_deletion_that_another_run_has_overtaken_is_named(kernel: Kernel) -> None:
    """The variable is the other run's."""
    kernel.report("x = 1")
    run = kernel.start_detached(UNTIL_GO + "del x")
    kernel.report("x = 2\n" + GO)
    ended(kernel, run)
    following = kernel.report("x")
    assert (following.value, following.not_taken_over) == (2, ["x"])


def test_objects_that_lie_about_their_class(kernel: Kernel) -> None:
    """They are not asked."""
    kernel.report(
        "class Lazy:\n    @property\n    def __class__(self): raise RuntimeError('outside of context')\nlazy = Lazy()"
    )
    report = kernel.detached("lazy, 7\nfiles = [open('/dev/null')]\n7")
    assert (report.is_ok, report.result, report.not_returned) == (True, "7", ["files"])


def test_a_copy_that_the_code_makes_of_the_process(kernel: Kernel) -> None:
    """It tells nothing: the run is the first process's."""
    report = kernel.detached("import os, sys\npid = os.fork()\npid and os.wait()\nprint('one' if pid else 'two')\n'r'")
    assert report.is_ok and report.result == "r" and report.not_returned == []
    assert report.stdout == "two\none\n"


def test_text_without_a_newline_is_told(kernel: Kernel) -> None:
    """While the run goes on, and when its process dies."""
    run = kernel.start_detached("import os, time\nprint('.', end='')\ntime.sleep(0.9)\nprint('x', end='')\nos._exit(1)")
    assert printed(kernel, run, ".") == "."
    assert ended(kernel, run).stdout == ".x"


def test_a_run_that_has_filled_the_disk_tells_that_it_lives_and_can_be_called_off(kernel: Kernel) -> None:
    """There is no room for words then, nor for a wish: a file that is removed says it."""
    run = kernel.start_detached(
        f"{FILL_THE_FOLDER}import time\nprint('full')\ntime.sleep(100)",
        seconds=100,
    )
    folder = f"{FOLDER}/{run}"
    with pytest.raises(TooLarge):
        while True:
            time.sleep(0.1)
            kernel.process.data.write(folder, "probe", io.BytesIO(b"x" * 5000))
            kernel.process.data.delete(folder, "probe")
    first = kernel.process.data.entry(folder, PROGRESS).modified
    until = time.monotonic() + 15
    while kernel.process.data.entry(folder, PROGRESS).modified == first:
        assert time.monotonic() < until
        time.sleep(0.1)
    kernel.process.data.delete(folder, GOES_ON)
    assert ended(kernel, run, 2).ended_by == "canceled"


def test_what_is_stored_into_classes_and_modules_is_named(kernel: Kernel) -> None:
    """They are the interpreter's own, and stay as they are there."""
    kernel.report("import math\nclass Known:\n    total = 0\ndef counted(): pass")
    report = kernel.detached("Known.total = 5\nmath.added = 1\ncounted.calls = 1")
    assert report.not_returned == ["Known", "counted", "math"]
    assert value(kernel, "Known.total, hasattr(math, 'added'), hasattr(counted, 'calls')") == [0, False, False]


def test_a_full_disk_starts_nothing(kernel: Kernel) -> None:
    """Without room for its record, nobody could find the run's result."""
    kernel.report("1")
    kernel.run(FILL_THE_FOLDER)
    assert "no room for its record" in refusal(kernel, "open('/tmp/ran', 'w').write('1')").message
    kernel.run("import os; os.remove('/mnt/data/full')")
    assert value(kernel, "import os; os.path.exists('/tmp/ran')") is False


def test_a_later_run_wins(kernel: Kernel) -> None:
    """What a run in the session has set since the start is not overwritten."""
    kernel.report("a = b = 0")
    run = kernel.start_detached(UNTIL_GO + "a = b = 1")
    kernel.report("a = 5")
    kernel.report(GO)
    ended(kernel, run)
    assert value(kernel, "a, b") == [5, 1]


def test_a_large_object_that_is_only_read_is_not_copied(kernel: Kernel) -> None:
    """What the code only calls methods of is taken as it was when it is large; what it stores into comes back."""
    kernel.report("import numpy as np\nread = np.zeros(4_000_000)\nwritten = np.zeros(4_000_000)\nkept = read")
    kernel.detached("total = read.sum()\nwritten[0] = 7")
    assert value(kernel, "read is kept, total, written[0]") == [True, 0, 7]


def test_a_new_session_can_begin_with_one(kernel: Kernel) -> None:
    """The first cell of a session may be a run that goes on by itself; the next has the next number."""
    report = kernel.detached("x = 5\nprint('first')\nx")
    assert (report.stdout, report.result, report.execution_count, report.is_new_session) == ("first\n", "5", 1, True)
    following = kernel.report("x + 1, In[1][:5]")
    assert (following.value, following.execution_count) == ([6, "x = 5"], 2)


def test_other_runs_go_on_meanwhile(kernel: Kernel) -> None:
    """They neither wait nor see what the run does before it has ended."""
    run = kernel.start_detached("import time\nx = 1\nprint('begun')\ntime.sleep(1)\nprint('ended')\nx")
    printed(kernel, run, "begun\n")
    assert value(kernel, "'x' in globals()") is False
    report = ended(kernel, run)
    assert (report.stdout, report.result) == ("begun\nended\n", "1")
    assert value(kernel, "x") == 1


def test_all_output_is_told(kernel: Kernel) -> None:
    """Of programs and threads too, in the order in which it came; of much, the first and the last part."""
    report = kernel.detached(
        "import os, subprocess, sys, threading\nprint('one')\nos.write(1, b'two\\n')\n"
        "subprocess.run(['echo', 'three'])\nthread = threading.Thread(target=print, args=('four',))\n"
        "thread.start(); thread.join()\nprint('error', file=sys.stderr)"
    )
    assert (report.stdout, report.stderr) == ("one\ntwo\nthree\nfour\n", "error\n")
    report = kernel.detached("for n in range(400_000): print(f'{n:09}')")
    assert report.stdout.startswith("000000000\n") and report.stdout.endswith("000399999\n")
    assert report.missing["stdout"] == 4_000_000 - (1 << 20)


def test_charts_and_files_are_told(kernel: Kernel) -> None:
    """As of any run; the outputs are files too."""
    report = kernel.detached(
        "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.title('A line')\nplt.show()\n"
        "open('/mnt/data/out.csv', 'w').write('1')\n__import__('pandas').DataFrame({'a': [1]})"
    )
    assert [(output.content_type, output.title) for output in report.outputs] == [
        ("image/png", "A line"), ("text/html", None), ("application/json", None),
    ]  # fmt: skip
    assert [(file.path, file.is_new) for file in report.files] == [("out.csv", True)]


STUBBORN = {
    "a loop": "while True: pass",
    "a call that waits": "import time\ntime.sleep(1000)",
    "no heed of interrupts": "import time\nwhile True:\n    try: time.sleep(1000)\n    except BaseException: pass",
    "masked signals": "import signal, time\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 64))\ntime.sleep(1000)",
    "a regular expression": "import re\nre.match('(a+)+b', 'a' * 60)",
    "a program": "import subprocess\nsubprocess.run(['sleep', '1000'])",
    "daemons": "import subprocess, time\nfor _ in range(5):\n    subprocess.Popen(['sh', '-c', "
    "'setsid sleep 1000 & sleep 1000'], start_new_session=True)\ntime.sleep(1000)",
    "a process that makes others": "import os, time\nfor _ in range(20):\n    if os.fork() == 0:\n"
    "        while True:\n            if os.fork() == 0: os.setsid(); time.sleep(0.05); os._exit(0)\n"
    "            os.wait()\ntime.sleep(1000)",
    "an await": "import asyncio\nawait asyncio.sleep(1000)",
}


@pytest.mark.parametrize("code", STUBBORN.values(), ids=STUBBORN.keys())
def test_a_cancelled_run_ends_with_all_its_processes(kernel: Kernel, code: str) -> None:
    """Within two seconds, whatever it does; the session goes on."""
    kernel.report("x = 1")
    before = value(kernel, "import os; len([p for p in os.listdir('/proc') if p.isdigit()])")
    run = kernel.start_detached(f"open('/mnt/data/kept', 'w').write('1')\nprint('begun')\n{code}", seconds=60)
    printed(kernel, run, "begun\n")
    time.sleep(0.2)
    cancel(kernel, run)
    asked = time.monotonic()
    report = ended(kernel, run)
    took = time.monotonic() - asked
    assert (report.ended_by, report.stdout) == ("canceled", "begun\n")
    assert [file.path for file in report.files] == ["kept"]
    assert took < 2
    time.sleep(0.1)  # whoever wrote the report is on the way out
    assert value(kernel, "x, len([p for p in os.listdir('/proc') if p.isdigit()])") == [1, before]


def test_a_run_ends_when_its_time_is_over(kernel: Kernel) -> None:
    """It is told what it did until then."""
    report = kernel.detached("import time\nprint('begun')\ntime.sleep(1000)", seconds=1)
    assert (report.ended_by, report.stdout) == ("timeout", "begun\n")
    assert 1000 <= report.milliseconds < 3000


@pytest.mark.parametrize(
    ("code", "signal"), [("os.kill(os.getpid(), 9)", 9), ("os._exit(3)", 0), ("import ctypes; ctypes.string_at(0)", 11)]
)
def test_a_run_whose_process_dies_is_told(kernel: Kernel, code: str, signal: int) -> None:
    """With what it had printed and written; the session's interpreter does not notice."""
    kernel.report("import os\nx = 1")
    report = kernel.detached(f"print('begun', flush=True)\nopen('/mnt/data/kept', 'w').write('1')\n{code}")
    assert (report.ended_by, report.signal, report.stdout.splitlines()[0]) == ("died", signal, "begun")
    assert [file.path for file in report.files] == ["kept"]
    assert value(kernel, "x") == 1


def test_a_run_that_fills_the_disk_is_told(kernel: Kernel) -> None:
    """With less of what it said, if there is no room for all."""
    report = kernel.detached(
        "print('begun')\nfor _ in range(100): print('x' * 1000)\nfile = open('/mnt/data/full', 'wb')\n"
        "while True: file.write(bytes(1 << 20))"
    )
    assert report.error is not None and "No space left" in report.error.message
    assert report.stdout.endswith("x\n") and report.error.name == "OSError"
    assert value(kernel, "import os; os.remove('/mnt/data/full'); 1") == 1


def test_a_run_outlives_its_interpreter(kernel: Kernel) -> None:
    """It goes on when the kernel is started again, and its result waits; the new kernel does not take it for lost."""
    run = kernel.start_detached("import time\nprint('begun')\ntime.sleep(1)\nprint('ended')\nx = 6 * 7\nx")
    printed(kernel, run, "begun\n")
    with pytest.raises(InterpreterEnded):
        kernel.run("import os; os._exit(1)")
    assert value(kernel, "'x' in globals()") is False
    report = ended(kernel, run)
    assert (report.is_ok, report.stdout, report.result) == (True, "begun\nended\n", "42")
    assert value(kernel, "'x' in globals()") is False


def test_a_run_that_was_cancelled_before_it_began_does_not_begin(kernel: Kernel) -> None:
    """The wish is in the session before the cell is."""
    kernel.report("1")
    name = f"run-{id(kernel)}-2"
    cancel(kernel, name)
    asked, told = kernel.ask_detached("open('/mnt/data/ran', 'w')")
    assert asked == name and told is not None and told.report is not None
    assert told.report.ended_by == ended(kernel, name).ended_by == "canceled"
    assert value(kernel, "import os; os.path.exists('/mnt/data/ran')") is False


NOT_DETACHABLE = {
    "a pool of worker processes is open": "import math, multiprocessing\npool = multiprocessing.Pool(1)\n"
    "pool.map(math.floor, [1.5])",
    "close the pool first": "import math\nfrom concurrent.futures import ProcessPoolExecutor\n"
    "pool = ProcessPoolExecutor(1)\npool.submit(math.floor, 1.5).result()",
    "threads of Polars": "import ctypes, threading\nbegun = threading.Event()\ndef work():\n"
    "    ctypes.CDLL(None).prctl(15, b'polars-0', 0, 0, 0)\n    begun.set()\n    threading.Event().wait()\n"
    "threading.Thread(target=work, daemon=True).start()\nbegun.wait()",
    "CUDA": "import sys, types\nsys.modules['torch'] = types.SimpleNamespace("
    "cuda=types.SimpleNamespace(is_initialized=lambda: True))",
}


@pytest.mark.parametrize(("why", "code"), NOT_DETACHABLE.items(), ids=NOT_DETACHABLE.keys())
def test_an_interpreter_that_cannot_be_copied_says_so(kernel: Kernel, why: str, code: str) -> None:
    """Nothing has run then, and the session goes on."""
    kernel.report(code)
    name, told = kernel.ask_detached("open('/mnt/data/ran', 'w')")
    assert told is not None and told.report is not None and told.report == ended(kernel, name)
    error = told.report.error
    assert error is not None and error.name == "NotDetachable" and why in error.message and error.hint
    assert value(kernel, "import os; os.path.exists('/mnt/data/ran')") is False


def test_a_run_without_a_record_is_not_started(kernel: Kernel) -> None:
    """Nobody could find its result; above all it does not run here and there."""
    kernel.run(
        "import os, shutil\nshutil.rmtree('/mnt/data/_outputs', ignore_errors=True)\nopen('/mnt/data/_outputs', 'w')"
    )
    assert "no room for its record" in refusal(kernel, "open('/mnt/data/ran', 'a').write('x')").message
    kernel.run("import os; os.remove('/mnt/data/_outputs')")
    assert value(kernel, "import os; os.path.exists('/mnt/data/ran')") is False


def test_a_failure_at_the_start_is_told(kernel: Kernel) -> None:
    """As when no process can be had."""
    kernel.report("import os\ndef fork(): raise OSError(12, 'no memory')\nos.fork, kept = fork, os.fork")
    assert "no memory" in refusal(kernel, "open('/mnt/data/ran', 'a').write('x')").message
    assert value(kernel, "os.path.exists('/mnt/data/ran')") is False


def test_a_run_that_cannot_be_watched_is_ended_and_told(kernel: Kernel) -> None:
    """As when the interpreter has as many files open as it may, and the watcher can have no more."""
    kernel.report(
        "files = []\ntry:\n    while True: files.append(open('/dev/null'))\nexcept OSError: files.pop().close()"
    )
    before = value(kernel, "1")
    run = kernel.start_detached("import time; time.sleep(1000)")
    assert ended(kernel, run).ended_by == "died"
    assert value(kernel, "1") == before


def test_another_version_of_the_harness_takes_over(
    kernel: Kernel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A connector that was deployed anew finds runs that the one before it has started, and their variables."""
    kernel.report("x = 1")
    run = kernel.start_detached("x += 1")
    ended(kernel, run)
    for file in cell._FOLDER.glob("*.py"):
        (tmp_path / file.name).write_text(file.read_text())
    with (tmp_path / "planted.py").open("a") as planted:
        planted.write("\n_newer = True\n")
    monkeypatch.setattr(cell, "_FOLDER", tmp_path)
    for packed in (cell._packed, cell._planted):
        packed.cache_clear()
    try:
        assert value(kernel, "x") == 2
    finally:
        monkeypatch.undo()
        for packed in (cell._packed, cell._planted):
            packed.cache_clear()


def test_openmp_goes_on_in_a_copy(kernel: Kernel) -> None:
    """GNU's OpenMP waits for ever in a copy for threads that are not there, unless it is told to use one."""
    fit = (
        "from sklearn.ensemble import HistGradientBoostingRegressor\nimport numpy as np\n"
        "x = np.random.rand(2000, 4)\nmodel = HistGradientBoostingRegressor(max_iter=5).fit(x, x[:, 0])\n"
        "round(model.score(x, x[:, 0]), 1) > 0"
    )
    assert value(kernel, fit) is True
    assert kernel.detached(fit, seconds=15).value is True


def test_programs_that_a_run_leaves_behind_live_on(kernel: Kernel) -> None:
    """Also when they write; they end with the session, or with a run that is cancelled."""
    report = kernel.detached(
        "import subprocess\nleft = 'for i in 1 2 3 4 5 6; do echo $i; sleep 0.1; done; echo done > /mnt/data/left'\n"
        "subprocess.Popen(['sh', '-c', left])\nprint('ended')"
    )
    assert report.is_ok
    until = time.monotonic() + 5
    while value(kernel, "import os; os.path.exists('/mnt/data/left')") is False:
        assert time.monotonic() < until
        time.sleep(0.05)
