"""Runs the code of one session: ipykernel's own kernel, without its sockets.

Azure's sessions are ipykernel kernels, and code there may reach `get_ipython().kernel`, its `do_execute` and its
`session.send`. So this is that kernel, with the one difference that messages leave through a `Channel` instead of
ZeroMQ. Runs inside the session's process; knows nothing of pools, HTTP, or how its process was made.
"""

import asyncio
import contextlib
import logging
import os
import random
import signal
import socket
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from typing import Any

from . import frames

# The debugger would cost every session 10 MB for something no caller can reach; ipykernel leaves it out when absent.
sys.modules["debugpy"] = None  # type: ignore[assignment]
import ipykernel.debugger  # noqa: E402, F401
from ipykernel.eventloops import enable_gui  # noqa: E402
from ipykernel.iostream import IOPubThread, OutStream  # noqa: E402
from ipykernel.ipkernel import IPythonKernel  # noqa: E402
from ipykernel.zmqshell import ZMQInteractiveShell  # noqa: E402
from IPython.core.error import UsageError  # noqa: E402
from jupyter_client.session import Session  # noqa: E402
from tornado.ioloop import IOLoop  # noqa: E402
from traitlets.config import Config  # noqa: E402

del sys.modules["debugpy"]

_FORWARDED = {
    "stream",
    "display_data",
    "update_display_data",
    "execute_result",
    "error",
    "execute_reply",
    "clear_output",
}
# Those that programs give handlers to; Python turns a mask of all of them into enum members at every call.
_HANDLED_SIGNALS = {
    getattr(signal, name)
    for name in (
        "SIGINT", "SIGTERM", "SIGHUP", "SIGALRM", "SIGVTALRM", "SIGPROF", "SIGCHLD", "SIGUSR1", "SIGUSR2",
    )
    if hasattr(signal, name)
}  # fmt: skip
_DONT_WAIT = getattr(socket, "MSG_DONTWAIT", 0)  # Windows has no such flag; what the loop calls readable is


@contextlib.contextmanager
def _signals_masked() -> Iterator[None]:
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, _HANDLED_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


@contextlib.contextmanager
def _interrupts_postponed() -> Iterator[None]:
    """For systems that cannot mask signals. Python runs handlers in the main thread alone."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    handler = signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if came:
            signal.raise_signal(signal.SIGINT)


_uninterrupted = _signals_masked if hasattr(signal, "pthread_sigmask") else _interrupts_postponed


class Channel:
    """The socket to the server. Whole messages only, from any thread, also while signals arrive."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._pid = os.getpid()

    def send(self, message: frames.Message) -> None:
        frame = frames.encode(message)
        with self._lock, _uninterrupted():  # an interrupt in the middle of a frame would leave half of it on the wire
            self._connection.sendall(frame)

    def owned(self) -> bool:
        """False in a process that user code forked: it must not write here."""
        return os.getpid() == self._pid


class MessageSession(Session):  # type: ignore[misc]
    """jupyter_client's Session, whose messages go to the channel. The kernel and its streams send all they say here."""

    channel: Channel | None = None

    def send(  # type: ignore[no-untyped-def]
        self, stream, msg_or_type, content=None, parent=None, ident=None, buffers=None, track=False, header=None,
        metadata=None,
    ) -> Any:  # fmt: skip
        if isinstance(msg_or_type, dict):
            message = msg_or_type
        else:
            message = self.msg(msg_or_type, content=content, parent=parent, header=header, metadata=metadata)
        kind = message["header"]["msg_type"]
        if kind in _FORWARDED and self.channel is not None:
            if self.channel.owned():
                self.channel.send(
                    {"type": kind, "parent": message["parent_header"].get("msg_id"), "content": message["content"]}
                )
            elif kind == "stream":
                text = message["content"]["text"].encode("utf-8", "replace")
                os.write(2 if message["content"]["name"] == "stderr" else 1, text)
        return message


class _Unthreaded(IOPubThread):  # type: ignore[misc]
    """Stands where the kernel expects its output thread; what would be scheduled there happens at once.

    A session's process is forked from one that holds this, and a thread does not survive a fork.
    """

    def __init__(self) -> None:
        self.thread = None
        self.io_loop = None

    def schedule(self, f: Any) -> None:
        f()


class _Stream(OutStream):  # type: ignore[misc]
    """The kernel's stdout or stderr, which sends what was written when it is much, whole lines, or flushed."""

    _SEND_CHARACTERS = 1 << 15
    _descriptors = {"stdout": 1, "stderr": 2}

    def __init__(self, session: MessageSession, name: str) -> None:
        super().__init__(session, _Unthreaded(), name, watchfd=False)
        self._held = 0
        self._line_ends = False
        self._last_sent = 0.0

    def fileno(self) -> int:
        """The process's own descriptor, which the server drains too."""
        return self._descriptors[self.name]

    def write(self, string: str) -> int | None:
        if isinstance(string, str):
            self._held += len(string)
            self._line_ends = string.endswith("\n")
        written: int | None = super().write(string)
        return written

    def _schedule_flush(self) -> None:
        is_old = time.monotonic() - self._last_sent > self.flush_interval
        if self._held >= self._SEND_CHARACTERS or (is_old and self._line_ends):
            self._flush()

    def _flush(self) -> None:
        self._held = 0
        self._last_sent = time.monotonic()
        super()._flush()


class SessionKernel(IPythonKernel):  # type: ignore[misc]
    """ipykernel's kernel. One per process; made once, before the fork, and attached to a channel after it."""

    shell_class = ZMQInteractiveShell
    _execute_sleep = 0.0  # before each reply, for the sake of ZeroMQ

    def _abort_queues(self) -> None:
        """There is no queue: the server sends one request at a time."""


def make_kernel() -> SessionKernel:
    """The kernel, with pandas' and matplotlib's displays as in a notebook. Starts no thread and no event loop."""
    config = Config()
    config.HistoryManager.enabled = False  # its database would need a thread and a file
    config.InteractiveShell.colors = "nocolor"
    session = MessageSession(config=config, key=b"", username="session")
    # Before the kernel, which looks at them when it is made: it notes there which run started a thread that writes.
    sys.stdout, sys.stderr = _Stream(session, "stdout"), _Stream(session, "stderr")
    kernel: SessionKernel = SessionKernel.instance(config=config, session=session, log=logging.getLogger("ipykernel"))
    _give_shell_its_kernel(kernel)
    return kernel


def _give_shell_its_kernel(kernel: SessionKernel) -> None:
    """For `%matplotlib` and `%gui`: the shell's own way looks for the application that has a kernel, and this has none.

    The class stays ipykernel's, by whose name programs tell where they run.
    """
    shell = kernel.shell

    def enable(gui: str | None = None) -> None:
        try:
            enable_gui(gui, kernel)
        except ValueError as wrong:
            raise UsageError(str(wrong)) from wrong
        shell.active_eventloop = gui

    shell.enable_gui = enable


class Program:
    """What a Python session's interpreter is: one kernel, with pandas and matplotlib imported, forked for each."""

    def __init__(self) -> None:
        import matplotlib.pyplot
        import pandas  # noqa: F401

        self._kernel = make_kernel()
        # The inline backend hooks itself into the kernel when it is chosen, and the first figure would choose it.
        matplotlib.pyplot.switch_backend(os.environ["MPLBACKEND"])
        # The service's documentation and AutoGen list packages with it, and AutoGen reads stderr as part of the list.
        warnings.filterwarnings("ignore", "pkg_resources is deprecated")
        _rehearse(self._kernel)

    def serve(self, connection: socket.socket) -> None:
        """Call in the interpreter's process, once."""
        _reseed()
        serve(self._kernel, connection)


_REHEARSAL = (
    "1+1",
    "print('text')",
    "1/0",
    "await __import__('asyncio').sleep(0)",
    "__import__('pandas').DataFrame({'a': [1]})",
    "__import__('matplotlib.pyplot').pyplot.plot([1, 2])",
)


def _rehearse(kernel: SessionKernel) -> None:
    """Does once, before the forks, what a session's first runs do: they then find modules and caches made."""
    loop = asyncio.SelectorEventLoop()
    asyncio.set_event_loop(loop)
    kernel.io_loop = IOLoop.current()
    for code in _REHEARSAL:
        loop.run_until_complete(_execute(kernel, {"id": "rehearsal", "code": code}))
    loop.close()
    asyncio.set_event_loop(None)
    kernel.shell.reset(new_session=True)  # runs are counted from 1, and there are no variables
    history = kernel.shell.history_manager
    history._i00 = history._i = history._ii = history._iii = ""  # which a reset forgets
    for name in ("last_type", "last_value", "last_traceback", "last_exc"):
        vars(sys).pop(name, None)


def _reseed() -> None:
    """A fork copies the state of the random generators: without this all sessions would draw the same numbers."""
    import numpy

    random.seed()
    numpy.random.seed()


def serve(kernel: SessionKernel, connection: socket.socket) -> None:
    """Runs each request that comes from the server, until it hangs up. Call in the interpreter's process, once."""
    loop = asyncio.SelectorEventLoop()  # also on Windows, whose own can wait for no socket
    asyncio.set_event_loop(loop)
    kernel.io_loop = IOLoop.current()
    kernel.session.channel = Channel(connection)
    kernel.session.pid = os.getpid()
    for stream in (sys.stdout, sys.stderr):
        setattr(stream, "_master_pid", os.getpid())  # noqa: B010 - OutStream's own attribute, unknown to typing
    signal.signal(signal.SIGINT, signal.default_int_handler)
    requests: asyncio.Queue[frames.Message] = asyncio.Queue()
    reader = frames.Reader()

    def receive() -> None:
        # The socket itself stays blocking, for the messages that leave on it.
        received = connection.recv(1 << 16, _DONT_WAIT)
        if not received:
            loop.stop()
        for request in reader.feed(received):
            requests.put_nowait(request)

    loop.add_reader(connection, receive)
    _wake_on_signals(loop)
    running = loop.create_task(_run_each(kernel, requests))
    running.add_done_callback(lambda _: loop.stop())
    while True:
        try:
            loop.run_forever()
        except KeyboardInterrupt:
            continue  # it came when no code was running
        break  # the server hung up, or the code called exit(), which stops a Jupyter kernel too
    if running.done():
        running.result()


def _wake_on_signals(loop: asyncio.AbstractEventLoop) -> None:
    """An interrupt cancels code that awaits, but only when the sleeping loop hears of it."""
    heard, hear = socket.socketpair()
    for end in (heard, hear):
        end.setblocking(False)
    signal.set_wakeup_fd(hear.detach(), warn_on_full_buffer=False)
    loop.add_reader(heard, heard.recv, 4096)


async def _run_each(kernel: SessionKernel, requests: "asyncio.Queue[frames.Message]") -> None:
    while True:
        await _execute(kernel, await requests.get())


async def _execute(kernel: SessionKernel, request: frames.Message) -> None:
    is_warm_up = "code" not in request  # which is to run what a run runs, and to leave no trace
    content = {
        "code": request.get("code", "None"),
        "silent": is_warm_up,
        "store_history": not is_warm_up,
        "allow_stdin": False,
        "user_expressions": {"shown": "1 + 1"} if is_warm_up else {},  # a silent run would show nothing
    }
    parent = kernel.session.msg("execute_request", content)
    parent["header"]["msg_id"] = parent["msg_id"] = request["id"]
    kernel.set_parent([], parent, channel="shell")
    try:
        await asyncio.ensure_future(kernel.execute_request(None, [], parent))
    except (KeyboardInterrupt, asyncio.CancelledError):
        _reply_interrupted(kernel, parent)
    finally:
        if kernel.session.channel is not None and not kernel.session.channel.owned():
            os._exit(0)  # os.fork() in the code brought a second process here: requests are not for it


def _reply_interrupted(kernel: SessionKernel, parent: frames.Message) -> None:
    """The interrupt hit the kernel's own code, before or after the user's: the run ends all the same."""
    content = {"status": "error", "ename": "KeyboardInterrupt", "evalue": "", "traceback": []}
    kernel.session.send(None, "execute_reply", content, parent)
