"""One execution and its result as the service reports it: the kernel's messages combined into streams and a value.

Shared by all wire families, which spell the same things differently. The rules are those of the public service, as far
as they are known; docs/session-pool-emulator.md lists which were recorded and which were chosen.
"""

import ast
import math
import re
from dataclasses import dataclass, field
from typing import Any, Literal

from ..engines.interface import FAILURE, MAX_BYTES, Message, failure_text
from .text import Literal as StringLiteral
from .text import Text, Unquoted

DEFAULT_STREAM_CHARACTERS = 4096
"""Or bytes, of commands, as was measured in Shell pools; the specification says characters."""

KEPT_STREAM_CHARACTERS = 16 << 20  # of each stream, even if a caller requests more; and so many bytes of UTF-8
FLOOD_CHARACTERS = 256 << 20  # an execution that writes more than this is stopped

_IMAGE_FORMATS = ("png", "jpeg")  # in this order, for an object that offers both

Fault = Literal["", "restartQueued", "loseLastLine", "cutStreams", "refuseCommand"]
"""What goes wrong with an execution, on demand.

`restartQueued`: if it has not begun when its time is over, the interpreter is interrupted, and restarted unless that
helps. `loseLastLine`: the last line of stdout does not arrive. `cutStreams`: the streams are cut at 4,096 bytes,
whatever the caller requests. `refuseCommand`: a command is not started, as if it were too long.
"""

Status = Literal["NotStarted", "Running", "Succeeded", "Failed", "Canceled"]

_NUMBER = re.compile(r"-?(\d{1,300}|(\d+\.\d*|\d*\.\d+)(e[+-]?\d+)?|\d+e[+-]?\d+)")


@dataclass(frozen=True)
class Request:
    """What to run, and how to report it.

    `program` is what the interpreter takes: code for a kernel, a command for a shell. `kernel` is one of the session's:
    "main", the default, "asynchronous", "empty" or "commands".
    """

    program: dict[str, Any]
    kernel: str = "main"
    timeout_seconds: int | None = None
    stream_characters: int = DEFAULT_STREAM_CHARACTERS
    jupyter_format: bool = False
    execution_type: str = "Synchronous"
    """In the caller's spelling, which the response repeats."""

    fault: Fault = ""

    @property
    def size(self) -> int:
        """Of the program, in characters."""
        return sum(len(text) for text in self.program.values() if isinstance(text, str))


@dataclass
class Execution:
    """One execution. `value` is the last expression as JSON: a number, a string, an image, or `""` for none.

    Long texts, also as a value and in an image, are Text. `exit_code` is set for commands that ended.
    """

    execution_id: str
    request: Request
    status: Status = "NotStarted"
    stdout: str | Text = ""
    stderr: str | Text = ""
    value: Any = ""
    exit_code: int | None = None
    milliseconds: int = 0
    started: float = 0
    ended: float = 0
    """By the monotonic clock; 0 before that."""

    never_began: bool = False
    """Its interpreter ended before the code began."""

    @property
    def size(self) -> int:
        """What it takes of the server's memory, apart from texts that are short."""
        image = self.value.get("base64_data") if isinstance(self.value, dict) else None
        return sum(text.size for text in (self.stdout, self.stderr, self.value, image) if isinstance(text, Text))


@dataclass
class Recorder:
    """Collects a kernel's messages during an execution. Keeps what a caller may request; counts and drops the rest."""

    execution: Execution
    flooded: bool = False
    _streams: dict[str, Text] = field(default_factory=lambda: {"stdout": Text(), "stderr": Text()})
    _written: dict[str, int] = field(default_factory=lambda: {"stdout": 0, "stderr": 0})
    _parts: dict[str, "_Part"] = field(default_factory=dict)
    _text: "str | _Part | None" = None
    _image: dict[str, Any] | None = None
    _error: str | Text = ""

    def take(self, message: Message) -> None:
        """Never raises: the message was written by user code, and may be anything."""
        try:
            self._take(message)
        except OSError:  # there is no room for what is long
            self.flooded = True

    def _take(self, message: Message) -> None:
        if message.get("type") == "part":
            self._take_part(message)
        content = message.get("content")
        if not isinstance(content, dict):
            return
        if message.get("type") == "stream":
            self._take_stream(content.get("name"), content.get("text"))
        elif message.get("type") == "error":
            self._error = self.failure(content)
        elif message.get("type") in ("execute_result", "display_data"):
            data = content.get("data")
            if isinstance(data, dict):
                self._take_data({**data, **self._parts_of(content)}, is_value=message["type"] == "execute_result")

    def failure(self, content: dict[str, Any]) -> str | Text:
        """What stderr holds after code raised what the message with this content reports."""
        part = self._parts_of(content).get(FAILURE)
        return failure_text(content) if part is None else part.text

    def note(self, sentence: str) -> None:
        """Adds something that the caller must know to stderr."""
        self._take_stream("stderr", sentence)

    def succeed(self) -> None:
        self._append(self._error)  # raised while the value was displayed; the code itself succeeded
        self._finish("Succeeded", self._image if self._image is not None else self._value())

    def fail(self, reason: str | Text) -> None:
        """`reason` is appended to what the code wrote to stderr."""
        self._append(reason)
        self._finish("Failed", None)

    def _append(self, reason: str | Text) -> None:
        for piece in [reason] if isinstance(reason, str) else reason.pieces():
            self._take_stream("stderr", piece)

    def _value(self) -> Any:
        is_literal = False
        text: str | Text | None
        if isinstance(self._text, _Part):
            is_literal, text = self._text.literal.is_complete, self._text.text.shown()
        else:
            text = self._text
        if self.execution.request.jupyter_format:
            return text
        if isinstance(text, Text):
            return Unquoted(text) if is_literal else text
        return "" if text is None else value_of(text)

    def _finish(self, status: Status, value: Any) -> None:
        self.execution.status = status
        self.execution.value = value
        stdout = self._streams["stdout"]
        if self.execution.request.fault == "loseLastLine":
            lines = str(stdout)
            stdout = Text(lines[: lines[:-1].rfind("\n") + 1][: self._limit])
        self.execution.stdout = self._cut(stdout)
        self.execution.stderr = self._cut(self._streams["stderr"])

    def _cut(self, text: Text) -> str | Text:
        request = self.execution.request
        if request.fault == "cutStreams":
            text = text.first_bytes(DEFAULT_STREAM_CHARACTERS)
        elif "command" in request.program:
            text = text.first_bytes(request.stream_characters)
        return text.shown()

    @property
    def _limit(self) -> int:
        return min(self.execution.request.stream_characters, KEPT_STREAM_CHARACTERS)

    def _take_stream(self, name: Any, text: Any) -> None:
        if not isinstance(name, str) or name not in self._streams or not isinstance(text, str):
            return
        stream = self._streams[name]
        kept = KEPT_STREAM_CHARACTERS if self.execution.request.fault == "loseLastLine" else self._limit
        if stream.characters < kept and stream.size < KEPT_STREAM_CHARACTERS:
            stream.write(text[: kept - stream.characters])
        self._written[name] += len(text)
        self.flooded = self.flooded or self._written[name] > FLOOD_CHARACTERS

    def _take_part(self, message: Message) -> None:
        name, text = message.get("name"), message.get("text")
        if name not in _PARTS or not isinstance(text, str):
            return
        if name not in self._parts or message.get("first") is True:
            self._parts[name] = _Part()
        part = self._parts[name]
        if name == FAILURE and part.text.size > MAX_BYTES:
            return  # stderr keeps no more
        part.text.write(text.replace("\n", "") if name.startswith("image/") else text)
        if name == "text/plain":
            part.literal.feed(text)
        self.flooded = self.flooded or (part.text.size > MAX_BYTES and name != FAILURE)

    def _parts_of(self, content: dict[str, Any]) -> dict[str, "_Part"]:
        names = content.get("parts")
        if not isinstance(names, list):
            return {}
        return {name: self._parts.pop(name) for name in _PARTS if name in names and name in self._parts}

    def _take_data(self, data: dict[str, Any], *, is_value: bool) -> None:
        image = next((name for name in _IMAGE_FORMATS if isinstance(data.get(f"image/{name}"), str | _Part)), None)
        if image is not None:
            # Only one image can be returned; the service does not document which of several, so it is the last.
            shown = data[f"image/{image}"]
            encoded = shown.text if isinstance(shown, _Part) else shown.replace("\n", "")
            self._image = {"type": "image", "format": image, "base64_data": encoded}
        elif is_value and isinstance(data.get("text/plain"), str | _Part):
            self._text = data["text/plain"]


@dataclass
class _Part:
    """A long text of a message, which comes ahead of it."""

    text: Text = field(default_factory=Text)
    literal: StringLiteral = field(default_factory=StringLiteral)


_PARTS = ("text/plain", *(f"image/{name}" for name in _IMAGE_FORMATS), FAILURE)


def value_of(text: str) -> Any:
    """The JSON value for the `text/plain` of a last expression.

    Numbers and booleans become JSON's, a string loses its quotes, nan becomes null; anything else stays the text
    that IPython shows.
    """
    if text in ("True", "False"):
        return text == "True"
    if text == "None":
        return ""
    if text == "nan":
        return None
    if _NUMBER.fullmatch(text):
        number = int(text) if text.lstrip("-").isdigit() else float(text)
        return number if math.isfinite(number) else text
    if _is_one_string(text):
        try:
            literal = ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return text
        return literal if isinstance(literal, str) else text
    return text


def _is_one_string(text: str) -> bool:
    """True for a single quoted string. Text that merely begins and ends with a quote may take the parser minutes."""
    quote = text[:1]
    if quote not in ("'", '"') or len(text) < 2 or text[-1] != quote:
        return False
    inner = text[1:-1].replace("\\\\", "").replace(f"\\{quote}", "")
    return quote not in inner and not inner.endswith("\\")
