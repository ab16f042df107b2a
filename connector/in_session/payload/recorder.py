"""Interception: the messages of a run are recorded in place of being sent.

`kernel.session.send` is the one way that streams, displays and errors leave a kernel, from every thread, and each
message names the request that it belongs to. The display formatter alone sees the objects that are displayed.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

from ..protocol import MAX_OUTPUTS, MAX_STREAM_CHARACTERS
from .host import getpid, original_format, original_send, session, shell
from .streams import Text
from .tables import table_of, title_of

_RECORDED = {"stream", "display_data", "update_display_data", "execute_result", "error", "clear_output"}
_MESSAGE_CHARACTERS = 100
"""Roughly, of a message without its text."""


class Display:
    """Something that was displayed: a MIME bundle, and what the formatter saw of the object."""

    def __init__(
        self, display_id: str | None, bundle: dict[str, Any], title: str | None, table: dict[str, Any] | None
    ) -> None:
        self.display_id, self.bundle, self.title, self.table = display_id, bundle, title, table


class Recorder:
    """What one run writes and displays, in order."""

    def __init__(self, on_news: Callable[[], None] | None = None) -> None:
        self.streams = {"stdout": Text(), "stderr": Text()}
        self.displays: list[Display] = []
        self.result: str | None = None
        self.error: dict[str, Any] | None = None
        self.omitted_displays = 0
        self.shown: tuple[str | None, dict[str, Any] | None] | None = None  # of the object that is being displayed
        self.messages: list[tuple[Any, ...]] = []  # as they were to be sent, in case that no report can be made
        self.lock = threading.Lock()
        self._message_room = MAX_STREAM_CHARACTERS
        self._clears_at_next_display = False
        self._on_news = on_news

    def take(self, kind: str, content: dict[str, Any], message: tuple[Any, ...]) -> None:
        with self.lock:
            if self._message_room > 0:
                self._message_room -= _MESSAGE_CHARACTERS + len(content.get("text", ""))
                self.messages.append(message)
            if kind == "stream":
                self.streams[content["name"]].write(content["text"])
            elif kind == "error":
                self.error = content
            elif kind == "clear_output":
                self._clears_at_next_display = True
                if not content.get("wait"):
                    self._clear()
            else:
                self._take_display(kind, content)
        if self._on_news is not None:
            self._on_news()

    def write(self, stream: str, text: str) -> None:
        """Text that came past Python, as from a subprocess."""
        with self.lock:
            self.streams[stream].write(text)

    def _clear(self) -> None:
        self._clears_at_next_display = False
        self.displays = []

    def _take_display(self, kind: str, content: dict[str, Any]) -> None:
        (title, table), self.shown = self.shown or (None, None), None
        bundle = dict(content["data"])
        if kind == "execute_result":
            self.result = bundle.get("text/plain", "")
        if len(bundle) > 1 or kind == "execute_result":
            bundle.pop("text/plain", None)
        if not bundle:
            return
        if self._clears_at_next_display:
            self._clear()
        display_id = (content.get("transient") or {}).get("display_id")
        display = Display(display_id, bundle, title, table)
        if kind == "update_display_data":
            self.displays = [display if display_id and old.display_id == display_id else old for old in self.displays]
        elif len(self.displays) < MAX_OUTPUTS:
            self.displays = [*self.displays, display]
        else:
            self.omitted_displays += 1


class _Recording:
    """Which run is recorded."""

    def __init__(self) -> None:
        self.process = getpid()
        self.by_request: dict[str, Recorder] = {}
        self.of_everything: Recorder | None = None


recording = _Recording()


@contextlib.contextmanager
def recorded(request_id: str, recorder: Recorder) -> Iterator[None]:
    """Records the messages of one request."""
    _intercept()
    recording.by_request[request_id] = recorder
    try:
        yield
    finally:
        recording.by_request.pop(request_id, None)


@contextlib.contextmanager
def everything_recorded(recorder: Recorder) -> Iterator[None]:
    """Records all messages, whichever request they name: nothing else runs meanwhile."""
    _intercept()
    recording.of_everything = recorder
    try:
        yield
    finally:
        recording.of_everything = None


def _intercept() -> None:
    """For each run again: the code of an earlier one may have restored what was there."""
    session.send, shell.display_formatter.format = send, format_object


def send(
    stream: Any, msg_or_type: Any, content: Any = None, parent: Any = None, *arguments: Any, **keywords: Any
) -> Any:
    """In place of the session's own: a message that is recorded is not sent."""
    if not isinstance(msg_or_type, dict) and msg_or_type == "execute_reply":
        sent = original_send(stream, msg_or_type, content, parent, *arguments, **keywords)
        _reply_was_sent()
        return sent
    try:
        if (recording.by_request or recording.of_everything) and getpid() == recording.process:
            if isinstance(msg_or_type, dict):
                kind = msg_or_type["header"]["msg_type"]
                taken, asked = msg_or_type["content"], msg_or_type["parent_header"]
            else:
                kind, taken, asked = msg_or_type, content, (parent or {}).get("header") or parent or {}
            recorder = recording.by_request.get(asked.get("msg_id")) or recording.of_everything
            if recorder is not None and kind in _RECORDED:
                recorder.take(kind, taken, (stream, msg_or_type, content, parent, arguments, keywords))
                return msg_or_type
    except Exception:
        pass
    return original_send(stream, msg_or_type, content, parent, *arguments, **keywords)


after_reply: list[Callable[[], object]] = []
"""What is to happen once the reply to the current request has been sent."""


def _reply_was_sent() -> None:
    while after_reply:
        after_reply.pop()()


def call_after_reply(call: Callable[[], object]) -> None:
    _intercept()
    after_reply.append(call)


def format_object(shown: Any, *arguments: Any, **keywords: Any) -> Any:
    """In place of the display formatter's own: notes the object's title and table."""
    recorders = list(recording.by_request.values())
    if recording.of_everything is not None:
        recorders.append(recording.of_everything)
    for recorder in recorders:
        try:
            recorder.shown = (title_of(shown), table_of(shown))
        except BaseException:
            recorder.shown = None
    return original_format(shown, *arguments, **keywords)
