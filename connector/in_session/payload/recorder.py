"""Interception: the messages of a run are recorded instead of sent.

Streams, displays and errors leave a kernel through `kernel.session.send`, from every thread, and each message names the
request that it belongs to. Only the display formatter sees the displayed objects themselves.
"""

from __future__ import annotations

import contextlib
import re
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

from ..protocol import MAX_OUTPUTS, MAX_STORED_CHARACTERS, MAX_STORED_OUTPUTS, MAX_STREAM_CHARACTERS
from .figures import is_figure, note_shown, picture_of, restore_resolution
from .host import getpid, original_format, original_send, session, shell
from .streams import Text
from .tables import frames_in, is_chart, table_of, title_of

_RECORDED = {"stream", "display_data", "update_display_data", "execute_result", "error", "clear_output"}
_MESSAGE_CHARACTERS = 100
"""The approximate size of a message without its text."""

_MAX_PAGE_CHARACTERS = 10_000
_PLOTLY = "application/vnd.plotly.v1+json"
_has_no_text = re.compile(r"<[^<>]*( object| at 0x\w+)>|\s*").fullmatch
"""Matches the text of objects that have none of their own."""

_weak = weakref.ref


class Shown:
    """What is known about a displayed object besides its MIME bundle: title, table, and the identity of a figure."""

    def __init__(self, shown: Any = None, title: str | None = None) -> None:
        self.title, self.is_chart = title, False
        self.table: dict[str, Any] | None = None
        self.figure: weakref.ref[Any] | None = None
        self.frames: list[tuple[dict[str, Any], Shown]] = []
        try:
            self.is_chart = is_chart(shown)
            self.title = title or title_of(shown)
            self.table = table_of(shown)
            self.figure = _weak(shown) if is_figure(shown) else None
            for name, frame in frames_in(shown)[:MAX_OUTPUTS]:
                self.frames.append((original_format(frame)[0], Shown(frame, name)))
        except BaseException:
            pass


class Display:
    """A displayed object and its MIME bundle."""

    def __init__(self, bundle: dict[str, Any], shown: Shown, display_id: str | None = None) -> None:
        self.bundle, self.shown, self.display_id = bundle, shown, display_id
        self.size = sum(len(content) for content in bundle.values() if isinstance(content, (str, bytes)))


class Recorder:
    """What one run writes and displays, in order."""

    def __init__(
        self,
        *,
        on_message: Callable[[], None] | None = None,
        on_display: Callable[[], None] | None = None,
        forwarded_characters: int = 0,
    ) -> None:
        """The first `forwarded_characters` of each stream are also sent at once, so that they are not lost if the
        interpreter ends.
        """
        self.streams = {"stdout": Text(), "stderr": Text()}
        self.displays: list[Display] = []
        self.result: str | None = None
        self.error: dict[str, Any] | None = None
        self.omitted_displays = 0
        self.shown: Shown | None = None  # the object being displayed
        self.forwarded = 0  # characters of stdout
        self.messages: list[tuple[Any, ...]] = []  # to be sent after all, if no report can be made
        self.lock = threading.RLock()  # a signal handler may interrupt its owner
        self._message_room = MAX_STREAM_CHARACTERS
        self._forward_room = dict.fromkeys(self.streams, forwarded_characters)
        self._clears_at_next_display = False
        self._size = 0  # characters of all displays
        self._on_message, self._on_display = on_message, on_display

    def take(self, kind: str, content: dict[str, Any], message: tuple[Any, ...]) -> None:
        with self.lock:
            if kind == "stream":
                content = self._forward(content, message)
                if not content["text"]:
                    return
                message = _with_content(message, content)
            if self._message_room > 0:
                self._message_room -= _MESSAGE_CHARACTERS + len(content.get("text", ""))
                self.messages.append(message)
            if kind == "stream":
                self.streams[content["name"]].write(content["text"])
            elif kind == "error":
                self._take_error(content)
            elif kind == "clear_output":
                self._clears_at_next_display = True
                if not content.get("wait"):
                    self._clear()
            else:
                self._take_display(kind, content)
                if self._on_display is not None:
                    with contextlib.suppress(Exception):
                        self._on_display()
        if self._on_message is not None:
            self._on_message()

    def write(self, stream: str, text: str) -> None:
        """Records text that did not pass through Python's streams, such as that of a subprocess."""
        with self.lock:
            self.streams[stream].write(text)

    def _forward(self, content: dict[str, Any], message: tuple[Any, ...]) -> dict[str, Any]:
        """Sends as much of the text as there is room for, if possible complete lines. Returns the rest."""
        name, text = content["name"], content["text"]
        room = self._forward_room[name]
        if room <= 0:
            return content
        is_all = len(text) <= room
        piece = text if is_all else text[: text.rfind("\n", 0, room) + 1 or room]
        self._forward_room[name] = left = room - len(piece) if is_all else 0
        stream, kind, body, parent, arguments, keywords = _with_content(message, {**content, "text": piece})
        original_send(stream, kind, body, parent, *arguments, **keywords)
        if name == "stdout":
            self.forwarded += len(piece)
        self.streams[name].write(piece)
        self.streams[name].mark(is_last=left == 0)
        return {**content, "text": text[len(piece) :]}

    def _take_error(self, content: dict[str, Any]) -> None:
        """The last one may be the one that the run ends with. Those before it were only displayed."""
        if self.error is not None and _name_and_message(self.error) != _name_and_message(content):
            lines = [str(self.error.get("evalue", "")), *map(str, self.error.get("traceback") or ())]
            self.streams["stderr"].write("\n".join(lines) + "\n")
        self.error = content

    def _clear(self) -> None:
        self._clears_at_next_display = False
        self.displays, self._size, self.omitted_displays = [], 0, 0

    def _take_display(self, kind: str, content: dict[str, Any]) -> None:
        shown, self.shown = self.shown or Shown(), None
        bundle = _without_repetition(dict(content["data"]), shown)
        shown.title = shown.title or _plotly_title(bundle.get(_PLOTLY))
        text = bundle.get("text/plain", "")
        if kind == "execute_result":
            self.result = "" if shown.is_chart or (len(bundle) > 1 and _has_no_text(str(text))) else text
        if len(bundle) > 1 or kind == "execute_result":
            bundle.pop("text/plain", None)
        if self._clears_at_next_display and (bundle or shown.frames):
            self._clear()
        display_id = (content.get("transient") or {}).get("display_id")
        if bundle:
            self._keep(Display(bundle, shown, display_id), is_update=kind == "update_display_data")
        for frame_bundle, frame in shown.frames:
            frame_bundle.pop("text/plain", None)
            self._keep(Display(frame_bundle, frame))

    def _keep(self, display: Display, *, is_update: bool = False) -> None:
        name, figure = display.display_id, display.shown.figure
        if is_update:
            self.displays = [display if name and old.display_id == name else old for old in self.displays]
        elif (
            figure
            and not name
            and any(old.shown.figure == figure and old.bundle == display.bundle for old in self.displays)
        ):
            pass  # an open figure that is also the value, and looks the same
        elif len(self.displays) < MAX_STORED_OUTPUTS and self._size + display.size <= MAX_STORED_CHARACTERS:
            self.displays = [*self.displays, display]
            self._size += display.size
        else:
            self.omitted_displays += 1


def _plotly_title(content: Any) -> str | None:
    """Plotly displays some of its figures without the formatter, which would know the object."""
    try:
        title = content["layout"]["title"]["text"]
    except (KeyError, TypeError):
        return None
    return title if type(title) is str else None


def _without_repetition(bundle: dict[str, Any], shown: Shown) -> dict[str, Any]:
    """Of several forms of the same thing, the one that is of most use."""
    images = [name for name in bundle if name.startswith("image/") and name != "image/svg+xml"]
    for name in images:
        if name != ("image/png" if "image/png" in images else images[0]):
            del bundle[name]
    page = bundle.get("text/html")
    if type(page) is str:
        if _PLOTLY in bundle:  # a page may need what only notebooks have
            del bundle[_PLOTLY if 'src="http' in page else "text/html"]
        elif len(page) > _MAX_PAGE_CHARACTERS and "<style" in page and not (shown.is_chart or shown.table):
            if not _has_no_text(str(bundle.get("text/plain", ""))):
                del bundle["text/html"]
    return bundle


def _with_content(message: tuple[Any, ...], content: dict[str, Any]) -> tuple[Any, ...]:
    stream, kind, _, *others = message
    if isinstance(kind, dict):
        return (stream, {**kind, "content": content}, None, *others)
    return (stream, kind, content, *others)


def _name_and_message(error: dict[str, Any]) -> tuple[str, str]:
    """The same for an error that IPython shows again, because its own code failed on it."""
    return str(error.get("ename")), str(error.get("evalue"))


class _Recording:
    """Which recorder gets which messages."""

    def __init__(self) -> None:
        self.process = getpid()
        self.by_request: dict[str, Recorder] = {}
        self.catch_all: Recorder | None = None


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
    """Records all messages, regardless of the request that they name: nothing else runs meanwhile."""
    _intercept()
    recording.catch_all = recorder
    try:
        yield
    finally:
        recording.catch_all = None


def _intercept() -> None:
    """Called before each run: the code of an earlier one may have restored the originals."""
    session.send, shell.display_formatter.format = send, format_object


def send(
    stream: Any, msg_or_type: Any, content: Any = None, parent: Any = None, *arguments: Any, **keywords: Any
) -> Any:
    """Replaces the session's own method. A message that is recorded is not sent."""
    if not isinstance(msg_or_type, dict) and msg_or_type == "execute_reply":
        sent = original_send(stream, msg_or_type, content, parent, *arguments, **keywords)
        _on_reply_sent()
        return sent
    try:
        if (recording.by_request or recording.catch_all) and getpid() == recording.process:
            if isinstance(msg_or_type, dict):
                kind = msg_or_type["header"]["msg_type"]
                body, parent_header = msg_or_type["content"], msg_or_type["parent_header"]
            else:
                kind, body, parent_header = msg_or_type, content, (parent or {}).get("header") or parent or {}
            recorder = recording.by_request.get(parent_header.get("msg_id")) or recording.catch_all
            if recorder is not None and kind in _RECORDED:
                recorder.take(kind, body, (stream, msg_or_type, content, parent, arguments, keywords))
                return msg_or_type
    except Exception:
        pass
    return original_send(stream, msg_or_type, content, parent, *arguments, **keywords)


after_reply: list[Callable[[], object]] = []
"""Called once the reply to the current request has been sent."""


def _on_reply_sent() -> None:
    while after_reply:
        after_reply.pop()()


def call_after_reply(call: Callable[[], object]) -> None:
    _intercept()
    after_reply.append(call)


def format_object(shown: Any, *arguments: Any, **keywords: Any) -> Any:
    """Replaces the display formatter's own method. Keeps what only the object itself knows for its message."""
    if is_figure(shown):
        restore_resolution(shown)
    formatted = original_format(shown, *arguments, **keywords)
    recorders = list(recording.by_request.values())
    if recording.catch_all is not None:
        recorders.append(recording.catch_all)
    if recorders:
        known = Shown(shown) if formatted[0] else None  # some objects send a message themselves
        if known and known.figure:
            pictures = [content for name, content in formatted[0].items() if name.startswith("image/")]
            if not pictures:  # the code has chosen a backend whose figures IPython does not know
                pictures = [picture_of(shown)]
                if pictures[0]:
                    formatted[0]["image/png"] = pictures[0]
            note_shown(shown, pictures[0])
        for recorder in recorders:
            recorder.shown = known
    return formatted
