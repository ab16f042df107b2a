"""What a run displayed, as the outputs of a report and as files of its execution's folder."""

from __future__ import annotations

import re
from typing import Any

from ..protocol import MAX_IMAGE_CHARACTERS, MAX_OUTPUT_CHARACTERS, MAX_OUTPUTS, MAX_TITLE_CHARACTERS
from .host import encode_strictly, from_base64, join, remove_files, to_base64, write_file
from .recorder import Display
from .reduced_image import reduced_image
from .values import to_json

_EXTENSIONS = {
    "image/jpeg": "jpg",
    "image/svg+xml": "svg",
    "application/javascript": "js",
    "text/markdown": "md",
    "text/latex": "tex",
    "text/plain": "txt",
}
"""Of other types, it is the subtype, if that is short."""

_is_text = re.compile(r"text/|.*(json|xml|javascript)$").match
_is_binary = re.compile("(image|audio|video)/|application/pdf$").match
_is_short = re.compile("(x-)?([a-z0-9]{2,4})").fullmatch


class OutputFiles:
    """The files `output-1.png` and so on of one execution. They can be updated while the run is in progress."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._displays: list[Display] = []
        self._written: list[tuple[Display, dict[str, Any], int]] = []  # one for each file, in their order
        self._has_image = False

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(size for _, _, size in self._written)

    @property
    def not_stored(self) -> int:
        """How many outputs have no file."""
        return sum(output["fileName"] is None for _, output, _ in self._written)

    def update(self, displays: list[Display]) -> tuple[list[dict[str, Any]], int]:
        """Stores new outputs. Returns the outputs, with as many contents as a report has room for, and how many more
        there are.
        """
        self.store(displays)
        room, outputs = MAX_OUTPUT_CHARACTERS, []
        for _, output, _ in self._written[:MAX_OUTPUTS]:
            length = _length_in_json(output["content"])
            if length > room:
                output = {name: value for name, value in output.items() if name != "content"}
            else:
                room -= length
            outputs.append(output)
        return outputs, len(self._written) - len(outputs)

    def store(self, displays: list[Display]) -> None:
        """Writes the files of new outputs."""
        earlier, known = self._written, len(self._displays)
        if displays[:known] == self._displays:
            displays, self._displays = displays[known:], displays
        else:  # some have been replaced or removed
            self._displays, self._written, self._has_image = displays, [], False
        for display in displays:
            contents = list(display.bundle.items())
            if display.shown.table is not None:
                contents.append(("application/json", display.shown.table))
            for content_type, content in contents:
                number = len(self._written)
                if number < len(earlier) and earlier[number][0] is display:
                    self._written.append(earlier[number])
                else:
                    self._written.append(self._write(number + 1, display, content_type, content))
                self._reduce_first_image(self._written[-1][1])
        if earlier is not self._written:
            names = {output["fileName"] for _, output, _ in self._written}
            old = (output["fileName"] for _, output, _ in earlier if output["fileName"])
            remove_files(self._folder, *(name for name in old if name not in names))

    def _reduce_first_image(self, output: dict[str, Any]) -> None:
        kind = output["contentType"]
        if self._has_image or not kind.startswith("image/") or _is_text(kind):
            return
        self._has_image = True
        if len(output["content"]) > MAX_IMAGE_CHARACTERS and "reduced" not in output:
            output["reduced"] = reduced_image(kind, from_base64(output["content"]))

    def _write(
        self, number: int, display: Display, content_type: str, content: Any
    ) -> tuple[Display, dict[str, Any], int]:
        content_type, text, data = _encoded(content_type, content)
        short = _is_short(re.split(r"[/+.]", content_type)[-1])
        extension = _EXTENSIONS.get(content_type) or (short and short[2]) or ("txt" if data == text.encode() else "bin")
        title = display.shown.title
        output: dict[str, Any] = {
            "contentType": content_type,
            "title": title and str(title)[:MAX_TITLE_CHARACTERS],
            "fileName": f"output-{number}.{extension}",
            "content": text,
        }
        try:
            write_file(join(self._folder, output["fileName"]), data)
        except OSError:
            output["fileName"] = None  # the disk is full
            data = b""
        return display, output, len(data)


def _length_in_json(text: str) -> int:
    """About. In a report, all but ASCII is escaped, and a record has a limit of bytes."""
    return len(text) if text.isascii() else 6 * len(text)


def _encoded(content_type: str, content: Any) -> tuple[str, str, bytes]:
    """The content's type, text and bytes. If the content does not match its type, it is plain text."""
    if isinstance(content, (bytes, bytearray, memoryview)):
        data = bytes(content)
        if not _is_text(content_type):
            return content_type, to_base64(data, newline=False).decode(), data
        content = data.decode("utf-8", "replace")
    elif type(content) is not str:
        try:
            content = encode_strictly(content)
        except Exception:  # nan, or not JSON at all
            content = encode_strictly(_json_or_repr(content))
        content_type = content_type if _is_text(content_type) else "text/plain"
    elif _is_binary(content_type) and not _is_text(content_type):
        try:
            data = from_base64(content.replace("\n", ""))
            return content_type, to_base64(data, newline=False).decode(), data
        except ValueError:
            content_type = "text/plain"
    # Half of a surrogate pair cannot be encoded, and the two halves of one are a character.
    content = content.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return content_type, content, content.encode()


def _json_or_repr(content: Any) -> Any:
    try:
        return to_json(content)
    except Exception:
        return repr(content)
