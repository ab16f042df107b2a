"""Runs inside a session: plants itself into the session's kernel, and reports what each run of the connector made.

The connector sends this file's text with every run; `cell.py` says how. It runs in a namespace of its own, so that no
name of it is among the user's. It leaves its traces on the kernel's own objects: `kernel.do_execute` finds the cells of
the connector and runs the code in them as if it had been sent bare; `kernel.session.send` keeps what a run says, which
is reported as one message when the run has ended; and the display formatter notes titles and tables. Whoever sends
other cells notices nothing.

User code shares this process and may break all of this; then the run's answer is the pool's own. What is used from
other modules is bound when this is planted, before that can happen.

Knows nothing of the connector. Must run on any Python from 3.8 and any ipykernel from 6.
"""

import binascii
import collections
import contextlib
import errno
import inspect
import json
import linecache
import math
import os
import shutil
import signal
import socket
import sys
import threading
import time
import types
import zlib

DATA = "/mnt/data"
RECORDS = "_outputs"
"""In the data folder: a folder for each run, with its outputs as files and its record. The service takes no dots in
the names of folders."""

TRANSFERS = "_transfers"
"""In the data folder: files on their way in or out, which are not the run's."""

RECORD = ".execution.json"
"""Two lines of JSON: what was asked for, and, once the run has ended, what it made."""

CANCEL, GOES_ON, VARIABLES = ".cancel", ".goes-on", ".variables"
"""Beside a record: that the run is to end; what a run that went on by itself has left for its interpreter."""

KEPT_RUNS = 500
KEPT_BYTES = 200 << 20
MOST_INTEGER_BITS = 1 << 10
LONGEST_STREAM = 1 << 20
"""Characters of each stream; of a longer one, the first and the last half of as many are kept."""

MOST_OF_A_TITLE = 200
MOST_OF_AN_ERROR = 100_000
MOST_ROWS = 1000
MOST_OUTPUTS = 100
MOST_OUTPUT_CHARACTERS = 8 << 20
"""Of the contents of all outputs in a record. What is beyond that is in files alone."""

MOST_FILES = 1000
MOST_SCANNED = 20_000
MOST_NODES = 50_000
_COARSE_CLOCK = 5  # CLOCK_REALTIME_COARSE, by which Linux dates files

_shell = get_ipython()  # noqa: F821 - the connector gives it to this namespace
_kernel = _shell.kernel
_session = _kernel.session

_encode = json.JSONEncoder(default=repr, ensure_ascii=True).encode
_encode_strictly = json.JSONEncoder(allow_nan=False).encode
_decode = json.JSONDecoder().decode
_decompress = zlib.decompress
_from_base64, _to_base64 = binascii.a2b_base64, binascii.b2a_base64
_now = time.perf_counter
_getpid = os.getpid
_scandir, _listdir, _makedirs, _open, _write, _close = os.scandir, os.listdir, os.makedirs, os.open, os.write, os.close
_read_file, _stat, _join, _basename, _rmtree = open, os.stat, os.path.join, os.path.basename, shutil.rmtree
_exists = os.path.exists
_time, _clock_gettime_ns = time.time, getattr(time, "clock_gettime_ns", None)
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_WHOLE_FILE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW

_earlier = getattr(_kernel, "_connector_harness", None)  # planted by another version of this
_do_execute = _earlier["do_execute"] if _earlier else _kernel.do_execute
_send = _earlier["send"] if _earlier else _session.send
_format = _earlier["format"] if _earlier else _shell.display_formatter.format

_PID = _getpid()
_lock = threading.Lock()
_recorders = {}  # by the id of the message that asked for the run
_kept = collections.deque()  # (folder, bytes), the oldest first


class Text:
    """A stream of which the first and the last part are kept."""

    def __init__(self):
        self._half = LONGEST_STREAM // 2
        self._head, self._tail = [], collections.deque()
        self._head_length = self._tail_length = 0
        self.missing = 0

    def write(self, text):
        room = self._half - self._head_length
        if room > 0:
            self._head.append(text[:room])
            self._head_length += len(text[:room])
            text = text[room:]
        if text:
            self._tail.append(text)
            self._tail_length += len(text)
        while self._tail_length - len(self._tail[0] if self._tail else "") > self._half:
            self._drop(self._tail.popleft())

    def _drop(self, text):
        self._tail_length -= len(text)
        self.missing += len(text)

    def read(self):
        tail = "".join(self._tail)
        over = max(0, len(tail) - self._half)
        missing = self.missing + over
        between = "\n[... %s characters are missing here ...]\n" % format(missing, ",") if missing else ""
        return "".join(self._head) + between + tail[over:], missing


class Recorder:
    """What one run says, in order."""

    def __init__(self):
        self.streams = {"stdout": Text(), "stderr": Text()}
        self.outputs = []  # (display id, bundle, title, table)
        self.result = None
        self.error = None
        self.more_outputs = 0
        self.shown = None  # title and table of what is being displayed
        self.messages = []  # as they were to be sent, for when this breaks
        self._message_room = LONGEST_STREAM
        self._clear_at_next = False

    def take(self, kind, content, message):
        with _lock:
            if self._message_room > 0:
                self._message_room -= 100 + len(content.get("text", ""))
                self.messages.append(message)
            if kind == "stream":
                self.streams[content["name"]].write(content["text"])
            elif kind == "error":
                self.error = content
            elif kind == "clear_output":
                self._clear_at_next = True
                if not content.get("wait"):
                    self._clear()
            else:
                self._take_display(kind, content)

    def _clear(self):
        self._clear_at_next = False
        self.outputs = []

    def _take_display(self, kind, content):
        (title, table), self.shown = self.shown or (None, None), None
        data = dict(content["data"])
        if kind == "execute_result":
            self.result = data.get("text/plain", "")
        if len(data) > 1 or kind == "execute_result":
            data.pop("text/plain", None)
        if not data:
            return
        if self._clear_at_next:
            self._clear()
        display_id = (content.get("transient") or {}).get("display_id")
        output = (display_id, data, title, table)
        if kind == "update_display_data":
            self.outputs = [output if display_id and old[0] == display_id else old for old in self.outputs]
        elif len(self.outputs) < MOST_OUTPUTS:
            self.outputs.append(output)
        else:
            self.more_outputs += 1


def send(stream, msg_or_type, content=None, parent=None, *arguments, **keywords):
    """In place of the session's own: the messages of a run that is recorded go no further."""
    try:
        if _recorders and _getpid() == _PID:
            if isinstance(msg_or_type, dict):
                kind = msg_or_type["header"]["msg_type"]
                said, asked = msg_or_type["content"], msg_or_type["parent_header"]
            else:
                kind, said, asked = msg_or_type, content, (parent or {}).get("header") or parent or {}
            recorder = _recorders.get(asked.get("msg_id"))
            if recorder is not None and kind in _RECORDED:
                recorder.take(kind, said, (stream, msg_or_type, content, parent, arguments, keywords))
                return msg_or_type
    except Exception:
        pass
    return _send(stream, msg_or_type, content, parent, *arguments, **keywords)


_RECORDED = {"stream", "display_data", "update_display_data", "execute_result", "error", "clear_output"}


def format_object(shown, *arguments, **keywords):
    """In place of the display formatter's own, which alone sees the object: notes its title and its table."""
    for recorder in list(_recorders.values()):
        try:
            recorder.shown = (_title(shown), _table(shown))
        except BaseException:
            recorder.shown = None
    return _format(shown, *arguments, **keywords)


def _title(shown):
    """Of a figure of matplotlib, Plotly or Altair; None when it has none."""
    kind = type(shown).__module__
    if kind.startswith("matplotlib"):
        above = getattr(shown, "_suptitle", None)
        texts = [above.get_text()] if above is not None else []
        places = ("center", "left", "right")
        texts += [axes.get_title(loc=place) for axes in getattr(shown, "axes", ()) for place in places]
        return next((text for text in texts if text), None)
    if kind.startswith("plotly"):
        return shown.layout.title.text
    if kind.startswith("altair") and type(shown.title) is str:
        return shown.title
    return None


def _table(shown):
    """A data frame's columns with their types, and its first rows, as JSON; None for everything else."""
    kind = type(shown).__module__.split(".")[0]
    if type(shown).__name__ != "DataFrame" or kind not in ("pandas", "polars"):
        return None
    first = shown.head(MOST_ROWS)
    if kind == "pandas":
        if type(first.index).__name__ != "RangeIndex" or first.index.name is not None:
            first = first.reset_index()
        names = [_column_name(name) for name in first.columns]
        kinds = [str(first.iloc[:, number].dtype) for number in range(len(names))]
        columns = [first.iloc[:, number].tolist() for number in range(len(names))]
        rows = list(zip(*columns)) if columns else []
    else:
        names, kinds, rows = list(first.columns), [str(kind) for kind in first.dtypes], first.rows()
    budget = [MOST_NODES * 10]
    return {
        "columns": [{"name": name, "type": kind} for name, kind in zip(names, kinds)],
        "rows": [[_cell(value, budget) for value in row] for row in rows],
        "rowCount": len(shown),
        "isTruncated": len(shown) > MOST_ROWS,
    }


def _column_name(name):
    return " ".join(str(part) for part in name if str(part)) if type(name) is tuple else str(name)


def _cell(value, budget):
    try:
        return to_json(value, 4, budget)
    except (TypeError, ValueError):
        return str(value)


class TooMuch(Exception):
    """A value of more parts than are told."""


def to_json(value, depth=20, budget=None):
    """The value as JSON has it: nan and infinities are null, times ISO 8601. Raises TypeError, TooMuch.

    Looks at types exactly: a class of the user's may do anything when its methods are called.
    """
    budget = budget if budget is not None else [MOST_NODES]
    budget[0] -= 1
    if budget[0] < 0 or depth < 0:
        raise TooMuch
    kind = type(value)
    if value is None or kind is bool:
        return value
    if kind is int:
        if value.bit_length() > MOST_INTEGER_BITS:
            raise TypeError
        return value
    if kind is str:
        budget[0] -= len(value) // 20
        if budget[0] < 0:
            raise TooMuch
        return value
    if kind is float:
        return value if math.isfinite(value) else None
    if kind is list or kind is tuple:
        return [to_json(item, depth - 1, budget) for item in value]
    if kind is dict:
        return {_key(name): to_json(item, depth - 1, budget) for name, item in value.items()}
    return _library_value(value, kind, depth, budget)


def _library_value(value, kind, depth, budget):
    module, name = kind.__module__.split(".")[0], kind.__name__
    if module == "numpy" and hasattr(kind, "tolist"):
        if getattr(value, "size", 1) > MOST_NODES:
            raise TooMuch
        if getattr(value, "dtype", None) is not None and value.dtype.kind in "mM":
            return _times(value.astype(str).tolist())
        inner = value.tolist()
        if type(inner) is kind:
            raise TypeError
        return to_json(inner, depth, budget)
    if module == "pandas" and name in ("NaTType", "NAType"):
        return None
    if (module == "datetime" and name in ("datetime", "date", "time")) or (module == "pandas" and name == "Timestamp"):
        return value.isoformat()
    if (module == "decimal" and name == "Decimal") or (module == "uuid" and name == "UUID"):
        return str(value)
    raise TypeError


def _times(texts):
    """Of numpy's times, which are texts here."""
    if type(texts) is list:
        return [_times(text) for text in texts]
    return None if texts == "NaT" else texts


def _key(name):
    """JSON's names are text; numbers and times become it, as groups and counters have them."""
    if type(name) is str:
        return name
    text = to_json(name, 0)
    if isinstance(text, (list, dict)):
        raise TypeError
    return text if type(text) is str else _encode(text)


def _is_of_a_figure(value):
    """What a call of matplotlib returns, which nobody asked for: lines, axes, bars, or some of them."""
    items = value if type(value) in (list, tuple) and value else [value]
    if type(value).__module__ == "numpy" and getattr(value, "dtype", None) is not None and value.dtype.kind == "O":
        items = list(value.flat[:1])
    return any(type(item).__module__.startswith("matplotlib") for item in items[:5])


def _files(folders=None):
    """All files of the session but the connector's own, as (path below the data folder, entry).

    Notes the times of the folders: as long as they stay, there is no file more or less.
    """
    todo, scanned = [""], 0
    while todo and scanned < MOST_SCANNED:
        above = todo.pop()
        try:
            if folders is not None:
                folders[above] = _stat(DATA + "/" + above).st_mtime_ns
            with _scandir(DATA + "/" + above) as entries:
                for entry in entries:
                    scanned += 1
                    if not entry.is_dir(follow_symlinks=False):
                        yield above + entry.name, entry
                    elif above or entry.name not in (RECORDS, TRANSFERS):
                        todo.append(above + entry.name + "/")
        except OSError:
            pass


def _paths_before():
    """Of all files when a run begins: those at the end of the run before, unless a folder has changed since."""
    try:
        if all(_stat(DATA + "/" + folder).st_mtime_ns == time for folder, time in _state["folders"].items()):
            return _state["paths"]
    except OSError:
        pass
    return {path for path, _ in _files()}


def _changed_files(before, since):
    """Files that are not in `before`, or were changed after `since` (nanoseconds), with size and time."""
    found, paths, folders = [], [], {}
    for path, entry in _files(folders):
        paths.append(path)
        is_new = path not in before
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError:
            continue
        if (is_new or status.st_ctime_ns >= since) and entry.is_file(follow_symlinks=False):
            change = "Created" if is_new else "Changed"
            found.append({"path": path, "size": status.st_size, "modified": status.st_mtime, "change": change})
    _state["paths"], _state["folders"] = set(paths), folders
    return sorted(found, key=lambda file: file["path"])


def _file_clock():
    """Now, by the clock that dates files."""
    try:
        return _clock_gettime_ns(_COARSE_CLOCK)
    except Exception:
        return time.time_ns() - 10_000_000


def _error(failure, is_new):
    """Name, message, line, the frames in the user's own code, and what may help."""
    told = {"name": str(type(failure).__name__), "message": "", "line": None, "traceback": "", "hint": None}
    try:
        told["message"] = str(failure)[:10_000]
    except BaseException:
        told["message"] = "(its message cannot be shown)"
    this_cell = "Cell In[%d]" % (_shell.execution_count - 1)
    try:
        lines, line = _frames(failure, this_cell, set())
        told["traceback"], told["line"] = "\n".join(lines)[-20_000:], line
    except BaseException:
        pass
    try:
        told["hint"] = _hint(failure, is_new)
    except BaseException:
        pass
    return told


def _frames(failure, this_cell, seen):
    """The traceback's lines without those of libraries, and the deepest line in this cell."""
    seen.add(id(failure))
    lines, line = [], None
    cause = failure.__cause__ or (None if failure.__suppress_context__ else failure.__context__)
    if cause is not None and id(cause) not in seen and len(seen) < 10:
        lines, _ = _frames(cause, this_cell, seen)
        lines += ["", "That led to:" if failure.__cause__ is None else "That was the cause of:", ""]
    lines.append("Traceback (most recent call last):")
    step = failure.__traceback__
    while step is not None:
        place = _place(step.tb_frame.f_code.co_filename)
        if place is not None:
            if place == this_cell:
                line = step.tb_lineno
            function = step.tb_frame.f_code.co_name
            lines.append(
                "  %s, line %d%s" % (place, step.tb_lineno, "" if function == "<module>" else ", in " + function)
            )
            source = linecache.getline(step.tb_frame.f_code.co_filename, step.tb_lineno).strip()
            if source:
                lines.append("    " + source)
        step = step.tb_next
    if isinstance(failure, SyntaxError) and _place(failure.filename or "") is not None:
        place = _place(failure.filename)
        lines.append("  %s, line %s" % (place, failure.lineno))
        if failure.text:
            lines.append("    " + failure.text.strip())
        if place == this_cell:
            line = failure.lineno
    try:
        message = str(failure)
    except BaseException:
        message = ""
    lines.append(type(failure).__name__ + (": " + message if message else ""))
    return lines, line


def _place(filename):
    """How the user knows a file of code; None for a library's, and for this one."""
    number = getattr(_shell.compile, "_filename_map", {}).get(filename)
    if number is not None:
        return "Cell In[%d]" % number
    if filename.startswith(DATA + "/"):
        return "File " + filename
    return None


def _hint(failure, is_new):
    chain, one = [], failure
    while one is not None and len(chain) < 10:
        chain.append(one)
        one = one.__cause__ or one.__context__
    if isinstance(failure, ModuleNotFoundError):
        return _package_hint(failure)
    if isinstance(failure, NameError) and is_new:
        return (
            "This session has no variables of earlier runs: it is new, or its interpreter was started again. Run the "
            "code that makes them first."
        )
    if isinstance(failure, FileNotFoundError) and failure.filename is not None:
        return _file_hint(str(failure.filename))
    if type(failure).__name__ == "StdinNotImplementedError":
        return "Nobody can answer input() here: put the value into the code."
    if any(_is_of_the_network(one) for one in chain):
        return (
            "The code could not reach the network. Sessions have none unless the pool is made with egress enabled: "
            "get the data before, and hand it over with UploadFile."
        )
    return None


def _is_of_the_network(failure):
    if isinstance(failure, socket.gaierror):
        return True
    number = getattr(failure, "errno", None)
    return isinstance(failure, OSError) and number in (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN)


def _package_hint(failure):
    import difflib
    import pkgutil

    wanted = (failure.name or "").split(".")[0]
    installed = {module.name for module in pkgutil.iter_modules()} | set(sys.builtin_module_names)
    if not wanted or wanted in installed:
        return None
    similar = difflib.get_close_matches(wanted, installed, 3, 0.75)
    said = "There is %s. " % " or ".join(similar) if similar else ""
    return "The package %s is not in this session. %sCheckConnection lists what is installed." % (wanted, said)


def _file_hint(wanted):
    name = _basename(wanted)
    paths = sorted("%s/%s" % (DATA, path) for path, _ in _files())
    same = [path for path in paths if path != wanted and _basename(path).lower() == name.lower()]
    if same:
        return "A file of that name is in the session: %s" % " or ".join(same[:3])
    if not paths:
        return "The session has no files: hand them over with UploadFile, with the same session ID."
    more = " and %d more" % (len(paths) - 10) if len(paths) > 10 else ""
    return "The session has these files: %s%s" % (", ".join(paths[:10]), more)


_ENDINGS = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/svg+xml": "svg",
    "application/pdf": "pdf",
    "application/json": "json",
    "application/javascript": "js",
    "text/html": "html",
    "text/markdown": "md",
    "text/latex": "tex",
    "text/plain": "txt",
}
_IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf")


def _outputs(recorder, folder):
    """What was displayed, each also as a file of the folder; how many there were more, and the bytes written."""
    told, room, written = [], MOST_OUTPUT_CHARACTERS, 0
    for _, bundle, title, table in recorder.outputs:
        contents = list(bundle.items())
        if table is not None:
            contents.append(("application/json", table))
        for content_type, content in contents:
            content_type, content, data = _content(content_type, content)
            ending = _ENDINGS.get(content_type, "json" if content_type.endswith("json") else "txt")
            output = {
                "contentType": content_type,
                "title": title and str(title)[:MOST_OF_A_TITLE],
                "fileName": "output-%d.%s" % (len(told) + 1, ending),
            }
            try:
                _store(_join(folder, output["fileName"]), data)
                written += len(data)
            except OSError:
                output["fileName"] = None  # the folder is full
            if len(content) <= room:
                room -= len(content)
                output["content"] = content
            told.append(output)
    return told, written


def _content(content_type, content):
    """Type, text and bytes of something displayed, which is what the code says it is, or text."""
    if type(content) is not str:
        try:
            content = _encode_strictly(content)
        except Exception:  # nan, or what is not JSON at all
            content = _encode(_strict(content))
    elif content_type in _IMAGES:
        try:
            content = content.replace("\n", "")
            data = _from_base64(content)
            return content_type, _to_base64(data, newline=False).decode(), data
        except ValueError:
            pass
    if content_type in _IMAGES:
        content_type = "text/plain"
    return content_type, content, content.encode("utf-8", "replace")


def _strict(content):
    try:
        return to_json(content)
    except Exception:
        return repr(content)


def _store(path, data):
    file = _open(path, _WHOLE_FILE, 0o666)
    try:
        _write_all(file, data)
    finally:
        _close(file)


def _write_all(file, data):
    view = memoryview(data)
    while view:
        view = view[_write(file, view) :]


class Record:
    """A run's record: made before the run, so that a second run under its id cannot begin, and completed behind it."""

    def __init__(self, asked):
        self.folder = _join(DATA, RECORDS, asked["executionId"])
        self._path = _join(self.folder, RECORD)
        self._file = -1
        self.is_ours = True
        claim = {"code": asked["hash"], "started": _time()}
        if "detached" in asked:
            claim["timeoutInSeconds"] = asked["detached"]["timeoutInSeconds"]
        try:
            _makedirs(self.folder, exist_ok=True)
        except Exception:
            return  # there is no room, or something else of this name: the run is worth more than its record
        try:
            self._file = _open(self._path, _NEW_FILE, 0o666)
            _write(self._file, (_encode(claim) + "\n").encode())
        except FileExistsError:
            self.is_ours = False
        except Exception:  # there is no room for it: it must not be taken for one
            if self._file >= 0:
                _close(self._file)
                self._file = -1
                with contextlib.suppress(OSError):
                    os.unlink(self._path)

    @property
    def is_kept(self):
        return self._file >= 0

    @property
    def is_canceled(self):
        """Somebody called the run off before it began."""
        return _exists(_join(self.folder, CANCEL))

    def leave(self):
        """To another process, which will complete it."""
        _close(self._file)
        self._file = -1

    def write(self, text):
        """Its end, as a whole or not at all: False when there is no room for it."""
        if self._file < 0:
            return False
        begun = os.fstat(self._file).st_size
        try:
            _write_all(self._file, (text + "\n").encode())
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, begun)
                os.lseek(self._file, begun, os.SEEK_SET)
            return False
        return True

    def complete(self, text, written):
        """`text` None leaves it without an end."""
        if self._file < 0:
            return
        if text:
            self.write(text)
        _close(self._file)
        self._file = -1
        _kept.append((self.folder, written + len(text or "")))
        _forget()


def _forget():
    """Removes the oldest runs beyond what is kept."""
    while len(_kept) > 1 and (len(_kept) > KEPT_RUNS or sum(size for _, size in _kept) > KEPT_BYTES):
        _rmtree(_kept.popleft()[0], ignore_errors=True)


def _adopt_records():
    """Behind a start of the kernel: what earlier ones left. Runs without an end have ended with their kernel."""
    found = []
    try:
        names = _listdir(_join(DATA, RECORDS))
    except OSError:
        return
    for name in names:
        folder = _join(DATA, RECORDS, name)
        try:
            record = _join(folder, RECORD)
            with _read_file(record, "rb") as file:
                lines = file.read().splitlines()
            if len(lines) == 1 and "timeoutInSeconds" in _decode(lines[0].decode()):
                continue  # it goes on without its interpreter, and its folder stays
            if len(lines) == 1:
                with _read_file(record, "ab") as file:
                    file.write(b'{"lost": true}\n')
            if _earlier is None:
                with contextlib.suppress(OSError):
                    os.unlink(_join(folder, VARIABLES))  # they belonged to an interpreter that has ended
            size = sum(_stat(_join(folder, file)).st_size for file in _listdir(folder))
            found.append((_stat(record).st_mtime, folder, size))
        except (OSError, ValueError, TypeError):
            continue
    _kept.extend((folder, size) for _, folder, size in sorted(found))


async def do_execute(code, silent, store_history=True, user_expressions=None, allow_stdin=False, **keywords):
    """In place of the kernel's own: cells of the connector are recorded, others go through."""
    asked = _asked(code)
    if _detached:
        _take_over()
        _tell_detached(code if asked is None else asked.get("code", ""))
    if asked is None:
        return await _awaited(_do_execute(code, silent, store_history, user_expressions, allow_stdin, **keywords))
    reply = {"status": "ok", "execution_count": _shell.execution_count - 1, "user_expressions": {}, "payload": []}
    if "task" in asked:
        _perform(asked)
        return reply
    if "detached" in asked:
        _tell(_parent(), asked, _encode(_detach(asked)))
        return reply
    recorder, run, record = Recorder(), None, None
    before, since, started = set(), 0, _now()
    is_new, _state["is_new"] = _state["is_new"], False
    try:
        parent = _parent()
        run = parent["header"]["msg_id"]
        record = Record(asked)
        if not record.is_ours:
            _tell(parent, asked, _encode(_IN_RECORD))
            return reply
        before, since, started = _paths_before(), _file_clock(), _now()
        _shell.last_execution_result = None
        _take_hold()
        _recorders[run] = recorder
    except Exception:
        pass  # the run goes on, and is answered bare
    reply = _INTERRUPTED
    try:
        reply = await _awaited(
            _do_execute(asked["code"], silent, store_history, user_expressions, allow_stdin, **keywords)
        )
    finally:
        if _getpid() == _PID and _recorders.get(run) is recorder:  # not in a process that the code has forked
            try:
                milliseconds = round((_now() - started) * 1000)
                _flush()
                _recorders.pop(run, None)
                files = _changed_files(before, since)
                report, written = _report(recorder, reply, is_new, milliseconds, files, record.folder)
                text = _encode(report)
                record.complete(text, written)
                _tell(parent, asked, text)
            except BaseException:  # something of this is broken: what the run said goes out as it would have anyway
                _recorders.pop(run, None)
                _kernel.do_execute = _do_execute  # the next run plants it anew
                record.complete(None, 0)
                for stream, message, content, asker, arguments, others in recorder.messages:
                    _send(stream, message, content, asker, *arguments, **others)
    return reply


def _detach(asked):
    """Starts a run that goes on by itself. Returns that its record tells of it, or the report of one that has not."""
    record = Record(asked)
    if not record.is_ours:
        return _IN_RECORD
    report = _empty_report(_state["is_new"])
    if record.is_canceled:
        report["endedBy"] = "canceled"
    else:
        why = _why_not_started(asked, record)
        if why is None:
            return _IN_RECORD
        report["error"] = {
            "name": "NotDetachable",
            "message": "The run was not started: %s." % why,
            "traceback": "",
            "hint": "Let the call wait as long as the run may take, up to 220 seconds, or use a new session: code that "
            "imports and uses a library in the run itself can go on by itself.",
        }
    record.complete(_encode(report), 0)
    return report


def _why_not_started(asked, record):
    if not record.is_kept:
        return "there is no room for its record, without which nobody could find its result"
    try:
        why = _detached_source(asked)["start"](asked, record, _parent(), _state["is_new"])
    except Exception as failure:
        return "%s: %s" % (type(failure).__name__, failure)
    if why is not None:
        return "the session's interpreter cannot be copied, because %s" % why
    _state["is_new"] = False
    del _state["lost"][:]  # its report has them
    record.leave()
    with contextlib.suppress(Exception):
        _count(asked["code"])
    return None


def _detached_source(asked):
    """The names of variables.py and detached.py, which come with runs that need them."""
    source, names = _state["detached"]
    if source != asked["detached"]["source"]:
        source, names = asked["detached"]["source"], {"__name__": "code_interpreter_detached", "harness": _facilities()}
        exec(_decompress(_from_base64(source)), names)
        _state["detached"] = source, names
    return names


def _facilities():
    return types.SimpleNamespace(
        shell=_shell,
        detached=_detached,
        Text=Text,
        Recorder=Recorder,
        INTERRUPTED=_INTERRUPTED,
        MOST_FILES=MOST_FILES,
        CANCEL=CANCEL,
        GOES_ON=GOES_ON,
        VARIABLES=VARIABLES,
        flush=_flush,
        paths_before=_paths_before,
        file_clock=_file_clock,
        changed_files=_changed_files,
        report=_report,
        empty_report=_empty_report,
        store=_store,
        encode=_encode,
        decode=_decode,
        recording=_recording,
        execute=lambda code: _awaited(_do_execute(code, False, True, None, False)),
        become_own_process=_become_own_process,
    )


@contextlib.contextmanager
def _recording(parent, recorder):
    run = parent["header"]["msg_id"]
    _take_hold()
    _recorders[run] = recorder
    try:
        yield
    finally:
        _recorders.pop(run, None)


def _become_own_process():
    """In a copy of this interpreter: it records what its own run says."""
    global _PID, _lock
    _PID, _lock = _getpid(), threading.Lock()
    _recorders.clear()


def _count(code):
    """As an interpreter does for a run of its own; the copy has the same number."""
    _shell.history_manager.store_inputs(_shell.execution_count, code, code)
    _shell.execution_count += 1


def _take_over():
    """The variables of runs that have ended meanwhile. A watcher may stay, for programs that its run has left."""
    for started in list(_detached):
        pid, folder, before = started
        try:
            try:
                is_over = os.waitpid(pid, os.WNOHANG)[0] != 0
            except ChildProcessError:
                is_over = True
            has_ended = not _exists(_join(folder, GOES_ON))
            if _exists(_join(folder, VARIABLES)):
                _state["lost"] += _state["detached"][1]["take_over"](folder, before)
            if has_ended:
                before.clear()  # a program that it has left keeps the watcher, and this would keep objects
            if is_over:
                _detached.remove(started)
                _kept.append((folder, sum(_stat(_join(folder, name)).st_size for name in _listdir(folder))))
        except Exception:
            pass  # its folder is gone, or code has broken what is needed


def _tell_detached(code):
    """What a run that goes on has copies of may be changed by one beside it."""
    try:
        _state["detached"][1]["other_run"](code)
    except Exception:
        pass  # an earlier version of it


def _perform(asked):
    """A task of the connector's own, in a namespace of its own."""
    try:
        names = {"__name__": "code_interpreter_task"}
        exec(_decompress(_from_base64(asked["task"])), names)
        told = {"told": names["perform"](asked["arguments"])}
    except Exception as failure:
        told = {"failed": "%s: %s" % (type(failure).__name__, failure)}
    _tell(_parent(), asked, _encode(told))


def _parent():
    """The message that asked for the cell."""
    return _kernel.get_parent("shell") if hasattr(_kernel, "get_parent") else _kernel._parent_header


def _take_hold():
    """For each run again: the code of one before may have put back what was there."""
    _session.send, _shell.display_formatter.format = send, format_object


_IN_RECORD = {"isInRecord": True}
_INTERRUPTED = {"status": "error", "ename": "KeyboardInterrupt", "evalue": "", "traceback": []}


def _flush():
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass


async def _awaited(reply):
    return await reply if inspect.isawaitable(reply) else reply


def _report(recorder, reply, is_new, milliseconds, files, folder):
    """All that is told of a run, and the bytes that its outputs took as files."""
    ended = _shell.last_execution_result
    failure = ended and (ended.error_before_exec or ended.error_in_exec)
    outputs, written = _outputs(recorder, folder)
    report = {
        **_empty_report(is_new),
        "status": reply.get("status", "error"),
        "milliseconds": milliseconds,
        "outputs": outputs,
        "files": files[:MOST_FILES],
    }
    if _state["lost"]:
        report["notTakenOver"] = list(dict.fromkeys(_state["lost"]))
        del _state["lost"][:]
    for name, text in recorder.streams.items():
        _put_text(report, name, text)
    if recorder.more_outputs:
        report["missing"]["outputs"] = recorder.more_outputs
    if len(files) > MOST_FILES:
        report["missing"]["files"] = len(files) - MOST_FILES
    if reply.get("status") != "ok":
        said = recorder.error or reply
        lines = [str(line)[:MOST_OF_AN_ERROR] for line in said.get("traceback") or ()]
        report["shown"] = [str(said.get("evalue", ""))[:MOST_OF_AN_ERROR], lines]
        if failure:
            report["error"] = _error(failure, is_new)
        else:  # it failed before it was run, as text that is no Unicode does
            told = {"name": str(said.get("ename", "Error")), "message": report["shown"][0], "traceback": ""}
            report["error"] = told
    elif recorder.result is not None and ended is not None:
        _put_value(report, recorder.result, ended.result)
    return report, written


def _empty_report(is_new=False):
    return {
        "status": "error",
        "executionCount": _shell.execution_count - 1,
        "isNewSession": is_new,
        "milliseconds": 0,
        "result": "",
        "stdout": "",
        "stderr": "",
        "outputs": [],
        "files": [],
        "missing": {},
    }


def _put_text(report, name, text):
    report[name], missing = text.read()
    if missing:
        report["missing"][name] = missing


def _put_value(report, shown, value):
    if _is_of_a_figure(value):
        return
    text = Text()
    text.write(value if type(value) is str else shown)  # a string without the quotes that IPython shows
    _put_text(report, "result", text)
    try:
        report["value"] = to_json(value)
    except TooMuch:
        report["missing"]["value"] = 1
    except BaseException:
        pass  # it is not JSON


def _tell(parent, asked, text):
    """One line on stdout; where it would be cut, only that the record is to be read."""
    if len(text) > asked["longest"]:
        text = _encode(_IN_RECORD)
    line = "\x1e" + asked["nonce"] + text + "\n"
    _send(_kernel.iopub_socket, "stream", {"name": "stdout", "text": line}, parent, ident=b"stream.stdout")


def _asked(code):
    """What a cell of the connector asks for: it has this harness's mark in its first line, and JSON in its second."""
    if not isinstance(code, str) or not code.startswith(MARK):  # noqa: F821
        return None
    try:
        return _decode(_from_base64(code.rsplit('"', 4)[1]).decode())
    except Exception:
        return None


_state = {"is_new": False, "paths": set(), "folders": {"": -1}, "detached": (None, None), "lost": []}
_detached = []  # (pid of the watcher, folder, how the variables were)
if _earlier and "detached" in _earlier:  # runs that go on belong to the interpreter, whichever version started them
    _detached, _state["detached"], _state["lost"] = _earlier["detached"], _earlier["source"](), _earlier["lost"]


async def first_run(payload):
    """In the first cell of the connector that a kernel gets, an ordinary one: plants, and runs the user's code once.

    The traces of this cell itself are taken back, so that the user's code finds the kernel as if it had been first.
    """
    _state["is_new"] = _earlier is None and _shell.execution_count <= 2 and not _has_history()
    _kernel.do_execute = do_execute
    _kernel._connector_harness = {
        "do_execute": _do_execute,
        "send": _send,
        "format": _format,
        "detached": _detached,
        "source": lambda: _state["detached"],
        "lost": _state["lost"],
    }
    _adopt_records()
    history = _shell.history_manager
    number = _shell.displayhook.exec_result.execution_count
    counts_before = _shell.execution_count > number  # IPython 9 counts before a run, 8 behind it
    _shell.execution_count = number
    if history is not None:
        for inputs in (history.input_hist_parsed, history.input_hist_raw):
            if inputs:
                inputs.pop()
        with history.db_input_cache_lock:
            if history.db_input_cache:
                history.db_input_cache.pop()
            else:  # it is written already, and a number is written once
                history.db_input_cache = _AllBut(number)
        history._i00, history._i, history._ii = history._i, history._ii, history._iii
        _shell.user_ns.pop("_i%d" % number, None)
        _shell.user_ns.update({"_i": history._i, "_ii": history._ii, "_iii": history._iii})
    with _interrupts_as_in_a_cell():
        reply = await do_execute(MARK + '"' + payload + '",""', False)  # noqa: F821
    for asked in reply.get("payload") or ():
        _shell.payload_manager.write_payload(asked)  # as exit() does; the kernel takes it from the cell around this
    if not counts_before:
        _shell.execution_count -= 1  # the cell around this is about to count itself


class _AllBut(list):
    """What waits to be written into IPython's history, without the line of one number."""

    def __init__(self, number):
        list.__init__(self)
        self._number = number

    def append(self, line):
        if line[0] != self._number:
            list.append(self, line)


@contextlib.contextmanager
def _interrupts_as_in_a_cell():
    """The kernel lets an interrupt cancel a cell that awaits, as the one around this does: that stops no loop."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)


def _has_history():
    """Something ran in this kernel before, sent by somebody else."""
    history = _shell.history_manager
    return history is not None and len(history.input_hist_raw) > 2
