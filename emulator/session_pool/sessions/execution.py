"""One execution and its result as the service reports it: the kernel's messages combined into streams and a value.

Shared by all wire families, which spell the same things differently. The rules are those of the public service, as far
as they are known; docs/session-pool-emulator.md lists which were recorded and which were chosen.
"""

import ast
import io
import math
import re
from dataclasses import dataclass, field
from typing import Any, Literal

from ..engines.interface import Message

DEFAULT_STREAM_CHARACTERS = 4096
"""Or bytes, of commands, as was measured in Shell pools; the specification says characters."""

KEPT_STREAM_CHARACTERS = 16 << 20  # of each stream, even if a caller requests more
FLOOD_CHARACTERS = 256 << 20  # an execution that writes more than this is stopped

_IMAGE_FORMATS = ("png", "jpeg")  # in this order, for an object that offers both

Fault = Literal["", "restartQueued", "loseLastLine", "cutStreams", "refuseCommand"]
"""What goes wrong with an execution, on demand.

`restartQueued`: if it has not begun when its time is over, the interpreter is interrupted, and restarted unless that
helps. `loseLastLine`: the last line of stdout does not arrive. `cutStreams`: the streams are cut at 4,096 bytes,
whatever the caller requests. `refuseCommand`: a command is not started, as if it were too long.
"""

Status = Literal["NotStarted", "Running", "Succeeded", "Failed", "Canceled"]

_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_NUMBER = re.compile(r"-?(\d{1,300}|(\d+\.\d*|\d*\.\d+)(e[+-]?\d+)?|\d+e[+-]?\d+)")


@dataclass(frozen=True)
class Request:
    """What to run, and how to report it.

    `program` is what the interpreter takes: code for a kernel, a command for a shell. `kernel` is one of the session's:
    "main", the default, "asynchronous" or "empty".
    """

    program: dict[str, Any]
    kernel: str = "main"
    timeout_seconds: int | None = None
    stream_characters: int = DEFAULT_STREAM_CHARACTERS
    jupyter_format: bool = False
    execution_type: str = "Synchronous"
    """In the caller's spelling, which the response repeats."""

    fault: Fault = ""


@dataclass
class Execution:
    """One execution. `value` is the last expression as JSON: a number, a string, an image, or `""` for none.

    `exit_code` is set for commands that ended.
    """

    execution_id: str
    request: Request
    status: Status = "NotStarted"
    stdout: str = ""
    stderr: str = ""
    value: Any = ""
    exit_code: int | None = None
    milliseconds: int = 0
    started: float = 0
    ended: float = 0
    """By the monotonic clock; 0 before that."""

    never_began: bool = False
    """Its interpreter ended before the code began."""


@dataclass
class Recorder:
    """Collects a kernel's messages during an execution. Keeps what a caller may request; counts and drops the rest."""

    execution: Execution
    flooded: bool = False
    _streams: dict[str, io.StringIO] = field(default_factory=lambda: {"stdout": io.StringIO(), "stderr": io.StringIO()})
    _written: dict[str, int] = field(default_factory=lambda: {"stdout": 0, "stderr": 0})
    _text: str | None = None
    _image: dict[str, str] | None = None
    _error: str = ""

    def take(self, message: Message) -> None:
        """Never raises: the message was written by user code, and may be anything."""
        content = message.get("content")
        if not isinstance(content, dict):
            return
        if message.get("type") == "stream":
            self._take_stream(content.get("name"), content.get("text"))
        elif message.get("type") == "error":
            self._error = failure_text(content)
        elif message.get("type") in ("execute_result", "display_data"):
            data = content.get("data")
            if isinstance(data, dict):
                self._take_data(data, is_value=message["type"] == "execute_result")

    def note(self, sentence: str) -> None:
        """Adds something that the caller must know to stderr."""
        self._take_stream("stderr", sentence)

    def succeed(self) -> None:
        self._take_stream("stderr", self._error)  # raised while the value was displayed; the code itself succeeded
        self._finish("Succeeded", self._image if self._image is not None else self._value())

    def fail(self, reason: str) -> None:
        """`reason` is appended to what the code wrote to stderr."""
        self._take_stream("stderr", reason)
        self._finish("Failed", None)

    def _value(self) -> Any:
        if self.execution.request.jupyter_format:
            return self._text
        return "" if self._text is None else value_of(self._text)

    def _finish(self, status: Status, value: Any) -> None:
        self.execution.status = status
        self.execution.value = value
        stdout = self._streams["stdout"].getvalue()
        if self.execution.request.fault == "loseLastLine":
            stdout = stdout[: stdout[:-1].rfind("\n") + 1]
        self.execution.stdout = self._cut(stdout)
        self.execution.stderr = self._cut(self._streams["stderr"].getvalue())

    def _cut(self, text: str) -> str:
        request = self.execution.request
        if request.fault == "cutStreams":
            return _first_bytes(text, DEFAULT_STREAM_CHARACTERS)
        if "command" in request.program:
            return _first_bytes(text, request.stream_characters)
        return text[: request.stream_characters]

    def _take_stream(self, name: Any, text: Any) -> None:
        if not isinstance(name, str) or name not in self._streams or not isinstance(text, str):
            return
        room = KEPT_STREAM_CHARACTERS - self._written[name]
        if room > 0:
            self._streams[name].write(text[:room])
        self._written[name] += len(text)
        self.flooded = self.flooded or self._written[name] > FLOOD_CHARACTERS

    def _take_data(self, data: dict[str, Any], *, is_value: bool) -> None:
        image = next((name for name in _IMAGE_FORMATS if isinstance(data.get(f"image/{name}"), str)), None)
        if image is not None:
            # Only one image can be returned; the service does not document which of several, so it is the last.
            encoded = data[f"image/{image}"].replace("\n", "")
            self._image = {"type": "image", "format": image, "base64_data": encoded}
        elif is_value and isinstance(data.get("text/plain"), str):
            self._text = data["text/plain"]


def _first_bytes(text: str, limit: int) -> str:
    """As the service cuts: half a character at the end is replaced."""
    encoded = text[:limit].encode("utf-8", "surrogatepass")
    return text if len(encoded) <= limit and len(text) <= limit else encoded[:limit].decode("utf-8", "replace")


def failure_text(reply: dict[str, Any]) -> str:
    """What stderr holds after code raised: the exception's message, directly followed by IPython's traceback."""
    lines = reply.get("traceback")
    traceback = "\n".join(str(line) for line in lines) if isinstance(lines, list) else ""
    text = f"{reply.get('evalue', '')}{traceback.rstrip(chr(10))}\n\n"
    return _ANSI.sub("", text)


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
