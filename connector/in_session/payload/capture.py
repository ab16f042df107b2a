"""What is written to the descriptors 1 and 2 directly, such as by subprocesses."""

from __future__ import annotations

import codecs
import contextlib
import os
import select
import threading
from collections.abc import Callable
from typing import Any

from .host import os_close, os_write
from .recorder import Recorder
from .reports import flush_streams

_TICK_MILLISECONDS = 100
_DRAIN_SECONDS = 2.0
_read_descriptor, _pipe, _dup, _dup2 = os.read, os.pipe, os.dup, os.dup2


class OutputCapture:
    """A thread that records it. It also calls `tick` ten times a second, even while the code blocks."""

    def __init__(self, recorder: Recorder, tick: Callable[[], None]) -> None:
        self._recorder, self._tick = recorder, tick
        self._drained = threading.Event()
        self._wake_reader, self._wake_writer = _pipe()
        self._saved: dict[int, int] = {}  # copies of the descriptors 1 and 2, by their number
        self._pipes: dict[int, tuple[int, Any]] = {}  # descriptor and decoder, by the reading end
        for number in (1, 2):
            try:
                self._saved[number] = _dup(number)
            except OSError:
                continue  # the code has closed it
            reader, writer = _pipe()
            _dup2(writer, number)
            os_close(writer)
            self._pipes[reader] = (number, codecs.getincrementaldecoder("utf-8")("replace"))
        self._thread = threading.Thread(target=self._loop, name="code-interpreter", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Returns when everything that has been written so far is recorded."""
        for number, saved in self._saved.items():
            with contextlib.suppress(OSError):
                _dup2(saved, number)
        with contextlib.suppress(OSError):
            os_write(self._wake_writer, b"x")
        self._drained.wait(_DRAIN_SECONDS)

    def _loop(self) -> None:
        poll = select.poll()
        for reader in (*self._pipes, self._wake_reader):
            poll.register(reader, select.POLLIN)
        is_stopped = False
        while self._pipes or not is_stopped:
            events = poll.poll(None if is_stopped else _TICK_MILLISECONDS)
            for reader, _ in events:
                if reader == self._wake_reader:
                    is_stopped = True
                    poll.unregister(reader)
                    continue
                number, decoder = self._pipes[reader]
                data = _read_descriptor(reader, 1 << 16)
                if not data:
                    poll.unregister(reader)
                    os_close(reader)
                    del self._pipes[reader]
                elif self._drained.is_set():  # by a program that outlives the run
                    with contextlib.suppress(OSError):
                        os_write(number, data)
                else:
                    self._recorder.write("stdout" if number == 1 else "stderr", decoder.decode(data))
            if is_stopped and not self._drained.is_set() and not poll.poll(0):
                self._drained.set()
            if not is_stopped:
                flush_streams(only_kernels=True)
                self._tick()
        self._drained.set()
        for descriptor in (self._wake_reader, self._wake_writer, *self._saved.values()):
            with contextlib.suppress(OSError):
                os_close(descriptor)
