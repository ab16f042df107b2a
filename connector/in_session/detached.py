"""Runs inside a session: a run that goes on by itself, after the cell that started it has ended.

The interpreter forks a *watcher*, and that the *runner*, which has a copy of all variables and runs the code as the
interpreter would. The watcher reads what the runner and its programs write, tells in a file how far it is, ends it when
its time is over or when a file asks for that, and completes the run's record. Neither needs the interpreter, which
goes on with other runs, or may end. Before its next run, the interpreter takes over the variables that the runner left.

`harness` has the names of planted.py. Must run on any Python from 3.8, where there is os.fork.
"""

import asyncio
import codecs
import ctypes
import gc
import io
import os
import queue
import select
import signal
import stat
import sys
import threading
import time
import warnings

harness = harness  # noqa: F821 - planted.py gives it to this namespace
Variables = Variables  # noqa: F821 - of variables.py, which stands before this

PROGRESS, CANCEL, GOES_ON, VARIABLES = ".progress.json", harness.CANCEL, harness.GOES_ON, harness.VARIABLES
TICK_SECONDS = 0.1
GRACE_SECONDS = 0.8
"""Between an interrupt and the end of all that does not heed it."""

PROGRESS_SECONDS, HEARTBEAT_SECONDS = 0.5, 5.0
LONGEST_LEAVING_SECONDS = 30.0
"""That a run whose code has ended may take to leave its variables."""
LONGEST_WITHOUT_ROOM = 2000
"""Characters of a text, where the data folder is full."""

_PR_SET_CHILD_SUBREAPER = 36


def start(asked, record, parent, is_new):
    """Returns at once. None, or why it cannot be done; then nothing has run."""
    why = _why_not()
    if why is not None:
        return why
    harness.flush()
    before, since, started = harness.paths_before(), harness.file_clock(), time.monotonic()
    variables = Variables(asked["code"])
    _touch(os.path.join(record.folder, GOES_ON))
    threads = [thread for thread in threading.enumerate() if thread is not threading.current_thread()]
    may_flush = all(map(_is_the_kernels, threads))
    _flush_files(_files())  # or both processes would write what is in their buffers
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of threads, which Python from 3.12 says at each fork
        pid = os.fork()
    if pid == 0:
        try:
            watcher = _Watcher(asked, record, since, before, started)
            try:
                watcher.watch(lambda telling: _run(asked, parent, is_new, record.folder, telling, variables, may_flush))
            except BaseException:
                watcher.give_up()
        finally:
            os._exit(0)
    harness.detached.append((pid, record.folder, variables.as_they_were()))
    return None


def _why_not():
    """What in this interpreter does not survive a fork."""
    if not hasattr(os, "fork"):
        return "this system cannot copy a process"
    torch = sys.modules.get("torch")
    if any(link.startswith("/dev/nvidia") for link in _links("/proc/self/fd")) or (
        torch is not None and torch.cuda.is_initialized()
    ):
        return "it uses CUDA"
    names = _thread_names()
    if any(name.startswith("polars") for name in names):
        return "threads of Polars run in it"
    if any(map(_is_open, _objects(*_classes("multiprocessing.pool", "Pool"), *_classes(*_PROCESS_POOL)))):
        return "a pool of worker processes is open in it, whose threads would not be in the copy: close the pool first"
    for module, library in (("jaxlib", "JAX"), ("tensorflow", "TensorFlow"), ("duckdb", "DuckDB")):
        if module in sys.modules and len(names) > threading.active_count():
            return "threads of %s may run in it" % library
    return None


_PROCESS_POOL = "concurrent.futures.process", "ProcessPoolExecutor"
_THREAD_POOL = "concurrent.futures.thread", "ThreadPoolExecutor"


def _classes(module, name):
    """The class, if it was imported."""
    found = getattr(sys.modules.get(module), name, None)
    return (found,) if isinstance(found, type) else ()


def _objects(*kinds):
    """All that are alive. Their classes are asked, for an object may answer what it likes, or do something for it."""
    return [thing for thing in gc.get_objects() if issubclass(type(thing), kinds)] if kinds else []


def _is_open(pool):
    """Whether it has taken work, and would take more."""
    state = getattr(pool, "_state", None)  # of multiprocessing
    return state == "RUN" if state is not None else bool(pool._processes) and not pool._shutdown_thread


def _is_the_kernels(thread):
    """It writes into no file of the code's."""
    return thread.name == "IOPub" or type(thread).__module__.partition(".")[0] in ("ipykernel", "IPython", "zmq")


def _files():
    return _objects(io.TextIOWrapper, io.BufferedWriter, io.BufferedRandom)


def _flush_files(files):
    """What was written into files that nobody has closed."""
    for file in files:
        try:
            if not file.closed and stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                file.flush()
        except Exception:
            pass  # it has no descriptor, or there is no room


def _links(folder):
    for name in _listed(folder):
        try:
            yield os.readlink(folder + "/" + name)
        except OSError:
            pass


def _listed(folder):
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _thread_names():
    names = []
    for thread in _listed("/proc/self/task"):
        try:
            with open("/proc/self/task/%s/comm" % thread) as file:
                names.append(file.read().strip())
        except OSError:
            pass
    return names


class _Watcher:
    """Ends with the run."""

    def __init__(self, asked, record, since, before, started):
        self._record = record
        self._since, self._before, self._started = since, before, started
        self._deadline = started + asked["detached"]["timeoutInSeconds"]
        self._texts, self._pipes, self._report = {}, {}, _Told()
        self._told_at, self._has_news = 0.0, True
        self._ended_by = None
        self._interrupted_at = None
        self._leaves_since = None  # when its code had ended
        self._looks_without_word = 0
        self._interpreter = os.getppid()

    def watch(self, run):
        os.setsid()
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        _let_go_of_sockets()
        _adopt_orphans()
        ends = {}
        for name in ("stdout", "stderr"):
            reading, ends[name] = os.pipe()
            os.set_blocking(reading, False)
            self._texts[name] = harness.Text()
            decoder = codecs.getincrementaldecoder("utf-8")("replace")
            self._pipes[reading] = lambda data, text=self._texts[name], decoder=decoder: text.write(
                decoder.decode(data)
            )
        reading, ends["report"] = os.pipe()
        os.set_blocking(reading, False)
        self._pipes[reading] = self._report.write
        self._runner = os.fork()
        if self._runner == 0:
            try:
                for number in (signal.SIGTERM, signal.SIGHUP):
                    signal.signal(number, signal.SIG_DFL)
                os.setsid()
                for number, name in ((1, "stdout"), (2, "stderr")):
                    os.dup2(ends[name], number)
                for end in (*self._pipes, ends["stdout"], ends["stderr"]):
                    os.close(end)
                run(ends["report"])
            finally:
                os._exit(0)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(nowhere, number)
        for end in ends.values():
            os.close(end)
        self._complete(self._until_ended())
        for pipe in self._pipes:
            self._pipes[pipe] = len  # nobody wants to know
        while self._pipes:  # programs that the run has left would be ended by their next word if nobody read it
            self._read(HEARTBEAT_SECONDS)
            self._reap()

    def give_up(self):
        """It cannot do its work: nothing goes on that nobody watches."""
        _kill_descendants()
        self._record.write(harness.encode(dict(harness.empty_report(), endedBy="died")))

    def _until_ended(self):
        """The runner's status; 0 while it still has threads, which go on as they do behind a run in the interpreter."""
        while True:
            self._read(TICK_SECONDS)
            status = self._reap()
            if status is not None or self._report.is_whole:
                if self._ended_by is not None:
                    _kill_descendants()
                self._read(0)
                return status or 0
            now = time.monotonic()
            self._look_for_an_end(now)
            if now > self._told_at + (PROGRESS_SECONDS if self._has_news else HEARTBEAT_SECONDS):
                self._tell(now)

    def _reap(self):
        """The runner's status, once."""
        ended = None
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return ended
            if pid == self._runner:
                ended = status
            if pid == 0:
                return ended

    def _read(self, seconds):
        """What was written, until there is nothing more at the moment."""
        if not self._pipes:
            time.sleep(min(seconds, 0.02))  # it is about to end, or has closed its own streams
        readable = select.poll()  # knows numbers above 1,023 too
        for pipe in self._pipes:
            readable.register(pipe, select.POLLIN)
        for pipe, _ in readable.poll(seconds * 1000):
            for _ in range(64):
                try:
                    written = os.read(pipe, 1 << 16)
                except BlockingIOError:
                    break
                if not written:
                    os.close(pipe)
                    del self._pipes[pipe]
                    break
                self._pipes[pipe](written)
                self._has_news = True

    def _look_for_an_end(self, now):
        if self._report.code_has_ended:
            self._leaves_since = self._leaves_since or now
            if self._ended_by is not None:
                is_late = now > self._interrupted_at + 1.5 * GRACE_SECONDS
            else:
                is_late = now > self._leaves_since + LONGEST_LEAVING_SECONDS or self._is_called_off()
            if is_late:
                _kill_descendants()  # its result is there
        elif self._ended_by is None:
            if self._is_called_off():
                self._ended_by = "canceled"
            elif now > self._deadline:
                self._ended_by = "timeout"
            else:
                return
            self._interrupted_at = now
            for send in (os.killpg, os.kill):
                try:
                    send(self._runner, signal.SIGINT)
                    return
                except OSError:
                    pass  # it has no group yet
        elif now > self._interrupted_at + GRACE_SECONDS:
            _kill_descendants()
            for send in (os.killpg, os.kill):  # where no table of processes can be read
                try:
                    send(self._runner, signal.SIGKILL)
                except OSError:
                    pass

    def _is_called_off(self):
        """By a file that is there; or, where there is no room for one, by one that is no more.

        Code may remove the whole folder, which is no wish to end: then other files go with it at about this time.
        """
        folder = self._record.folder
        if os.path.exists(os.path.join(folder, CANCEL)):
            return True
        is_gone = os.path.exists(os.path.join(folder, PROGRESS)) and not os.path.exists(os.path.join(folder, GOES_ON))
        self._looks_without_word = self._looks_without_word + 1 if is_gone else 0
        return self._looks_without_word >= 3

    def _tell(self, now):
        self._told_at, self._has_news = now, False
        told = {"milliseconds": self._milliseconds(), "missing": {}}
        self._put_texts(told)
        path = os.path.join(self._record.folder, PROGRESS)
        try:
            harness.store(path + ".new", harness.encode(told).encode())
            os.replace(path + ".new", path)
        except OSError:  # there is no room
            _touch(path)

    def _put_texts(self, told):
        for name, text in self._texts.items():
            told[name], missing = text.read()
            if missing:
                told["missing"][name] = missing

    def _milliseconds(self):
        return round((time.monotonic() - self._started) * 1000)

    def _complete(self, status):
        folder = self._record.folder
        report, lost = self._report.read()
        left = os.path.join(folder, VARIABLES)
        if lost is not None and os.getppid() == self._interpreter:
            try:
                os.replace(left + ".new", left)
            except OSError:
                pass  # it has none
        ended = time.monotonic()
        if report is None:
            report = harness.empty_report()
            report["executionCount"] += 1
            if self._ended_by is None:
                self._ended_by = "died"
        else:
            ended = report.pop("ended")
            if lost is not None:
                report["notReturned"] = lost
        report["milliseconds"] = round((ended - self._started) * 1000)
        files = harness.changed_files(self._before, self._since)
        report["files"] = files[: harness.MOST_FILES]
        if len(files) > harness.MOST_FILES:
            report["missing"]["files"] = len(files) - harness.MOST_FILES
        self._put_texts(report)
        if self._ended_by is not None and (report["status"] != "ok" or ended > self._interrupted_at):
            report["endedBy"] = self._ended_by
            report["signal"] = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        self._write(report)
        _remove(folder, PROGRESS, PROGRESS + ".new", CANCEL, GOES_ON, VARIABLES + ".new")

    def _write(self, report):
        """The record's end. Where there is no room for all, less of it; what only this needed goes first."""
        if self._record.write(harness.encode(report)):
            return
        folder = self._record.folder
        _remove(folder, VARIABLES, VARIABLES + ".new", PROGRESS + ".new")
        if self._record.write(harness.encode(report)):
            return
        for name in _listed(folder):
            if not name.startswith("."):
                _remove(folder, name)
        if report["outputs"]:
            report["missing"]["outputs"], report["outputs"] = len(report["outputs"]), []
        for name in ("stdout", "stderr", "result"):
            if len(report[name]) > LONGEST_WITHOUT_ROOM:
                report["missing"][name] = len(report[name]) - LONGEST_WITHOUT_ROOM
                report[name] = report[name][-LONGEST_WITHOUT_ROOM:]
        if not self._record.write(harness.encode(report)):
            _remove(folder, PROGRESS)
            self._record.write(harness.encode(report))


def _remove(folder, *names):
    for name in names:
        try:
            os.unlink(os.path.join(folder, name))
        except OSError:
            pass


def _touch(path):
    """An empty file needs no room; one that is there shows that somebody is at work."""
    try:
        with open(path, "ab"):
            os.utime(path)
    except OSError:
        pass


class _Told:
    """What comes from the runner: a line with its report, and one with the names of variables that stay behind."""

    def __init__(self):
        self._parts, self._lines = [], 0

    def write(self, data):
        self._parts.append(data)
        self._lines += data.count(b"\n")

    @property
    def code_has_ended(self):
        return self._lines >= 1

    @property
    def is_whole(self):
        return self._lines >= 2

    def read(self):
        """The report, which tells also when the code `ended`, or None; those names, or None until they are there."""
        lines = b"".join(self._parts).split(b"\n")[: self._lines]
        if not lines:
            return None, None
        return harness.decode(lines[0].decode()), harness.decode(lines[1].decode()) if len(lines) > 1 else None


def _let_go_of_sockets():
    """Those of the kernel are its own, and so is what listens there. Their numbers stay taken: objects have them."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in [int(name) for name in _listed("/dev/fd")] or range(3, 256):
        try:
            if number > 2 and stat.S_ISSOCK(os.fstat(number).st_mode):
                os.dup2(nowhere, number, inheritable=False)
        except OSError:
            pass
    os.close(nowhere)


def _adopt_orphans():
    """What the run leaves behind becomes a child of this process: so it can be found."""
    try:
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    except Exception:
        pass  # it is Linux's


def _kill_descendants():
    """All, also those that come meanwhile."""
    for _ in range(50):
        children = {}
        for name in _listed("/proc"):
            if name.isdigit():
                try:
                    with open("/proc/%s/stat" % name, "rb") as file:
                        state, above = file.read().rpartition(b")")[2].split()[:2]
                except (OSError, ValueError):
                    continue
                if state != b"Z":
                    children.setdefault(int(above), []).append(int(name))
        todo, found = [os.getpid()], []
        while todo:
            below = children.get(todo.pop(), [])
            found += below
            todo += below
        if not found:
            return
        for number in (signal.SIGSTOP, signal.SIGKILL):  # stopped ones have no more children
            for pid in found:
                try:
                    os.kill(pid, number)
                except OSError:
                    pass
        time.sleep(0.01)


def _run(asked, parent, is_new, folder, telling, variables, may_flush):
    """In the runner: the run, its variables, and its report, which goes into the pipe `telling`."""
    own = os.getpid()
    # Of files that were open before, another thread may have held the lock, or have written meanwhile.
    not_ours = [] if may_flush else _files()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    harness.become_own_process()
    history = harness.shell.history_manager
    if history is not None:
        history.enabled = False  # the interpreter has the same numbers, and a number is written once
    _spare_openmp()
    _renew_thread_pools()
    _write_to_the_pipes()
    asyncio._set_running_loop(None)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    recorder, reply = harness.Recorder(), harness.INTERRUPTED
    try:
        with harness.recording(parent, recorder):
            reply = loop.run_until_complete(harness.execute(asked["code"]))
    except BaseException:
        pass  # the interrupt hit something else than the code
    ended = time.monotonic()  # of a clock that all processes have
    harness.flush()
    if os.getpid() != own:  # the code has made a copy of this process, and that has come to its end
        _flush_files(_others(not_ours))
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    report, _ = harness.report(recorder, reply, is_new, 0, [], folder)
    report["ended"] = ended
    report["notReturned"] = variables.candidates()
    _send(telling, report)
    lost = variables.leave(os.path.join(folder, VARIABLES + ".new"))
    _flush_files(_others(not_ours))
    _send(telling, lost)
    try:
        threading._shutdown()  # waits for the threads that the code has started, and tells those of pools to end
    finally:
        _flush_files(_others(not_ours))


def _others(files):
    numbers = set(map(id, files))
    return [file for file in _files() if id(file) not in numbers]


def _send(pipe, told):
    view = memoryview((harness.encode(told) + "\n").encode())
    while view:
        view = view[os.write(pipe, view) :]


def _write_to_the_pipes():
    """The kernel's own streams need a thread that is not here. Whoever holds one of them writes to the pipes too."""
    for number, name in ((1, "stdout"), (2, "stderr")):
        stream = _Stream(open(number, "wb", closefd=False), encoding="utf-8", errors="replace", line_buffering=True)
        stream._own = os.getpid()
        old = getattr(sys, name)
        setattr(sys, name, stream)
        for method in ("write", "flush", "writelines"):
            try:
                setattr(old, method, getattr(stream, method))
            except Exception:
                pass


class _Stream(io.TextIOWrapper):
    """Whoever polls sees what was written, also when no line has ended; and it is there when the process dies.

    Copies of this process write whole lines, so that those of several do not get mixed up.
    """

    _own = 0

    def write(self, text):
        length = io.TextIOWrapper.write(self, text)
        if os.getpid() == self._own:
            self.flush()
        return length


def _renew_thread_pools():
    """Their threads are not here, and new work would wait for them forever. What waits already is the interpreter's."""
    for pool in _objects(*_classes(*_THREAD_POOL)):
        try:
            pool._threads, pool._work_queue = set(), queue.SimpleQueue()
            pool._idle_semaphore, pool._shutdown_lock = threading.Semaphore(0), threading.Lock()
        except Exception:
            pass
    for name in ("joblib.externals.loky.reusable_executor", "loky.reusable_executor"):  # makes another when it is asked
        reusable = sys.modules.get(name)
        if getattr(reusable, "_executor", None) is not None:
            _not_ours.append(reusable._executor)
            reusable._executor, reusable._executor_kwargs = None, None


_not_ours = []  # what would end the worker processes of the interpreter if it were collected here


def _spare_openmp():
    """GNU's threads are not copied, and its next parallel loop would wait for them: here it has one thread."""
    if len(_listed("/proc/self/task")) == 0:
        return
    try:
        with open("/proc/self/maps") as file:
            paths = {line.split()[-1] for line in file if "libgomp" in line}
        for path in paths:
            ctypes.CDLL(path).omp_set_num_threads(1)
    except Exception:
        pass
