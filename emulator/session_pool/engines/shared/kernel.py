"""The kernel of one session: ipykernel's own, without its sockets.

Azure's sessions are ipykernel kernels, and code there may use `get_ipython().kernel`, its `do_execute` and its
`session.send`. So this is that kernel, with the one difference that messages leave through a `Channel` instead of
ZeroMQ. Runs in the session's process; independent of requests, pools and HTTP.
"""

import logging
import os
import sys
import time
from collections.abc import Iterator
from typing import Any

from . import messages
from .channel import Channel

# The debugger would cost every session 10 MB for something no caller can use; ipykernel works without it.
sys.modules["debugpy"] = None  # type: ignore[assignment]
import ipykernel.debugger  # noqa: E402, F401
from ipykernel.eventloops import enable_gui  # noqa: E402
from ipykernel.iostream import IOPubThread, OutStream  # noqa: E402
from ipykernel.ipkernel import IPythonKernel  # noqa: E402
from ipykernel.zmqshell import ZMQInteractiveShell  # noqa: E402
from IPython.core.error import UsageError  # noqa: E402
from jupyter_client.jsonutil import json_clean, json_default  # noqa: E402
from jupyter_client.session import Session  # noqa: E402
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
    "status",
}


class MessageSession(Session):  # type: ignore[misc]
    """jupyter_client's Session, which sends the messages of the kernel and its streams to the channel."""

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
                encoded = _encoded(kind, message["parent_header"].get("msg_id"), message["content"])
                with self.channel.together():
                    for frame in encoded:
                        self.channel.send(frame)
            elif kind == "stream":
                text = message["content"]["text"].encode("utf-8", "replace")
                os.write(2 if message["content"]["name"] == "stderr" else 1, text)
        return message


def _encoded(kind: str, parent: str | None, content: Any) -> Iterator[bytes]:
    """The message as jupyter_client packs it: bytes become base64, times ISO 8601, iterables lists; nan becomes text.

    Raises ValueError or TypeError for what it cannot pack either, into the code that displays it.
    """
    message = {"type": kind, "parent": parent, "content": content}
    try:
        return messages.encoded(message, json_default)
    except (TypeError, ValueError):
        return messages.encoded(json_clean(message), json_default)


class _Unthreaded(IOPubThread):  # type: ignore[misc]
    """Replaces the kernel's output thread: what would be scheduled there is done at once.

    A session's process is forked from one that holds this, and a thread does not survive a fork.
    """

    def __init__(self) -> None:
        self.thread = None
        self.io_loop = None

    def schedule(self, f: Any) -> None:
        f()


class _Stream(OutStream):  # type: ignore[misc]
    """The kernel's stdout or stderr. It sends what was written once that is long, ends a line, or is flushed.

    The first lines of a request leave at once, so that they arrive even if the process then ends without warning;
    later ones are sent together, as ipykernel's thread does with all.
    """

    _SEND_CHARACTERS = 1 << 15
    _PROMPT_SENDS = 200
    _descriptors = {"stdout": 1, "stderr": 2}

    def __init__(self, session: MessageSession, name: str) -> None:
        super().__init__(session, _Unthreaded(), name, watchfd=False)
        self._held = 0
        self._line_ends = False
        self._last_sent = 0.0
        self._sends = 0

    def set_parent(self, parent: Any) -> None:
        """A request begins."""
        super().set_parent(parent)
        self._sends = 0

    def fileno(self) -> int:
        """The process's own descriptor, which the server drains too."""
        return self._descriptors[self.name]

    def write(self, string: str) -> int | None:
        if isinstance(string, str):
            self._held += len(string)
            self._line_ends = string.endswith(("\n", "\r"))
        written: int | None = super().write(string)
        return written

    def _schedule_flush(self) -> None:
        is_due = self._sends < self._PROMPT_SENDS or time.monotonic() - self._last_sent > self.flush_interval
        if self._held >= self._SEND_CHARACTERS or (is_due and self._line_ends):
            self._flush()

    def _flush(self) -> None:
        self._held = 0
        self._sends += 1
        self._last_sent = time.monotonic()
        super()._flush()


class SessionKernel(IPythonKernel):  # type: ignore[misc]
    """ipykernel's kernel: one per process, created before the fork and attached to a channel after it."""

    shell_class = ZMQInteractiveShell
    _execute_sleep = 0.0  # ipykernel sleeps before each reply, for ZeroMQ

    def _abort_queues(self) -> None:
        """There is no queue: the server sends one request at a time."""


def make_kernel() -> SessionKernel:
    """A kernel with the displays of pandas and matplotlib as in a notebook. Starts no thread and no event loop."""
    config = Config()
    config.HistoryManager.enabled = False  # its database would need a thread and a file
    config.InteractiveShell.colors = "nocolor"
    session = MessageSession(config=config, key=b"", username="session")
    # Before the kernel, which hooks into them to credit a thread's output to the request that started the thread.
    sys.stdout, sys.stderr = _Stream(session, "stdout"), _Stream(session, "stderr")
    kernel: SessionKernel = SessionKernel.instance(config=config, session=session, log=logging.getLogger("ipykernel"))
    _give_shell_its_kernel(kernel)
    return kernel


def _give_shell_its_kernel(kernel: SessionKernel) -> None:
    """For `%matplotlib` and `%gui`: the shell's own method looks for a kernel application, which does not exist here.

    The class stays ipykernel's: programs recognize a notebook by its name.
    """
    shell = kernel.shell

    def enable(gui: str | None = None) -> None:
        try:
            enable_gui(gui, kernel)
        except ValueError as wrong:
            raise UsageError(str(wrong)) from wrong
        shell.active_eventloop = gui

    shell.enable_gui = enable
