"""Runs inside a session: a run that goes on by itself, after the cell that started it has ended.

The interpreter forks a *watcher*, and that the *runner*, which has a copy of all variables and runs the code as the
interpreter would. The watcher reads what the runner and its programs write, tells in a file how far it is, ends it when
its time is over or when a file asks for that, and completes the run's record. Neither needs the interpreter, which
goes on with other runs, or may end. Before its next run, the interpreter takes over the variables that the runner left.

`harness` has the names of planted.py. Must run on any Python from 3.8, where there is os.fork.
"""

import ast
import asyncio
import codecs
import ctypes
import hashlib
import importlib
import io
import os
import pickle
import select
import signal
import stat
import sys
import threading
import time
import types
import warnings

harness = harness  # noqa: F821 - planted.py gives it to this namespace

PROGRESS, CANCEL, VARIABLES = ".progress.json", harness.CANCEL, harness.VARIABLES
TICK_SECONDS = 0.1
GRACE_SECONDS = 0.8
"""Between an interrupt and the end of all that does not heed it."""

PROGRESS_SECONDS, HEARTBEAT_SECONDS = 0.5, 5.0
LONGEST_WITHOUT_ROOM = 2000
"""Characters of a text, where the data folder is full."""
LARGEST_UNSURE_BYTES = 16 << 20
"""Of the objects that the code may have changed in place, larger ones are taken as they were."""

_PR_SET_CHILD_SUBREAPER = 36


def start(asked, record, parent, is_new):
    """Returns at once. None, or why it cannot be done; then nothing has run."""
    why = _why_not()
    if why is not None:
        return why
    harness.flush()
    before, since, started = harness.paths_before(), harness.file_clock(), time.monotonic()
    variables = _Variables(asked["code"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of threads, which Python from 3.12 says at each fork
        pid = os.fork()
    if pid == 0:
        try:
            watcher = _Watcher(asked, record, since, before, started)
            try:
                watcher.watch(lambda telling: _run(asked, parent, is_new, record.folder, telling, variables))
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
    for module, library in (("jaxlib", "JAX"), ("tensorflow", "TensorFlow"), ("duckdb", "DuckDB")):
        if module in sys.modules and len(names) > threading.active_count():
            return "threads of %s may run in it" % library
    return None


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
        self._texts, self._pipes, self._report = {}, {}, _Bytes()
        self._told_at, self._has_news = 0.0, True
        self._ended_by = None
        self._kill_at = None
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
        while True:
            self._read(TICK_SECONDS)
            status = self._reap()
            if status is not None:
                if self._ended_by is not None:
                    _kill_descendants()
                self._read(0)
                return status
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
        if self._ended_by is None:
            if os.path.exists(os.path.join(self._record.folder, CANCEL)):
                self._ended_by = "canceled"
            elif now > self._deadline:
                self._ended_by = "timeout"
            else:
                return
            self._kill_at = now + GRACE_SECONDS
            for send in (os.killpg, os.kill):
                try:
                    send(self._runner, signal.SIGINT)
                    return
                except OSError:
                    pass  # it has no group yet
        elif now > self._kill_at:
            _kill_descendants()
            for send in (os.killpg, os.kill):  # where no table of processes can be read
                try:
                    send(self._runner, signal.SIGKILL)
                except OSError:
                    pass

    def _tell(self, now):
        self._told_at, self._has_news = now, False
        told = {"milliseconds": self._milliseconds(), "missing": {}}
        self._put_texts(told)
        path = os.path.join(self._record.folder, PROGRESS)
        try:
            harness.store(path + ".new", harness.encode(told).encode())
            os.replace(path + ".new", path)
        except OSError:
            pass

    def _put_texts(self, told):
        for name, text in self._texts.items():
            told[name], missing = text.read()
            if missing:
                told["missing"][name] = missing

    def _milliseconds(self):
        return round((time.monotonic() - self._started) * 1000)

    def _complete(self, status):
        folder = self._record.folder
        report = self._report.read()
        left = os.path.join(folder, VARIABLES)
        if report is not None and os.getppid() == self._interpreter:
            try:
                os.replace(left + ".new", left)
            except OSError:
                pass  # it has none
        if report is None:
            report = harness.empty_report()
            report["executionCount"] += 1
            if self._ended_by is None:
                self._ended_by = "died"
        report["milliseconds"] = self._milliseconds()
        files = harness.changed_files(self._before, self._since)
        report["files"] = files[: harness.MOST_FILES]
        if len(files) > harness.MOST_FILES:
            report["missing"]["files"] = len(files) - harness.MOST_FILES
        self._put_texts(report)
        if self._ended_by is not None and report["status"] != "ok":  # it may have come to its end in that moment
            report["endedBy"] = self._ended_by
            report["signal"] = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        self._write(report)
        _remove(folder, PROGRESS, PROGRESS + ".new", CANCEL, VARIABLES + ".new")

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
        report["missing"]["outputs"] = max(1, len(report["outputs"]))
        report["outputs"] = []
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


class _Bytes:
    """The runner's report on its way."""

    def __init__(self):
        self._parts = []

    def write(self, data):
        self._parts.append(data)

    def read(self):
        """None when the runner has not come to its end."""
        try:
            return harness.decode(b"".join(self._parts).decode())
        except ValueError:
            return None


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


def _run(asked, parent, is_new, folder, telling, variables):
    """In the runner: the run, its variables, and its report, which goes into the pipe `telling`."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    harness.become_own_process()
    history = harness.shell.history_manager
    if history is not None:
        history.enabled = False  # the interpreter has the same numbers, and a number is written once
    _spare_openmp()
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
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    harness.flush()
    report, _ = harness.report(recorder, reply, is_new, 0, [], folder)
    lost = variables.leave(os.path.join(folder, VARIABLES + ".new"))
    if lost:
        report["notReturned"] = lost
    view = memoryview(harness.encode(report).encode())
    while view:
        view = view[os.write(telling, view) :]


def _write_to_the_pipes():
    """The kernel's own streams need a thread that is not here. Whoever holds one of them writes to the pipes too."""
    for number, name in ((1, "stdout"), (2, "stderr")):
        stream = open(number, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)
        old = getattr(sys, name)
        setattr(sys, name, stream)
        for method in ("write", "flush", "writelines"):
            try:
                setattr(old, method, getattr(stream, method))
            except Exception:
                pass


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


class _Variables:
    """Those that a run finds, and what it makes of them. Made in the interpreter, before it is copied."""

    def __init__(self, code):
        self._names = harness.shell.user_ns
        self._before = dict(self._names)
        self._stored, used = _named(code)
        self._looks = {name: _look(self._names[name]) for name in used if name in self._names}

    def as_they_were(self):
        """By name: what tells whether it is another object, and whether one that the code uses has changed."""
        return {name: (id(value), self._looks.get(name)) for name, value in self._before.items()}

    def leave(self, path):
        """Writes those that the run has made or changed, and returns the names of those that cannot be.

        An object that the code names may have been changed in place. Only then it is another one afterwards.
        """
        wanted, lost = {}, []
        for name, value in sorted(self._names.items()):
            if name.startswith("_") or name in ("In", "Out"):
                continue
            is_new = name not in self._before or self._before[name] is not value
            if not is_new and name not in self._stored and self._looks.get(name) in (None, _look(value)):
                continue
            if not is_new and isinstance(value, (types.ModuleType, types.FunctionType, type)):
                lost.append(name)  # the interpreter has it too, without what was stored into it here
                continue
            try:
                wanted[name] = _pickled(value, self._before)
            except BaseException:
                lost.append(name)
        gone = [name for name in self._before if name not in self._names and not name.startswith("_")]
        try:
            with open(path, "wb") as file:
                pickle.dump((wanted, gone), file, 4)
        except OSError:  # there is no room
            try:
                os.unlink(path)
            except OSError:
                pass
            return sorted(wanted) + lost
        return lost


def _look(value):
    """Tells whether an object has changed; None for what is too large, or cannot change, or cannot be seen."""
    if isinstance(value, (types.ModuleType, types.FunctionType, type, str, bytes, int, float)):
        return None
    file = _Bounded()
    try:
        pickle.Pickler(file, 4).dump(value)
    except BaseException:
        return None
    return hashlib.sha256(file.getvalue()).digest()


def _named(code):
    """The names that the code stores into, and those that it uses at all."""
    try:
        nodes = list(ast.walk(ast.parse(harness.shell.transform_cell(code))))
    except Exception:
        return set(), set()
    stored = set()
    for node in nodes:
        if isinstance(getattr(node, "ctx", None), (ast.Store, ast.Del)):
            while isinstance(node, (ast.Subscript, ast.Attribute)):
                node = node.value
            if isinstance(node, ast.Name):
                stored.add(node.id)
    return stored, {node.id for node in nodes if isinstance(node, ast.Name)}


class _Bounded(io.BytesIO):
    def write(self, data):
        if self.tell() + len(data) > LARGEST_UNSURE_BYTES:
            raise OverflowError
        return io.BytesIO.write(self, data)


def _pickled(value, before):
    """What the interpreter has too goes by its name; what only the run has defined goes as a whole, where it can."""
    base = _whole_pickler()

    class Pickler(base):
        def reducer_override(self, thing):
            if isinstance(thing, types.ModuleType):
                return importlib.import_module, (thing.__name__,)
            if isinstance(thing, (type, types.FunctionType)) and thing.__module__ == "__main__":
                if before.get(thing.__qualname__) is thing:
                    return NotImplemented
                if base is pickle.Pickler:
                    raise pickle.PicklingError("it is defined in the run")
            return base.reducer_override(self, thing) if hasattr(base, "reducer_override") else NotImplemented

    file = io.BytesIO()
    Pickler(file, 4).dump(value)
    return file.getvalue()


def _whole_pickler():
    """One that can pickle functions and classes, where a library has it."""
    for name in ("cloudpickle", "joblib.externals.cloudpickle"):
        try:
            return importlib.import_module(name).Pickler
        except Exception:
            pass
    return pickle.Pickler


def take_over(folder, before):
    """In the interpreter: the variables that a run has left, but those that other runs have set or changed since.

    Returns the names of those that stayed as they are here, also because they cannot be read.
    """
    path = os.path.join(folder, VARIABLES)
    try:
        with open(path, "rb") as file:
            wanted, gone = pickle.load(file)
        os.unlink(path)
    except Exception:
        return []
    names, lost = harness.shell.user_ns, []
    unchanged = {name for name in (*wanted, *gone) if name in names and name in before}
    unchanged = {name for name in unchanged if _is_as_before(names[name], *before[name])}
    found = {}
    for name, data in wanted.items():
        if name in names and name not in unchanged:
            lost.append(name)
            continue
        try:
            found[name] = pickle.loads(data)
        except BaseException:
            lost.append(name)
    # When all are there: an object brings its class once more.
    names.update({name: _at_home(value) for name, value in found.items()})
    for name in gone:
        if name in unchanged:
            names.pop(name, None)
    return lost


def _is_as_before(value, number, look):
    return id(value) == number and (look is None or _look(value) == look)


def _at_home(value):
    """Functions, and methods of classes, that came as a whole see the interpreter's variables, not copies of some."""
    if isinstance(value, types.FunctionType) and value.__module__ == "__main__":
        function = types.FunctionType(
            value.__code__, harness.shell.user_ns, value.__name__, value.__defaults__, value.__closure__
        )
        function.__kwdefaults__ = value.__kwdefaults__
        function.__dict__.update(value.__dict__)
        function.__doc__, function.__annotations__ = value.__doc__, value.__annotations__
        function.__qualname__, function.__module__ = value.__qualname__, value.__module__
        return function
    if isinstance(value, type) and value.__module__ == "__main__":
        for name, member in list(vars(value).items()):
            if isinstance(member, types.FunctionType):
                setattr(value, name, _at_home(member))
    return value
