"""The program in a session's interpreter process: a kernel, an event loop, and the requests that come from the server.

The loop belongs to the kernel's main thread, as in ipykernel: what user code schedules on it runs between requests, and
the next request waits for it. The interpreter announces each request that it begins, so that the server can tell one
that runs from one that waits. Independent of pools, HTTP, and how its process is created.
"""

import asyncio
import contextlib
import importlib.util
import os
import random
import signal
import socket
import sys
import warnings
from collections.abc import Sequence
from typing import Any

from tornado.ioloop import IOLoop

from . import frames, marks
from .channel import Channel
from .kernel import SessionKernel, make_kernel

_DONT_WAIT = getattr(socket, "MSG_DONTWAIT", 0)  # Windows lacks the flag; the loop calls only for a readable socket
_REHEARSAL = (
    "1+1",
    "print('text')",
    "1/0",
    "await __import__('asyncio').sleep(0)",
    "__import__('pandas').DataFrame({'a': [1]})",
    "__import__('matplotlib.pyplot').pyplot.plot([1, 2])",
)


_IMPORTED_IF_INSTALLED = ("seaborn",)
"""seaborn takes a second to import, most of it for SciPy, which scikit-learn and statsmodels need too.

Not scikit-learn: joblib would find that the process that sessions are forked from has no shared memory, and then run
nothing in parallel. Not statsmodels, nor polars, which it imports: they start threads, which a fork does not copy.
"""


class Program:
    """One kernel, with pandas and matplotlib imported, forked for each session."""

    def __init__(self) -> None:
        import matplotlib.pyplot
        import pandas  # noqa: F401

        for name in _IMPORTED_IF_INSTALLED:
            if importlib.util.find_spec(name) is not None:
                importlib.import_module(name)

        self._kernel = make_kernel()
        # Choosing the inline backend hooks it into the kernel; otherwise the first figure would do that.
        matplotlib.pyplot.switch_backend(os.environ["MPLBACKEND"])
        # The service's documentation and AutoGen list packages with it, and AutoGen reads stderr as part of the list.
        warnings.filterwarnings("ignore", "pkg_resources is deprecated")
        _rehearse(self._kernel)

    def serve(self, connection: socket.socket, streams: Sequence[int]) -> None:
        """Runs each request that comes from the server until it hangs up. Call once, in the interpreter's process.

        `streams` are descriptors of its standard output and standard error, for the marks.
        """
        _reseed()
        _serve(self._kernel, connection, streams)


def _rehearse(kernel: SessionKernel) -> None:
    """Runs once, before the forks, what a session's first requests do, so that modules and caches are in place."""
    loop = asyncio.SelectorEventLoop()
    asyncio.set_event_loop(loop)
    kernel.io_loop = IOLoop.current()
    for code in _REHEARSAL:
        loop.run_until_complete(_execute(kernel, {"id": "rehearsal", "code": code}))
    loop.close()
    asyncio.set_event_loop(None)
    kernel.shell.reset(new_session=True)  # executions are counted from 1, and there are no variables
    history = kernel.shell.history_manager
    history._i00 = history._i = history._ii = history._iii = ""  # a reset keeps them
    for name in ("last_type", "last_value", "last_traceback", "last_exc"):
        vars(sys).pop(name, None)


def _reseed() -> None:
    """A fork copies the state of the random generators: without this all sessions would draw the same numbers."""
    import numpy

    random.seed()
    numpy.random.seed()


def _serve(kernel: SessionKernel, connection: socket.socket, streams: Sequence[int]) -> None:
    loop = asyncio.SelectorEventLoop()  # also on Windows, whose default loop cannot wait for a socket
    asyncio.set_event_loop(loop)
    kernel.io_loop = IOLoop.current()
    kernel.session.channel = Channel(connection)
    kernel.session.pid = os.getpid()
    for stream in (sys.stdout, sys.stderr):
        setattr(stream, "_master_pid", os.getpid())  # noqa: B010 - OutStream's own attribute, unknown to typing
    # As in ipykernel, which makes interrupts take effect during requests only (pre_handler_hook).
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    requests: asyncio.Queue[frames.Message] = asyncio.Queue()
    reader = frames.Reader(of_requests=True)

    def receive() -> None:
        # The socket itself stays blocking, for the messages that leave on it.
        received = connection.recv(1 << 16, _DONT_WAIT)
        if not received:
            loop.stop()
        for request in reader.feed(received):
            requests.put_nowait(request)

    loop.add_reader(connection, receive)
    _wake_on_signals(loop)
    if hasattr(os, "register_at_fork"):
        # A process that a callback of the loop forks returns to the loop, and must not read requests there.
        os.register_at_fork(after_in_child=lambda: loop.call_soon(_leave_fork))
    running = loop.create_task(_run_each(kernel, requests, streams))
    running.add_done_callback(lambda _: loop.stop())
    while True:
        try:
            loop.run_forever()
        except KeyboardInterrupt:
            continue  # a callback of the user's code raised it
        except SystemExit:
            _leave_fork_if_it_is_one(kernel)
        break  # the server hung up, or the code called exit(), which also stops a Jupyter kernel
    if running.done():
        running.result()


def _wake_on_signals(loop: asyncio.AbstractEventLoop) -> None:
    """An interrupt cancels code that awaits, but only if it wakes the sleeping loop."""
    woken, wake = socket.socketpair()
    for end in (woken, wake):
        end.setblocking(False)
    signal.set_wakeup_fd(wake.detach(), warn_on_full_buffer=False)
    loop.add_reader(woken, woken.recv, 4096)


async def _run_each(kernel: SessionKernel, requests: "asyncio.Queue[frames.Message]", streams: Sequence[int]) -> None:
    while True:
        await _execute(kernel, await requests.get(), streams)


async def _execute(kernel: SessionKernel, request: frames.Message, streams: Sequence[int] = ()) -> None:
    is_warm_up = "code" not in request  # it runs what any request runs, and leaves no trace
    content = {
        "code": request.get("code", "None"),
        "silent": is_warm_up,
        "store_history": not is_warm_up,
        "allow_stdin": False,
        "user_expressions": {"shown": "1 + 1"} if is_warm_up else {},  # a silent request would display nothing
    }
    parent = kernel.session.msg("execute_request", content)
    parent["header"]["msg_id"] = parent["msg_id"] = request["id"]
    if frames.has_expired(request):
        kernel.session.send(None, "execute_reply", {"status": "aborted"}, parent)
        return
    try:
        await asyncio.ensure_future(_run_interruptibly(kernel, request, parent, streams))
    except (KeyboardInterrupt, asyncio.CancelledError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        _reply_interrupted(kernel, parent)
    finally:
        _leave_fork_if_it_is_one(kernel)


async def _run_interruptibly(
    kernel: SessionKernel, request: frames.Message, parent: frames.Message, streams: Sequence[int]
) -> None:
    try:
        kernel.pre_handler_hook()
        marks.write_mark(request, streams)
        kernel.set_parent([], parent, channel="shell")
        kernel.session.send(None, "status", {"execution_state": "busy"}, parent)
        await kernel.execute_request(None, [], parent)
    finally:
        kernel.post_handler_hook()


def _reply_interrupted(kernel: SessionKernel, parent: frames.Message) -> None:
    """The interrupt arrived in the kernel's own code, before or after the user's: the request ends nevertheless."""
    content = {"status": "error", "ename": "KeyboardInterrupt", "evalue": "", "traceback": []}
    kernel.session.send(None, "execute_reply", content, parent)


def _leave_fork_if_it_is_one(kernel: SessionKernel) -> None:
    if kernel.session.channel is not None and not kernel.session.channel.owned():
        _leave_fork()


def _leave_fork() -> Any:
    """os.fork() in the code created a second process, which must not handle requests."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    os._exit(0)
